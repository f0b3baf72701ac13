"""What forecasts leave open: how their errors go together, and what they cost over a year, by cause."""
