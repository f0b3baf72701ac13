"""What the user gives, checked once: case files, series, weather and tariffs."""
