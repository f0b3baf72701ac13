"""Scores of day-ahead forecasts on measured series."""
