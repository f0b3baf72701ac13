"""Cash flows, returns, loans and taxes of an investment in storage."""
