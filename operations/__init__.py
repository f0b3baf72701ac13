"""The park day after day: the ledger of what was measured, planned and sent, and what each day brought."""
