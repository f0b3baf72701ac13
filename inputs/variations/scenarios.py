"""Scenarios: tables of uncertain numbers, drawn from the distributions of a case or read from a file.

A table has one row for each scenario and one column for each uncertain number, named like it. An uncertain
number without a column keeps the value of the case.
"""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.inputs.series.text_tables import (
    comma_hint,
    decode,
    listed,
    parse_numbers,
    read_cells,
    row_problems,
)
from parkdispatch.inputs.user_files import read_bytes, user_path
from parkdispatch.inputs.variations.uncertainties import with_uncertain_values
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.correlation import correlated_probabilities
from parkdispatch.models.finance.sizing_section import Sizing, Uncertainty

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case

SCENARIO = (
    "scenario"  # name of a table's index; a column of this name in a file numbers the rows and is ignored
)
MAX_SCENARIOS = 100_000
HALF_CELL = 2.0**-31  # half the distance of Sobol points in a dimension, added so that none is 0 or 1


def scenario_table(case: "Case", count_or_file: str | None) -> pd.DataFrame:
    """Scenario table of a case: a number of scenarios to draw, a CSV file, or None for the case's number.

    Raises InputError with all problems.
    """
    sizing = case.sizing
    if sizing is None:
        raise InputError("`sizing` is missing: must be given, because scenarios are of its doubts")
    if count_or_file is None:
        return draw_scenarios(sizing, sizing.scenarios, sizing.seed)
    if not count_or_file.strip().lstrip("+-").isdecimal():
        return read_scenarios(user_path(count_or_file), case)
    count = int(count_or_file)
    if not 1 <= count <= MAX_SCENARIOS:
        raise InputError(
            f"argument `scenarios` = {count_or_file}: must be 1 to {MAX_SCENARIOS:,}, or a CSV file"
        )
    return draw_scenarios(sizing, count, sizing.seed)


def draw_scenarios(sizing: Sizing, count: int, seed: int) -> pd.DataFrame:
    """Draw `count` scenarios of uncertain numbers; a longer table begins with the shorter one.

    Quasi-Monte Carlo: a scrambled Sobol sequence (Owen 1995; scipy.stats.qmc), correlated by a Gaussian
    copula where the case says so, and mapped by the inverse cumulative distribution of each uncertain number.
    """
    if not sizing.doubt:
        raise InputError("`sizing.doubt` is missing: must have one, because scenarios are drawn from doubts")
    from scipy.stats import qmc  # its import takes a second

    sobol = qmc.Sobol(d=len(sizing.doubt), scramble=True, rng=np.random.default_rng(seed))
    # the sequence is balanced for powers of two; superfluous points are dropped
    probabilities = sobol.random_base2(max(0, int(count - 1).bit_length()))[:count] + HALF_CELL
    names = [uncertainty.name for uncertainty in sizing.doubt]
    probabilities = correlated_probabilities(probabilities, names, sizing.correlation)
    columns = {
        uncertainty.name: quantile(uncertainty, probabilities[:, dimension])
        for dimension, uncertainty in enumerate(sizing.doubt)
    }
    table = pd.DataFrame(columns, index=pd.RangeIndex(count, name=SCENARIO))
    # identifies tables of the same draws, whatever their length
    table.attrs["drawn"] = [seed, [uncertainty.model_dump(mode="json") for uncertainty in sizing.doubt]]
    if sizing.correlation:
        table.attrs["drawn"].append([pair.model_dump(mode="json") for pair in sizing.correlation])
    return table


def quantile(uncertainty: Uncertainty, probability: Array) -> Array:
    """Inverse cumulative distribution of an uncertain number at probabilities in (0, 1)."""
    low, high = uncertainty.low, uncertainty.high
    if uncertainty.kind == "choice":
        return _choice_quantile(uncertainty, probability)
    if low is not None and low == high:
        return np.full(probability.shape, low)
    if uncertainty.kind == "normal":
        from scipy.stats import truncnorm

        mean, std = uncertainty.mean or 0.0, uncertainty.std or 1.0
        limits = [
            (limit - mean) / std
            for limit in (-np.inf if low is None else low, np.inf if high is None else high)
        ]
        return np.asarray(truncnorm.ppf(probability, *limits, loc=mean, scale=std), dtype=np.float64)
    low, high = low or 0.0, high or 0.0
    if uncertainty.kind == "uniform":
        return low + probability * (high - low)
    mode = (low + high) / 2.0 if uncertainty.mode is None else uncertainty.mode
    below = (mode - low) / (high - low)  # probability of values below the mode
    left = low + np.sqrt(probability * (high - low) * (mode - low))
    return np.where(
        probability < below, left, high - np.sqrt((1.0 - probability) * (high - low) * (high - mode))
    )


