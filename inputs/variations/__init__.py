"""A checked case with changes: variants, overrides, sensitivities, scenarios, ageing."""
