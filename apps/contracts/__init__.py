"""A provider's framework contract: budget cap and append-only ledger."""
