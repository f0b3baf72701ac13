"""Commands about CO2."""
