"""The worth of the increment over a grid of power and duration, each point with its years dispatched.

Two chains of points are solved side by side, each of every second row of the grid, there and back, so that
neighbours follow one another and both take as long. Which point is in which chain does not depend on how fast
they are, so neither do the answers.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import TypeVar

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.sizing.increment_value import ResponseIncome, Worth, metered
from parkdispatch.results.sizing.size_surface import surface_of
from parkdispatch.results.sizing.sizing_results import Choice, Offered
from parkdispatch.studies.dispatch import Progress, SolveOptions
from parkdispatch.studies.sizing.existing_park import ExistingPark
from parkdispatch.studies.sizing.increment_dispatch import Increments

CHAINS = 2
Point = TypeVar("Point")


def size_surface(
    case: Case, offers: Sequence[Offered], options: SolveOptions, progress: Progress
) -> xr.Dataset:
    """What `SizeStudy.surface` holds, over the sizes of `sizing.power_mw` and `sizing.duration_hours`.

    The first and the last year of operation are dispatched at each size, those between lie on a line. What
    metered calls for demand response pay is interpolated between the offers, in the energy that can be given
    in an event, because to answer them takes three more dispatches for each; the attribute `response` says
    so. Without offers, the largest size of the grid is dispatched for them.
    Raises InputError with all that is wrong, InfeasibleError or SolverError naming the size and the year.
    """
    return size_surface_beside(ExistingPark.of(case, options, progress), offers)


def size_surface_beside(standing: ExistingPark, offers: Sequence[Offered]) -> xr.Dataset:
    """The same, of a park that is prepared."""
    sizing = standing.sizing
    rows = [row for row in grid(sizing) if row[0].power_mw > 0]
    income = ResponseIncome.of(sizing.device, [one.life for one in offers if one.life is not None])
    response = "none"
    if metered(standing.contracts) is not None:
        response = "interpolated between the offers" if income else "in proportion to the largest size"
    if income is None and response != "none":
        (largest,) = Increments(standing).worth([rows[-1][-1]])
        income = ResponseIncome.of(sizing.device, [largest.life] if largest.life else [])
    found = side_by_side(standing, rows, income)
    (never,) = Increments(standing).worth([_nothing(0.0)])
    made = surface_of(
        sizing, standing.finance, {one.choice.key: one for one in [never, *found]}, grid(sizing)
    )
    return made.assign_attrs(response=response)


def grid(sizing: Sizing) -> list[list[Choice]]:
    """Sizes by power, and for each power by duration, at the general price."""
    return [
        [_size(sizing, float(power), float(hours)) for hours in sizing.duration_hours.values]
        for power in sizing.power_mw.values
    ]


def _size(sizing: Sizing, power_mw: float, hours: float) -> Choice:
    if power_mw <= 0:
        return _nothing(power_mw)
    energy_mwh = power_mw * hours
    name = f"{power_mw:g} MW / {energy_mwh:g} MWh"
    price = sizing.investment_yuan(power_mw, energy_mwh)
    return Choice(f"size_{power_mw:g}_{energy_mwh:g}", name, name, power_mw, energy_mwh, price)


def _nothing(power_mw: float) -> Choice:
    return Choice("never", "build nothing", "不建设", power_mw, 0.0, 0.0)


def side_by_side(
    standing: ExistingPark, rows: Sequence[Sequence[Choice]], income: ResponseIncome | None
) -> list[Worth]:
    """What each choice of a grid is worth; neighbours should follow one another in its rows, and rows too."""
    for year in Increments(standing).chosen():  # what all sizes are held against is dispatched once
        standing.year(year - 1)
    one_thread = standing.with_options(replace(standing.options, threads=1), lambda _: None)
    done, count, lock = 0, sum(len(row) for row in rows), Lock()

    def chain(part: Sequence[Choice]) -> list[Worth]:
        nonlocal done
        sizes = Increments(one_thread)
        found: list[Worth] = []
        for choice in part:
            found += sizes.worth([choice], income=income, marginal=True)
            with lock:
                done += 1
                standing.progress(f"size {done} of {count}")
        return found

    with ThreadPoolExecutor(CHAINS) as pool:
        parts = pool.map(chain, (there_and_back(rows[first::CHAINS]) for first in range(CHAINS)))
        return [one for part in parts for one in part]


def there_and_back(rows: Sequence[Sequence[Point]]) -> list[Point]:
    """The points of a grid so that neighbours follow one another."""
    return [point for number, row in enumerate(rows) for point in (row, row[::-1])[number % 2]]
