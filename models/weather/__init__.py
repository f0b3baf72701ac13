"""Weather and the physics of photovoltaics."""
