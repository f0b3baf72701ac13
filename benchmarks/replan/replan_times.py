"""Time re-plans of the same process: `python -m benchmarks --replan` prints their table.

No two are alike: each begins a quarter-hour later than the one before, in another state and with a higher
peak so far, so that nothing is found that was computed for the same plan. Processor time, which other work on
the machine lengthens less than waiting.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import numpy as np

import parkdispatch as pdx
from benchmarks.table import machine
from parkdispatch.inputs.schema.orders import CallOrder, LimitOrder, Order, OutageOrder

FIRST, STEPS = datetime(2026, 7, 15, 10, 15), 12  # until 13:00, before the orders begin
ORDERS: Mapping[str, tuple[Order, ...]] = {
    "no order": (),
    "an outage and a limit": (
        OutageOrder(device="battery_2", begin="14:00", end="18:00"),
        LimitOrder(device="grid", quantity="import_mw", at_most_mw=170.0, begin="17:00", end="21:00"),
    ),
    "an outage, a limit and a call": (
        OutageOrder(device="battery_2", begin="14:00", end="18:00"),
        LimitOrder(device="grid", quantity="import_mw", at_most_mw=170.0, begin="17:00", end="21:00"),
        CallOrder(begin="19:00", end="20:00", price_yuan_per_kwh=4.0, baseline_mw=150.0),
    ),
}


def time_replans(runs: int, progress: Callable[[str], None]) -> str:
    """The table of re-plans: median and 95th percentile of the processor time of `runs` after two others."""
    case, rows = pdx.load_case("gaoan"), []
    for name, orders in ORDERS.items():
        progress(name)
        spent = [_replan_ms(case, orders, number) for number in range(runs + 2)][2:]
        rows.append(f"| {name} | {statistics.median(spent):.0f} | {np.percentile(spent, 95):.0f} |")
    ran_on = ", ".join(f"{what} {text}" for what, text in machine().items())
    head = "| re-plan to midnight with | median, ms | 95th percentile, ms |"
    return "\n".join([f"{ran_on}; {runs} runs.\n", head, "|---|---|---|", *rows]) + "\n"


def _replan_ms(case: pdx.Case, orders: Sequence[Order], number: int) -> float:
    """Processor time of one re-plan of the library [ms]."""
    start = FIRST + number % STEPS * timedelta(minutes=15)
    began = time.process_time()
    pdx.plan(case, start=start, soc=0.4 + 0.001 * number, peak_so_far_mw=165.0 + 0.1 * number, orders=orders)
    return 1000.0 * (time.process_time() - began)
