"""What is due at a moment, given what is known. It reads no clock, no file and no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Literal

from parkdispatch.operations.automation.automation_rules import ParkAutomation, RetryRules

TaskKind = Literal["import", "forecast", "plan", "replan", "settle"]


@dataclass(frozen=True)
class DueTask:
    """Something to be done now. `subject` is the day, the file or the moment; `attempt` counts from one."""

    kind: TaskKind
    subject: str
    attempt: int = 1

    @property
    def purpose(self) -> str:
        """What it is known by, whatever the attempt."""
        return f"{self.kind} {self.subject}"


@dataclass(frozen=True)
class TaskAttempts:
    """What became of a purpose so far: attempts, and the last one's end in local time, if it has ended."""

    count: int
    state: Literal["under way", "done", "failed"]
    ended: datetime | None = None


@dataclass(frozen=True)
class Departure:
    """How far the park is from the plan in force: load less sources [MW], and state of charge [-]."""

    power_mw: float = 0.0
    soc: float = 0.0


@dataclass(frozen=True)
class ParkKnowledge:
    """What is known of a park at a moment."""

    attempts: Mapping[str, TaskAttempts] = field(default_factory=dict)  # by purpose
    files: tuple[str, ...] = ()  # dropped and whole, each named with its time and size
    planned_days: frozenset[date] = frozenset()  # that have a plan in force
    unsettled_days: tuple[date, ...] = ()  # with all that a settlement needs
    departure: Departure | None = None  # None: no plan is in force, or nothing is measured
    last_replan: datetime | None = None  # local


def due_tasks(rules: ParkAutomation, known: ParkKnowledge, now: datetime) -> list[DueTask]:
    """What is to be begun at a local moment, in order.

    A plan waits for the forecast of its day until that is done or given up. What failed is due again after a
    time that doubles, so many times; what is under way is not due.
    """
    return [
        task
        for wanted in _wanted(rules, known, now)
        if (task := _next_attempt(wanted, known.attempts, rules.retry, now)) is not None
    ]


def given_up(rules: ParkAutomation, known: ParkKnowledge) -> list[str]:
    """The purposes that failed as often as they are tried."""
    return [
        purpose
        for purpose, tried in known.attempts.items()
        if tried.state == "failed" and tried.count >= rules.retry.attempts
    ]


def _wanted(rules: ParkAutomation, known: ParkKnowledge, now: datetime) -> Iterable[DueTask]:
    """What ought to have been done by now, whether it was or not."""
    today, tomorrow = now.date(), now.date() + timedelta(days=1)
    if rules.imports is not None:
        yield from (DueTask("import", name) for name in known.files)
    if rules.forecast is not None and now.time() >= rules.forecast.at:
        yield DueTask("forecast", f"{tomorrow}")
    if rules.plan is not None and now.time() >= rules.plan.at and _forecast_is_over(rules, known, tomorrow):
        yield DueTask("plan", f"{tomorrow}")
    if rules.plan is not None and rules.replan is not None and _departs(rules, known, now):
        yield DueTask("replan", f"{now:%Y-%m-%dT%H:%M}")
    if rules.settle is not None and now.time() >= rules.settle.at:
        yield from (DueTask("settle", f"{day}") for day in known.unsettled_days if day < today)


def _forecast_is_over(rules: ParkAutomation, known: ParkKnowledge, day: date) -> bool:
    """Whether the forecast of a day is done, given up or not asked for."""
    if rules.forecast is None:
        return True
    tried = known.attempts.get(f"forecast {day}")
    return tried is not None and (
        tried.state == "done" or (tried.state == "failed" and tried.count >= rules.retry.attempts)
    )


def _departs(rules: ParkAutomation, known: ParkKnowledge, now: datetime) -> bool:
    """Whether the rest of today is to be planned anew: it has no plan, or the park is too far from it."""
    assert rules.replan is not None
    if any(
        tried.state == "under way"
        for purpose, tried in known.attempts.items()
        if purpose.startswith("replan ")
    ):
        return False
    least = timedelta(minutes=rules.replan.least_minutes)
    if known.last_replan is not None and now < known.last_replan + least:
        return False
    if now.date() not in known.planned_days:
        return True
    far = known.departure
    return far is not None and (abs(far.power_mw) > rules.replan.power_mw or abs(far.soc) > rules.replan.soc)


def _next_attempt(
    task: DueTask, attempts: Mapping[str, TaskAttempts], retry: RetryRules, now: datetime
) -> DueTask | None:
    """The task with the number of its attempt, if one is due."""
    tried = attempts.get(task.purpose)
    if tried is None:
        return task
    if tried.state != "failed" or tried.count >= retry.attempts or tried.ended is None:
        return None
    wait_minutes = min(retry.first_minutes * 2.0 ** (tried.count - 1), retry.most_minutes)
    if now < tried.ended + timedelta(minutes=wait_minutes):
        return None
    return DueTask(task.kind, task.subject, tried.count + 1)
