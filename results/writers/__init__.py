"""The files of a run, all or none."""
