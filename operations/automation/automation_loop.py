"""The loop around what is due: it looks, has jobs made, sends plans, and puts set points out."""

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import ParkdispatchError
from parkdispatch.operations.automation.automation_rules import ParkAutomation
from parkdispatch.operations.automation.due_work import DueTask, due_tasks, given_up
from parkdispatch.operations.automation.park_knowledge import known_of_park, local_time
from parkdispatch.operations.automation.unsettled_days import UnsettledDays
from parkdispatch.operations.jobs.job_store import JobStore
from parkdispatch.operations.ledger.ledger_store import Author, Ledger
from parkdispatch.operations.ledger.plan_versions import plan_versions, send_plan, sendings
from parkdispatch.operations.ledger.sites import site_of
from parkdispatch.operations.setpoints.drop_folder import drop_set_points
from parkdispatch.operations.setpoints.modbus_registers import write_registers
from parkdispatch.operations.setpoints.plan_in_force import set_points_of_day

AUTHOR = "automation"  # of what it records and sends
LOG = logging.getLogger("parkdispatch.automation")
TICK_S = 10.0


@dataclass(frozen=True)
class AutomatedPark:
    """A park that runs by itself: its case and its rules."""

    case: Case
    rules: ParkAutomation


class AutomationLoop:
    """Looks every few seconds at what is due. `submit` makes a job of a task; `clock` gives the instant."""

    def __init__(
        self,
        ledger: Ledger,
        jobs: JobStore,
        parks: Callable[[], list[AutomatedPark]],
        submit: Callable[[AutomatedPark, DueTask, datetime], None],
        clock: Callable[[], datetime],
    ) -> None:
        self._ledger, self._jobs, self._parks = ledger, jobs, parks
        self._submit, self._clock = submit, clock
        self._put_out: dict[tuple[str, str], tuple[datetime, int]] = {}  # by park and way: beginning, version
        self._unsettled = UnsettledDays()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._problems: dict[str, str] = {}

    @property
    def problems(self) -> Mapping[str, str]:
        """What does not work now, in English, by what it is about; nothing where all does."""
        return dict(self._problems)

    def start(self) -> None:
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, name="automation", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join(TICK_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            self.tick()
            self._ended.wait(TICK_S)

    def tick(self) -> None:
        """Look once, and do what is due. Nothing is raised: what fails is a problem until it works."""
        try:
            parks = self._parks()
        except ParkdispatchError as error:
            self._report("rules", error)
            return
        self._problems.pop("rules", None)
        now = self._clock()
        for park in parks:
            for name, step in (("work", self._begin_due), ("send", self._send), ("setpoints", self._output)):
                about = f"{park.case.name} {name}"
                try:
                    step(park, now)
                except ParkdispatchError as error:
                    self._report(about, error)
                except Exception as error:
                    LOG.exception("%s", about)
                    self._report(about, error)
                else:
                    self._problems.pop(about, None)

    def _report(self, about: str, error: Exception) -> None:
        if self._problems.get(about) != str(error):
            LOG.error("%s: %s", about, error)
        self._problems[about] = str(error)

    def _begin_due(self, park: AutomatedPark, now: datetime) -> None:
        unsettled = partial(self._unsettled.days, self._ledger, park.case)
        known = known_of_park(self._ledger, self._jobs, park.case, park.rules, now, unsettled)
        for task in due_tasks(park.rules, known, local_time(park.case, now)):
            self._submit(park, task, now)
        about = f"{park.case.name} given up"
        lost = given_up(park.rules, known)
        if lost:
            self._problems[about] = f"failed {park.rules.retry.attempts} times: {', '.join(lost)}"
        else:
            self._problems.pop(about, None)

    def _send(self, park: AutomatedPark, now: datetime) -> None:
        """Send the last version of today and tomorrow, if it is automation's and nothing newer was sent."""
        if park.rules.plan is None or not park.rules.plan.send:
            return
        today = local_time(park.case, now).date()
        for day in (today, today + timedelta(days=1)):
            version, instead_of = self._unsent(park.case, day)
            if version is not None:
                send_plan(self._ledger, park.case, day, version, Author(AUTHOR, now), instead_of)

    def _unsent(self, case: Case, day: date) -> tuple[int | None, int | None]:
        """The version of a day that is to be sent, if any, and the one that it replaces."""
        with self._ledger.reading() as connection:
            of_site = site_of(connection, case).number
            versions, sent = plan_versions(connection, of_site, day), sendings(connection, of_site, day)
        last = sent[-1] if sent else None
        newest = versions[-1] if versions else None
        if newest is None or newest.by != AUTHOR or (last is not None and last.at >= newest.at):
            return None, None  # a person has the last word
        return newest.version, None if last is None else last.version

    def _output(self, park: AutomatedPark, now: datetime) -> None:
        """Put out the set points of the interval that has begun, once for each version."""
        rules, local = park.rules, local_time(park.case, now)
        if rules.setpoints is None and rules.modbus is None:
            return
        intervals = set_points_of_day(self._ledger, park.case, local.date())
        current = next((item for item in intervals if item.begin <= local < item.end), None)
        if current is None:
            return
        key = (current.begin, current.version)
        if rules.setpoints is not None and self._put_out.get((park.case.name, "file")) != key:
            drop_set_points(Path(rules.setpoints.folder), park.case.name, intervals)
            self._put_out[park.case.name, "file"] = key
        if rules.modbus is not None and self._put_out.get((park.case.name, "modbus")) != key:
            write_registers(rules.modbus, current, park.case.site.timezone)
            self._put_out[park.case.name, "modbus"] = key
