"""Evidence: received, checked, kept in private."""
