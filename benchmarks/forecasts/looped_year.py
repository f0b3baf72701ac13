"""A year re-planned at every interval on learned forecasts: time of a step, saving kept, regret by cause.

    python -m benchmarks.forecasts.looped_year [CASE] [--days 365]

The year is run once for each set of causes, with these as they were forecast and the others known, as many at
a time as there are processors. A step is the plan of 24 hours, its execution and the settlement, in processor
time of one processor.
"""

import argparse
import sys
import time

from rich.console import Console

from benchmarks.table import machine
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare, year_times
from parkdispatch.operations.forecasting.forecast_request import ForecastRequest
from parkdispatch.operations.uncertainty.replay_regret import replay_on_forecasts
from parkdispatch.operations.uncertainty.year_forecasts import learned_forecasts
from parkdispatch.results.console.regret_screen import show_regret
from parkdispatch.results.io.second_process import usable_processes
from parkdispatch.studies.closed_loop.loop_options import LoopOptions
from parkdispatch.studies.solve_options import SolveContext, SolveOptions

PLAN_HOURS = 24.0


def main() -> None:
    """Run the year and print its table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("case", nargs="?", default="gaoan")
    parser.add_argument("--days", type=int, default=365)
    typed = parser.parse_args()
    case = load_case(typed.case, whole_year=True)
    prepared = prepare(case, year_times(case))
    count = typed.days * round(24 / prepared.hours)
    options = LoopOptions(0, count, PLAN_HOURS, "learned", holds_peak=True)
    began = time.perf_counter()
    issued = learned_forecasts(prepared, options, ForecastRequest(options.issue_hour))
    learned_s = time.perf_counter() - began
    context = SolveContext(SolveOptions(), processes=usable_processes())
    result, regret = replay_on_forecasts(prepared, options, context, issued)
    ran_on = ", ".join(f"{name} {value}" for name, value in machine().items())
    sys.stdout.write(f"{ran_on}\n\n")
    show_regret(Console(width=120), regret, "en")
    step_ms, all_s = result.cpu_ms, time.perf_counter() - began
    sys.stdout.write(
        f"{count:,} steps of {step_ms:.1f} ms, {count * step_ms / 60_000:.1f} min of one processor;"
        f" forecasts learned in {learned_s:.0f} s; all sets of causes in {all_s:.0f} s\n"
    )


if __name__ == "__main__":
    main()
