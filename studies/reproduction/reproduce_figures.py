"""Reproduction of published figures: the study's arithmetic, PV yield, its replication, the current park.

The study's case is dispatched in every year of its storage. The assumptions that the study does not disclose
are calibrated inside their ranges against the published figures; the report also says which other sets of
assumptions fit as well.
"""

import time
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.findings import Findings
from parkdispatch.inputs.prepare import read_weather_of, year_times
from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.inputs.value_sources import case_sources
from parkdispatch.inputs.variations.calibration import calibrated_values, integer_paths
from parkdispatch.inputs.variations.changes import with_values
from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import StatedResponse
from parkdispatch.models.registry import devices_of
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.results.pv_yield import PvYield, pv_yield
from parkdispatch.results.reproduction.comparison import (
    RowInWords,
    comparison_in_words,
)
from parkdispatch.results.reproduction.corner_interpolation import Corners, corner_values
from parkdispatch.results.reproduction.current_park import current_park_rows
from parkdispatch.results.reproduction.fitting import CalibrationSearch, Fit, Target, Width
from parkdispatch.results.reproduction.own_arithmetic import ResponseReading, own_arithmetic
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
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.writers.outputs import write_outputs
from parkdispatch.results.writers.reproduction_files import REPRODUCTION_OUTPUTS
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_lifetime, require_lifetime_inputs
from parkdispatch.studies.lifetime.lifetimes_together import AskedLifetime, dispatch_lifetimes, result_beside
from parkdispatch.studies.reproduction.current_park_runs import run_current_park
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts

STARTS = 4  # seeded starts of the calibration search for each whole number; a power of two
POINTS = 32  # seeded points inside the tolerances, beside their corners; a power of two


def reproduce_figures(
    case: Case,
    plan: Published,
    factors: Published,
    parks: Sequence[Case],
    context: SolveContext,
    only: Sequence[int] | None = None,
) -> Reproduction:
    """Reproduce the figures of `plan` with the study's `case` and with the current park.

    `parks` are the current park with each size of its storage; the first provides the PV plant to compare
    with the plan, and the sensitivities. For a quick answer, `only` names the years to dispatch, as in
    `dispatch_lifetime`. A what-if, the search for sets that fit or a size of the current park that fails is
    left out (`Reproduction.failed`). Raises InputError where the case is not that of a study or the park has
    no PV, and what the dispatch of the study's case raises, on which every row rests.
    """
    require_study_inputs(case)
    attempts = Attempts()
    times = [time.perf_counter()]
    plant = _pv_yield(parks[0], context)
    times.append(time.perf_counter())
    lifetime = dispatch_lifetime(case, context, only)
    base_replica = replica(case, lifetime.operation())
    times.append(time.perf_counter())
    what_if = {}
    for name, declared in case.what_if.items():
        solve = partial(_what_if_replica, base_replica, name, context, only)
        about = {"name": declared.title, "name_zh": declared.title_zh}
        if (variant := attempts.run("what_if", solve, **about)) is not None:
            what_if[name] = variant
    times.append(time.perf_counter())
    with result_beside(partial(_fitting_sets, plan, base_replica), context) as fitting_sets:
        current_park = run_current_park(parks, context, attempts, only)
        times.append(time.perf_counter())
        sets = attempts.run("fitting_set", fitting_sets) or FittingSets((), (), None)
    times.append(time.perf_counter())
    rows = [
        *own_arithmetic(plan, factors, _reading(case), study_finance(case).operation_years),
        *pv_saving(plan, factors, plant),
        *replicated(plan, base_replica, what_if, sets.widths),
        *current_park_rows(plan, current_park.sizes),
    ]
    stages = ("pv", "dispatch", "what_if", "current_park", "fitting_set")
    lifetimes = (lifetime, *(size.lifetime for size in current_park.sizes))
    return Reproduction(
        case=case,
        plan=plan,
        rows=tuple(rows),
        widths=sets.widths,
        fits=sets.fits,
        largest_gap=max(lifetime.largest_gap for lifetime in lifetimes),
        current_park=current_park,
        corners_deviation=sets.corners_deviation,
        sources=tuple(dict.fromkeys([*case_sources(case), *case_sources(parks[0])])),
        timings_s={name: end - begin for name, begin, end in zip(stages, times, times[1:], strict=False)},
        asked=dict(attempts.asked),
        failed_parts=tuple(attempts.failed),
    )


class FittingSets(NamedTuple):
    """The sets of assumptions that fit the published figures."""

    widths: tuple[Width, ...]
    fits: tuple[Fit, ...]
    corners_deviation: float | None  # as in `Reproduction`


