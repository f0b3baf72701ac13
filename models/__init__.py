"""Devices and physics: one device, one file. Nothing here reads a file or names a solver."""
