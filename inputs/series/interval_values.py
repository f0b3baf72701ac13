"""Values of a file's intervals: gaps filled where that is asked for, registers refused, the step changed."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.inputs.series.text_tables import row_problems
from parkdispatch.models.device import Array

TIME_FORMAT = "%Y-%m-%d %H:%M"
REGISTER_WORDS = ("示数", "表码", "表底", "读数", "止码", "起码", "累计", "register", "cumulative", "reading",
                  "totalizer")  # fmt: skip
LEAST_READINGS = 20  # of a register that only its values tell
REGISTER_RATIO = 10.0  # of its lowest value to its largest rise
LONGEST_MINUTES = 60.0  # of an interval that stands for shorter ones


class FilledValues(NamedTuple):
    """Values at consecutive intervals, and how many were interpolated."""

    values: pd.Series
    filled: int


def filled(values: pd.Series, missing: np.ndarray, step: pd.Timedelta, most: int) -> FilledValues:
    """The values, those of gaps of at most `most` intervals interpolated from their neighbours.

    Other gaps stay: missing values NaN, missing rows missing. `values` are indexed by rising starts.
    """
    if most <= 0 or len(values) < 2 or values.index.hasnans or not values.index.is_unique:
        return FilledValues(values, 0)
    every = pd.date_range(values.index[0], values.index[-1], freq=step)
    if not values.index.isin(every).all():
        return FilledValues(values, 0)
    whole = values.where(~missing).reindex(every)
    absent = whole.isna().to_numpy()
    if not absent.any():
        return FilledValues(values, 0)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], absent.astype(np.int8), [0]])))
    fillable = np.zeros(len(absent), dtype=bool)
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        fillable[first:end] = end - first <= most and first > 0 and end < len(absent)
    interpolated = whole.interpolate(limit_area="inside")
    result = whole.where(~fillable, interpolated)
    kept = result.index.isin(values.index) | fillable
    return FilledValues(result[kept], int(fillable.sum()))


def register_problem(name: str, header: str, values: Array) -> str:
    """What is wrong with energies that are readings of a register rather than energies of intervals."""
    finite = values[np.isfinite(values)]
    if len(finite) < 2:
        return ""
    rises = np.diff(finite)
    never_falls = bool((rises >= 0).all()) and bool((rises > 0).any())
    named = any(word in header.lower() for word in REGISTER_WORDS)
    by_values = len(finite) >= LEAST_READINGS and finite.min() > REGISTER_RATIO * rises.max(initial=0.0)
    if not never_falls or not (named or by_values):
        return ""
    return (
        f"{name}: column '{quoted(header)}': holds readings of a register ({finite[0]:.10g} to"
        f" {finite[-1]:.10g},"
        " never falling): must be the energy of each interval; take differences, times the ratio of the"
        " meter's"
        " transformers, which the file does not tell"
    )


def at_times(
    name: str, values: pd.Series, step: pd.Timedelta, times: pd.DatetimeIndex, hours: float
) -> tuple[Array, list[str]]:
    """The values at intervals of `hours` that start at `times`, and the problems if some are not covered.

    Longer intervals of the file are held, shorter ones averaged.
    """
    index = pd.DatetimeIndex(values.index)
    wanted = pd.Timedelta(hours=hours)
    numbers = values.to_numpy(np.float64)
    if step >= wanted:
        rows = index.get_indexer(times) if step == wanted else index.get_indexer(times, method="ffill")
        within = np.asarray(times - index[np.maximum(rows, 0)] < step)
        rows = np.where(within, rows, -1)
        result = numbers[rows]
    else:
        parts = round(wanted / step)
        grid = np.stack([index.get_indexer(times + n * step) for n in range(parts)], axis=1)
        rows = np.where((grid >= 0).all(axis=1), 0, -1)
        result = numbers[grid].mean(axis=1)
    absent = rows < 0
    if not absent.any():
        return np.asarray(result), []
    gone = times[absent]
    return np.asarray(result), [
        f"{name}: covers {index.min():{TIME_FORMAT}} to {index.max() + step:{TIME_FORMAT}}: must cover"
        f" {times[0]:{TIME_FORMAT}} to {times[-1] + wanted:{TIME_FORMAT}}; {len(gone)} of these {len(times)}"
        f" intervals are missing, the first {gone[0]:{TIME_FORMAT}}"
    ]


def usual_step(times: np.ndarray) -> pd.Timedelta | None:
    """The step that most of the times are apart; None if there is no telling."""
    readable = times[~np.isnat(times)]
    steps = np.diff(readable)
    if not len(steps):
        return None
    median = np.median(steps.astype("timedelta64[s]").astype(np.int64))
    return pd.Timedelta(seconds=float(median)) if median > 0 else None


def step_mismatch(name: str, step: pd.Timedelta, hours: float, *, levels: bool) -> str:
    """What is wrong with the step of a file for intervals of `hours`; `levels`: not to be averaged."""
    wanted = pd.Timedelta(hours=hours)
    longer, shorter = step >= wanted, step < wanted
    fits = (longer and step % wanted == pd.Timedelta(0)) or (shorter and wanted % step == pd.Timedelta(0))
    if fits and step <= max(pd.Timedelta(minutes=LONGEST_MINUTES), wanted) and not (shorter and levels):
        return ""
    return (
        f"{name}: step is {_minutes(step)}: must be {_minutes(wanted)}, the interval of the case, or"
        " divide it, or"
        f" be a multiple of it up to {LONGEST_MINUTES:.0f} minutes"
    )


def step_problems(name: str, index: pd.DatetimeIndex, lines: np.ndarray, step: pd.Timedelta) -> list[str]:
    """Repeated, missing and misplaced times in the order of the file; unreadable times count as present."""
    readable = np.flatnonzero(index.notna())
    index, lines = index[readable], lines[readable]
    if len(index) < 2:
        return []
    steps = np.diff(index.to_numpy())
    expected = np.diff(readable) * step.to_timedelta64()
    none = np.timedelta64(0, "s")
    problems = []
    for affected, allowed in (
        (steps == none, "is there twice: must be there once"),
        (steps > expected, f"rows are missing before it: the step must be {_minutes(step)}"),
        ((steps > none) & (steps < expected), f"comes too early: the step must be {_minutes(step)}"),
        (steps < none, "lies before the row above it: times must rise"),
    ):
        if affected.any():  # the texts of the times of a year take longer than the rest of its checks
            shown = index[1:].strftime(TIME_FORMAT)
            problems += row_problems(name, affected, lines[1:], shown, "time", allowed)
    return problems


def _minutes(step: pd.Timedelta) -> str:
    return f"{step / pd.Timedelta(minutes=1):.15g} minutes"
