"""What the choices of the increment are worth in many scenarios, computed by many processes.

Each scenario is valued from scratch and in one thread, so its figures are the same to the last bit whoever
computes them, in whatever order, in one run or in several.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.variations.scenarios import world
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.io.digests import case_digests, digest
from parkdispatch.results.io.provenance import program_versions
from parkdispatch.results.io.scenario_store import Question, ScenarioStore, refuse_other, usual_folder
from parkdispatch.results.sizing.increment_value import PROJECT, Worth
from parkdispatch.results.sizing.risk import FIGURES, risk_dataset
from parkdispatch.results.sizing.sizing_results import Choice
from parkdispatch.studies.dispatch import Progress, SolveOptions
from parkdispatch.studies.sizing.increment_dispatch import increment_worth
from parkdispatch.studies.task_cluster import TaskCluster, Work

AMPLE_S = 3600.0  # for one year's repair: figures of a solve that time cut short would hang on the machine
OFFER = "offer_"  # how the keys of choices with a price of their own begin

Warn = Callable[[str], None]


@dataclass(frozen=True)
class ScenarioQuestion:
    """What all scenarios share."""

    case: Case
    choices: tuple[Choice, ...]
    likes: Mapping[str, Worth]
    columns: tuple[str, ...]  # names of the doubts in a row
    options: SolveOptions


def evaluate_scenarios(
    case: Case,
    choices: Sequence[Choice],
    likes: Mapping[str, Worth],
    table: pd.DataFrame,
    options: SolveOptions,
    farm: TaskCluster,
    store: Path | None,
    progress: Progress,
    warn: Warn = lambda _: None,
) -> xr.Dataset:
    """The choices in each scenario of a table (`scenarios.scenario_table`): the `risk` of a `SizeStudy`.

    `likes` has the worth of each choice as the case stands, by its key; a scenario's years follow it. With a
    `store`, finished scenarios are kept in that folder and taken from there; `warn` is told of those that
    were damaged. The same to the last bit however it was computed. Raises InputError for a store of something
    else and for scenarios that the case refuses, InfeasibleError or SolverError naming the scenario; what was
    finished by then is kept.
    """
    if missing := [choice.key for choice in choices if choice.key not in likes]:
        raise ValueError(f"choices {', '.join(missing)} have no worth as the case stands")
    _refuse(case, table)
    shared = ScenarioQuestion(
        case=case,
        choices=tuple(choices),
        likes={choice.key: likes[choice.key] for choice in choices},
        columns=tuple(map(str, table.columns)),
        options=_ample(options),
    )
    shape = (len(FIGURES), len(choices))
    question = _whole_question(case, choices, likes, table, options)
    found = finished(valued, shared, shape, table, farm, (store, question), progress, warn)
    return risk_dataset(choices, table, found)


def usual_store(
    beside: Path,
    case: Case,
    choices: Sequence[Choice],
    likes: Mapping[str, Worth],
    table: pd.DataFrame,
    options: SolveOptions,
) -> Path:
    """The folder of a store for scenarios of which nobody said where to keep them."""
    return usual_folder(beside, case.name, _whole_question(case, choices, likes, table, options), table)


def refuse_store(store: Path, case: Case, table: pd.DataFrame, options: SolveOptions) -> None:
    """Raise InputError for a store of something else, as far as that is known before anything is computed."""
    refuse_other(store, _question(case, table, options))


def _ample(options: SolveOptions) -> SolveOptions:
    """How a scenario is solved."""
    return replace(options, threads=1, time_limit_s=AMPLE_S, calm=False)


def _refuse(case: Case, table: pd.DataFrame) -> None:
    """Raise InputError with the scenarios that the case refuses, before anything is computed."""
    found = []
    for scenario, row in enumerate(table.to_dict("records")):
        try:
            world(case, row)
        except InputError as error:
            found += [f"scenario {scenario}: {line}" for line in error.problems]
    if found:
        raise InputError(found[:20] + ([f"and {len(found) - 20} more"] if len(found) > 20 else []))


def _question(case: Case, table: pd.DataFrame, options: SolveOptions) -> Question:
    """What the numbers of a scenario belong to, but for the choices."""
    named = {doubt.name: doubt for doubt in _sizing(case).doubt}
    return {
        "case": case_digests(case),
        "doubts": {
            name: {"fields": list(named[name].fields), "times": named[name].times}
            for name in map(str, table.columns)
        },
        "options": {k: v for k, v in asdict(_ample(options)).items() if k != "threads"},
        "figures": list(FIGURES),
        "program": program_versions(),
    }


def _whole_question(
    case: Case,
    choices: Sequence[Choice],
    likes: Mapping[str, Worth],
    table: pd.DataFrame,
    options: SolveOptions,
) -> Question:
    """What a scenario's numbers belong to: the choices too, and the years that its years follow."""
    sizes = {choice.key: [choice.power_mw, choice.energy_mwh, choice.investment_yuan] for choice in choices}
    years = {choice.key: digest(_followed(likes[choice.key])) for choice in choices}
    return {**_question(case, table, options), "choices": sizes, "years": years}


