"""Published figures computed anew."""
