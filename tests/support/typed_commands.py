"""What a command did, as typed in this process; `conftest.py` has the fixtures that type it."""

import io
import sys
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
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


def typed_once(*words: str | Path) -> Ran:
    """A command of which several tests ask: as `typed_by`, where a fixture of a module cannot use that."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setattr(sys, "argv", ["parkdispatch", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            cli.main()
    return Ran(int(end.value.code or 0), out.getvalue(), err.getvalue())
