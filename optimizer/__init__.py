"""From a case to a proven optimum: the interval vocabulary, the tiler, the reference, HiGHS."""
