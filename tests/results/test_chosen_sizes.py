"""Sizes that a dispatch chose: named with their capital by screen, page, workbook and files alike."""

import io
import json
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import load_workbook
from rich.console import Console

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.models.errors import InputError
from parkdispatch.operations.settlement.day_record import settleable
from parkdispatch.results.console.dispatch_screen import show_year
from parkdispatch.studies.closed_loop.closed_loop import run_loop
from parkdispatch.studies.closed_loop.loop_options import LoopOptions
from parkdispatch.studies.dispatch import DispatchRun, dispatch_case, write_run
from parkdispatch.studies.lifetime.lifetime_dispatch import require_lifetime_inputs
from parkdispatch.studies.planning.plan_run import PlanWishes, prepare_plan
from parkdispatch.studies.sizing.existing_park import require_increment_inputs
from parkdispatch.studies.solve_case import undecided_sizes
from parkdispatch.studies.solve_options import SolveContext
from tests.support.small_case import swap, write_case

PV = swap("albedo = 0.2", "albedo = 0.2\nscale = { max = 3.0, cost_yuan_per_unit = 30000.0 }")
BATTERY = swap(
    "energy_mwh = 40.0\nsoc_min", "energy_mwh = { max = 90.0, cost_yuan_per_unit = 90.0 }\nsoc_min"
)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> DispatchRun:
    """Eight hours of a park whose PV and battery are sized together, audited."""
    case = load_case(str(write_case(tmp_path_factory.mktemp("case"), PV, BATTERY)))
    return dispatch_case(
        prepare(case, pd.date_range("2026-07-15 08:00", periods=32, freq="15min")), SolveContext(), 0.0
    )


def test_capital_is_size_times_cost_and_counted_once(run: DispatchRun) -> None:
    """Counted twice, the named costs would not add up to the objective; not at all, neither would they."""
    pv, battery = run.summary.sizes
    assert (pv.device, pv.field, pv.unit, battery.field, battery.unit) == (
        "pv",
        "scale",
        "1",
        "energy_mwh",
        "MWh",
    )
    assert 0 < pv.size <= 3 and 0 < battery.size <= 90
    capital = [float(run.solution[f"{name}.capital_yuan"].sum()) for name in ("pv", "battery_1")]
    assert capital == pytest.approx([30_000 * pv.size, 90 * battery.size])
    assert capital == pytest.approx([pv.capital_yuan, battery.capital_yuan])
    costs = sum(float(run.solution[name].sum()) for name in run.solution if str(name).endswith("_yuan"))
    assert costs == pytest.approx(run.proof.objective_yuan)
    assert run.summary.audit.holds
    assert not [name for name in run.summary.audit.not_recomputed if name.key == "capital"]


@pytest.mark.parametrize(("lang", "said"), [("en", "Size chosen: "), ("zh", "选定容量：")])
def test_page_and_workbook_name_what_was_chosen(
    run: DispatchRun, tmp_path: Path, lang: str, said: str
) -> None:
    write_run(run, tmp_path, "year", lang=lang)  # type: ignore[arg-type]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count(said) == 2
    told = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))["sizes"]
    assert [(one["device"], one["capital_yuan"]) for one in told] == [
        (size.device, size.capital_yuan) for size in run.summary.sizes
    ]
    sheet = load_workbook(tmp_path / "report.xlsx").worksheets[0]
    heads = {"en": "Sizes chosen", "zh": "选定容量"}
    (first,) = [row[0].row for row in sheet.iter_rows(max_col=1) if row[0].value == heads[lang]]
    for number, size in enumerate(run.summary.sizes, start=first + 1):
        cells = [cell.value for cell in sheet[number][:7]]
        assert cells[1] == pytest.approx(size.size)
        assert cells[2:6] == [size.unit, size.least, size.most, size.cost_yuan_per_unit]
        assert cells[6] == f"=B{number}*F{number}"


def test_the_screen_names_what_was_chosen(run: DispatchRun) -> None:
    console = Console(file=io.StringIO(), width=200)
    show_year(console, run.case, run.solution, run.summary, run.timings_s, run.model)
    assert console.file.getvalue().count("Size chosen: ") == 2  # type: ignore[attr-defined]


def test_what_is_not_decided_is_refused_by_name(run: DispatchRun) -> None:
    lines = undecided_sizes(run.case, "it is so")
    assert lines == [
        "`device.pv.scale` = 0 to 3: must be a number, because it is so",
        "`device.battery_1.energy_mwh` = 0 to 90: must be a number, because it is so",
    ]
    times = pd.date_range("2026-07-15", periods=96, freq="15min")
    with pytest.raises(InputError, match=r"device\.pv\.scale"):
        prepare_plan(run.case, run.case, times, PlanWishes(), peak_is_given=False)
    options = LoopOptions(0, 4, 24.0, "perfect")
    with pytest.raises(InputError, match=r"device\.pv\.scale"):
        run_loop(prepare(run.case, times), options)
    with pytest.raises(InputError, match=r"device\.pv\.scale"):
        settleable(run.case)
    for refused in (require_lifetime_inputs, require_increment_inputs):
        with pytest.raises(InputError, match=r"device\.pv\.scale"):
            refused(run.case)
