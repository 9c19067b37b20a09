"""Messages to people: waiting, sent, given up."""
