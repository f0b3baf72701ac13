"""Scenarios: tables of doubted numbers, drawn from what a case says of its doubts or written by the user.

A table has a row a scenario and a column a doubt, named like it. A doubt without a column stays as the case
has it.
"""

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from parkdispatch.inputs.messages.validation import closest, read_bytes, user_path
from parkdispatch.inputs.series.text_tables import (
    LONGEST_SHOWN,
    comma_hint,
    decode,
    listed,
    read_cells,
    rows_of,
)
from parkdispatch.inputs.variations.uncertainties import in_world
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import Sizing, Uncertainty

if TYPE_CHECKING:
    from parkdispatch.inputs.case import Case

SCENARIO = "scenario"  # the index of a table; a column of this name in a file numbers its rows and is left
MOST_SCENARIOS = 100_000
CELL = 2.0**-31  # half of what lies between two Sobol points in a dimension: none falls on an end


def scenario_table(case: "Case", asked: str | None) -> pd.DataFrame:
    """So many scenarios, those of a CSV file, or where nothing is asked as many as the case says.

    Raises InputError with what is wrong.
    """
    sizing = case.sizing
    if sizing is None:
        raise InputError("`sizing` is missing: must be given, because scenarios are of its doubts")
    if asked is None:
        return draw(sizing, sizing.scenarios, sizing.seed)
    if not asked.strip().lstrip("+-").isdecimal():
        return read_scenarios(user_path(asked), case)
    count = int(asked)
    if not 1 <= count <= MOST_SCENARIOS:
        raise InputError(f"argument `scenarios` = {asked}: must be 1 to {MOST_SCENARIOS:,}, or a CSV file")
    return draw(sizing, count, sizing.seed)


def draw(sizing: Sizing, count: int, seed: int) -> pd.DataFrame:
    """So many scenarios of the doubts, each drawn by itself; a longer table begins with the shorter one.

    A scrambled Sobol sequence (Owen 1995; scipy.stats.qmc), which covers the doubts more evenly than chance
    does, taken through the inverse of each doubt's distribution.
    """
    if not sizing.doubt:
        raise InputError("`sizing.doubt` is missing: must have one, because scenarios are drawn from doubts")
    from scipy.stats import qmc  # a second, which no other command needs

    sobol = qmc.Sobol(d=len(sizing.doubt), scramble=True, rng=np.random.default_rng(seed))
    # a power of two is what the sequence is balanced for; what is not asked for is left
    shares = sobol.random_base2(max(0, int(count - 1).bit_length()))[:count] + CELL
    columns = {doubt.name: quantile(doubt, shares[:, at]) for at, doubt in enumerate(sizing.doubt)}
    table = pd.DataFrame(columns, index=pd.RangeIndex(count, name=SCENARIO))
    # what a longer or shorter table of the same draws has in common with this one
    table.attrs["drawn"] = [seed, [doubt.model_dump(mode="json") for doubt in sizing.doubt]]
    return table


def quantile(doubt: Uncertainty, share: Array) -> Array:
    """Values below which that share of a doubt's distribution lies; shares in (0, 1)."""
    low, high = doubt.low, doubt.high
    if doubt.kind == "choice":
        return _chosen(doubt, share)
    if low is not None and low == high:
        return np.full(share.shape, low)
    if doubt.kind == "normal":
        from scipy.stats import truncnorm

        mean, std = doubt.mean or 0.0, doubt.std or 1.0
        ends = [
            (end - mean) / std for end in (-np.inf if low is None else low, np.inf if high is None else high)
        ]
        return np.asarray(truncnorm.ppf(share, *ends, loc=mean, scale=std), dtype=np.float64)
    low, high = low or 0.0, high or 0.0
    if doubt.kind == "uniform":
        return low + share * (high - low)
    mode = (low + high) / 2.0 if doubt.mode is None else doubt.mode
    below = (mode - low) / (high - low)  # share that lies below the mode
    left = low + np.sqrt(share * (high - low) * (mode - low))
    return np.where(share < below, left, high - np.sqrt((1.0 - share) * (high - low) * (high - mode)))


