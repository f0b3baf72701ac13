"""Published figures reproduced: the study's own arithmetic, PV against the plan, the study replicated.

The study's case is dispatched in every year of its storage. The assumptions it does not disclose are searched
for inside their ranges against what was published; which sets of them fit as well is told too.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from parkdispatch.inputs.case import Case, case_sources
from parkdispatch.inputs.messages.findings import Findings
from parkdispatch.inputs.prepare import read_weather_of, year_times
from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.inputs.variations.calibration import calibrated_values, whole_numbers
from parkdispatch.inputs.variations.changes import with_values
from parkdispatch.models.capacity import largest
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import StatedResponse
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.results.finance.lifetime import batteries
from parkdispatch.results.html.page import Lang
from parkdispatch.results.pv_yield import PvYield, pv_yield
from parkdispatch.results.reproduction.comparison import (
    RowInWords,
    comparison_in_words,
)
from parkdispatch.results.reproduction.corner_interpolation import Corners, corner_values
from parkdispatch.results.reproduction.current_park import current_park_rows
from parkdispatch.results.reproduction.fitting import CalibrationSearch, Fit, Target
from parkdispatch.results.reproduction.own_arithmetic import Reading, own_arithmetic
from parkdispatch.results.reproduction.pv_saving import pv_saving
from parkdispatch.results.reproduction.replicated_study import (
    MONEY_ONLY,
    Replica,
    replica,
    replicated,
    study_finance,
    study_problems,
)
from parkdispatch.results.reproduction.reproduction import Reproduction
from parkdispatch.results.writers.outputs import write_outputs
from parkdispatch.results.writers.reproduction_files import REPRODUCTION_OUTPUTS
from parkdispatch.studies.dispatch import Progress, SolveOptions
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, require_lifetime_inputs
from parkdispatch.studies.reproduction.current_park_runs import run_current_park

STARTS = 4  # seeded starts of the search for each whole number; a power of two
POINTS = 32  # seeded points inside the tolerances, beside their corners; a power of two


def reproduce_figures(
    case: Case,
    plan: Published,
    factors: Published,
    parks: Sequence[Case],
    options: SolveOptions,
    progress: Progress,
    only: Sequence[int] | None = None,
) -> Reproduction:
    """Reproduce the figures of `plan` with the study's `case` and with the park of today.

    `parks` are that park with each size of its storage; the first has the PV to hold against the plan, and
    the sensitivities. `only` names the years to dispatch where a quick answer is wanted, as in
    `dispatch_life`. Raises InputError where the case is no study's or the park has no PV, and what a
    dispatch raises.
    """
    refuse(case)
    times = [time.perf_counter()]
    plant = _yield(parks[0], progress)
    times.append(time.perf_counter())
    life = dispatch_lifetime(case, options, progress, only)
    made = replica(case, life.operation())
    times.append(time.perf_counter())
    what_if = {name: _changed(made, name, options, progress, only) for name in case.what_if}
    times.append(time.perf_counter())
    corners = dispatched_corners(case, options, progress)
    search = searching(case, plan, corners)
    values = calibrated_values(case)
    fits = search.fitting(values, POINTS, progress)
    widths = search.widths(values, fits)
    times.append(time.perf_counter())
    now = run_current_park(parks, options, progress, only)
    times.append(time.perf_counter())
    rows = [
        *own_arithmetic(plan, factors, _reading(case), study_finance(case).operation_years),
        *pv_saving(plan, factors, plant),
        *replicated(plan, made, what_if, widths),
        *current_park_rows(plan, now.sizes),
    ]
    names = ("pv", "dispatch", "what_if", "fitting_set", "today")
    return Reproduction(
        case=case,
        plan=plan,
        rows=tuple(rows),
        widths=tuple(widths),
        fits=tuple(fits),
        largest_gap=max(one.largest_gap for one in (life, *(size.life for size in now.sizes))),
        now=now,
        corners_deviation=corners.deviation(values, made.operation),
        sources=tuple(dict.fromkeys([*case_sources(case), *case_sources(parks[0])])),
        timings_s={name: end - begin for name, begin, end in zip(names, times, times[1:], strict=False)},
    )


def search_anew(case: Case, plan: Published, options: SolveOptions, progress: Progress) -> Fit:
    """The values inside the case's ranges that come nearest to every target, whatever the case has now."""
    refuse(case)
    if not case.calibrated:
        raise InputError("`calibrated` is missing: must name at least one number to search for")
    return searching(case, plan, dispatched_corners(case, options, progress)).best(STARTS, progress)


