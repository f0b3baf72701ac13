"""What the service does by itself: imports, forecasts, plans, settlements, set points."""
