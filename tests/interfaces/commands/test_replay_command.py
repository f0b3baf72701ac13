"""`parkdispatch replay` end to end, of a year shortened to two days."""

from pathlib import Path

import pandas as pd
import pytest

from tests.support.cases.extreme_limits import NEEDED, NO_COMPARISON, UNREACHABLE
from tests.support.cases.lifetime_cases import HOURLY
from tests.support.files.written_runs import PLAN_FILES, SUMMARY_KEYS, content, summary
from tests.support.small_case import CASE, Damage, swap, write_case
from tests.support.typed_commands import Run

REPLAY_FILES = PLAN_FILES - {"plan.xlsx"} | {"replay.csv"}


@pytest.fixture
def two_days(monkeypatch: pytest.MonkeyPatch) -> None:
    """The year of a case, shortened to the two days its series cover."""
    times = pd.date_range("2026-07-15", periods=48, freq="h")
    monkeypatch.setattr("parkdispatch.inputs.prepare.year_times", lambda _: times)


@pytest.mark.usefixtures("two_days")
def test_a_replay_prints_what_foresight_is_worth_and_leaves_the_same_files(
    run: Run, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """The first time by one process, the second time with foresight and pages from copies of it."""
    path = write_case(tmp_path, *HOURLY)
    ran = run("replay", path, "--out", tmp_path / "a")
    assert (ran.code, ran.err) == (0, "")
    for words in (
        "Small park: 2026-07-15 to 2026-07-16, 2 daily plans",
        "Cost by month, 万元 month daily plans foresight without storage saved kept",
        "Highest 15-minute import by month, MW month daily plans foresight without storage",
        "of the saving with perfect foresight; the value of perfect foresight is",
        "battery_1: ",
        "Daily plans, not the optimum of the year: 2 daily plans in sequence",
        "Audit:",
        ", ".join(sorted(REPLAY_FILES)),
    ):
        assert words in ran.out, ran.out
    assert "Proven optimal" not in ran.out
    request.getfixturevalue("two_processors")
    assert run("replay", path, "--out", tmp_path / "b").code == 0
    first, second = content(tmp_path / "a"), content(tmp_path / "b")
    assert first.keys() == second.keys() == REPLAY_FILES | {"manifest.json"}
    for name in ("dispatch.csv", "replay.csv", "solution.nc"):
        assert first[name] == second[name], name
    written, again = summary(tmp_path / "a"), summary(tmp_path / "b")
    assert written.keys() == SUMMARY_KEYS | written.keys()
    assert set(written["timings_s"]) >= {"read", "build", "solve", "foresight", "extract", "write"}
    for varying in ("timings_s", "peak_memory_mb"):
        del written[varying], again[varying]
    assert written == again
    told = written["replay"]
    assert told["cost_with_foresight_yuan"] <= told["cost_yuan"] == written["objective_yuan"]
    assert written["bill_yuan"]["grid"]["total"] == pytest.approx(told["cost_yuan"], rel=1e-9)
    assert told["by_month"].keys() == {"2026-07"}
    assert told["saving_yuan"] == written["saving_yuan"]
    assert len(pd.read_csv(tmp_path / "a" / "replay.csv")) == 2


@pytest.mark.usefixtures("two_days")
def test_a_replay_without_storage_or_that_needs_it(run: Run, tmp_path: Path) -> None:
    path = write_case(tmp_path / "case", *HOURLY)
    ran = run("replay", path, "--variant", "without_storage", "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert "The park has no storage: the days are independent of each other." in ran.out
    assert "Optimum of the year: 2 daily plans in sequence" in ran.out
    told = summary(tmp_path / "out")["replay"]
    assert told["cost_yuan"] == pytest.approx(told["cost_with_foresight_yuan"], rel=1e-9)
    assert told["share_kept"] is None
    ran = run("replay", write_case(tmp_path / "needed", *HOURLY, NEEDED), "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    assert NO_COMPARISON in ran.out
    assert "saved" not in ran.out
    told = summary(tmp_path / "out")["replay"]
    assert (told["saving_yuan"], told["share_kept"]) == (None, None)
    assert max(month["peak_mw"] for month in told["by_month"].values()) <= 115.0 + 1e-6


@pytest.mark.usefixtures("two_days")
@pytest.mark.parametrize("scheme", ["single_part", "two grids"])
def test_a_replay_where_no_peak_or_several_are_paid(scheme: str, run: Run, tmp_path: Path) -> None:
    """The second connection supplies a separate bus."""
    damages = (swap('scheme = "two_part"', 'scheme = "single_part"'),)
    if scheme == "two grids":
        connection = CASE[CASE.index("[device.grid]") : CASE.index("[device.load]")].replace(
            "grid]", "other]"
        )
        connection = connection.replace('kind = "grid"', 'kind = "grid"\nbus = "mill"')
        mill = '[device.mill]\nkind = "load"\nbus = "mill"\nannual_energy_mwh = 1.0\n\n'
        line = '"load.demand_mw" = { file = "load.csv" }'
        damages = (
            swap("[device.load]", f"{connection}{mill}[device.load]"),
            swap(line, f"{line}\n{line.replace('load.demand', 'mill.demand')}"),
        )
    ran = run("replay", write_case(tmp_path, *HOURLY, *damages), "--out", tmp_path / "out")
    assert ran.code == 0, ran.err
    heads = pd.read_csv(tmp_path / "out" / "replay.csv").columns
    peaks = [head for head in heads if "peak_mw" in head]
    assert peaks == ([] if scheme == "single_part" else ["grid.peak_mw [MW]", "other.peak_mw [MW]"])


@pytest.mark.usefixtures("two_days")
@pytest.mark.parametrize(
    ("code", "damages", "words", "said"),
    [
        (2, (swap("eta_charge = 0.94", "eta_charge = 94"),), (), "`device.battery_1.eta_charge` = 94"),
        (2, (), ("--time-limit", "nan"), "--time-limit"),
        (2, (), ("--variant", "nope"), "`--variant` = nope: must be one of"),
        (
            3,
            (swap("import_limit_mw = 150.0", "import_limit_mw = 90.0"),),
            (),
            "in 12 intervals, 84.662 MWh in all, worst 2026-07-15 20:00 by 10.200 MW",  # of both days
        ),
        (
            2,
            (swap("energy_mwh = 40.0", "energy_mwh = { max = 40.0, cost_yuan_per_unit = 5.0 }"),),
            (),
            "`device.battery_1.energy_mwh` = 0 to 40: must be a number",
        ),
        (3, UNREACHABLE, (), "infeasible: 2026-07-15 planned alone, 8.000 MWh in battery_1: no dispatch"),
    ],
)
def test_a_replay_that_fails_says_why_and_writes_nothing(
    code: int, damages: tuple[Damage, ...], words: tuple[str, ...], said: str, run: Run, tmp_path: Path
) -> None:
    path = write_case(tmp_path, *HOURLY, *damages)
    before = content(tmp_path)
    ran = run("replay", path, *words, "--out", tmp_path / "out")
    assert (ran.code, ran.out) == (code, ""), ran
    assert said in ran.err
    assert content(tmp_path) == before
