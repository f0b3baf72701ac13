"""`parkdispatch replay` where a day has no plan: what is done is written, the day named, exit code 5."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parkdispatch.models.errors import InfeasibleError
from parkdispatch.optimizer.solve import Optimum, optimize
from parkdispatch.studies import daily_replay
from tests.support.cases.sized_park import write_sized_park
from tests.support.typed_commands import Run


def third_day_fails(
    _time_limit_s: float, _allowances: Any, *, is_soon_solved: bool
) -> Callable[..., Optimum]:
    def solve(devices: Any, times: Any, hours: float, series: Any) -> Optimum:
        if times[0].day == 3:
            raise InfeasibleError("no dispatch meets all limits")
        return optimize(devices, times, hours, series, threads=1)

    return solve


def test_the_days_before_are_written_and_the_day_named(
    typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(daily_replay, "warm_started_day_solver", third_day_fails)
    code, out, err = typed("replay", write_sized_park(tmp_path / "case"), "--out", tmp_path / "run")
    assert code == 5
    assert "2 of 365 days are planned: those before the one that failed" in err
    assert "1 of 365 days failed: 2026-01-03 (infeasible)." in out
    assert "The first message: 2026-01-03 planned alone" in out
    summary = json.loads((tmp_path / "run" / "summary.json").read_text(encoding="utf-8"))
    assert summary["status"] == "partial"
    assert (summary["replay"]["days"], summary["replay"]["days_asked"]) == (2, 365)
    assert summary["replay"]["failed"][0]["name"] == "2026-01-03"
    assert "1 of 365 days failed" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8")
    assert len((tmp_path / "run" / "replay.csv").read_text(encoding="utf-8").splitlines()) == 1 + 2
