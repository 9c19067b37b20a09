"""People and machines that sign in."""
