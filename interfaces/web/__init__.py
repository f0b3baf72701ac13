"""The pages of the service: rendered here, charts as SVG, little script, nothing from elsewhere."""
