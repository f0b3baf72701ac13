"""The size study of an increment: its parts, run in order, each by its own module."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.io.scenario_store import UnusableStoreError
from parkdispatch.results.sizing.increment_value import ResponseIncome, Worth
from parkdispatch.results.sizing.sizing_results import NEVER, Best, Choice, Marginal, SizeStudy
from parkdispatch.studies.sizing.co_optimization import (
    co_optimized_size_of_park,
    is_search_of_size_possible,
    marginal_of_park,
)
from parkdispatch.studies.sizing.commissioning_runs import attempted_commissioning
from parkdispatch.studies.sizing.existing_park import ExistingPark, require_increment_inputs
from parkdispatch.studies.sizing.increment_dispatch import IncrementDispatch
from parkdispatch.studies.sizing.offers import attempted_offers, choices_of, offer_of_worth
from parkdispatch.studies.sizing.scenario_evaluation import (
    Errors,
    ScenarioInputs,
    Warn,
    evaluate_scenarios,
    usual_store,
)
from parkdispatch.studies.sizing.step_runs import attempted_steps
from parkdispatch.studies.sizing.surface_dispatch import attempted_surface
from parkdispatch.studies.solve_options import SolveContext
from parkdispatch.studies.study_tasks import Attempts
from parkdispatch.studies.task_cluster import TaskCluster

BEST, SURFACE, OFFERS, STEPS, WHEN, SCENARIOS = PARTS = (
    "best", "surface", "offers", "steps", "when", "scenarios",
)  # fmt: skip
NOTHING_TO_WAIT_FOR = (
    "`sizing.wait`: has no effect, because no size was valued that could be built later: must have a"
    " `sizing.offer`, or part best must find a size"
)
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

    The offers are evaluated for every part but `best` and `steps`, because the others use their results. With
    `every_year`, each year of operation of an offer is dispatched, else the first and the last. A task that
    fails does not end the study: `SizeStudy.failed` names it. Raises InputError with every problem, and
    InfeasibleError or SolverError where the park cannot be dispatched without the increment, or no requested
    part has any result.
    """
    sizing, _ = require_increment_inputs(case)
    if case.phases is None and set(parts) == {STEPS}:
        raise InputError(
            "argument `only` = steps: the case has no `phases`, must have them to build in steps"
        )
    existing = ExistingPark.of(case, context)
    context.progress("the park without the increment")
    existing.year(0)
    run = _StudyRun(existing, every_year)
    study = SizeStudy(case, sizing, choices_of(sizing), asked_gap=context.options.gap)
    if BEST in parts and not is_search_of_size_possible(existing):
        if set(parts) == {BEST}:
            raise InputError(
                "argument `only` = best: the search of a size is made for parks of one bus whose only binary"
                " decisions are exclusive pairs, without totals over the year; surface and offers are not"
            )
        study = replace(study, is_best_left_out=True)
    elif BEST in parts:
        study = run.with_best(study)
    if set(parts) - {BEST, STEPS}:
        study = run.with_offers(study)
    if OFFERS in parts:
        study = run.with_marginal(study)
    if SURFACE in parts:
        study = run.with_surface(study)
    if STEPS in parts and case.phases is not None:
        study = run.with_steps(study)
    if WHEN in parts:
        study = run.with_when(study)
    if SCENARIOS in parts and scenarios is not None:
        study = run.with_scenarios(study, scenarios, warn)
    results = (study.best, study.surface, study.when, study.risk, study.steps or None)
    if all(result is None for result in results) and not any(offered.cash for offered in study.offers):
        run.attempts.raise_first()
    return replace(
        study,
        timings_s={part: s for part, s in run.timings_s.items() if part in (*parts, MARGINAL)},
        asked=dict(run.attempts.asked),
        failed=tuple(run.attempts.failed),
    )