def _fitting_sets(plan: Published, base: Replica, context: SolveContext) -> FittingSets:
    """Search the sets that fit, between dispatched corners of the ranges."""
    corners = dispatched_corners(base.case, context)
    search, values = calibration_search(base.case, plan, corners), calibrated_values(base.case)
    fits = search.fitting(values, POINTS, context.progress)
    widths = search.widths(values, fits)
    return FittingSets(tuple(widths), tuple(fits), corners.deviation(values, base.operation))


def search_calibration(case: Case, plan: Published, context: SolveContext) -> Fit:
    """Search the ranges of the calibrated numbers for the best fit to every target, from seeded starts.

    The values that the case has now are not used, but for those of assumed numbers.
    """
    require_study_inputs(case)
    if not case.calibrated:
        raise InputError("`calibrated` is missing: must name at least one number to search for")
    search = calibration_search(case, plan, dispatched_corners(case, context))
    values = calibrated_values(case)
    assumed = {parameter.path: values[parameter.path] for parameter in search.assumed}
    return search.best(STARTS, context.progress, assumed)


def require_study_inputs(case: Case) -> None:
    """Raise InputError with every reason why the case is not that of a study with a lifetime to dispatch."""
    findings = Findings()
    with findings.collecting():
        require_lifetime_inputs(case)
    findings.lines += study_problems(case)
    findings.raise_any()


def dispatched_corners(case: Case, context: SolveContext) -> Corners:
    """Dispatch the first and last years at every corner of the ranges that affect the dispatch."""
    parameters = [parameter for parameter in case.calibrated if not parameter.path.startswith(MONEY_ONLY)]
    corners = corner_values(parameters)
    asked = [
        AskedLifetime(with_values(case, values), f"corner {number} of {len(corners)} of the ranges", only=())
        for number, values in enumerate(corners, start=1)
    ]
    operations = [lifetime().operation() for lifetime in dispatch_lifetimes(asked, context)]
    return Corners(tuple(parameters), tuple(operations))


def calibration_search(case: Case, plan: Published, corners: Corners) -> CalibrationSearch:
    """The search for the case's calibrated numbers that fit the plan's targets."""
    targets = targets_of(plan)
    money_paths = {parameter.path for parameter in case.calibrated if parameter.path.startswith(MONEY_ONLY)}

    def measure(values: Mapping[str, float]) -> Sequence[float | None]:
        changed = with_values(case, {path: value for path, value in values.items() if path in money_paths})
        computed = replica(changed, corners.operation(values)).measures
        return [computed[target.key] for target in targets]

    return CalibrationSearch(case.calibrated, targets, measure, integer_paths(case))


def targets_of(plan: Published) -> list[Target]:
    """The figures of a plan that a replication is compared with, with their tolerances."""
    return [
        Target(figure.key, figure.value, figure.within)
        for figure in plan.targets
        if figure.within is not None
    ]


def rows_in_words(reproduction: Reproduction, lang: str) -> list[RowInWords]:
    """Every row in the words of a language."""
    return comparison_in_words(reproduction.rows, reproduction.plan, lang)


def _what_if_replica(base: Replica, name: str, context: SolveContext, only: Sequence[int] | None) -> Replica:
    """The replica with the changes of a what-if; dispatched again only where they affect the dispatch."""
    values = base.case.what_if[name].values
    changed = with_values(base.case, values)
    if all(path.startswith("finance.") for path in values):
        return replica(changed, base.operation)
    lifetime = dispatch_lifetime(changed, context.labelled(f"what if {name}"), only)
    return replica(changed, lifetime.operation())


def _pv_yield(park: Case, context: SolveContext) -> PvYield:
    """The yield of the park's first PV plant. Raises InputError where it has none."""
    context.progress("photovoltaic yield")
    plants = list(devices_of(Pv, park.devices).values())
    if not plants:
        raise InputError(
            f"`device`: case {park.name} has none of kind pv, must have one to hold against the plan"
        )
    return pv_yield(plants[0], park.site, read_weather_of(park, year_times(park)))


def _reading(case: Case) -> ResponseReading:
    """The study's demand response, and the storage that delivers the energy of its events."""
    response, (battery, *_) = case.contracts.demand_response, case.batteries.values()
    if not isinstance(response, StatedResponse):  # `refuse` has raised before
        raise TypeError("a study's demand response is stated")
    return ResponseReading(
        events=response.events_per_year,
        yuan_per_kwh=response.price_yuan_per_kwh,
        mwh=response.energy_mwh_per_event,
        rated_mwh=largest_capacity(battery.energy_mwh),
        depth=battery.soc_max - battery.soc_min,
        efficiency=battery.eta_discharge,
    )


def write_reproduction(reproduction: Reproduction, out: Path, lang: Lang) -> dict[str, Path]:
    """Write the files of a reproduction, texts for people in the language; all files or none.

    Returns their paths by name.
    """
    return write_outputs(REPRODUCTION_OUTPUTS, reproduction, out, lang)
