"""What the pages show of a park: queries of the ledger and what follows from them, as data without HTML."""
