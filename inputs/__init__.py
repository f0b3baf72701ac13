"""Input of the user, validated: case files, series, weather and tariffs."""
