"""Sizing decision analysis of the increment: value, risk, commissioning year, recommendation."""
