"""Answers that other tools publish come out of the command line, and of the table in the manual."""

import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.support.paths import ROOT
from tests.support.typed_commands import typed_once

EXAMPLE = runpy.run_path(str(ROOT / "docs/examples/published_answers.py"))
ANSWERS: list[Any] = list(EXAMPLE["published_answers"]())
RECORDED = (ROOT / "docs/outputs/published.txt").read_text(encoding="utf-8")


def type_command(*words: str | Path) -> None:
    """Type a command in this process; it must succeed."""
    ran = typed_once(*words)
    assert ran.code == 0, ran.err


# wrong numbers without the features: 2,093.04 in one tier; 43,500 without the ratchet; 11.42 of demand if it
# were billed once a year
@pytest.mark.parametrize("published", ANSWERS, ids=lambda published: published.what)
def test_command_line_computes_the_published_answer(published: Any, tmp_path: Path) -> None:
    computed = published.run(tmp_path, type_command)
    assert computed == pytest.approx(published.answer, rel=3e-6, abs=5e-3)
    row = f"| {published.source} | {published.what} | {published.answer:,.2f} | {computed:,.2f} |"
    assert row in RECORDED


def test_the_manual_has_no_other_answers() -> None:
    assert RECORDED.count("\n| ") == len(ANSWERS) + 1
