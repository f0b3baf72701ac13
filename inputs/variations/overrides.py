"""Overrides of a case by the dispatch engineer: state of charge, the month's peak so far, forecasts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.problem_sentences import closest, problem_sentences
from parkdispatch.inputs.messages.revalidation import with_fields
from parkdispatch.inputs.schema.case_file import SeriesFile
from parkdispatch.inputs.schema.value_source import Path as ValuePath
from parkdispatch.inputs.series.series_reading import file_reference
from parkdispatch.inputs.series.series_values import SeriesValues
from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.inputs.value_sources import given_by
from parkdispatch.models.errors import InputError
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.registry import devices_of

Forecast = Path | str | pd.Series
FORECAST_SERIES = {"load": "demand_mw", "pv": "available_mw"}  # by argument, which is the kind of device

IMPLAUSIBLE_PEAK_RATIO = 3.0  # of a peak to the import limit, beyond which the peak is most likely in kW


def with_overrides(
    case: Case,
    soc: float | Mapping[str, float] | None = None,
    peak_so_far_mw: float | None = None,
    load: Forecast | None = None,
    pv: Forecast | None = None,
    load_column: str | None = None,
    pv_column: str | None = None,
    stamps: str | None = None,
    fill_gaps: int = 0,
) -> Case:
    """The case with the given values in place of its own, validated like the case file.

    `soc` is the initial state of charge of all batteries, or by battery [-]; `load` and `pv` are forecasts,
    in a CSV file or workbook, of which a column may be named (`ems.xlsx#负荷(MW)`), or as a Series by
    local time.
    `stamps` says where stamps of these files stand, "start" or "end"; gaps of up to `fill_gaps` of their
    intervals
    are interpolated.
    Raises InputError with all problems.
    """
    problems: list[str] = []
    devices = dict(case.devices)
    changes: dict[str, dict[str, Any]] = {}
    batteries = case.batteries
    grids = devices_of(Grid, case.devices)
    charged_grids = {n: d for n, d in grids.items() if d.pays_for_demand} or grids
    if soc is not None:
        by_battery = soc if isinstance(soc, Mapping) else dict.fromkeys(batteries, soc)
        # the final state of charge remains that of the case
        changes |= {
            name: {"initial_soc": by_battery[name], "final_soc": battery.final_soc_or_initial}
            for name, battery in batteries.items()
            if name in by_battery
        }
        problems += [
            f"argument `soc`: {name} is no battery of the case, must be of {', '.join(batteries)}"
            f"{closest(name, batteries)}"
            for name in by_battery
            if batteries and name not in batteries
        ]
        if not batteries:
            problems.append(f"argument `soc` = {soc}: must be left out, because the case has no battery")
    if peak_so_far_mw is not None:
        changes |= {name: {"peak_so_far_mw": peak_so_far_mw} for name in charged_grids}
        if len(charged_grids) != 1:
            reason = "has no grid"
            if charged_grids:
                reason = f"has {len(charged_grids)} grids, each with its own in the case file"
            problems.append(
                f"argument `peak_so_far_mw` = {peak_so_far_mw:.15g}: must be left out,"
                f" because the case {reason}"
            )
    given_paths = _paths_of(changes)
    for name, change in changes.items():
        try:
            devices[name] = with_fields(case.devices[name], f"device.{name}", change)
        except InputError as error:
            field = "soc" if "initial_soc" in change else "peak_so_far_mw"
            problems += [f"argument `{field}`: {line}" for line in error.problems]
    changed_grids = devices_of(Grid, {name: devices[name] for name in changes})
    problems += [line for name, grid in changed_grids.items() for line in _implausible_peak(name, grid)]
    series, of_forecasts = _with_forecasts(
        case, {"load": (load, load_column), "pv": (pv, pv_column)}, stamps, fill_gaps, problems
    )
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    varied = replace(case, devices=devices, series=series)
    for argument, paths in (given_paths | of_forecasts).items():
        varied = given_by(varied, "argument", argument, paths)
    return varied


def _with_forecasts(
    case: Case,
    forecasts: Mapping[str, tuple[Forecast | None, str | None]],
    stamps: str | None,
    fill_gaps: int,
    problems: list[str],
) -> tuple[dict[tuple[str, str], SeriesFile | SeriesValues], dict[str, list[ValuePath]]]:
    """The series of the case with forecasts in their place, and the paths of these by argument.

    `forecasts` are values and column by argument; what is wrong with them is added to `problems`.
    """
    series = dict(case.series)
    given_paths: dict[str, list[ValuePath]] = {}
    for argument, (forecast, column) in forecasts.items():
        of_kind = [name for name, device in case.devices.items() if getattr(device, "kind", "") == argument]
        wrong = _forecast_problems(argument, forecast, column, of_kind)
        problems += wrong
        if forecast is None or wrong:
            continue
        key = FORECAST_SERIES[argument]
        try:
            series[of_kind[0], key] = _series(argument, forecast, column, stamps, fill_gaps)
        except InputError as error:
            problems += error.problems
        given_paths[argument] = [("series", of_kind[0], key)]
    if (stamps is not None or fill_gaps) and not any(
        isinstance(f, Path | str) for f, _ in forecasts.values()
    ):
        given = f"`stamps` = {stamps}" if stamps is not None else f"`fill_gaps` = {fill_gaps}"
        problems.append(f"argument {given}: must have a file `load` or `pv` beside it")
    return series, given_paths


def _paths_of(changes: Mapping[str, Mapping[str, Any]]) -> dict[str, list[ValuePath]]:
    """The paths of the values that each argument gives."""
    return {
        argument: [("device", name, field) for name, change in changes.items() if field in change]
        for argument, field in (("soc", "initial_soc"), ("peak_so_far_mw", "peak_so_far_mw"))
    }


def _forecast_problems(
    kind: str, forecast: Forecast | None, column: str | None, devices: Sequence[str]
) -> list[str]:
    """What is wrong with a forecast of the devices of a kind, whatever it holds."""
    is_file = isinstance(forecast, Path | str)
    problems = []
    if not (is_file or forecast is None or isinstance(forecast, pd.Series)):
        problems.append(
            f"argument `{kind}`: is a {type(forecast).__name__}, must be a file or a pandas Series"
        )
    if column is not None and not is_file:
        problems.append(f"argument `{kind}_column` = {column}: must have a file `{kind}` beside it")
    if forecast is not None and len(devices) != 1:
        given = forecast if is_file else f"a {type(forecast).__name__}"
        problems.append(
            f"argument `{kind}` = {given}: the case has {len(devices)} devices of kind {kind}, must have one"
            + ("" if devices else f': a table [device.{kind}] with kind = "{kind}"')
        )
    if isinstance(forecast, Path | str):
        try:
            read_bytes(Path(file_reference(str(forecast)).file))
        except InputError as error:
            problems += [f"argument `{kind}` = {line}" for line in error.problems]
    return problems


def _series(
    argument: str, forecast: Forecast, column: str | None, stamps: str | None, fill_gaps: int
) -> SeriesFile | SeriesValues:
    """A forecast as a case refers to it; a file by its absolute path. Raises InputError."""
    if isinstance(forecast, pd.Series):
        return SeriesValues(forecast, argument)
    file = file_reference(str(forecast)).file
    fields = {
        "file": str(Path(file).absolute()) + str(forecast)[len(file) :],
        "column": column,
        "stamps": stamps,
        "fill_gaps": fill_gaps,
    }
    try:
        return SeriesFile.model_validate(fields)
    except ValidationError as error:
        lines = problem_sentences(error, model=SeriesFile)
        raise InputError([_of_argument(line, argument) for line in lines]) from None


def _of_argument(line: str, argument: str) -> str:
    """A problem of a field of a series file as one of the argument that gives it."""
    line = line.replace("because `file` names", f"because `{argument}` names")
    return f"argument {line.replace('`column`', f'`{argument}_column`')}"


def _implausible_peak(name: str, grid: Grid) -> list[str]:
    """A problem if the peak so far of a grid is far above its import limit: it is most likely in kW."""
    peak_mw, import_limit_mw = grid.peak_so_far_mw, grid.limits_mw[0]
    if not peak_mw > IMPLAUSIBLE_PEAK_RATIO * import_limit_mw > 0:
        return []
    return [
        f"argument `peak_so_far_mw` = {peak_mw:.15g}: `device.{name}` can draw {import_limit_mw:.15g} MW,"
        " must be in MW, not kW"
    ]
