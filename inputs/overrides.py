"""What a dispatch engineer knows better than the case file: tonight's state, the month's peak, forecasts."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from inputs.case import Case
from inputs.validation import problems
from models.battery import Battery
from models.device import Device
from models.errors import InputError
from models.grid import Grid


def overridden(
    case: Case,
    soc: float | None = None,
    peak_so_far_mw: float | None = None,
    load: Path | None = None,
    pv: Path | None = None,
) -> Case:
    """The case with what the command line says, checked like the file. All problems at once."""
    found: list[str] = []
    devices = dict(case.devices)
    changes: dict[str, dict[str, Any]] = {}
    for name, device in case.devices.items():
        if soc is not None and isinstance(device, Battery):
            # the night should still end as a usual night of this case does
            changes[name] = {"initial_soc": soc, "final_soc": device.final_soc_or_initial}
        if peak_so_far_mw is not None and isinstance(device, Grid):
            changes[name] = {"peak_so_far_mw": peak_so_far_mw}
    for name, change in changes.items():
        try:
            devices[name] = _changed(case.devices[name], change)
        except ValidationError as error:
            flag = "--soc" if "initial_soc" in change else "--peak-so-far-mw"
            found += [f"`{flag}`: {line}" for line in problems(error, f"device.{name}", type(devices[name]))]
    series = dict(case.series)
    for flag, path, kind, key in (("--load", load, "load", "demand_mw"), ("--pv", pv, "pv", "available_mw")):
        if path is None:
            continue
        named = [name for name, device in case.devices.items() if getattr(device, "kind", "") == kind]
        if len(named) == 1:
            series |= case.series_file(named[0], key, path).series
        else:
            found.append(
                f"`{flag}` = {path}: the case has {len(named)} devices of kind {kind}, must have one"
            )
    if found:
        raise InputError(found)
    return replace(case, devices=devices, series=series)


def _changed(device: Device, change: Mapping[str, Any]) -> Device:
    return type(device).model_validate({**device.model_dump(), **change})
