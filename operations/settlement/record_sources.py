"""The record of a day from plain files, or from the ledger."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.findings import Findings
from parkdispatch.inputs.prepare import day_times
from parkdispatch.inputs.series.series_file import read_series
from parkdispatch.inputs.user_files import is_user_file
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.operations.known_outages import RecordedOutage
from parkdispatch.operations.ledger.quantities import Measured, devices_with, measured_quantity, reading_of
from parkdispatch.operations.settlement.day_record import (
    DayRecord,
    complete_plan,
    is_at_one_bus,
    measured_devices,
    settleable,
)
from parkdispatch.operations.settlement.device_meters import device_meters
from parkdispatch.results.solution import device_of, dispatch_table, key_of, read_solution

if TYPE_CHECKING:
    import sqlalchemy as sa

    from parkdispatch.operations.ledger.sites import KnownSite

SHOWN = "%Y-%m-%d %H:%M"
Columns = Mapping[Measured, Array]


def record_from_files(
    case: Case,
    day: date,
    plan: Path,
    measured: Sequence[tuple[str, Path, str | None]],
    soc: Mapping[str, float] | None = None,
    peak_so_far_mw: float | None = None,
    outages: Sequence[RecordedOutage] = (),
) -> DayRecord:
    """The record of a day from the folder of its plan and files of meters: (quantity, file, column or None).

    Outages are those that the plan did not know. Raises InputError with all problems.
    """
    findings = Findings()
    findings.collect(settleable, case)
    times = findings.collect(day_times, case, day)
    planned = findings.collect(planned_values, plan)
    findings.raise_any()
    planned = findings.collect(complete_plan, case, day, planned)
    columns = {}
    for text, path, column in measured:
        with findings.collecting():
            of = measured_quantity(case, text)
            reading = reading_of(case, column)
            columns[of] = read_series(path, of.quantity.spec, times, case.calendar.hours, reading).values
    peaks_mw = findings.collect(_given_peak, case, peak_so_far_mw)
    findings.raise_any()
    return _record(case, day, planned, columns, {}, soc or {}, {}, peaks_mw, outages, ())


def _given_peak(case: Case, peak_so_far_mw: float | None) -> dict[str, float]:
    """The peak so far of the one connection; InputError where there are several, which have one each."""
    grids = case.of_role("grid")
    if peak_so_far_mw is not None and len(grids) != 1:
        raise InputError(
            f"argument `peak_so_far_mw` = {peak_so_far_mw:.15g}: must be left out, because the case has"
            f" {len(grids)} grids, each with its own in the case file"
        )
    return {} if peak_so_far_mw is None else {grids[0]: peak_so_far_mw}


def planned_values(folder: Path) -> pd.DataFrame:
    """What the plan in a folder says, columns (device, quantity). Raises InputError where there is none."""
    path = folder / "solution.nc"
    if not is_user_file(path):
        raise InputError(f"argument `plan` = {folder}: has no solution.nc, must be the folder of a plan")
    solution = read_solution(path)
    table = dispatch_table(solution)
    table.columns = pd.MultiIndex.from_tuples(
        [(device_of(solution, str(name)), key_of(solution, str(name))) for name in table]
    )
    return table


def record_from_ledger(connection: "sa.Connection", of_site: "KnownSite", case: Case, day: date) -> DayRecord:
    """The record of a day as the ledger has it. Raises InputError with what is missing."""
    from parkdispatch.operations.ledger.day_state import state_in
    from parkdispatch.operations.ledger.measurements import measured_values
    from parkdispatch.operations.ledger.plan_versions import sent_values

    settleable(case)
    findings, times = Findings(), day_times(case, day)
    sent = sent_values(connection, of_site.number, day, of_site.timezone)
    planned = findings.collect(complete_plan, case, day, sent)
    state = state_in(connection, of_site, case, day)
    columns: dict[Measured, Array] = {}
    estimated: dict[str, int] = {}
    for of in _quantities(case):
        held = measured_values(connection, of_site.number, of, times[0], times[-1]).reindex(times)
        missing = held["value"].isna()
        is_needed = is_at_one_bus(case) and of.device in measured_devices(case)
        if missing.all() and not is_needed:
            continue
        if missing.any():
            findings.lines.append(
                f"{of.device}.{of.quantity.key}: {int(missing.sum())} of {len(times)} intervals of {day} are"
                f" not in the ledger, the first {times[missing][0]:{SHOWN}}: must be imported, as `{of.text}`"
            )
            continue
        columns[of] = held["value"].to_numpy(dtype=np.float64)
        if count := int((held["quality"] != "measured").sum()):
            estimated[of.text] = count
    findings.raise_any()
    soc = {name: level for name, level in state.soc.items() if state.is_measured[name]}
    after = state_in(connection, of_site, case, day + timedelta(days=1))
    final = {name: level for name, level in after.soc.items() if after.is_measured[name]}
    known = _known_outages(connection, of_site.number, day)
    peaks_mw = state.peak_so_far_mw
    return _record(case, day, planned, columns, estimated, soc, final, peaks_mw, state.outages, known)


def _quantities(case: Case) -> list[Measured]:
    """What may be measured of the devices of a case."""
    by_device = [
        Measured(quantity, name)
        for quantity in ("load", "pv", "wind", "battery", "power")
        for name in devices_with(case, quantity)
    ]
    grids = case.of_role("grid")
    return [*by_device, *(Measured(name, grid) for grid in grids for name in ("import", "export"))]


def _known_outages(connection: "sa.Connection", of_site: int, day: date) -> list[RecordedOutage] | None:
    """The outages that the last version that was sent for the day knew; None where it does not say."""
    from parkdispatch.operations.ledger.plan_versions import plan_versions, sendings

    sent = sendings(connection, of_site, day)
    versions = {item.version: item for item in plan_versions(connection, of_site, day)}
    if not sent or "outages" not in versions[sent[-1].version].basis:
        return None
    return [
        RecordedOutage(
            item["device"],
            datetime.fromisoformat(item["begin"]),
            datetime.fromisoformat(item["end"]),
            item["power_share"],
        )
        for item in versions[sent[-1].version].basis["outages"]
    ]


def _record(
    case: Case,
    day: date,
    planned: pd.DataFrame,
    columns: Columns,
    estimated: Mapping[str, int],
    soc: Mapping[str, float],
    final_soc: Mapping[str, float],
    peak_so_far_mw: Mapping[str, float],
    outages: Sequence[RecordedOutage],
    planned_outages: Sequence[RecordedOutage] | None,
) -> DayRecord:
    """The record, with what is assumed in the place of what was not measured."""
    by_name = {(of.name, of.device): values for of, values in columns.items()}
    measured, powers, assumed = device_meters(case, planned, by_name)
    set_points = {device: values for (name, device), values in by_name.items() if name == "battery"}
    exchange = dict[str, tuple[Array, Array]]()
    for grid in case.of_role("grid"):
        if ("import", grid) not in by_name:
            assumed.append(("import_unmetered", {"device": grid}))
            continue
        export = by_name.get(("export", grid))
        if export is None:
            assumed.append(("export_unmetered", {"device": grid}))
            export = np.zeros(len(by_name["import", grid]))
        exchange[grid] = (by_name["import", grid], export)
    for name in case.batteries:
        if name not in set_points:
            assumed.append(("battery_unmetered", {"device": name}))
        if name not in soc:
            level = case.batteries[name].initial_soc
            assumed.append(("soc_assumed", {"device": name, "soc": level}))
    assumed += [
        ("peak_assumed", {"device": grid})
        for grid in case.of_role("grid")
        if grid not in peak_so_far_mw and case.devices[grid].pays_for_demand
    ]
    assumed += [("estimated", {"device": text, "intervals": count}) for text, count in estimated.items()]
    return DayRecord(
        case,
        day,
        planned,
        measured,
        exchange,
        set_points,
        powers,
        soc,
        final_soc,
        peak_so_far_mw,
        outages,
        planned_outages,
        tuple(assumed),
    )


def record_digest(record: DayRecord) -> str:
    """SHA-256 of all that a settlement is made from, to the bit."""
    digest = hashlib.sha256()
    is_metered = [grid in record.exchange_mw for grid in record.grids]
    peaks_mw = [record.peak_so_far_mw.get(grid) for grid in record.grids]
    texts: list[Any] = [
        record.case.sha256,
        record.case.tariff.model_dump_json(),
        f"{record.day}",
        [[*column] for column in record.planned.columns],
        sorted(record.soc.items()),
        sorted(record.final_soc.items()),
        peaks_mw[0] if len(peaks_mw) == 1 else peaks_mw,
        [item.fields | {"device": item.device} for item in record.outages],
        [item.fields for item in record.planned_outages or ()],
        sorted(record.measured),
        sorted(record.set_points_mw),
        sorted(record.powers_mw),
        not is_metered[0] if len(is_metered) == 1 else is_metered,
    ]
    digest.update(json.dumps(texts, default=str).encode())
    arrays = [
        record.planned.to_numpy(dtype="<f8"),
        *(record.measured[name] for name in sorted(record.measured)),
        *(record.set_points_mw[name] for name in sorted(record.set_points_mw)),
        *(record.powers_mw[name] for name in sorted(record.powers_mw)),
        *(values for grid in sorted(record.exchange_mw) for values in record.exchange_mw[grid]),
    ]
    for array in arrays:
        digest.update(np.ascontiguousarray(array, dtype="<f8").tobytes())
    return digest.hexdigest()
