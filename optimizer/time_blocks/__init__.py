"""Long horizons of any park: blocks of days linked by states, shared decisions and totals, in a cut loop."""
