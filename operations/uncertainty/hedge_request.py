"""What is asked of a plan under uncertainty: forecasts, paths, risk; and the paths drawn from them."""

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.findings import Findings
from parkdispatch.inputs.series.series_file import read_whole_series
from parkdispatch.inputs.series.text_tables import LONGEST_LINE
from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.models.device import Array, power_spec
from parkdispatch.models.errors import InputError
from parkdispatch.operations.ledger.quantities import measured_quantity, reading_of
from parkdispatch.operations.uncertainty.error_correlation import correlation, spread_errors
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.stochastic.drawn_paths import at_level, drawn_paths
from parkdispatch.optimizer.stochastic.path_program import Risk
from parkdispatch.studies.planning.hedged_day import PathsOfDay

KINDS = ("load", "pv", "wind")
COLUMNS = ("p10", "p50", "p90")
LEVELS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
MOST_PATHS = 200
DEFAULT_CORRELATION = 0.9  # of 15-minute errors, where no scored forecasts say it


@dataclass(frozen=True)
class HedgeRequest:
    """How paths are drawn and weighed. `scores`: folder of `forecast score`, to measure how errors go on."""

    paths: int = 20
    cvar_weight: float = 0.5
    cvar_level: float = 0.9
    seed: int = 1
    scores: Path | None = None

    def __post_init__(self) -> None:
        """Raise InputError with everything that is out of range."""
        problems = []
        if not 2 <= self.paths <= MOST_PATHS:
            problems.append(f"argument `paths` = {self.paths}: must be from 2 to {MOST_PATHS}")
        if not 0 <= self.cvar_weight <= 1:
            problems.append(f"argument `cvar_weight` = {self.cvar_weight:.15g}: must be from 0 to 1")
        if not 0 <= self.cvar_level < 1:
            problems.append(f"argument `cvar_level` = {self.cvar_level:.15g}: must be from 0 to below 1")
        if self.seed < 0:
            problems.append(f"argument `seed` = {self.seed}: must be 0 or more")
        if problems:
            raise InputError(problems)

    @property
    def risk(self) -> Risk:
        """Weight and level of CVaR."""
        return Risk(self.cvar_weight, self.cvar_level)


def read_quantiles(case: Case, path: Path, times: pd.DatetimeIndex) -> dict[str, Array]:
    """P10, P50 and P90 [MW] by kind, each (intervals, 3), of a file that `forecast` wrote of several kinds.

    Raises InputError where the file has no such columns, or not for all intervals.
    """
    try:
        beginning = read_bytes(path)[:LONGEST_LINE].decode("utf-8-sig", errors="replace")
    except InputError:
        raise InputError(f"argument `forecast` = {path}: is no table that can be read") from None
    headers = {header.strip(' "\r') for header in beginning.split("\n", 1)[0].split(",")}
    kinds = [kind for kind in KINDS if all(f"{kind}_{column} [MW]" in headers for column in COLUMNS)]
    if not kinds:
        raise InputError(
            f"argument `forecast` = {path}: must have columns such as load_p10, load_p50 and load_p90 [MW],"
            " of load, pv or wind"
        )
    findings, quantiles = Findings(), {}
    for kind in kinds:
        with findings.collecting():
            columns = [_column(case, path, kind, f"{kind}_{column}", times) for column in COLUMNS]
            quantiles[kind] = np.sort(np.stack(columns, axis=1), axis=1)
    findings.raise_any()
    return quantiles


def _column(case: Case, path: Path, kind: str, column: str, times: pd.DatetimeIndex) -> Array:
    values = read_whole_series(path, power_spec(kind), case.calendar.hours, reading_of(case, column))
    missing = times.difference(pd.DatetimeIndex(values.index))
    if len(missing):
        raise InputError(
            f"argument `forecast` = {path}: has no value at {missing[0]:%Y-%m-%d %H:%M}, must have one for"
            f" each interval from {times[0]:%Y-%m-%d %H:%M} to {times[-1]:%Y-%m-%d %H:%M}"
        )
    return values.reindex(times).to_numpy(np.float64)


def measured_correlation(folder: Path, kind: str) -> float:
    """Correlation of errors in succession of the forecasts that `forecast score` wrote into a folder."""
    path = folder / f"{kind}_forecasts.csv"
    try:
        table = pd.read_csv(io.BytesIO(read_bytes(path)), encoding="utf-8-sig")
        quantiles = table[[f"{column} [MW]" for column in COLUMNS]].to_numpy(np.float64)
        actual = table["actual [MW]"].to_numpy(np.float64)
    except (InputError, ValueError, KeyError):
        raise InputError(f"argument `scores` = {path}: must be a file of `forecast score`") from None
    return correlation(spread_errors(actual, quantiles))


def paths_of_day(case: Case, quantiles: dict[str, Array], request: HedgeRequest) -> PathsOfDay:
    """Medians, drawn paths and days at levels by series; loads and sources err independently.

    Raises InputError where the case has not one device of a kind, or scores cannot be read.
    """
    findings = Findings()
    devices = {kind: findings.collect(measured_quantity, case, kind) for kind in quantiles}
    correlations = dict.fromkeys(quantiles, DEFAULT_CORRELATION)
    if request.scores is not None:
        for kind in quantiles:
            correlations[kind] = findings.collect(measured_correlation, request.scores, kind)
    findings.raise_any()
    keys: dict[str, Key] = {kind: (m.device, m.quantity.key) for kind, m in devices.items()}
    generator = np.random.default_rng(request.seed)
    drawn = {
        keys[kind]: drawn_paths(of_kind, correlations[kind], request.paths, generator)
        for kind, of_kind in quantiles.items()
    }
    levels = [
        (
            level,
            {
                keys[kind]: at_level(of_kind, level if kind == "load" else 1.0 - level)
                for kind, of_kind in quantiles.items()
            },
        )
        for level in LEVELS
    ]
    medians = {keys[kind]: of_kind[:, 1] for kind, of_kind in quantiles.items()}
    return PathsOfDay(medians, drawn, levels, correlations)
