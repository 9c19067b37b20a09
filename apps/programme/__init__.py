"""Editions of the terms, as data with a validity."""
