"""All that is asked about the size of an increment, part by part, each by its own driver."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.results.io.scenario_store import UnusableStoreError
from parkdispatch.results.sizing.increment_value import Worth
from parkdispatch.results.sizing.sizing_results import NEVER, Best, Choice, Offered, SizeStudy
from parkdispatch.studies.dispatch import Progress, SolveOptions
from parkdispatch.studies.sizing.co_optimization import co_optimized_size, marginal
from parkdispatch.studies.sizing.commissioning_runs import commissioning_npv
from parkdispatch.studies.sizing.existing_park import refuse_increment
from parkdispatch.studies.sizing.increment_dispatch import increment_worth
from parkdispatch.studies.sizing.offers import as_offered, choices_of
from parkdispatch.studies.sizing.scenario_evaluation import Warn, evaluate_scenarios, usual_store
from parkdispatch.studies.sizing.surface_dispatch import size_surface
from parkdispatch.studies.task_cluster import TaskCluster

BEST, SURFACE, OFFERS, WHEN, SCENARIOS = PARTS = ("best", "surface", "offers", "when", "scenarios")


@dataclass(frozen=True)
class Scenarios:
    """The scenarios to value, where, and where finished ones are kept: `store`, or else beside other runs."""

    table: pd.DataFrame
    farm: TaskCluster
    store: Path | None
    beside: Path


def parts_asked(only: str | None) -> tuple[str, ...]:
    """The parts that were asked for, in order; all of them if nothing was said. Raises InputError."""
    if only is None:
        return PARTS
    given = [part.strip() for part in only.split(",")]
    if wrong := [part for part in given if part not in PARTS]:
        raise InputError(
            f"argument `only` = {only}: {', '.join(wrong) or 'nothing'} is no part,"
            f" must be of {', '.join(PARTS)},"
            " parted by commas"
        )
    return tuple(part for part in PARTS if part in given)


def size_study(
    case: Case,
    parts: Sequence[str],
    options: SolveOptions,
    progress: Progress,
    scenarios: Scenarios | None = None,
    every_year: bool = False,
    warn: Warn = lambda _: None,
) -> SizeStudy:
    """The size study of a case, of the parts asked for.

    Offers are known in all of them but `best`, because other parts rest on them. Raises InputError with all
    that is wrong, InfeasibleError or SolverError naming what was solved.
    """
    sizing, finance = refuse_increment(case)
    timings: dict[str, float] = {}
    began = time.perf_counter()

    def took(part: str) -> None:
        nonlocal began
        now = time.perf_counter()
        timings[part], began = now - began, now

    best = co_optimized_size(case, options, progress) if BEST in parts else None
    took(BEST)
    choices = (*choices_of(sizing), *_found(case, best))
    worths: tuple[Worth, ...] = ()
    offers: tuple[Offered, ...] = ()
    if set(parts) - {BEST}:
        years = range(1, finance.operation_years + 1) if every_year else None
        worths = increment_worth(case, choices, options, _named(progress, "offers"), years=years)
        offers = tuple(as_offered(one) for one in worths)
        took(OFFERS)
    if OFFERS in parts:
        offers = tuple(_with_marginal(case, one, options, progress) for one in offers)
        took("marginal")
    built = [choice for choice in choices if choice.key != NEVER]
    found = SizeStudy(case, sizing, choices, best=best, offers=offers)
    if SURFACE in parts:
        found = replace(found, surface=size_surface(case, offers, options, _named(progress, "surface")))
        took(SURFACE)
    if WHEN in parts:
        found = replace(found, when=commissioning_npv(case, built, options, _named(progress, "when"), offers))
        took(WHEN)
    if SCENARIOS in parts and scenarios is not None:
        likes = {one.choice.key: one for one in worths}
        risk, kept = _risk(case, choices, likes, scenarios, options, progress, warn)
        found = replace(found, risk=risk, kept=kept)
        took(SCENARIOS)
    return replace(found, timings_s={part: s for part, s in timings.items() if part in (*parts, "marginal")})


def _risk(
    case: Case,
    choices: Sequence[Choice],
    likes: Mapping[str, Worth],
    asked: Scenarios,
    options: SolveOptions,
    progress: Progress,
    warn: Warn,
) -> tuple[xr.Dataset, Path | None]:
    """The choices in the scenarios, and where these are kept: as asked, or else beside other runs."""
    store = asked.store or usual_store(asked.beside, case, choices, likes, asked.table, options)

    def found(where: Path | None) -> xr.Dataset:
        with asked.farm as farm:
            return evaluate_scenarios(case, choices, likes, asked.table, options, farm, where, progress, warn)

    try:
        return found(store), store
    except UnusableStoreError as error:
        if asked.store is not None:
            raise
        warn(f"scenarios are not kept: {error.problems[0].removeprefix('argument `store` = ')}")
        return found(None), None


def _found(case: Case, best: Best | None) -> list[Choice]:
    """The co-optimised size as a choice, at the general price; none where nothing is best."""
    if best is None or best.is_nothing:
        return []
    sizing, _ = refuse_increment(case)
    investment = sizing.investment_yuan(best.power_mw, best.energy_mwh)
    size = (best.power_mw, best.energy_mwh)
    return [Choice("best", "co-optimised size", "协同优化容量", *size, investment)]


def _with_marginal(case: Case, one: Offered, options: SolveOptions, progress: Progress) -> Offered:
    """An offer as a whole, with what a little more of it is worth; modules are between these."""
    choice = one.choice
    if choice.key == NEVER or "_of_" in choice.key:
        return one
    said = _named(progress, f"marginal values of {choice.name}")
    return replace(one, marginal=marginal(case, choice.power_mw, choice.energy_mwh, options, said))


def _named(progress: Progress, part: str) -> Progress:
    return lambda text: progress(f"{part}: {text}")
