"""Evaluation of a dispatch: audit, bill, project finance, sizing decision, and the output files."""
