"""The door for a provider's machine."""
