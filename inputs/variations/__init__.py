"""Variations of a validated case: variants, overrides, sensitivities, scenarios, ageing."""