def _choice_quantile(uncertainty: Uncertainty, probability: Array) -> Array:
    """Inverse cumulative distribution of a choice: one of its values, by weight.

    Values are taken in ascending order, whatever their order in the case: they then rise with the
    probability, as a rank correlation with another number needs.
    """
    values = np.asarray(uncertainty.values, dtype=np.float64)
    ascending = np.argsort(values, kind="stable")
    weights = np.array(uncertainty.weights or [1.0] * len(values))[ascending]
    cumulative = np.cumsum(weights) / weights.sum()
    position = np.searchsorted(cumulative, probability, side="right")
    last = int(np.flatnonzero(weights)[-1])  # the sum may miss 1 by rounding
    return np.asarray(values[ascending][np.minimum(position, last)])


def read_scenarios(path: Path, case: "Case") -> pd.DataFrame:
    """Read a table of scenarios, a CSV file whose headers are names of the case's uncertain numbers.

    Raises InputError with all problems: unknown columns, cells that are no numbers, values that the case
    refuses, a file without rows.
    """
    uncertainties = {} if case.sizing is None else {u.name: u for u in case.sizing.doubt}
    name = path.name
    text = decode(name, read_bytes(path))
    if not text.strip():
        raise InputError(f"{name}: is empty, must have a header and a row for each scenario")
    cells, problems = read_cells(name, text)
    headers = [str(h) for h in cells.columns if h != SCENARIO or SCENARIO in uncertainties]
    known = listed(list(uncertainties))
    if SCENARIO not in uncertainties:
        known += f", and a column {SCENARIO}"
    for header in headers:
        if header not in uncertainties:
            shown = quoted(header) or "without a header"
            problems.append(f"{name}: column '{shown}': must be the name of a doubt of the case: {known}"
                         f"{closest(header, uncertainties)}")  # fmt: skip
    if not any(header in uncertainties for header in headers):
        problems.append(f"{name}: no column of a doubt; must have one of {known}")
    if cells.empty:
        problems.append(f"{name}: has no rows below its header, must have one for each scenario")
    columns = {}
    for header in (h for h in headers if h in uncertainties):
        columns[header], column_problems = _column(name, cells[header], uncertainties[header], case)
        problems += column_problems
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return pd.DataFrame(columns, index=pd.RangeIndex(len(cells), name=SCENARIO))


def _column(name: str, cells: pd.Series, uncertainty: Uncertainty, case: "Case") -> tuple[Array, list[str]]:
    """Numbers of a column, and their problems; each distinct value is tried on the case once."""
    values = parse_numbers(cells)
    lines = cells.index.to_numpy()
    unreadable = ~np.isfinite(values)
    problems = row_problems(
        name, unreadable, lines, cells, uncertainty.name, f"must be a number{comma_hint(cells)}"
    )
    refused: dict[str, list[int]] = {}
    for value in dict.fromkeys(values[~unreadable].tolist()):
        try:
            with_uncertain_values(case, {uncertainty: value})
        except InputError as error:
            positions = np.flatnonzero(values == value).tolist()
            for line in error.problems:
                refused.setdefault(line.removeprefix(f"'{uncertainty.name}' = {value:.15g}: "), []).extend(
                    positions
                )
    for reason, positions in refused.items():
        invalid = np.zeros(len(values), dtype=bool)
        invalid[positions] = True
        problems += row_problems(name, invalid, lines, cells, uncertainty.name, reason)
    return values, problems


def case_of_scenario(case: "Case", row: Mapping[str, float] | Mapping[Hashable, float]) -> "Case":
    """The case of a scenario; `row` holds numbers by the names of uncertain numbers.

    Raises InputError if the case refuses them together.
    """
    sizing = case.sizing
    if sizing is None:
        raise InputError("`sizing` is missing: must be given, because its doubts are what scenarios vary")
    uncertainties = {uncertainty.name: uncertainty for uncertainty in sizing.doubt}
    unknown = [str(name) for name in row if name not in uncertainties]
    if unknown:
        raise InputError(
            [f"scenario: '{name}' is no doubt of the case: {listed(list(uncertainties))}" for name in unknown]
        )
    return with_uncertain_values(
        case, {uncertainties[str(name)]: float(value) for name, value in row.items()}
    )
