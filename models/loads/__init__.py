"""Devices that consume power."""
