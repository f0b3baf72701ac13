"""The worth of the increment over a grid of power and duration, each size dispatched.

The rows of the grid are divided between two chains that run in parallel. Each chain visits its rows in
serpentine (boustrophedon) order, so that neighbours follow one another and can be warm-started. The division
does not depend on the speed of the chains, so neither do the results.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Lock
from typing import TypeVar

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.sizing.increment_value import ResponseIncome, Worth, metered_response
from parkdispatch.results.sizing.size_surface import surface_dataset
from parkdispatch.results.sizing.sizing_results import Choice, Offered
from parkdispatch.studies.sizing.existing_park import ExistingPark
from parkdispatch.studies.sizing.increment_dispatch import IncrementDispatch
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts

CHAINS = 2
PART = "surface"
Point = TypeVar("Point")


def size_surface(case: Case, offers: Sequence[Offered], context: SolveContext) -> xr.Dataset:
    """Worth of the increment over the sizes of `sizing.power_mw` and `sizing.duration_hours`.

    The dataset is `SizeStudy.surface`. The first and the last year of operation are dispatched at each size,
    the years between interpolated. The revenue of metered demand response takes three more dispatches per
    size; it is interpolated between the offers instead, by the energy deliverable in an event, or without
    offers scaled from the largest size of the grid. The attribute `response` says which. Raises InputError
    with every problem, InfeasibleError or SolverError naming the size and the year.
    """
    return size_surface_of_park(ExistingPark.of(case, context), offers)


def size_surface_of_park(existing: ExistingPark, offers: Sequence[Offered]) -> xr.Dataset:
    """As `size_surface`, for a prepared existing park."""
    attempts = Attempts()
    surface = attempted_surface(existing, offers, attempts)
    attempts.raise_first()
    assert surface is not None
    return surface


def attempted_surface(
    existing: ExistingPark, offers: Sequence[Offered], attempts: Attempts
) -> xr.Dataset | None:
    """As `size_surface`, with NaN at sizes that fail, which `attempts` names; None where all of them do."""
    sizing = existing.sizing
    rows = [row for row in grid(sizing) if row[0].power_mw > 0]
    income = ResponseIncome.of(
        sizing.device, [offer.lifetime for offer in offers if offer.lifetime is not None]
    )
    response = "none"
    if metered_response(existing.contracts) is not None:
        response = "interpolated between the offers" if income else "in proportion to the largest size"
    if income is None and response != "none":
        (largest,) = IncrementDispatch(existing).worth([rows[-1][-1]])
        income = ResponseIncome.of(sizing.device, [largest.lifetime] if largest.lifetime else [])
    worths = worth_of_rows(existing, rows, income, attempts)
    if rows and not worths:
        return None
    (never,) = IncrementDispatch(existing).worth([_build_nothing(0.0)])
    by_key = {worth.choice.key: worth for worth in [never, *worths]}
    surface = surface_dataset(sizing, existing.finance, by_key, grid(sizing))
    return surface.assign_attrs(response=response)


def grid(sizing: Sizing) -> list[list[Choice]]:
    """The sizes of the grid at the price of `sizing`: a row per power, in it a choice per duration."""
    return [
        [_size(sizing, float(power), float(hours)) for hours in sizing.duration_hours.values]
        for power in sizing.power_mw.values
    ]


def _size(sizing: Sizing, power_mw: float, hours: float) -> Choice:
    if power_mw <= 0:
        return _build_nothing(power_mw)
    energy_mwh = power_mw * hours
    name = f"{power_mw:.15g} MW / {energy_mwh:.15g} MWh"
    investment_yuan = sizing.investment_yuan(power_mw, energy_mwh)
    return Choice(
        f"size_{power_mw:.15g}_{energy_mwh:.15g}", name, name, power_mw, energy_mwh, investment_yuan
    )


def _build_nothing(power_mw: float) -> Choice:
    return Choice("never", "build nothing", "不建设", power_mw, 0.0, 0.0)


def worth_of_rows(
    existing: ExistingPark,
    rows: Sequence[Sequence[Choice]],
    income: ResponseIncome | None,
    attempts: Attempts,
) -> list[Worth]:
    """Worth of each choice of a grid that does not fail, in parallel chains.

    Adjacent choices should be of near size.
    """
    one_thread = replace(existing.context.options, threads=1)
    chain_park = existing.with_context(replace(existing.context.silent(), options=one_thread))
    finished, count, lock = 0, sum(len(row) for row in rows), Lock()

    def run_chain(choices: Sequence[Choice]) -> list[Worth]:
        nonlocal finished
        increments = IncrementDispatch(chain_park)
        worths: list[Worth] = []
        for choice in choices:
            worth = increments.attempted(attempts, PART, [choice], income=income, marginal=True)
            worths += [known for known in worth if known is not None]
            with lock:
                finished += 1
                existing.context.progress(f"size {finished} of {count}")
        return worths

    with ThreadPoolExecutor(CHAINS) as pool:
        chains = pool.map(run_chain, (serpentine_order(rows[first::CHAINS]) for first in range(CHAINS)))
        return [worth for chain in chains for worth in chain]


def serpentine_order(rows: Sequence[Sequence[Point]]) -> list[Point]:
    """The points of a grid in serpentine order: every second row backwards."""
    return [point for number, row in enumerate(rows) for point in (row, row[::-1])[number % 2]]
