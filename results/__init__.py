"""What a run leaves: the solution, its audit, the bill, the report and the files."""
