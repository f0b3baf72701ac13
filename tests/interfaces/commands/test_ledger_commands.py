"""The ledger as it is typed: filled, planned from, sent, exported; both languages; without its extra."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.support.ledgers.ledger_cases import meter_file
from tests.support.paths import environment
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
    exported = run("ledger", "export", "--out", "tables")
    assert exported.code == 0
    assert pd.read_csv("tables/plan.csv")["recorded_by"].tolist() == ["张工"]
    assert len(pd.read_csv("tables/measurement.csv")) == 1345


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


WITHOUT = """
import sys
class Absent:
    def find_spec(self, name, *more):
        if name.partition(".")[0] in ("sqlalchemy", "alembic", "psycopg"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
import importlib.util
real = importlib.util.find_spec
importlib.util.find_spec = lambda name: None if name in ("sqlalchemy", "alembic") else real(name)
import parkdispatch
import parkdispatch.interfaces.api.dispatch_api
from parkdispatch.interfaces.cli import main
sys.argv = ["parkdispatch", *sys.argv[1:]]
main()
"""


def test_without_the_extra_the_ledger_says_what_is_missing(park: Path) -> None:
    command = [sys.executable, "-c", WITHOUT, "ledger", "init", str(park)]
    refused = subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        "input: a ledger needs sqlalchemy and alembic, which are not installed: pip install"
        " 'parkdispatch[ledger]'"
    ]


def test_a_plan_does_not_load_the_libraries_of_the_ledger() -> None:
    code = (
        "import sys, parkdispatch.interfaces.cli, parkdispatch.interfaces.api.dispatch_api;"
        "sys.exit(bool({'sqlalchemy', 'alembic', 'psycopg'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], env=environment(), check=False).returncode == 0
