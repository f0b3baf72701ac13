"""Weather files of the user: EPW, TMY3, PVGIS and CSV."""
