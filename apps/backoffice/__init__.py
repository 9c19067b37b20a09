"""The agency's door."""
