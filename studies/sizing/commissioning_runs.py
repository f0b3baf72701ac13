"""When the increment should come: a few commissioning years dispatched under the paths, others between."""

from collections.abc import Sequence

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.results.sizing.commissioning_year import when_of
from parkdispatch.results.sizing.increment_value import ResponseIncome, metered
from parkdispatch.results.sizing.sizing_results import NEVER, Choice, Offered
from parkdispatch.studies.dispatch import Progress, SolveOptions
from parkdispatch.studies.sizing.existing_park import ExistingPark
from parkdispatch.studies.sizing.increment_dispatch import Increments


def commissioning_npv(
    case: Case,
    choices: Sequence[Choice],
    options: SolveOptions,
    progress: Progress,
    offers: Sequence[Offered] = (),
    only: Sequence[int] | None = None,
) -> xr.Dataset:
    """What `SizeStudy.when` holds, for commissioning years 0 to `sizing.last_commissioning_year`.

    The first, the middle and the last of these years are dispatched, or those that `only` names beside the
    first and the last; what a choice earns if it comes in another lies on a line between, its price does not.
    Calls for demand response pay in each year of operation what they pay `offers`, whose years are known, or
    else the choices when they come at once. To build nothing is no choice with a year and is left out.
    Raises InputError with all that is wrong, InfeasibleError or SolverError naming choice and year.
    """
    return commissioning_npv_beside(ExistingPark.of(case, options, progress), choices, offers, only)


def commissioning_npv_beside(
    standing: ExistingPark, choices: Sequence[Choice], offers: Sequence[Offered], only: Sequence[int] | None
) -> xr.Dataset:
    """The same, of a park that is prepared."""
    sizing, finance = standing.sizing, standing.finance
    built, last = [one for one in choices if one.key != NEVER], sizing.last_commissioning_year
    if wrong := [year for year in only or () if not 0 <= year <= last]:
        raise InputError([f"commissioning year {year}: must be 0 to {last}" for year in wrong])
    if not built:
        raise InputError("`sizing.offer`: must have one, or there is nothing that could come in some year")
    known = {}
    income = ResponseIncome.of(sizing.device, [one.life for one in offers if one.life is not None])
    for year in sorted({0, last, *((last // 2,) if only is None else only)}):
        standing.progress(f"commissioned {year} years after the case's")
        known[year] = Increments(standing).worth(built, commissioned=year, income=income)
        if income is None and metered(standing.contracts) is not None:
            income = ResponseIncome.of(sizing.device, [one.life for one in known[0] if one.life is not None])
    return when_of(finance, sizing.paths, built, known)
