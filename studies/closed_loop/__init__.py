"""A park re-planned at every interval with forecasts that err, and executed against what really came."""
