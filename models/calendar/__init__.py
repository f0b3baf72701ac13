"""Quarter-hours, local moments and calendar periods."""
