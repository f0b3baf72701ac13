"""Devices that generate power."""
