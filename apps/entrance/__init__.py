"""The way in: signing in, choosing as what to act, and who may do what."""
