"""What is due at a moment: decided from what is known, without a clock."""

from datetime import date, datetime, time

import pytest

from parkdispatch.operations.automation.automation_rules import (
    DroppedFiles,
    ForecastRules,
    ImportRules,
    ParkAutomation,
    PlanRules,
    ReplanRules,
    SettleRules,
)
from parkdispatch.operations.automation.due_work import (
    Departure,
    ParkKnowledge,
    TaskAttempts,
    due_tasks,
    given_up,
)

RULES = ParkAutomation(case="small", forecast=ForecastRules(at=time(13, 30)), plan=PlanRules(at=time(14, 0)))
TODAY = date(2026, 7, 15)
REPLAN = ReplanRules(power_mw=5.0, soc=0.05, least_minutes=30)


def at(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 7, 15, hour, minute)


def due(rules: ParkAutomation, now: datetime, **known: object) -> list[tuple[str, int]]:
    tasks = due_tasks(rules, ParkKnowledge(**known), now)  # type: ignore[arg-type]
    return [(task.purpose, task.attempt) for task in tasks]


def test_tomorrow_is_forecast_and_then_planned_when_it_is_time() -> None:
    done = {"forecast 2026-07-16": TaskAttempts(1, "done", at(13, 31))}
    assert due(RULES, at(13, 29)) == []
    assert due(RULES, at(13, 30)) == [("forecast 2026-07-16", 1)]
    assert due(RULES, at(13, 59), attempts=done) == []
    assert due(RULES, at(14, 0), attempts=done) == [("plan 2026-07-16", 1)]


def test_what_was_missed_while_the_service_was_down_is_made_up_for() -> None:
    assert due(RULES, at(23, 50)) == [("forecast 2026-07-16", 1)]


def test_a_plan_waits_for_its_forecast_until_that_is_given_up() -> None:
    running = {"forecast 2026-07-16": TaskAttempts(1, "under way")}
    failed = {"forecast 2026-07-16": TaskAttempts(2, "failed", at(14, 0))}
    lost = {"forecast 2026-07-16": TaskAttempts(6, "failed", at(14, 0))}
    assert due(RULES, at(14, 1), attempts=running) == []
    assert due(RULES, at(14, 1), attempts=failed) == []
    assert due(RULES, at(14, 1), attempts=lost) == [("plan 2026-07-16", 1)]
    assert given_up(RULES, ParkKnowledge(attempts=lost)) == ["forecast 2026-07-16"]
    assert given_up(RULES, ParkKnowledge(attempts=failed)) == []


@pytest.mark.parametrize(("failures", "minutes"), [(1, 1), (2, 2), (3, 4), (5, 16)])
def test_what_failed_is_tried_again_after_a_time_that_doubles(failures: int, minutes: int) -> None:
    rules = ParkAutomation(case="small", plan=PlanRules())
    tried = {"plan 2026-07-16": TaskAttempts(failures, "failed", at(15, 0))}
    assert due(rules, at(15, minutes - 1), attempts=tried) == []
    assert due(rules, at(15, minutes), attempts=tried) == [("plan 2026-07-16", failures + 1)]


def test_nothing_is_begun_twice_and_what_is_done_is_done() -> None:
    rules = ParkAutomation(case="small", plan=PlanRules())
    for state in ("under way", "done"):
        tried = {"plan 2026-07-16": TaskAttempts(1, state, None)}  # type: ignore[arg-type]
        assert due(rules, at(15), attempts=tried) == []


@pytest.mark.parametrize(
    ("departure", "is_due"),
    [
        (Departure(5.0, 0.05), False),
        (Departure(5.1, 0.0), True),
        (Departure(-5.1, 0.0), True),
        (Departure(0.0, 0.051), True),
        (None, False),
    ],
)
def test_the_rest_of_a_day_is_planned_anew_beyond_the_stated_departure(
    departure: Departure | None, is_due: bool
) -> None:
    rules = ParkAutomation(case="small", plan=PlanRules(), replan=REPLAN)
    tasks = due(rules, at(10, 7), planned_days=frozenset({TODAY}), departure=departure)
    assert tasks == ([("replan 2026-07-15T10:07", 1)] if is_due else [])


def test_replans_keep_their_distance_and_do_not_overlap() -> None:
    rules = ParkAutomation(case="small", plan=PlanRules(), replan=REPLAN)
    far = {"planned_days": frozenset({TODAY}), "departure": Departure(50.0, 0.0)}
    assert due(rules, at(10, 29), last_replan=at(10, 0), **far) == []
    assert due(rules, at(10, 30), last_replan=at(10, 0), **far) == [("replan 2026-07-15T10:30", 1)]
    running = {"replan 2026-07-15T09:00": TaskAttempts(1, "under way")}
    assert due(rules, at(10, 30), attempts=running, **far) == []


def test_a_day_without_a_plan_gets_one_from_now_on() -> None:
    rules = ParkAutomation(case="small", plan=PlanRules(), replan=REPLAN)
    assert due(rules, at(9)) == [("replan 2026-07-15T09:00", 1)]


def test_days_gone_by_are_settled_at_night_and_files_are_imported_at_once() -> None:
    files = ImportRules(folder="drop", file=(DroppedFiles(pattern="*.csv", quantities=("load",)),))
    rules = ParkAutomation(case="small", imports=files, settle=SettleRules(at=time(1, 30)))
    known = {"files": ("a.csv|1|2",), "unsettled_days": (date(2026, 7, 14), TODAY)}
    assert due(rules, at(1, 29), **known) == [("import a.csv|1|2", 1)]
    assert due(rules, at(1, 30), **known) == [("import a.csv|1|2", 1), ("settle 2026-07-14", 1)]
