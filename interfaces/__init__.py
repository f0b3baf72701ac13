"""The command line: reads arguments, calls the studies, prints. It contains no formula."""
