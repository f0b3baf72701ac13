"""One command times every table: each in its own process, all of them though one fails."""

import re
import subprocess
import sys
from typing import Any

import pytest

import benchmarks.__main__ as command
from benchmarks.all_tables import TABLES
from tests.support.paths import ROOT


def test_each_table_is_timed_once_and_a_failure_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[list[str]] = []

    def run(words: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        assert words[:3] == [sys.executable, "-m", "benchmarks"]
        ran.append(words[3:])
        return subprocess.CompletedProcess(words, 1 if "--pilot" in words else 0)

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr("sys.argv", ["benchmarks", "--all", "--publish"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 1
    assert ran == [[*table, "--publish"] for table in TABLES]
    assert "--pilot: ended with exit code 1" in capsys.readouterr().err


def test_every_table_that_is_published_is_among_all() -> None:
    """A marker in a page is written by a table; those of the tools together are the one without a name."""
    pages = [(ROOT / f"docs/{name}.md").read_text(encoding="utf-8") for name in ("performance", "waiting")]
    marked = {name for page in pages for name in re.findall(r"<!-- (\w+): begin -->", page)}
    timed = {table[0].removeprefix("--") if table else "benchmarks" for table in TABLES}
    assert marked - {"works"} <= timed
    assert timed - {"benchmarks"} <= {action.dest for action in command._parser()._actions}
