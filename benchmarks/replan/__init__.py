"""Re-plans under orders in a warm process."""
