"""The schedule: what runs from when to when, in which tariff period, and why."""
