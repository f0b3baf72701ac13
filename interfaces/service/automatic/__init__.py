"""Automation in the service: its tasks as jobs."""
