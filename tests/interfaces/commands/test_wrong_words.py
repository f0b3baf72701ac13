"""What is typed wrongly, or cannot be planned: exit codes and errors, and nothing is written."""

from pathlib import Path

import pytest

from parkdispatch.models.errors import SolverError
from tests.support.cases.extreme_limits import UNREACHABLE
from tests.support.cases.lifetime_cases import HOURLY
from tests.support.files.written_runs import content
from tests.support.small_case import Damage, row, swap, write_case
from tests.support.typed_commands import Run

PEAK = ("--peak-so-far-mw", "100")


def test_all_that_is_wrong_on_the_command_line_comes_together(run: Run, tmp_path: Path) -> None:
    path = write_case(tmp_path, swap("eta_charge = 0.94", "eta_charge = 94"))
    ran = run("plan", path, "--solver", "x", "--date", "2026-02-30", "--write-model", "m.txt", "--out", path)
    assert ran.code == 2
    said = (
        "`--solver` = x",
        "`--write-model` = m.txt",
        "`--out` = ",
        "`--date` = 2026-02-30",
        "`device.battery_1.eta",
    )
    assert [words for words in said if words not in ran.err] == []
    ran = run("plan", write_case(tmp_path), "--soc", "95", "--peak-so-far-mw", "-5", "--date", "2025-01-01")
    assert ran.code == 2
    assert [words for words in ("`--soc`", "`--peak-so-far-mw`", "`--date`") if words not in ran.err] == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--date", "soon"), "`--date` = soon: must be a day such as 2026-07-15"),
        (("--date", "2026-02-30"), "`--date` = 2026-02-30: must be a day such as"),
        (("--date", "2025-07-15"), "`--date` = 2025-07-15: must lie in 2026"),
        (
            ("--date", "2026-07-20"),
            "load.csv: covers 2026-07-15 00:00 to 2026-07-17 00:00: must cover 2026-07-20",
        ),
        (("--soc", "95"), "0.95?"),
        (("--soc", "nan"), "finite"),
        (("--soc", "half"), "--soc"),
        (("--variant", "nope"), "`--variant` = nope: must be one of without_storage, large"),
        (("--solver", "nonsense"), "`--solver` = nonsense: must be highs, or pyomo: and a name"),
        (("--solver", "pyomo:nonsense"), "`--solver` = pyomo:nonsense: must be registered with Pyomo"),
        (("--solver", "pyomo:apsi_highs"), "did you mean `pyomo:appsi_highs`?"),
        (("--solver", "pyomo:./evil"), "`--solver` = pyomo:./evil: must be registered with Pyomo"),
        (("--solver", "pyomo:baron"), "`--solver` = pyomo:baron: Pyomo finds no such solver on this machine"),
        (("--solver", "pyomo:"), "`--solver` = pyomo:"),
        (("--time-limit", "0"), "--time-limit"),
        (("--time-limit", "nan"), "--time-limit"),
        (("--write-model", "model.txt"), "`--write-model` = model.txt: must end in .lp or .mps"),
        (
            ("--write-model", "none/model.lp"),
            "`--write-model` = none/model.lp: must be a file in an existing folder",
        ),
        (("--out", "case.toml"), "`--out` = case.toml: cannot be written: is a file, must be a folder"),
        (("--out", "case.toml/x"), "`--out` = case.toml/x: cannot be written: Not a directory"),
        (("--out", "x" * 300), "`--out` = xxx"),
        (("--load", "none.csv"), "`--load` = none.csv: no such file"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_a_wrong_word_exits_2_and_writes_nothing(
    words: tuple[str, ...], said: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_case(tmp_path)
    evil = tmp_path / "evil"  # Pyomo runs any program that it is given for a solver
    evil.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    evil.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    before = content(tmp_path)
    peak = () if "--peak-so-far-mw" in words else PEAK
    ran = run("plan", "case.toml", *peak, *words)
    assert (ran.code, ran.out) == (2, "")
    assert said in " ".join(ran.err.split())
    assert content(tmp_path) == before


@pytest.mark.parametrize(
    ("code", "damages", "said"),
    [
        (2, (swap("eta_charge = 0.94", "eta_charge = 94"),), ("`device.battery_1.eta_charge` = 94",)),
        (2, (row("load.csv", 5, "2026-07-15 00:45,x"),), ("load.csv row 5: load [MW] = x",)),
        (
            3,
            (swap("import_limit_mw = 150.0", "import_limit_mw = 90.0"),),
            ("worst 2026-07-15 20:00 by 10.200 MW", "grid.import_mw"),
        ),
        (3, UNREACHABLE, ("infeasible: ", "battery_1.final_soc")),
    ],
)
def test_a_failing_run_leaves_the_last_one_untouched(
    code: int, damages: tuple[Damage, ...], said: tuple[str, ...], run: Run, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    assert run("plan", write_case(tmp_path / "good", *HOURLY), *PEAK, "--out", out).code == 0
    before = content(out)
    ran = run("plan", write_case(tmp_path / "bad", *damages), *PEAK, "--out", out)
    assert (ran.code, ran.out) == (code, "")
    assert [words for words in said if words not in ran.err] == [], ran.err
    assert content(out) == before


def test_a_solver_that_fails_exits_4(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: object) -> None:
        raise SolverError("HiGHS stopped without a solution: Iteration limit reached")

    monkeypatch.setattr("parkdispatch.optimizer.highs.Solver.solve", stop)
    ran = run("plan", write_case(tmp_path), *PEAK, "--out", tmp_path / "out")
    assert ran == (4, "", "solver: HiGHS stopped without a solution: Iteration limit reached\n")
    assert not (tmp_path / "out").exists()
