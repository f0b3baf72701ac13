"""Devices that carry power: the connection to the public grid and what belongs to it."""