def _followed(like: Worth) -> list[Any]:
    """What of a like choice goes into the years of a scenario."""
    arrays = [
        like.state_of_health,
        like.full_cycles,
        like.response_revenue_yuan,
        like.response_cost_yuan,
        *(value for _, value in sorted(_numbers(like.operation).items())),
    ]
    return [np.asarray(one, dtype=np.float64).tolist() for one in arrays] + [dict(like.standing_cycles)]


def _numbers(operation: Operation) -> dict[str, Any]:
    """The arrays and numbers of an operation by name; those of its streams by the stream's."""
    found: dict[str, Any] = {}
    for name, value in vars(operation).items():
        if isinstance(value, Mapping):
            found |= {f"{name}.{key}": one for key, one in value.items()}
        else:
            found[name] = value
    return found


def _sizing(case: Case) -> Sizing:
    if case.sizing is None:
        raise InputError("`sizing` is missing: must be given, because scenarios are of its doubts")
    return case.sizing


def finished(
    work: Work,
    shared: Any,
    shape: tuple[int, ...],
    table: pd.DataFrame,
    farm: TaskCluster,
    kept: tuple[Path | None, Question],
    progress: Progress,
    warn: Warn,
) -> Array:
    """`work(shared, row)` of each row of a table, (scenarios, *shape); those in the store are not done again.

    `kept` is the folder of the store, if any, and what its numbers belong to.
    """
    folder, question = kept
    rows = table.to_numpy(np.float64)
    found = np.full((len(table), *shape), np.nan)
    with nullcontext() if folder is None else ScenarioStore.opened(folder, question, shape) as store:
        there = {} if store is None else store.read(table)
        for line in [] if store is None else store.warnings:
            warn(line)
        for scenario, values in there.items():
            found[scenario] = values
        if there:
            progress(f"{len(there)} of {len(table)} scenarios are there already")
        tasks = {scenario: rows[scenario] for scenario in range(len(table)) if scenario not in there}
        for scenario, values in farm.each(work, shared, tasks, progress, "scenario"):
            found[scenario] = values
            if store is not None:
                store.write(scenario, rows[scenario], values)
    return found


def valued(asked: ScenarioQuestion, row: Array) -> Array:
    """One scenario: the figures of each choice, (figures, choices). Runs in a worker."""
    there = world(asked.case, dict(zip(asked.columns, row.tolist(), strict=True)))
    choices = [priced(choice, _sizing(asked.case), _sizing(there)) for choice in asked.choices]
    found = increment_worth(there, choices, asked.options, lambda _: None, like=asked.likes)
    return np.array([_figures(one) for one in found]).T


def priced(choice: Choice, here: Sizing, there: Sizing) -> Choice:
    """A choice at other prices: an offer's follows the multiple, that of other sizes the whole price."""
    if choice.key.startswith(OFFER):
        ratio = there.price_multiple / here.price_multiple
        return replace(choice, investment_yuan=choice.investment_yuan * ratio)
    old = here.investment_yuan(choice.power_mw, choice.energy_mwh)
    new = there.investment_yuan(choice.power_mw, choice.energy_mwh)
    return replace(choice, investment_yuan=choice.investment_yuan * new / old) if old > 0 else choice


def _figures(one: Worth) -> list[float]:
    """The FIGURES of a choice, in their order."""
    irr = None if one.cash is None else one.cash.returns[PROJECT].irr.value
    return [
        one.npv_yuan,
        float("nan") if irr is None else irr,
        float(np.mean(one.saving_yuan)),
        one.investment_yuan,
    ]
