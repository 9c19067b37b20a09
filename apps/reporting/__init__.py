"""The answer to parliament, as of any day."""
