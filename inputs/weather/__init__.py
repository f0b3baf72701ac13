"""Weather files: EPW, TMY3, PVGIS, CSV."""
