"""Source-grid-load-storage dispatch of an industrial park, proven optimal."""
