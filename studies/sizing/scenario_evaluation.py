"""The worth of the increment's choices in many scenarios of the uncertain numbers, on a task cluster.

Each scenario is evaluated from scratch and in one thread. Its figures are therefore the same to the last bit
whichever process computes them, in whatever order, in one run or in several.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.variations.scenarios import case_of_scenario
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError, ParkdispatchError
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.io.digests import case_digests, digest
from parkdispatch.results.io.provenance import program_versions
from parkdispatch.results.io.scenario_store import (
    Fingerprint,
    ScenarioStore,
    default_folder,
    require_same_fingerprint,
)
from parkdispatch.results.sizing.increment_value import PROJECT, Worth
from parkdispatch.results.sizing.risk import FIGURES, LATER_FIGURE, risk_dataset
from parkdispatch.results.sizing.sizing_results import NEVER, Choice
from parkdispatch.studies.sizing.increment_dispatch import increment_worth
from parkdispatch.studies.solve_options import Progress, SolveContext, SolveOptions
from parkdispatch.studies.study_tasks import figure_options
from parkdispatch.studies.task_cluster import TaskCluster, Work

# time limit of a solve: long enough that none is cut short, or the figures would depend on the machine
AMPLE_S = 3600.0
OFFER = "offer_"  # prefix of the keys of choices that have a price of their own
MOST_REFUSALS = 20  # lines of refused scenarios in an error message

Warn = Callable[[str], None]
Errors = Mapping[int, ParkdispatchError]  # of tasks that failed, by number


@dataclass(frozen=True)
class ScenarioInputs:
    """What a scenario study evaluates: the choices of a case in each row of a table, and how to solve."""

    case: Case
    choices: Sequence[Choice]
    references: Mapping[str, Worth]  # worth of each choice in the base scenario, by key
    table: pd.DataFrame  # a row per scenario, a column per uncertain number (`scenarios.scenario_table`)
    options: SolveOptions
    later: Mapping[str, Worth] = field(default_factory=dict)  # as `references`, commissioned after the wait

    @property
    def solve_options(self) -> SolveOptions:
        """How a scenario is solved: in one thread, with ample time."""
        return _scenario_options(self.options)

    @property
    def of_workers(self) -> "WorkerInputs":
        """What every scenario shares."""
        return WorkerInputs(
            case=self.case,
            choices=tuple(self.choices),
            references={choice.key: self.references[choice.key] for choice in self.choices},
            columns=tuple(map(str, self.table.columns)),
            options=self.solve_options,
            later=self.later,
        )

    @property
    def question(self) -> Fingerprint:
        """What identifies the figures of a scenario: case, choices, and the years that its years follow."""
        sizes = {
            choice.key: [choice.power_mw, choice.energy_mwh, choice.investment_yuan]
            for choice in self.choices
        }
        years = {choice.key: digest(_reference_data(self.references[choice.key])) for choice in self.choices}
        question = {**_question(self.case, self.table, self.options), "choices": sizes, "years": years}
        if self.later:
            question["later"] = {key: digest(_reference_data(worth)) for key, worth in self.later.items()}
        return question


@dataclass(frozen=True)
class WorkerInputs:
    """What every scenario shares; sent once to each worker process."""

    case: Case
    choices: tuple[Choice, ...]
    references: Mapping[str, Worth]
    columns: tuple[str, ...]  # names of the uncertain numbers in a row
    options: SolveOptions
    later: Mapping[str, Worth] = field(default_factory=dict)


def evaluate_scenarios(
    inputs: ScenarioInputs,
    cluster: TaskCluster,
    store: Path | None,
    progress: Progress,
    warn: Warn = lambda _: None,
) -> tuple[xr.Dataset | None, Errors]:
    """Evaluate the choices in each scenario of a table: the `risk` of a `SizeStudy`, and the errors.

    The years of a choice in a scenario are scaled from its reference. With a `store`, finished scenarios are
    kept in that folder and read from there; `warn` gets a line for each damaged one. Scenarios that fail are
    left out, and their errors returned by number; where all fail there is no dataset. Raises InputError for a
    store of another study and for scenarios that the case does not allow.
    """
    choices, table = inputs.choices, inputs.table
    if missing := [choice.key for choice in choices if choice.key not in inputs.references]:
        raise ValueError(f"choices {', '.join(missing)} have no worth as the case stands")
    _refuse_scenarios(inputs.case, table)
    shape = (len(_figure_names(inputs.case)), len(choices))
    figures, errors = compute_missing_scenarios(
        scenario_figures, inputs.of_workers, shape, table, cluster, (store, inputs.question), progress, warn
    )
    computed = np.array([number for number in range(len(table)) if number not in errors], dtype=int)
    if not len(computed):
        return None, errors
    return risk_dataset(choices, table.iloc[computed], figures[computed], computed), errors


def usual_store(folder: Path, inputs: ScenarioInputs) -> Path:
    """The default folder of a scenario store, inside the folder of all runs."""
    return default_folder(folder, inputs.case.name, inputs.question, inputs.table)


def require_matching_store(store: Path, case: Case, table: pd.DataFrame, options: SolveOptions) -> None:
    """Raise InputError for a store of another study, as far as that is known before anything is computed."""
    require_same_fingerprint(store, _question(case, table, options))


def _scenario_options(options: SolveOptions) -> SolveOptions:
    """The options with which a scenario is solved."""
    return replace(options, threads=1, time_limit_s=AMPLE_S, smooth=False)


def _refuse_scenarios(case: Case, table: pd.DataFrame) -> None:
    """Raise InputError with the scenarios that the case does not allow, before anything is computed."""
    problems = []
    for scenario, row in enumerate(table.to_dict("records")):
        try:
            case_of_scenario(case, row)
        except InputError as error:
            problems += [f"scenario {scenario}: {line}" for line in error.problems]
    if problems:
        more = len(problems) - MOST_REFUSALS
        raise InputError(problems[:MOST_REFUSALS] + ([f"and {more} more"] if more > 0 else []))


def _question(case: Case, table: pd.DataFrame, options: SolveOptions) -> Fingerprint:
    """What identifies the figures of a scenario, except for the choices."""
    uncertain = {doubt.name: doubt for doubt in _sizing(case).doubt}
    solved = _scenario_options(options)
    return {
        "case": case_digests(case),
        "doubts": {
            name: {"fields": list(uncertain[name].fields), "times": uncertain[name].times}
            for name in map(str, table.columns)
        },
        "options": figure_options(solved),
        "figures": _figure_names(case),
        "program": program_versions(),
    }


def _reference_data(reference: Worth) -> list[Any]:
    """The data of a reference from which the years of a scenario are scaled."""
    arrays = [
        reference.state_of_health,
        reference.full_cycles,
        reference.response_revenue_yuan,
        reference.response_cost_yuan,
        *(value for _, value in sorted(_operation_data(reference.operation).items())),
    ]
    cycles = dict(reference.standing_cycles)
    return [np.asarray(array, dtype=np.float64).tolist() for array in arrays] + [cycles]


def _operation_data(operation: Operation) -> dict[str, Any]:
    """The arrays and numbers of an operation by field name; those of a mapping by `field.key`."""
    by_name: dict[str, Any] = {}
    for name, value in vars(operation).items():
        if isinstance(value, Mapping):
            by_name |= {f"{name}.{key}": part for key, part in value.items()}
        else:
            by_name[name] = value
    return by_name


def _sizing(case: Case) -> Sizing:
    if case.sizing is None:
        raise InputError("`sizing` is missing: must be given, because scenarios are of its doubts")
    return case.sizing


def compute_missing_scenarios(
    work: Work,
    shared: Any,
    shape: tuple[int, ...],
    table: pd.DataFrame,
    cluster: TaskCluster,
    kept: tuple[Path | None, Fingerprint],
    progress: Progress,
    warn: Warn,
) -> tuple[Array, Errors]:
    """Compute `work(shared, row)` for each row of a table that is not in the store, (scenarios, *shape).

    `kept` is the folder of the store, None for no store, and the question that identifies its figures. The
    second result are the errors of rows that failed, by number; their figures are NaN.
    """
    folder, question = kept
    rows = table.to_numpy(np.float64)
    results, errors = np.full((len(table), *shape), np.nan), dict[int, ParkdispatchError]()
    with nullcontext() if folder is None else ScenarioStore.opened(folder, question, shape) as store:
        stored = {} if store is None else store.read(table)
        for line in [] if store is None else store.warnings:
            warn(line)
        for scenario, values in stored.items():
            results[scenario] = values
        if stored:
            progress(f"{len(stored)} of {len(table)} scenarios are there already")
        tasks = {scenario: rows[scenario] for scenario in range(len(table)) if scenario not in stored}
        for batch in cluster.batches(work, shared, tasks, progress, "scenario"):
            finished: dict[int, Array] = {}
            for scenario, outcome in batch:
                if isinstance(outcome, ParkdispatchError):
                    errors[scenario] = outcome
                else:
                    finished[scenario] = results[scenario] = outcome
            if store is not None:
                store.write(finished, rows)
    return results, errors


def scenario_figures(inputs: WorkerInputs, row: Array) -> Array:
    """Evaluate one scenario: the figures of each choice, (figures, choices). Runs in a worker process."""
    scenario_case = case_of_scenario(inputs.case, dict(zip(inputs.columns, row.tolist(), strict=True)))
    base_sizing, scenario_sizing = _sizing(inputs.case), _sizing(scenario_case)
    choices = [choice_at_scenario_prices(choice, base_sizing, scenario_sizing) for choice in inputs.choices]
    worths = increment_worth(
        scenario_case, choices, SolveContext(inputs.options), reference=inputs.references
    )
    figures = np.array([_figures(worth) for worth in worths]).T
    if scenario_sizing.wait is None:
        return figures
    return np.vstack([figures, _later_figures(scenario_case, choices, inputs)])


def _figure_names(case: Case) -> list[str]:
    """The figures of a choice in a scenario, in their order."""
    return [*FIGURES, *(LATER_FIGURE if _sizing(case).wait is not None else ())]


def _later_figures(case: Case, choices: Sequence[Choice], inputs: WorkerInputs) -> Array:
    """NPV of each choice built after the wait, in money of the case's year [yuan], (choices,).

    NaN for a choice that is not known then, zero for building nothing.
    """
    wait, npv_yuan = _sizing(case).wait, np.full(len(choices), np.nan)
    assert wait is not None
    known = {number: choice for number, choice in enumerate(choices) if choice.key in inputs.later}
    worths = increment_worth(
        case, list(known.values()), SolveContext(inputs.options), wait.years, reference=inputs.later
    )
    for number, worth in zip(known, worths, strict=True):
        rate = 0.0 if worth.cash is None else worth.cash.finance.discount_rate
        npv_yuan[number] = worth.npv_yuan / (1.0 + rate) ** wait.years
    npv_yuan[[number for number, choice in enumerate(choices) if choice.key == NEVER]] = 0.0
    return npv_yuan


def choice_at_scenario_prices(choice: Choice, base: Sizing, scenario: Sizing) -> Choice:
    """A choice at the prices of a scenario.

    The price of an offer follows the price multiple; that of another size the price by power and energy.
    """
    if choice.key.startswith(OFFER):
        ratio = scenario.price_multiple / base.price_multiple
        return replace(choice, investment_yuan=choice.investment_yuan * ratio)
    old = base.investment_yuan(choice.power_mw, choice.energy_mwh)
    new = scenario.investment_yuan(choice.power_mw, choice.energy_mwh)
    return replace(choice, investment_yuan=choice.investment_yuan * new / old) if old > 0 else choice


def _figures(worth: Worth) -> list[float]:
    """The `FIGURES` of a choice, in their order."""
    irr = None if worth.cash is None else worth.cash.returns[PROJECT].irr.value
    return [
        worth.npv_yuan,
        float("nan") if irr is None else irr,
        float(np.mean(worth.saving_yuan)),
        worth.investment_yuan,
    ]
