"""What no command can read or write: pipes, endless lines, names that no system has. Told in words."""

import os
from pathlib import Path

import pytest

from parkdispatch.inputs.series import text_tables
from tests.support.small_case import write_case
from tests.support.typed_commands import Run

TOO_LONG = "x" * 300
QUANTILES = "time,load_p10 [MW],load_p50 [MW],load_p90 [MW]\n2026-07-15 00:00,1,2,3\n"


@pytest.fixture
def park(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PARKDISPATCH_LEDGER", raising=False)
    os.mkfifo("pipe")  # nobody writes to it: a read would wait for ever
    Path("scores").mkdir()
    os.mkfifo("scores/load_forecasts.csv")
    Path("quantiles.csv").write_text(QUANTILES)
    Path("endless.csv").write_text("time,load [MW]," * 20_000)
    Path("deep.json").write_text("[" * 200_000)
    return write_case(tmp_path / "park")


SETTLE = ("settle", "2026-07-15", "--case", "PARK", "--load", "park/load.csv", "--plan")


@pytest.mark.parametrize(
    "words",
    [
        ("hedge", "PARK", "--forecast", "pipe"),
        ("hedge", "PARK", "--forecast", "endless.csv"),
        ("hedge", "PARK", "--forecast", "quantiles.csv", "--scores", "scores"),
        ("study", "PARK", "--as-operated", "pipe"),
        ("study", "PARK", "--as-operated", "deep.json"),
        ("study", "PARK", "--as-operated", TOO_LONG),
        ("plan", "PARK", "--follow", TOO_LONG),
        ("plan", "PARK", "--load", "endless.csv"),
        ("forecast", "day", "PARK", "--load-history", "endless.csv"),
        ("forecast", "day", "PARK", "--load-history", "pipe"),
        (*SETTLE, TOO_LONG),
        ("settle", "--case", "PARK", "--ledger", TOO_LONG),
        ("ledger", "status", "--ledger", TOO_LONG),
        ("ledger", "status", "--ledger", "a\0b"),
        ("ledger", "init", "PARK", "--ledger", "\x1b[31mred"),
        ("serve", "token", "list", "--tokens", "deep.json"),
        ("serve", "token", "list", "--tokens", "pipe"),
        ("plan", "PARK", "--write-model", f"{TOO_LONG}.lp"),
    ],
    ids=lambda words: " ".join(words)[:60].replace("\0", "0").replace("\x1b", "e"),
)
def test_it_is_told_as_wrong_input(words: tuple[str, ...], park: Path, typed: Run) -> None:
    ran = typed(*(str(park) if word == "PARK" else word for word in words))
    assert ran.code == 2, ran
    assert ran.err.startswith("input: ")
    assert "internal error" not in ran.err
    assert not (park.parent.parent / "runs").exists()


def test_a_file_of_more_rows_than_any_table_is_refused(
    park: Path, typed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(text_tables, "MOST_ROWS", 100)
    ran = typed("plan", park, "--peak-so-far-mw", "100")
    assert ran.code == 2
    assert "load.csv: has more than 100 rows, must have fewer" in ran.err


def test_a_name_of_a_folder_does_not_steer_the_terminal(park: Path, typed: Run) -> None:
    ran = typed("plan", park, "--peak-so-far-mw", "100", "--out", "\x1b[31mred")
    assert ran.code == 0, ran.err
    assert "\x1b" not in ran.out
    assert "Files in \N{REPLACEMENT CHARACTER}[31mred: " in ran.out


@pytest.mark.parametrize("command", ["where", "clear"])
def test_a_cache_that_no_system_has_is_told(
    command: str, typed: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARKDISPATCH_CACHE", TOO_LONG)
    ran = typed("cache", command)
    assert ran.code == 2
    assert ran.err.startswith(f"input: {TOO_LONG}: cannot be ")
