"""Devices that store energy."""
