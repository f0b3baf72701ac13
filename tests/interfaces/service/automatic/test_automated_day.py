"""A day and a half of a small park that runs by itself, its clock turned on from event to event."""

import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pandas as pd
import pytest

from parkdispatch.interfaces.commands.days import ledger_options
from parkdispatch.interfaces.service.automatic import automation_words
from parkdispatch.interfaces.service.automatic.automation_words import automation_of
from parkdispatch.interfaces.service.job_process import run_job
from parkdispatch.interfaces.service.service_state import Service
from parkdispatch.operations.automation.automation_rules import (
    AutomationRules,
    DroppedFiles,
    ImportRules,
    ParkAutomation,
    PlanRules,
    ReplanRules,
    SetPointRules,
    SettleRules,
)
from parkdispatch.operations.jobs.job_folder import JobFolder, Outcome
from parkdispatch.operations.ledger.ledger_store import Author
from parkdispatch.operations.ledger.measurements import record_value
from parkdispatch.operations.settlement.settlement_store import last_settlement
from tests.support.ledgers.ledger_cases import meter_file
from tests.support.services.small_service import prepared_service
from tests.support.small_case import load_mw, pv_mw

DAY = date(2026, 7, 15)
SITE_AHEAD = timedelta(hours=8)
RULES = {
    "plan": PlanRules(at=time(14, 0), send=True),
    "replan": ReplanRules(power_mw=8.0, soc=0.1),
    "settle": SettleRules(at=time(1, 30)),
}


class SelfRunningPark:
    """A service whose automation looks when it is told to, at a local time, and whose jobs run at once."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.service: Service = prepared_service(folder)[0]
        self.now = datetime(2026, 7, 14, 13, 0)
        self.drop, self.ems = folder / "drop", folder / "ems"
        for place in (self.drop, self.ems):
            place.mkdir()
        for module in (automation_words, ledger_options):
            patch.setattr(module, "now", lambda: (self.now - SITE_AHEAD).replace(tzinfo=UTC))
        kinds = tuple(
            DroppedFiles(pattern=f"{name}-*.csv", quantities=(name,)) for name in ("load", "pv", "import")
        )
        imports = ImportRules(folder=str(self.drop), file=kinds)
        park = ParkAutomation(
            case="small", imports=imports, setpoints=SetPointRules(folder=str(self.ems)), **RULES
        )  # type: ignore[arg-type]
        self.loop = automation_of(self.service, AutomationRules(park=(park,)))

    def look(self, at: str, *, fails: str = "nothing") -> list[str]:
        """Look at a local time of the 14th, 15th or 16th, run what is due, and look again.

        What begins with `fails` fails. Returns what was run, and how it ended.
        """
        self.now = datetime.fromisoformat(f"2026-07-{at}")
        begun = []
        self.loop.tick()
        while (job := self.service.jobs.begin_next(self.instant)) is not None:
            folder = JobFolder(self.service.worker.folder, job.id)
            folder.prepare(job.words)
            folder.write_outcome(
                Outcome(4, ("no dispatch was found",)) if job.purpose.startswith(fails) else run_job(folder)
            )
            outcome = folder.outcome()
            assert outcome is not None
            state = "done" if outcome.exit_code == 0 else "failed"
            self.service.jobs.finish(job.id, state, self.instant, outcome.exit_code, outcome.problems)  # type: ignore[arg-type]
            begun.append(f"{job.purpose.partition('|')[0]}: {state}")
        self.loop.tick()
        return sorted(begun)  # jobs of one moment begin in any order

    @property
    def instant(self) -> datetime:
        """The moment now."""
        return (self.now - SITE_AHEAD).replace(tzinfo=UTC)

    def meter(self, name: str, shape: Callable[[float], float], hours: float) -> None:
        """Drop a file of a meter from midnight on; it is whole, since it was written a minute ago."""
        values = [shape(number / 4) for number in range(int(4 * hours))]
        path = meter_file(self.drop / f"{name}-{hours:g}.csv", values)
        written = (self.instant - timedelta(minutes=1)).timestamp()
        os.utime(path, (written, written))

    def put_out(self) -> pd.DataFrame:
        """The set points that the EMS finds."""
        return pd.read_csv(self.ems / f"setpoints-small-{DAY}.csv")


def test_a_park_runs_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    park = SelfRunningPark(tmp_path, monkeypatch)
    case = park.service.cases.case("small")
    higher: Callable[[float], float] = lambda hour: load_mw(hour) + 20.0  # noqa: E731
    at = Author("Li", park.instant)
    record_value(park.service.ledger, case, "peak", 115.0, pd.Timestamp("2026-07-14 13:00"), at)
    assert park.look("14 13:29") == ["replan 2026-07-14T13:29: failed"]  # of a day that the case has not
    assert park.look("14 14:00") == ["plan 2026-07-15: done", "replan 2026-07-14T14:00: failed"]
    assert park.look("14 14:01") == []
    assert park.look("15 00:01") == []
    assert set(park.put_out()["version"]) == {1}
    # what is measured departs from the plan: first the new plan fails, and the last good one goes on
    at = Author("Li", park.instant)
    record_value(park.service.ledger, case, "soc", 0.2, pd.Timestamp(DAY), at)
    park.now = datetime(2026, 7, 15, 10, 5)
    park.meter("load", higher, 10.0)
    assert park.look("15 10:06") == ["import load-10.csv: done"]
    assert park.look("15 10:07", fails="replan") == ["replan 2026-07-15T10:06: failed"]
    assert set(park.put_out()["version"]) == {1}
    assert park.look("15 10:20") == []  # not before half an hour has passed
    assert park.look("15 10:40") == ["replan 2026-07-15T10:40: done"]
    assert set(park.put_out()["version"]) == {2}
    jobs = park.service.jobs.jobs(site="small")
    assert {job.owner for job in jobs} == {"automation"}
    # at night, when all of the day is measured, it is settled, once
    park.now = datetime(2026, 7, 16, 0, 30)
    for name, shape in {
        "load": higher, "pv": pv_mw, "import": lambda hour: max(higher(hour) - pv_mw(hour), 0.0),
    }.items():  # fmt: skip
        park.meter(name, shape, 24.0)
    imported = [f"import {name}-24.csv: done" for name in ("import", "load", "pv")]
    assert [line for line in park.look("16 00:31", fails="replan") if line.startswith("import")] == imported
    assert "settle 2026-07-15: done" in park.look("16 01:30")
    assert not any(line.startswith("settle") for line in park.look("16 01:40"))
    settled = json.loads(last_settlement(park.service.ledger, case, DAY) or "{}")
    assert settled["day"] == str(DAY)
    assert park.loop.problems == {}
