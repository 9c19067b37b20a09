"""Statements (prestatiestaten) and payout claims per tranche."""
