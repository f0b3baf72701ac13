"""The commissioning year of the increment: NPV in a few dispatched years, interpolated in between."""

from collections.abc import Sequence

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.results.sizing.commissioning_year import commissioning_dataset
from parkdispatch.results.sizing.increment_value import ResponseIncome, Worth, metered_response
from parkdispatch.results.sizing.sizing_results import NEVER, Choice, Offered
from parkdispatch.studies.sizing.existing_park import ExistingPark
from parkdispatch.studies.sizing.increment_dispatch import IncrementDispatch
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts

PART = "when"


def commissioning_npv(
    case: Case,
    choices: Sequence[Choice],
    context: SolveContext,
    offers: Sequence[Offered] = (),
    only: Sequence[int] | None = None,
) -> xr.Dataset:
    """NPV of each choice by commissioning year, 0 to `sizing.last_commissioning_year` (`SizeStudy.when`).

    The first, middle and last of these years are dispatched, or those that `only` names beside the first and
    the last. Between them the savings of a choice are interpolated linearly; its price is exact. Metered
    demand response pays in each year of operation what it pays the `offers`, whose lifetimes are known, or
    else the choices commissioned in year 0. The choice to build nothing has no commissioning year and is left
    out. Raises InputError with every problem, InfeasibleError or SolverError naming choice and year.
    """
    return commissioning_npv_of_park(ExistingPark.of(case, context), choices, offers, only)


def commissioning_npv_of_park(
    existing: ExistingPark, choices: Sequence[Choice], offers: Sequence[Offered], only: Sequence[int] | None
) -> xr.Dataset:
    """As `commissioning_npv`, for a prepared existing park."""
    attempts = Attempts()
    when = attempted_commissioning(existing, choices, offers, only, attempts)
    attempts.raise_first()
    assert when is not None
    return when


def attempted_commissioning(
    existing: ExistingPark,
    choices: Sequence[Choice],
    offers: Sequence[Offered],
    only: Sequence[int] | None,
    attempts: Attempts,
) -> xr.Dataset | None:
    """As `commissioning_npv`, of the years of a choice that do not fail; `attempts` names the others.

    Between the years that are known a choice is interpolated, beyond them it is NaN; a choice without any is
    left out. None where no choice is left.
    """
    sizing, finance = existing.sizing, existing.finance
    built = [choice for choice in choices if choice.key != NEVER]
    last = sizing.last_commissioning_year
    if wrong := [year for year in only or () if not 0 <= year <= last]:
        raise InputError([f"commissioning year {year}: must be 0 to {last}" for year in wrong])
    if not built:
        raise InputError("`sizing.offer`: must have one, or there is nothing that could come in some year")
    worths: dict[int, tuple[Worth | None, ...]] = {}
    income = ResponseIncome.of(
        sizing.device, [offer.lifetime for offer in offers if offer.lifetime is not None]
    )
    for year in sorted({0, last, *((last // 2,) if only is None else only)}):
        existing.context.progress(f"commissioned {year} years after the case's")
        worths[year] = IncrementDispatch(existing).attempted(attempts, PART, built, year, income=income)
        if income is None and metered_response(existing.contracts) is not None:
            lifetimes = [worth.lifetime for worth in worths[0] if worth and worth.lifetime is not None]
            income = ResponseIncome.of(sizing.device, lifetimes)
    left = [number for number in range(len(built)) if any(known[number] for known in worths.values())]
    known_worths = {year: [known[number] for number in left] for year, known in worths.items()}
    built = [built[number] for number in left]
    return commissioning_dataset(finance, sizing.paths, built, known_worths) if built else None
