"""The provider's door."""