def _chosen(doubt: Uncertainty, share: Array) -> Array:
    """One of the values, each as often as its weight says."""
    weights = np.array(doubt.weights or [1.0] * len(doubt.values))
    below = np.cumsum(weights) / weights.sum()
    at = np.searchsorted(below, share, side="right")
    last = int(np.flatnonzero(weights)[-1])  # a sum of shares may miss 1 by a rounding
    return np.asarray(doubt.values, dtype=np.float64)[np.minimum(at, last)]


def read_scenarios(path: Path, case: "Case") -> pd.DataFrame:
    """The user's own table of scenarios, a CSV whose headers are names of the case's doubts.

    Raises InputError with everything that is wrong: columns that are no doubt, cells that are no number,
    values the case refuses, a file without rows.
    """
    doubts = {} if case.sizing is None else {doubt.name: doubt for doubt in case.sizing.doubt}
    name, raw = path.name, read_bytes(path)
    if not raw.strip():
        raise InputError(f"{name}: is empty, must have a header and a row for each scenario")
    cells, found = read_cells(name, decode(name, raw))
    headers = [str(h) for h in cells.columns if h != SCENARIO or SCENARIO in doubts]
    known = listed(list(doubts)) + (f", and a column {SCENARIO}" if SCENARIO not in doubts else "")
    for header in headers:
        if header not in doubts:
            shown = header[:LONGEST_SHOWN] or "without a header"
            found.append(f"{name}: column '{shown}': must be the name of a doubt of the case: {known}"
                         f"{closest(header, doubts)}")  # fmt: skip
    if not any(header in doubts for header in headers):
        found.append(f"{name}: no column of a doubt; must have one of {known}")
    if cells.empty:
        found.append(f"{name}: has no rows below its header, must have one for each scenario")
    columns = {}
    for header in (h for h in headers if h in doubts):
        columns[header], wrong = _column(name, cells[header], doubts[header], case)
        found += wrong
    if found:
        raise InputError(list(dict.fromkeys(found)))
    return pd.DataFrame(columns, index=pd.RangeIndex(len(cells), name=SCENARIO))


def _column(name: str, cells: pd.Series, doubt: Uncertainty, case: "Case") -> tuple[Array, list[str]]:
    """The numbers of a column, and what is wrong with them; each value is tried on the case once."""
    values = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64)
    lines = cells.index.to_numpy()
    unread = ~np.isfinite(values)
    found = rows_of(name, unread, lines, cells, doubt.name, f"must be a number{comma_hint(cells)}")
    refused: dict[str, list[int]] = {}
    for value in dict.fromkeys(values[~unread].tolist()):
        try:
            in_world(case, {doubt: value})
        except InputError as error:
            places = np.flatnonzero(values == value).tolist()
            for line in error.problems:
                refused.setdefault(line.removeprefix(f"'{doubt.name}' = {value:g}: "), []).extend(places)
    for why, places in refused.items():
        bad = np.zeros(len(values), dtype=bool)
        bad[places] = True
        found += rows_of(name, bad, lines, cells, doubt.name, why)
    return values, found


def world(case: "Case", row: Mapping[str, float] | Mapping[Hashable, float]) -> "Case":
    """The case as a scenario has it, a row being numbers by the names of doubts.

    Raises InputError where the case refuses them together.
    """
    sizing = case.sizing
    if sizing is None:
        raise InputError("`sizing` is missing: must be given, because its doubts are what scenarios vary")
    doubts = {doubt.name: doubt for doubt in sizing.doubt}
    unknown = [str(name) for name in row if name not in doubts]
    if unknown:
        raise InputError(
            [f"scenario: '{one}' is no doubt of the case: {listed(list(doubts))}" for one in unknown]
        )
    return in_world(case, {doubts[str(name)]: float(value) for name, value in row.items()})
