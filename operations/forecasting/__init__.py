"""Forecasts of load, PV and wind for the next day, with quantiles, and their scores."""
