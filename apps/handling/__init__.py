"""Who at the agency handles a dossier, what is written to and fro, and what waits for whom."""
