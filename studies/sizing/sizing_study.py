"""The size study of an increment: its parts, run in order, each by its own module."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.results.io.scenario_store import UnusableStoreError
from parkdispatch.results.sizing.increment_value import Worth
from parkdispatch.results.sizing.sizing_results import NEVER, Best, Choice, Offered, SizeStudy
from parkdispatch.studies.sizing.co_optimization import co_optimized_size, marginal
from parkdispatch.studies.sizing.commissioning_runs import commissioning_npv
from parkdispatch.studies.sizing.existing_park import require_increment_inputs
from parkdispatch.studies.sizing.increment_dispatch import increment_worth
from parkdispatch.studies.sizing.offers import choices_of, offer_of_worth
from parkdispatch.studies.sizing.scenario_evaluation import (
    ScenarioInputs,
    Warn,
    evaluate_scenarios,
    usual_store,
)
from parkdispatch.studies.sizing.surface_dispatch import size_surface
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.task_cluster import TaskCluster

BEST, SURFACE, OFFERS, WHEN, SCENARIOS = PARTS = ("best", "surface", "offers", "when", "scenarios")
MARGINAL = "marginal"  # timing of the marginal values, which belong to the offers


@dataclass(frozen=True)
class Scenarios:
    """The scenarios to evaluate, the cluster that computes them, and where finished ones are kept."""

    table: pd.DataFrame
    cluster: TaskCluster
    store: Path | None  # None: the usual folder inside `runs`
    runs: Path


def parts_asked(only: str | None) -> tuple[str, ...]:
    """The requested parts in the order of `PARTS`; all of them without a request. Raises InputError."""
    if only is None:
        return PARTS
    requested = [part.strip() for part in only.split(",")]
    if wrong := [part for part in requested if part not in PARTS]:
        raise InputError(
            f"argument `only` = {only}: {', '.join(wrong) or 'nothing'} is no part,"
            f" must be of {', '.join(PARTS)},"
            " parted by commas"
        )
    return tuple(part for part in PARTS if part in requested)


def size_study(
    case: Case,
    parts: Sequence[str],
    context: SolveContext,
    scenarios: Scenarios | None = None,
    every_year: bool = False,
    warn: Warn = lambda _: None,
) -> SizeStudy:
    """Run the requested parts of the size study of a case.

    The offers are evaluated for every part but `best`, because the others use their results. With
    `every_year`, each year of operation of an offer is dispatched, else the first and the last. Raises
    InputError with every problem, InfeasibleError or SolverError naming what was solved.
    """
    sizing, finance = require_increment_inputs(case)
    timings_s: dict[str, float] = {}
    started = time.perf_counter()

    def record(part: str) -> None:
        nonlocal started
        now = time.perf_counter()
        timings_s[part], started = now - started, now

    best = co_optimized_size(case, context) if BEST in parts else None
    record(BEST)
    choices = (*choices_of(sizing), *_best_choice(case, best))
    worths: tuple[Worth, ...] = ()
    offers: tuple[Offered, ...] = ()
    if set(parts) - {BEST}:
        years = range(1, finance.operation_years + 1) if every_year else None
        worths = increment_worth(case, choices, context.labelled("offers"), years=years)
        offers = tuple(offer_of_worth(worth) for worth in worths)
        record(OFFERS)
    if OFFERS in parts:
        offers = tuple(_with_marginal(case, offer, context) for offer in offers)
        record(MARGINAL)
    built = [choice for choice in choices if choice.key != NEVER]
    study = SizeStudy(case, sizing, choices, best=best, offers=offers)
    if SURFACE in parts:
        study = replace(study, surface=size_surface(case, offers, context.labelled("surface")))
        record(SURFACE)
    if WHEN in parts:
        study = replace(study, when=commissioning_npv(case, built, context.labelled("when"), offers))
        record(WHEN)
    if SCENARIOS in parts and scenarios is not None:
        references = {worth.choice.key: worth for worth in worths}
        inputs = ScenarioInputs(case, choices, references, scenarios.table, context.options)
        risk, kept = _risk(inputs, scenarios, context, warn)
        study = replace(study, risk=risk, kept=kept)
        record(SCENARIOS)
    requested = (*parts, MARGINAL)
    return replace(study, timings_s={part: s for part, s in timings_s.items() if part in requested})


def _risk(
    inputs: ScenarioInputs, scenarios: Scenarios, context: SolveContext, warn: Warn
) -> tuple[xr.Dataset, Path | None]:
    """Evaluate the scenarios; return their figures and the store, None where it cannot be used."""
    store = scenarios.store or usual_store(scenarios.runs, inputs)

    def evaluate(folder: Path | None) -> xr.Dataset:
        with scenarios.cluster as cluster:
            return evaluate_scenarios(inputs, cluster, folder, context.progress, warn)

    try:
        return evaluate(store), store
    except UnusableStoreError as error:
        if scenarios.store is not None:
            raise
        warn(f"scenarios are not kept: {error.problems[0].removeprefix('argument `store` = ')}")
        return evaluate(None), None


def _best_choice(case: Case, best: Best | None) -> list[Choice]:
    """The co-optimised size as a choice, at the price by power and energy; none where nothing is best."""
    if best is None or best.is_nothing:
        return []
    sizing, _ = require_increment_inputs(case)
    investment = sizing.investment_yuan(best.power_mw, best.energy_mwh)
    size = (best.power_mw, best.energy_mwh)
    return [Choice("best", "co-optimised size", "协同优化容量", *size, investment)]


def _with_marginal(case: Case, offer: Offered, context: SolveContext) -> Offered:
    """A complete offer with its marginal values; single modules and building nothing stay without."""
    choice = offer.choice
    if choice.key == NEVER or "_of_" in choice.key:
        return offer
    offer_context = context.labelled(f"marginal values of {choice.name}")
    return replace(offer, marginal=marginal(case, choice.power_mw, choice.energy_mwh, offer_context))
