"""A sized increment taken into `study`: the written case is worth what the sizing study said of it."""

import tomllib
from dataclasses import replace
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.case_writer import written_case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import prepare
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.replacement import Replacement
from parkdispatch.results.finance.cash_flow import cash_flow
from parkdispatch.results.sizing.sizing_results import Choice
from parkdispatch.studies.lifetime.lifetime_dispatch import dispatch_years
from parkdispatch.studies.lifetime.phased_study import dispatch_phases
from parkdispatch.studies.sizing import existing_park
from parkdispatch.studies.sizing.chosen_case import case_of_choice
from parkdispatch.studies.sizing.offers import choices_of, evaluate_offers
from parkdispatch.studies.sizing.step_runs import built_storage
from parkdispatch.studies.solve_options import SolveContext
from tests.support.cases.sized_park import SECOND, write_sized_park
from tests.support.typed_commands import Run

PROJECT = "project_after_tax"
JULY = pd.date_range("2026-07-01", "2026-07-08", freq="h", inclusive="left")
STOOD = """
[device.battery_2]
kind = "battery"
power_mw = 2.0
energy_mwh = 4.0
fade_per_full_cycle = 0.0
fade_per_year = 0.03
"""


@pytest.fixture(autouse=True)
def one_week(monkeypatch: pytest.MonkeyPatch) -> None:
    """A week of July in the place of a year, for the sizing study."""
    monkeypatch.setattr(existing_park, "year_times", lambda _: JULY)


def sized_case(folder: Path, more: str = "") -> Case:
    path = write_sized_park(folder)
    path.write_text(path.read_text(encoding="utf-8") + more, encoding="utf-8")
    return load_case(str(path))


def written(case: Case, choice: Choice) -> Case:
    """The case of a choice, written beside the case and read again."""
    path = case.folder / "chosen.toml"
    path.write_text(written_case(case_of_choice(case, choice), "sized"), encoding="utf-8")
    return load_case(str(path))


@pytest.mark.parametrize("replaced", [False, True])
def test_a_storage_of_its_own_is_worth_what_size_says(replaced: bool, tmp_path: Path) -> None:
    """Load that grows and cells that are replaced once are in both."""
    case = sized_case(tmp_path)
    assert case.sizing is not None
    assert case.finance is not None
    paths = case.sizing.paths.model_copy(update={"load": 0.05, "spread": -0.02})
    case = replace(case, sizing=case.sizing.model_copy(update={"paths": paths}))
    if replaced:
        bought = Replacement(year=2, cost_yuan=1e6, depreciation_years=1)
        case = replace(case, finance=case.finance.model_copy(update={"replacement": bought}))
    choice = choices_of(case.sizing)[1]
    (offered,) = evaluate_offers(case, SolveContext(), every_year=True, choices=[choice])
    read = written(case, choice)
    assert read.finance is not None
    assert read.finance.investment_yuan == pytest.approx(2e6)  # 10 MWh at 0.2 yuan/Wh
    lifetime = dispatch_years(prepare(read, JULY), SolveContext())
    cash = cash_flow(read.finance, lifetime.operation())
    assert offered.cash is not None
    assert cash.returns[PROJECT].npv_yuan == pytest.approx(offered.cash.returns[PROJECT].npv_yuan, abs=0.01)
    assert cash.returns["equity_after_tax"].irr.value == pytest.approx(
        offered.cash.returns["equity_after_tax"].irr.value
    )


def test_an_increment_beside_others_is_a_phase_worth_what_size_says(tmp_path: Path) -> None:
    case = sized_case(tmp_path, STOOD)
    assert case.sizing is not None
    choice = choices_of(case.sizing)[1]
    (offered,) = evaluate_offers(case, SolveContext(), every_year=True, choices=[choice])
    read = written(case, choice)
    assert read.phases is not None
    assert [phase.name for phase in read.phases.phase] == ["standing", "increment"]
    _, (_, increment) = dispatch_phases(prepare(read, JULY), SolveContext())
    assert increment.cash.finance.investment_yuan == pytest.approx(choice.investment_yuan)
    assert offered.cash is not None
    assert increment.npv_yuan == pytest.approx(offered.cash.returns[PROJECT].npv_yuan, abs=0.01)


def test_a_case_in_steps_is_worth_what_size_says_of_the_whole(tmp_path: Path) -> None:
    case = sized_case(tmp_path, SECOND)
    assert case.sizing is not None
    choice = choices_of(case.sizing)[1]
    existing = existing_park.ExistingPark.of(case, SolveContext())
    built = built_storage(existing, choice, "in_steps", every_year=True)
    assert built is not None
    read = written(case, choice)
    _, phases = dispatch_phases(prepare(read, JULY), SolveContext())
    assert sum(phase.npv_yuan for phase in phases) == pytest.approx(built.npv_yuan, abs=0.01)
    assert [phase.cash.finance.investment_yuan for phase in phases] == pytest.approx(
        [phase.cash.finance.investment_yuan for phase in built.phases]
    )


def test_a_written_case_says_all_that_the_case_says(tmp_path: Path) -> None:
    """Texts with quotes, dates, lists of tables and dotted keys survive; only what differs is another."""
    case = sized_case(tmp_path, STOOD + 'title = "die \\"zweite\\", 二期"\n')
    again = tmp_path / "again.toml"
    again.write_text(written_case(case, "the same"), encoding="utf-8")
    tables = tomllib.loads(again.read_text(encoding="utf-8"))
    given = tomllib.loads((tmp_path / "case.toml").read_text(encoding="utf-8"))
    assert tables == {name: table for name, table in given.items() if name != "variant"}
    assert isinstance(tables["calendar"]["plan_date"], date)
    assert load_case(str(again)).devices == case.devices


def test_the_command_writes_a_case_that_study_takes(
    typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = write_sized_park(tmp_path / "case")
    size = ("size", path, "--only", "offers")
    for wrong, said in (
        ("elsewhere.toml", "must lie in"),
        ("case/case.toml", "is the case itself"),
        ("case/chosen.json", "must end in .toml"),
    ):
        code, _, err = typed(*size, "--write-case", wrong)
        assert code == 2
        assert said in " ".join(err.split())
    code, out, err = typed(*size, "--write-case", "case/chosen.toml", "--out", "a")
    assert (code, err) == (0, "")
    assert "Wrote case/chosen.toml with 5 MW / 10 MWh" in " ".join(out.split())
    chosen = load_case(str(tmp_path / "case" / "chosen.toml"))
    assert chosen.batteries["battery_1"].power_mw == 5.0
    with pytest.raises(InputError):
        load_case(str(tmp_path / "case" / "chosen.json"))
