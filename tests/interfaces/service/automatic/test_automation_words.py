"""Automation of a small park: what is due becomes jobs, plans that are done are sent, set points put out."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from pathlib import Path

import pytest

from parkdispatch.interfaces.service.automatic.automation_words import automation_of, task_words
from parkdispatch.interfaces.service.service_state import Service
from parkdispatch.operations.automation.automation_loop import AUTHOR, AutomatedPark, AutomationLoop
from parkdispatch.operations.automation.automation_rules import (
    AutomationRules,
    DroppedFiles,
    ImportRules,
    ParkAutomation,
    PlanRules,
    SetPointRules,
)
from parkdispatch.operations.automation.due_work import DueTask
from parkdispatch.operations.ledger.ledger_store import Author
from parkdispatch.operations.ledger.plan_versions import add_plan, send_plan, sendings
from parkdispatch.operations.ledger.sites import site_of
from tests.support.ledgers.ledger_cases import LI, fake_plan
from tests.support.services.small_service import prepared_service

AFTERNOON = datetime(2026, 7, 14, 6, 30, tzinfo=UTC)  # 14:30 at the park
TOMORROW = date(2026, 7, 15)


@pytest.fixture
def service(tmp_path: Path) -> Service:
    return prepared_service(tmp_path)[0]


def loop_of(
    service: Service, monkeypatch: pytest.MonkeyPatch, at: datetime, **rules: object
) -> AutomationLoop:
    from parkdispatch.interfaces.service.automatic import automation_words

    monkeypatch.setattr(automation_words, "now", lambda: at)
    park = ParkAutomation(case="small", **rules)  # type: ignore[arg-type]
    return automation_of(service, AutomationRules(park=(park,)))


def plan_with_powers(service: Service, day: date = TOMORROW) -> object:
    plan = fake_plan(service.cases.case("small"), day=day)
    for key in ("charge_mw", "discharge_mw"):
        attributes = {"units": "MW", "kind": "variable", "device": "battery_1", "key": key}
        plan[f"battery_1.{key}"] = ("time", plan["battery_1.energy_mwh"].to_numpy() * 0 + 1.0, attributes)
    return plan


def sent_versions(service: Service) -> list[tuple[int, str]]:
    with service.ledger.reading() as connection:
        number = site_of(connection, service.cases.case("small")).number
        return [(item.version, item.by) for item in sendings(connection, number, TOMORROW)]


def test_a_plan_is_asked_for_once_and_retried_when_it_failed(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = loop_of(service, monkeypatch, AFTERNOON, plan=PlanRules(at=time(14, 0)))
    loop.tick()
    loop.tick()
    (job,) = service.jobs.jobs()
    assert (job.purpose, job.owner, job.kind, job.site) == ("plan 2026-07-15", AUTHOR, "plan", "small")
    assert "--date=2026-07-15" in job.words
    service.jobs.begin_next(AFTERNOON)
    service.jobs.finish(job.id, "failed", AFTERNOON, 3, ["no dispatch"])
    loop.tick()
    assert len(service.jobs.jobs()) == 1  # a minute has not passed
    later = loop_of(service, monkeypatch, AFTERNOON.replace(minute=31), plan=PlanRules(at=time(14, 0)))
    later.tick()
    assert [item.purpose for item in service.jobs.jobs()] == ["plan 2026-07-15"] * 2
    assert loop.problems == {}


def test_the_last_version_is_sent_unless_a_person_has_sent_a_newer_one(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    park = service.cases.case("small")
    loop = loop_of(service, monkeypatch, AFTERNOON, plan=PlanRules(at=time(23, 0), send=True))
    add_plan(service.ledger, park, plan_with_powers(service), LI, {})  # type: ignore[arg-type]
    loop.tick()
    assert sent_versions(service) == []  # it is somebody else's
    made = Author(AUTHOR, AFTERNOON)
    add_plan(service.ledger, park, plan_with_powers(service), made, {"a": 1})  # type: ignore[arg-type]
    loop.tick()
    loop.tick()
    assert sent_versions(service) == [(2, AUTHOR)]
    send_plan(service.ledger, park, TOMORROW, 1, replace(LI, at=AFTERNOON.replace(hour=7)), instead_of=2)
    loop.tick()
    assert sent_versions(service) == [(2, AUTHOR), (1, "Li")]


def test_set_points_of_the_last_good_plan_go_on_while_a_new_one_fails(
    service: Service, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    park, out = service.cases.case("small"), tmp_path / "ems"
    out.mkdir()
    add_plan(service.ledger, park, plan_with_powers(service), LI, {})  # type: ignore[arg-type]
    send_plan(service.ledger, park, TOMORROW, 1, LI)
    noon = datetime(2026, 7, 15, 4, 7, tzinfo=UTC)
    rules = {"plan": PlanRules(at=time(12, 0), send=True), "setpoints": SetPointRules(folder=str(out))}
    loop = loop_of(service, monkeypatch, noon, **rules)
    loop.tick()
    (job,) = service.jobs.jobs()
    service.jobs.finish(job.id, "failed", noon, 4, ["no dispatch was found"])
    loop.tick()
    assert [path.name for path in out.iterdir()] == ["setpoints-small-2026-07-15.csv"]
    out.rename(tmp_path / "gone")
    again = loop_of(service, monkeypatch, noon, **rules)
    again.tick()
    assert "cannot be written" in again.problems["small setpoints"]


def test_a_dropped_file_is_imported_as_its_rules_say(service: Service, tmp_path: Path) -> None:
    kinds = (DroppedFiles(pattern="load-*.csv", quantities=("load",)),)
    rules = ParkAutomation(case="small", imports=ImportRules(folder=str(tmp_path), file=kinds))
    park = AutomatedPark(service.cases.case("small"), rules)
    words = task_words(service, park, DueTask("import", "load-1.csv|5|7"), AFTERNOON)
    assert words[:4] == ["ledger", "import", str(tmp_path / "load-1.csv"), "--as=load"]
    replan = task_words(service, park, DueTask("replan", "2026-07-15T10:07"), AFTERNOON)
    assert {"--date=2026-07-15", "--from=10:00"} <= set(replan)
