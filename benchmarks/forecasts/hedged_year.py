"""A year of plans on drawn paths beside plans on the median, both settled on what came.

    python -m benchmarks.forecasts.hedged_year [CASE] [--from 2026-01-01] [--days 365] [--paths 10]

Each day is planned at 08:00 and at 14:00 on forecasts as they would have been issued, learned from the year
so far. Printed are the cost of the span, and what its mean day and its worst month cost more than with
perfect foresight.
"""

import argparse
import sys
from dataclasses import replace

from rich.console import Console
from rich.table import Table

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare, year_times
from parkdispatch.operations.forecasting.forecast_request import ForecastRequest
from parkdispatch.operations.uncertainty.year_forecasts import learned_forecasts
from parkdispatch.optimizer.stochastic.path_program import Risk
from parkdispatch.results.io.second_process import side_by_side, usable_processes
from parkdispatch.studies.closed_loop.closed_loop import run_loop
from parkdispatch.studies.closed_loop.loop_options import LoopHedge, LoopOptions
from parkdispatch.studies.closed_loop.loop_result import LoopResult

PLAN_AT = (8.0, 14.0)
LEVEL = 0.9
WEIGHTS = (0.0, 0.5)  # of CVaR beside the expected cost


def lines_of(result: LoopResult, foresight: LoopResult) -> list[str]:
    """Mean and worst month of what a run costs more than perfect foresight, and how it was planned."""
    known = foresight.reference.foresight
    regret = {
        month: result.costs.energy_yuan[month]
        + result.costs.demand_yuan[month]
        - known.energy_yuan[month]
        - known.demand_yuan[month]
        for month in known.energy_yuan
    }
    worst = max(regret, key=lambda month: regret[month])
    days = len({moment.date() for moment in result.times})
    kept = result.kept
    return [
        f"{result.cost_yuan:,.0f}",
        f"{(result.cost_yuan - known.total) / days:,.0f}",
        f"{regret[worst]:,.0f} ({worst})",
        "" if kept is None else f"{kept:.1%}",
        f"{result.proofs.gave_way:,}",
        f"{result.proofs.largest_gap:.0e}",
        f"{result.proofs.unhedged}",
        f"{result.cpu_ms * len(result.times) / result.proofs.count / 1000:.2f}",
    ]


def main() -> None:
    """Run the spans and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("case", nargs="?", default="gaoan")
    parser.add_argument("--from", dest="first_day", type=int, default=1, help="first day of the year (1)")
    parser.add_argument("--days", type=int, help="how many (to the end of the year)")
    parser.add_argument("--paths", type=int, default=10)
    typed = parser.parse_args()
    case = load_case(typed.case, whole_year=True)
    prepared = prepare(case, year_times(case))
    per_day = round(24 / prepared.hours)
    first = (typed.first_day - 1) * per_day
    count = len(prepared.times) - first if typed.days is None else typed.days * per_day
    options = LoopOptions(first, count, 24.0, "learned", True, PLAN_AT, peak_as_before=True)
    issued = learned_forecasts(prepared, options, ForecastRequest(options.issue_hour))
    runs = {"P50": options}
    for weight in WEIGHTS:
        runs[f"{typed.paths} paths, CVaR {weight:.0%}"] = replace(
            options, hedge=LoopHedge(typed.paths, Risk(weight, LEVEL))
        )
    median = run_loop(prepared, options, issued=issued)
    works = [
        lambda asked=asked: run_loop(prepared, asked, issued=issued, reference=median.reference)
        for asked in list(runs.values())[1:]
    ]
    hedged = [wait() for wait in side_by_side(works, usable_processes())]
    span = f"{median.times[0]:%Y-%m-%d} to {median.times[-1]:%Y-%m-%d}"
    sys.stdout.write(f"{case.name}, {span}, planned at 08:00 and 14:00\n\n")
    table = Table(box=None)
    for name in ("plans on", "cost, yuan", "regret a day", "worst month's regret", "saving kept",
                 "gave way", "largest gap", "made on P50", "CPU-s a plan"):  # fmt: skip
        table.add_column(name, justify="left" if name == "plans on" else "right")
    for name, result in zip(runs, [median, *hedged], strict=True):
        table.add_row(name, *lines_of(result, median))
    Console(width=170).print(table)
    sys.stdout.write(f"{median.proofs.count} plans each\n")


if __name__ == "__main__":
    main()