def refuse(case: Case) -> None:
    """Raise InputError with all that keeps the case from being a study's whose years can be dispatched."""
    findings = Findings()
    with findings.kept():
        require_lifetime_inputs(case)
    findings.lines += study_problems(case)
    findings.raise_any()


def dispatched_corners(case: Case, options: SolveOptions, progress: Progress) -> Corners:
    """Dispatch first and last year at every corner of the ranges that the dispatch depends on."""
    parameters = [one for one in case.calibrated if not one.path.startswith(MONEY_ONLY)]
    found = []
    for number, values in enumerate(ends := corner_values(parameters), start=1):

        def said(text: str, number: int = number) -> None:
            progress(f"corner {number} of {len(ends)} of the ranges: {text}")

        other = with_values(case, values)
        found.append(dispatch_lifetime(other, options, said, only=()).operation())
    return Corners(tuple(parameters), tuple(found))


def searching(case: Case, plan: Published, corners: Corners) -> CalibrationSearch:
    """The search for the case's calibrated numbers against the plan's targets."""
    targets = targets_of(plan)
    money = {one.path for one in case.calibrated if one.path.startswith(MONEY_ONLY)}

    def measure(values: Mapping[str, float]) -> Sequence[float | None]:
        other = with_values(case, {path: value for path, value in values.items() if path in money})
        found = replica(other, corners.operation(values)).measures
        return [found[target.key] for target in targets]

    return CalibrationSearch(case.calibrated, targets, measure, whole_numbers(case))


def targets_of(plan: Published) -> list[Target]:
    """The plan's figures that a replication is held against."""
    return [Target(one.key, one.value, one.within) for one in plan.targets if one.within is not None]


def rows_in_words(made: Reproduction, lang: str) -> list[RowInWords]:
    """Every row in the words of a language."""
    return comparison_in_words(made.rows, made.plan, lang)


def _changed(
    made: Replica, name: str, options: SolveOptions, progress: Progress, only: Sequence[int] | None
) -> Replica:
    """The replica with a few numbers of its case changed; dispatched anew only where they matter to it."""
    values = made.case.what_if[name].values
    other = with_values(made.case, values)
    if all(path.startswith("finance.") for path in values):
        return replica(other, made.operation)
    life = dispatch_lifetime(other, options, lambda text: progress(f"what if {name}: {text}"), only)
    return replica(other, life.operation())


def _yield(park: Case, progress: Progress) -> PvYield:
    progress("photovoltaic yield")
    plants = [device for device in park.devices.values() if isinstance(device, Pv)]
    if not plants:
        raise InputError(
            f"`device`: case {park.name} has none of kind pv, must have one to hold against the plan"
        )
    return pv_yield(plants[0], park.site, read_weather_of(park, year_times(park)))


def _reading(case: Case) -> Reading:
    """The study's demand response, and what makes the energy of its events."""
    response, (battery, *_) = case.contracts.demand_response, batteries(case).values()
    if not isinstance(response, StatedResponse):  # refused before
        raise TypeError("a study's demand response is stated")
    return Reading(
        events=response.events_per_year,
        yuan_per_kwh=response.price_yuan_per_kwh,
        mwh=response.energy_mwh_per_event,
        rated_mwh=largest(battery.energy_mwh),
        depth=battery.soc_max - battery.soc_min,
        efficiency=battery.eta_discharge,
    )


def write_reproduction(made: Reproduction, out: Path, lang: Lang) -> dict[str, Path]:
    """Write the files of a reproduction, texts for people in the language; all files or none.

    Returns their paths by name.
    """
    return write_outputs(REPRODUCTION_OUTPUTS, made, out, lang)
