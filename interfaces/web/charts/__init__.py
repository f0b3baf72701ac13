"""Charts as places of an SVG that is stretched to its frame; their labels are text around it."""
