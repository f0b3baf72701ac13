"""What a dispatch engineer knows better than the case file: tonight's state, the month's peak, forecasts."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.validation import problems, read_bytes
from parkdispatch.models.device import Device
from parkdispatch.models.errors import InputError
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.stores.battery import Battery

FAR_BEYOND = 3.0  # times the import limit, which is a plan and not a fuse


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
    batteries = {n: d for n, d in case.devices.items() if isinstance(d, Battery)}
    grids = {n: d for n, d in case.devices.items() if isinstance(d, Grid)}
    paying = {n: d for n, d in grids.items() if d.pays_for_demand} or grids
    if soc is not None:
        # the night should still end as a usual night of this case does
        changes |= {
            n: {"initial_soc": soc, "final_soc": d.final_soc_or_initial} for n, d in batteries.items()
        }
        if not batteries:
            found.append(f"argument `soc` = {soc:g}: must be left out, because the case has no battery")
    if peak_so_far_mw is not None:
        changes |= {name: {"peak_so_far_mw": peak_so_far_mw} for name in paying}
        if len(paying) != 1:
            lacking = (
                f"has {len(paying)} grids, each with its own in the case file" if paying else "has no grid"
            )
            found.append(
                f"argument `peak_so_far_mw` = {peak_so_far_mw:g}: must be left out,"
                f" because the case {lacking}"
            )
        for name, grid in paying.items():
            found += _implausible(name, grid, peak_so_far_mw)
    for name, change in changes.items():
        try:
            devices[name] = _changed(case.devices[name], change)
        except ValidationError as error:
            field = "soc" if "initial_soc" in change else "peak_so_far_mw"
            found += [
                f"argument `{field}`: {line}"
                for line in problems(error, f"device.{name}", type(devices[name]))
            ]
    series = dict(case.series)
    for field, path, kind, key in (("load", load, "load", "demand_mw"), ("pv", pv, "pv", "available_mw")):
        if path is None:
            continue
        of_kind = [name for name, device in case.devices.items() if getattr(device, "kind", "") == kind]
        if len(of_kind) == 1:
            series[of_kind[0], key] = case.series_file(of_kind[0], key, path).series[of_kind[0], key]
        else:
            found.append(
                f"argument `{field}` = {path}: the case has {len(of_kind)} devices of kind {kind},"
                " must have one"
            )
        try:
            read_bytes(path)
        except InputError as error:
            found += [f"argument `{field}` = {line}" for line in error.problems]
    if found:
        raise InputError(found)
    return replace(case, devices=devices, series=series)


def _implausible(name: str, grid: Grid, peak_mw: float) -> list[str]:
    """A peak far beyond what the connection can draw is most likely in kW."""
    most = grid.limits_mw[0]
    if not peak_mw > FAR_BEYOND * most > 0:
        return []
    return [
        f"argument `peak_so_far_mw` = {peak_mw:g}: `device.{name}` can draw {most:g} MW,"
        " must be in MW, not kW"
    ]


def _changed(device: Device, change: Mapping[str, Any]) -> Device:
    return type(device).model_validate({**device.model_dump(), **change})
