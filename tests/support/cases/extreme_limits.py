"""Limits of the small case that its storage keeps, or that nothing can."""

from tests.support.small_case import swap

NEEDED = swap("import_limit_mw = 150.0", "import_limit_mw = 115.0")  # the load reaches 120 MW
NO_COMPARISON = "The park is infeasible without its storage, so there is no cost to compare with."
UNREACHABLE = (
    swap("power_mw = 20.0", "power_mw = 1.0"),
    swap("initial_soc = 0.2", "initial_soc = 0.2\nfinal_soc = 0.9"),
)
