"""CO2 of a dispatch by interval and scope, and the front of cost against CO2."""
