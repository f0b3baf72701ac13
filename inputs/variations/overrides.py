"""Overrides of a case by the dispatch engineer: state of charge, the month's peak so far, forecasts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.messages.revalidation import with_fields
from parkdispatch.inputs.schema.case_file import SeriesFile
from parkdispatch.inputs.schema.value_source import Path as ValuePath
from parkdispatch.inputs.series.series_values import SeriesValues
from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.inputs.value_sources import given_by
from parkdispatch.models.device import Device
from parkdispatch.models.errors import InputError
from parkdispatch.models.network.grid import Grid

Forecast = Path | str | pd.Series

IMPLAUSIBLE_PEAK_RATIO = 3.0  # of a peak to the import limit, beyond which the peak is most likely in kW


def with_overrides(
    case: Case,
    soc: float | Mapping[str, float] | None = None,
    peak_so_far_mw: float | None = None,
    load: Forecast | None = None,
    pv: Forecast | None = None,
    load_column: str | None = None,
    pv_column: str | None = None,
) -> Case:
    """The case with the given values in place of its own, validated like the case file.

    `soc` is the initial state of charge of all batteries, or by battery [-]; `load` and `pv` are forecasts,
    in a CSV file, of which a column may be named, or as a Series by local time.
    Raises InputError with all problems.
    """
    problems: list[str] = []
    devices = dict(case.devices)
    changes: dict[str, dict[str, Any]] = {}
    batteries = case.batteries
    grids = {n: d for n, d in case.devices.items() if isinstance(d, Grid)}
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
            problems += _implausible_peak(name, devices[name])
        except InputError as error:
            field = "soc" if "initial_soc" in change else "peak_so_far_mw"
            problems += [f"argument `{field}`: {line}" for line in error.problems]
    series = dict(case.series)
    for argument, forecast, column, kind, key in (
        ("load", load, load_column, "load", "demand_mw"),
        ("pv", pv, pv_column, "pv", "available_mw"),
    ):
        of_kind = [name for name, device in case.devices.items() if getattr(device, "kind", "") == kind]
        wrong = _forecast_problems(argument, forecast, column, of_kind)
        problems += wrong
        if forecast is not None and not wrong:
            series[of_kind[0], key] = _series(argument, forecast, column)
            given_paths[argument] = [("series", of_kind[0], key)]
    if problems:
        raise InputError(problems)
    varied = replace(case, devices=devices, series=series)
    for argument, paths in given_paths.items():
        varied = given_by(varied, "argument", argument, paths)
    return varied


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
            read_bytes(Path(forecast))
        except InputError as error:
            problems += [f"argument `{kind}` = {line}" for line in error.problems]
    return problems


def _series(argument: str, forecast: Forecast, column: str | None) -> SeriesFile | SeriesValues:
    """A forecast as a case refers to it; a file by its absolute path."""
    if isinstance(forecast, pd.Series):
        return SeriesValues(forecast, argument)
    return SeriesFile(file=str(Path(forecast).absolute()), column=column)


def _implausible_peak(name: str, device: Device) -> list[str]:
    """A problem if the peak so far of a grid is far above its import limit: it is most likely in kW."""
    if not isinstance(device, Grid):
        return []
    peak_mw, import_limit_mw = device.peak_so_far_mw, device.limits_mw[0]
    if not peak_mw > IMPLAUSIBLE_PEAK_RATIO * import_limit_mw > 0:
        return []
    return [
        f"argument `peak_so_far_mw` = {peak_mw:.15g}: `device.{name}` can draw {import_limit_mw:.15g} MW,"
        " must be in MW, not kW"
    ]
