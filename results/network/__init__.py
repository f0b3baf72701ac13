"""The electric network under a dispatch: its hardest intervals, checked by AC power flow."""
