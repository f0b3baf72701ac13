"""Forecasts with quantiles, and how good they were beside naive ones."""
