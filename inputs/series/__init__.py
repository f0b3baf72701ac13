"""Time series in CSV files."""
