"""The ledger: a database of what was measured, forecast, planned and sent; nothing is overwritten."""
