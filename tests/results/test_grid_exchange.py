"""What is exported, by the device it comes from, and what the schedule and the audit say of it."""

from typing import Any

import numpy as np
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.results.grid_exchange import export_by_origin_mw
from parkdispatch.results.schedule.schedule import schedule_blocks
from parkdispatch.results.solution import values
from parkdispatch.results.wording.sentences import block_line
from parkdispatch.results.wording.words import load_words
from parkdispatch.studies.dispatch import DispatchRun, dispatch_case
from parkdispatch.studies.solve_options import SolveContext
from tests.support.audited import audit_of


def sunday(**rules: Any) -> DispatchRun:
    """A day on which the storage sells: power of the deep valley costs less than the sale brings."""
    case = load_case("gaoan")
    if rules:
        case = case.with_(battery_1=rules, battery_2=rules)
    prepared = prepare(case, day_times(case, case.calendar.plan_date.replace(month=3, day=8)))
    return dispatch_case(prepared, SolveContext(), 0.0)


def test_export_is_split_into_storage_and_surplus() -> None:
    """Storage exports what it discharges beyond what the park draws besides it; the parts are the whole."""
    run = sunday()
    origin = export_by_origin_mw(run.solution, run.case)
    export = values(run.solution, "grid.export_mw")
    discharge = sum(values(run.solution, f"battery_{n}.discharge_mw") for n in (1, 2))
    assert sum(origin.values()) == pytest.approx(export, abs=1e-9)
    assert origin["battery_1"] + origin["battery_2"] == pytest.approx(np.minimum(export, discharge), abs=1e-9)
    assert origin["battery_1"].max() > 1.0
    energy = run.summary.energy_mwh
    named = ("pv.exported_mwh", "battery_1.exported_mwh", "battery_2.exported_mwh")
    assert sum(energy[name] for name in named) == pytest.approx(energy["grid.export_mwh"])


def test_the_schedule_gives_the_reason() -> None:
    """The sale is part of the line, in both languages."""
    run = sunday()
    block = next(b for b in schedule_blocks(run.solution, run.case) if b.exported_mw > 1.0)
    assert block.action == "discharge"
    assert [p.yuan_per_kwh for p in block.prices if p.purpose == "sale"] == pytest.approx([0.4143])
    assert "in deep valley, all of it exported, 0.414 yuan/kWh" in block_line(block, load_words("en"))
    assert "深谷，全部上网，0.414 元/kWh" in block_line(block, load_words("zh"))


def test_a_storage_that_may_not_does_not() -> None:
    run = sunday(discharge_to_grid=False)
    assert set(export_by_origin_mw(run.solution, run.case)) <= {"pv"}
    assert not any(block.exported_mw for block in schedule_blocks(run.solution, run.case))
    assert run.summary.audit.residuals["battery_1.discharge_without_export_mw"] <= 1e-6
    assert run.summary.cost_yuan > sunday().summary.cost_yuan


def test_the_audit_sees_what_may_not_be() -> None:
    """The dispatch of batteries that may, held against batteries that may not."""
    run = sunday()
    rules = {"discharge_to_grid": False, "charge_from_grid": False}
    failed = audit_of(run.solution, run.case.with_(battery_1=rules)).failed
    assert failed == ["battery_1.charge_without_import_mw", "battery_1.discharge_without_export_mw"]


def test_surplus_has_the_name_of_its_device() -> None:
    """A plant of another name is not called PV."""
    run = sunday()
    case = run.case
    renamed = {("roof" if isinstance(d, Pv) else name): d for name, d in case.devices.items()}
    of_pv = [str(name) for name in run.solution.data_vars if str(name).startswith("pv.")]
    solution = run.solution.rename({name: name.replace("pv.", "roof.", 1) for name in of_pv})
    for name in of_pv:
        solution[name.replace("pv.", "roof.", 1)].attrs["device"] = "roof"
    blocks = schedule_blocks(solution, case.with_devices(renamed))
    lines = [block_line(block, load_words("en")) for block in blocks if block.surplus_of]
    assert lines
    assert all("surplus roof" in line for line in lines)
    blocks = [block for block in schedule_blocks(run.solution, case) if block.surplus_of]
    assert all("surplus PV" in block_line(block, load_words("en")) for block in blocks)
