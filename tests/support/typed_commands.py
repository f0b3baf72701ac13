"""What a command did, as typed in this process; `conftest.py` has the fixtures that type it."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from parkdispatch.interfaces import cli


class Ran(NamedTuple):
    """Exit code, output and errors, as printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


def typed_by(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`main` with what was typed."""

    def command(*words: str | Path) -> Ran:
        monkeypatch.setattr(sys, "argv", ["parkdispatch", *map(str, words)])
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = int(end.code or 0)
        seen = capsys.readouterr()
        assert "Traceback" not in seen.out + seen.err
        return Ran(code, seen.out, seen.err)

    return command
