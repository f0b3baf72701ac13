"""The ledger as it is typed: filled, planned from, sent, exported; both languages; without its extra."""

import json
import sys
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from tests.support.ledgers.ledger_cases import meter_file
from tests.support.small_case import swap, write_case
from tests.support.typed_commands import Run


@pytest.fixture
def park(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PARKDISPATCH_LEDGER", raising=False)
    return write_case(tmp_path / "park")


def test_a_day_with_the_ledger(park: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    made = run("ledger", "init", park, "--by", "Li")
    assert (made.code, made.err) == (0, "")
    assert "The ledger ledger.sqlite was made. Site small: added, with tariff own." in made.out
    metered = meter_file(Path("import.csv"), [118.25] * (14 * 96), "2026-07-01 00:00", "import")
    assert (
        "1344 intervals, 1344 new" in run("ledger", "import", metered, "--as", "import", "--case", park).out
    )
    run("ledger", "record", "soc", "0.4", "--at", "2026-07-15 00:00", "--case", park)
    run("ledger", "outage", "battery_1", "2026-07-15 18:00", "2026-07-15 20:00", "--case", park)
    monkeypatch.setenv("PARKDISPATCH_LEDGER", "ledger.sqlite")
    planned = run("plan", park, "--by", "张工")
    assert (planned.code, planned.err) == (0, "")
    assert "State of charge of battery_1 at midnight from the ledger: 0.4, measured." in planned.out
    assert "Peak so far of grid from the ledger: 118.25 MW." in planned.out
    assert "Outage of battery_1 from the ledger: 2026-07-15 18:00 to 2026-07-15 20:00, 0% of" in planned.out
    assert "Recorded as version 1 of the plan for 2026-07-15, by 张工" in planned.out
    dispatch = pd.read_csv(next(Path("runs").glob("small-plan-*/dispatch.csv")), index_col=0)
    power_mw = dispatch[[c for c in dispatch if c.startswith(("battery_1.charge", "battery_1.discharge"))]]
    assert power_mw["2026-07-15 18:00":"2026-07-15 19:45"].to_numpy().sum() == 0.0  # type: ignore[misc]
    assert float(dispatch["grid.peak_floor_mw [MW]"].iloc[0]) == 118.25
    sent = run("ledger", "send", "1", "--case", park, "--by", "Wang", "--lang", "zh")
    assert "2026-07-15 计划第 1 版已由 Wang 标记为下发。" in sent.out
    status = run("ledger", "status", "--lang", "zh")
    assert "2026-07-15 1 1 Wang" in status.out
    assert "battery_1 2026-07-15 18:00 2026-07-15 20:00 0%" in status.out
    assert "0% of" in planned.out
    settled_as_forecast_and_otherwise(park, run)
    exported = run("ledger", "export", "--out", "tables")
    assert exported.code == 0
    assert pd.read_csv("tables/plan.csv")["recorded_by"].tolist() == ["张工"]
    assert pd.read_csv("tables/settlement.csv")["version"].tolist() == [1, 2]


def settled_as_forecast_and_otherwise(park: Path, run: Run) -> None:
    refused = run("settle", "2026-07-15", "--case", park)
    assert refused.code == 2
    assert "load.demand_mw: 96 of 96 intervals of 2026-07-15 are not in the ledger" in refused.err
    assert "Cannot be settled yet: 2026-07-15: " in run("settle", "--case", park).out
    for name in ("load", "pv"):
        run("ledger", "import", park.parent / f"{name}.csv", "--as", f"{name}={name}", "--case", park)
    settled = run("settle", "--case", park, "--by", "Li", "--no-bill", "--out", "first")
    assert (settled.code, settled.err) == (0, "")
    assert "Recorded as version 1 of the settlement of 2026-07-15." in settled.out
    summary = json.loads(Path("first/summary.json").read_text(encoding="utf-8"))
    assert summary["lost_yuan"]["total"] == pytest.approx(0.0, abs=0.01)
    assert "No day is to be settled." in run("settle", "--case", park).out
    late = meter_file(Path("late.csv"), [125.0] * 4, "2026-07-15 19:00")
    imported = run("ledger", "import", late, "--as", "load", "--case", park)
    assert "Settled before and to be settled again: 2026-07-15." in imported.out
    again = run("settle", "--case", park, "--lang", "zh", "--no-bill", "--out", "second")
    assert "已记为 2026-07-15 结算第 2 版。" in again.out
    assert "负荷偏差" in again.out
    summary = json.loads(Path("second/summary.json").read_text(encoding="utf-8"))
    parts = [part["total"] for part in summary["lost_by_cause_yuan"].values()]
    assert sum(parts) == pytest.approx(summary["lost_yuan"]["total"], abs=1e-6)
    table = pd.read_csv("second/settlement.csv", index_col="row")
    assert table.loc["lost", "total [yuan]"] == pytest.approx(summary["lost_yuan"]["total"], abs=1e-5)
    book = openpyxl.load_workbook("second/settlement.xlsx", data_only=True).worksheets[0]
    assert book["A9"].value == "相对完全预知的损失"
    assert book["E9"].value == pytest.approx(summary["lost_yuan"]["total"])
    folder = next(Path("runs").glob("small-plan-*"))
    files = ("--load", park.parent / "load.csv", "--pv", park.parent / "pv.csv", "--pv-column", "pv")
    words = ("settle", "2026-07-15", "--case", park, "--plan", folder, *files, "--soc", "battery_1=0.4")
    plain = run(
        *words, "--peak-so-far-mw", "118.25", "--outage", "battery_1,2026-07-15 18:00,2026-07-15 20:00"
    )
    assert (plain.code, plain.err) == (0, "")
    assert "Lost 0 yuan, of which: " in plain.out


def test_what_was_typed_goes_before_the_ledger(park: Path, run: Run) -> None:
    run("ledger", "init", park)
    run("ledger", "record", "soc", "0.4", "--at", "2026-07-15 00:00", "--case", park)
    run("ledger", "record", "peak", "118", "--at", "2026-07-14 00:00", "--case", park)
    planned = run("plan", park, "--ledger", "ledger.sqlite", "--soc", "0.5", "--peak-so-far-mw", "119")
    assert "Recorded as version 1" in planned.out
    assert "from the ledger" not in planned.out
    dispatch = pd.read_csv(next(Path("runs").glob("small-plan-*/dispatch.csv")))
    assert float(dispatch["grid.peak_floor_mw [MW]"].iloc[0]) == 119.0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("ledger", "status"),
            "input: ledger ledger.sqlite: no such file, must be made first: `ledger init`",
        ),
        (("plan", "PARK", "--ledger", "none.sqlite"), "input: ledger none.sqlite: no such file"),
        (
            ("ledger", "init", "PARK", "--ledger", "mysql://me:secret@host/a"),
            "input: `--ledger` = mysql://...:",
        ),
        (("ledger", "init", "PARK", "--by", " "), "input: `--by` is empty"),
        (
            ("ledger", "record", "soc", "2", "--at", "2026-07-15", "--case", "PARK"),
            "input: `VALUE` = 2: must be from",
        ),
        (
            ("ledger", "record", "soc", "0.4", "--at", "noon", "--case", "PARK"),
            "input: `--at` = noon: must be a",
        ),
        (
            ("ledger", "send", "1", "--date", "noon", "--case", "PARK"),
            "input: `--date` = noon: must be a day",
        ),
        (
            ("ledger", "outage", "grid", "2026-07-15", "2026-07-16", "--withdraw", "--case", "PARK"),
            "input: `--withdraw`: must have `--replaces` beside it",
        ),
    ],
)
def test_mistakes_are_said_in_a_line(park: Path, run: Run, words: tuple[str, ...], said: str) -> None:
    ran = run(*(str(park) if word == "PARK" else word for word in words))
    assert ran.code == 2
    assert said in ran.err
    assert "secret" not in ran.err
    assert not list(Path().glob("*.sqlite"))


def test_another_case_of_the_same_name_is_refused(park: Path, run: Run) -> None:
    run("ledger", "init", park)
    swap("minutes = 15", "minutes = 60")(park.parent)
    ran = run("ledger", "record", "soc", "0.4", "--at", "2026-07-15", "--case", park)
    assert ran.code == 2
    assert "`calendar.minutes` = 60: must be 15, as in the ledger for small" in ran.err


def test_without_the_extra_the_ledger_says_what_is_missing(
    park: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the libraries are absent and what imports them is not loaded yet; `test_lazy_imports` has why."""
    for name in [name for name in sys.modules if name.startswith("parkdispatch.operations.ledger.")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("sqlalchemy", "alembic", "psycopg"):
        monkeypatch.setitem(sys.modules, name, None)
    refused = run("ledger", "init", park)
    assert refused.code == 2
    assert refused.err.splitlines() == [
        "input: a ledger needs sqlalchemy and alembic, which are not installed: pip install"
        " 'parkdispatch[ledger]'"
    ]
