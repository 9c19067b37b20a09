"""The case: offer, declarations, decision, delivery, time line."""