class _StudyRun:
    """The parts of one size study: each takes the study so far and returns it with its results."""

    def __init__(self, existing: ExistingPark, every_year: bool) -> None:
        self.attempts, self.timings_s = Attempts(), dict[str, float]()
        self._existing, self._every_year = existing, every_year
        self._worths: tuple[Worth, ...] = ()
        self._started = time.perf_counter()

    def _recorded(self, part: str, study: SizeStudy) -> SizeStudy:
        """The study, with the seconds since the part before it recorded."""
        now = time.perf_counter()
        self.timings_s[part], self._started = now - self._started, now
        return study

    def _labelled(self, label: str) -> ExistingPark:
        return self._existing.with_context(self._existing.context.labelled(label))

    def with_best(self, study: SizeStudy) -> SizeStudy:
        """The co-optimised size, which is one of the choices from here on."""
        best = self.attempts.run(BEST, lambda: co_optimized_size_of_park(self._existing))
        choices = (*study.choices, *_best_choice(study.sizing, best))
        return self._recorded(BEST, replace(study, best=best, choices=choices))

    def with_offers(self, study: SizeStudy) -> SizeStudy:
        """The choices in their years of operation."""
        existing = self._labelled("offers")
        self._worths = attempted_offers(existing, study.choices, self.attempts, self._every_year)
        offers = tuple(offer_of_worth(worth) for worth in self._worths)
        return self._recorded(OFFERS, replace(study, offers=offers))

    def with_marginal(self, study: SizeStudy) -> SizeStudy:
        """The marginal values at each complete offer; single modules and building nothing stay without."""

        def marginal(choice: Choice) -> Marginal | None:
            if choice.key == NEVER or "_of_" in choice.key:
                return None
            existing = self._labelled(f"marginal values of {choice.name}")
            compute = partial(marginal_of_park, existing, choice.power_mw, choice.energy_mwh)
            return self.attempts.run(MARGINAL, compute, name=choice.name, name_zh=choice.name_zh)

        offers = tuple(replace(offer, marginal=marginal(offer.choice)) for offer in study.offers)
        return self._recorded(MARGINAL, replace(study, offers=offers))

    def with_surface(self, study: SizeStudy) -> SizeStudy:
        """The sizes of the grid."""
        existing = self._labelled("surface")
        surface = attempted_surface(existing, study.offers, self.attempts)
        return self._recorded(SURFACE, replace(study, surface=surface))

    def with_steps(self, study: SizeStudy) -> SizeStudy:
        """The choices built all at once and in the steps of the case."""
        existing = self._labelled("steps")
        steps = attempted_steps(existing, study.choices, self.attempts, self._every_year)
        return self._recorded(STEPS, replace(study, steps=steps))

    def with_when(self, study: SizeStudy) -> SizeStudy:
        """The commissioning years of each choice that could be dispatched in the first one."""
        built = [offer.choice for offer in study.offers if offer.choice.key != NEVER]
        if built:
            existing = self._labelled("when")
            when = attempted_commissioning(existing, built, study.offers, None, self.attempts)
            study = replace(study, when=when)
        return self._recorded(WHEN, study)

    def with_scenarios(self, study: SizeStudy, scenarios: Scenarios, warn: Warn) -> SizeStudy:
        """The choices in the scenarios."""
        context = self._existing.context
        references = {worth.choice.key: worth for worth in self._worths}
        choices = tuple(choice for choice in study.choices if choice.key in references)
        if study.sizing.wait is not None and all(choice.key == NEVER for choice in choices):
            warn(NOTHING_TO_WAIT_FOR)
        later = self._later_references(study, choices)
        inputs = ScenarioInputs(study.case, choices, references, scenarios.table, context.options, later)
        asked = len(scenarios.table)
        try:
            risk, errors, kept = _risk(inputs, scenarios, context, warn)
        except InputError as error:
            risk, errors, kept = None, dict.fromkeys(range(asked), error), None
        self.attempts.add(SCENARIOS, asked, errors)
        return self._recorded(SCENARIOS, replace(study, risk=risk, kept=kept))

    def _later_references(self, study: SizeStudy, choices: Sequence[Choice]) -> dict[str, Worth]:
        """The worth of each choice as the case stands, built after the wait; empty without one."""
        wait, device = study.sizing.wait, study.sizing.device
        if wait is None:
            return {}
        built = [choice for choice in choices if choice.key != NEVER]
        lifetimes = [offered.lifetime for offered in study.offers if offered.lifetime is not None]
        income = ResponseIncome.of(device, lifetimes)
        increments = IncrementDispatch(self._labelled(f"after {wait.years} years"))
        worths = increments.attempted(self.attempts, WHEN, built, wait.years, income=income)
        return {worth.choice.key: worth for worth in worths if worth is not None}


def _risk(
    inputs: ScenarioInputs, scenarios: Scenarios, context: SolveContext, warn: Warn
) -> tuple[xr.Dataset | None, Errors, Path | None]:
    """Evaluate the scenarios: their figures, the errors of those that fail, and the store.

    The store is None where it cannot be used.
    """
    store = scenarios.store or usual_store(scenarios.runs, inputs)

    def evaluate(folder: Path | None) -> tuple[xr.Dataset | None, Errors]:
        with scenarios.cluster as cluster:
            return evaluate_scenarios(inputs, cluster, folder, context.progress, warn)

    try:
        return *evaluate(store), store
    except UnusableStoreError as error:
        if scenarios.store is not None:
            raise
        warn(f"scenarios are not kept: {error.problems[0].removeprefix('argument `store` = ')}")
        return *evaluate(None), None


def _best_choice(sizing: Sizing, best: Best | None) -> list[Choice]:
    """The co-optimised size as a choice, at the price by power and energy; none where nothing is best."""
    if best is None or best.is_nothing:
        return []
    investment = sizing.investment_yuan(best.power_mw, best.energy_mwh)
    size = (best.power_mw, best.energy_mwh)
    return [Choice("best", "co-optimised size", "协同优化容量", *size, investment)]
