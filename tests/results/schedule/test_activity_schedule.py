"""The schedule of units, shifted work and interruptions."""

import numpy as np
import openpyxl
import pytest

from parkdispatch.models.loads.shiftable_load import ShiftableLoad
from parkdispatch.results.excel.plan_workbook import write_plan_xlsx
from parkdispatch.results.schedule.activity_schedule import activity_blocks
from parkdispatch.results.wording.activity_sentences import activity_line, activity_row
from parkdispatch.results.wording.words import load_words
from tests.support.reports.dispatched_day import case_with, dispatched
from tests.support.reports.works import DEVICES, SHED_YUAN_PER_MWH, worked, works_page

ENGLISH, CHINESE = (load_words(lang, devices=DEVICES) for lang in ("en", "zh"))


def blocks():
    return worked()[1].activity_blocks


# of both engines, which are alike: which of them has which morning and which evening is a tie
RUNS = [("05:00", "11:00"), ("08:00", "11:00"), ("15:00", "24:00"), ("16:00", "24:00")]


def runs_of(engine: int) -> list[tuple[str, str]]:
    """When an engine starts and stops, of the solution itself."""
    on = worked()[0].solution[f"gas_engine.unit_{engine}_on"].to_numpy() > 0.5
    hours = np.flatnonzero(np.diff(on, prepend=False, append=False)).reshape(-1, 2)
    return [(f"{start:02d}:00", f"{stop:02d}:00") for start, stop in hours]


def of(device: str, number: int | None = None):
    return [block for block in blocks() if (block.device, block.activity.number) == (device, number)]


def test_a_unit_has_a_row_from_its_start_to_its_stop() -> None:
    rows = {engine: [activity_row(block, ENGLISH) for block in of("gas_engine", engine)] for engine in (1, 2)}
    for engine, of_engine in rows.items():
        assert [(row.start, row.end) for row in of_engine] == runs_of(engine)
    told = sorted(rows[1] + rows[2], key=lambda row: row.start)
    assert [(row.start, row.end) for row in told] == RUNS
    assert {row.action for row in told} == {"run"}
    assert told[2].energy == "27.0 MWh"  # nine hours at 3 MW
    assert told[2].why == "flat hours and peak"


def test_shifted_work_is_told_beside_its_usual_energy() -> None:
    """120 MWh a day are usually 5 MW in each hour; what is done in all is the same."""
    blocks = of("mills")
    assert sum(block.energy_mwh for block in blocks) == pytest.approx(120.0)
    assert sum(block.usual_mwh or 0.0 for block in blocks) == pytest.approx(120.0)
    (peak,) = [block for block in blocks if block.periods == ("peak",)]
    assert activity_line(peak, ENGLISH) == (
        "16:00-22:00 ball mills stopped instead of 30.0 MWh, avoiding peak, 0.893 yuan/kWh"
    )
    assert activity_line(peak, CHINESE) == "16:00-22:00 球磨机停用（常规 30.0 MWh），避开高峰，0.893 元/kWh"
    (noon,) = [block for block in blocks if block.periods == ("deep_valley",)]
    assert activity_row(noon, ENGLISH)[4:6] == ("10.0 MW", "20.0 MWh instead of 10.0 MWh")


def test_work_in_hours_without_exchange_or_connection_says_so() -> None:
    """The park carries itself from 10:00, and is cut off from 11:00 to 12:00: neither has a price."""
    hour = np.arange(24)
    load_mw, limit_mw = np.where(hour == 11, 0.0, 20.0), np.where(hour == 11, 0.0, 90.0)
    solution = dispatched(
        {}, minutes=60, load_mw=load_mw, pv_mw=(hour == 10) * 20.0, import_limit_mw=limit_mw
    )
    power_mw, usual_mw = np.where((hour >= 10) & (hour < 12), 0.0, 1.0), np.ones(24)
    attrs = {"kind": "variable", "units": "MW", "device": "mills"}
    solution["mills.power_mw"] = ("time", power_mw, attrs | {"key": "power_mw"})
    solution["mills.usual_mw"] = ("time", usual_mw, attrs | {"kind": "series", "key": "usual_mw"})
    case = case_with(1.0)
    mills = ShiftableLoad(daily_energy_mwh=24.0, machine_mw=2.0)
    blocks = activity_blocks(solution, case.with_devices({**case.devices, "mills": mills}))
    assert [activity_line(block, ENGLISH) for block in blocks] == [
        "10:00-11:00 ball mills stopped instead of 1.0 MWh, avoiding hours without import or export",
        "11:00-12:00 ball mills stopped instead of 1.0 MWh, avoiding blackout",
    ]
    assert activity_line(blocks[1], CHINESE).endswith("，避开停电时段")


def test_an_interruption_has_its_own_price_and_that_of_the_energy() -> None:
    """Only where energy costs more than the step's 0.7 yuan/kWh, for the two hours that it may."""
    blocks = of("polishing")
    assert len(blocks) == 2
    for block in blocks:
        row = activity_row(block, CHINESE)
        assert (row.who, row.action, float(row.price)) == (
            "抛光线中断",
            "interrupt",
            SHED_YUAN_PER_MWH / 1000,
        )
        assert row.why == "高峰，当时电价 0.8928 元/kWh"


def test_page_and_workbook_have_all_of_it(tmp_path) -> None:
    path = tmp_path / "plan.xlsx"
    run, facts = worked()
    write_plan_xlsx(path, run.solution, run.case, facts, "zh")
    sheet = openpyxl.load_workbook(path)["启停与转移"]
    for number in (1, 2):
        engine = f"燃气内燃机 {number} 号机"
        rows = [row for row in sheet.iter_rows(values_only=True) if row[2] == engine]
        assert [row[:4] for row in rows] == [(*hours, engine, "运行") for hours in runs_of(number)]
    html = works_page("zh")
    assert html.count('<td class="who">') == len(blocks())
