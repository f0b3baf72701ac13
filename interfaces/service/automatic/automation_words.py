"""The command line of a task that is due by itself, and the job that is made of it."""

import hashlib
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from parkdispatch.inputs.case import Case
from parkdispatch.interfaces.commands.console import now
from parkdispatch.interfaces.service.service_state import Service
from parkdispatch.models.errors import InputError
from parkdispatch.operations.automation.automation_loop import AUTHOR, AutomatedPark, AutomationLoop
from parkdispatch.operations.automation.automation_rules import AutomationRules
from parkdispatch.operations.automation.due_work import DueTask
from parkdispatch.operations.automation.park_knowledge import REMEMBERED, kind_of_file
from parkdispatch.operations.jobs.job_folder import JobFolder
from parkdispatch.operations.jobs.job_store import JobRequest

KINDS = ("load", "pv")  # of forecasts that a plan reads


def automation_of(service: Service, rules: AutomationRules) -> AutomationLoop:
    """The loop of a service by its rules. Raises InputError for a case that is not known."""
    for park in rules.park:
        service.cases.word(park.case)

    def parks() -> list[AutomatedPark]:
        return [AutomatedPark(service.cases.case(park.case), park) for park in rules.park]

    def submit(park: AutomatedPark, task: DueTask, at: datetime) -> None:
        words = tuple(task_words(service, park, task, at))
        key = f"{park.case.name} {task.purpose} #{task.attempt}"  # the same task is not begun twice
        digest = hashlib.sha256(key.encode()).hexdigest()
        kind = {"replan": "plan"}.get(task.kind, task.kind)
        asked = JobRequest(kind, words, AUTHOR, park.case.name, task.purpose, key, digest)
        service.jobs.submit(asked, at)
        service.worker.wake()

    return AutomationLoop(service.ledger, service.jobs, parks, submit, now)


def task_words(service: Service, park: AutomatedPark, task: DueTask, at: datetime) -> list[str]:
    """The words of the command that does a task. Raises InputError for a file that is no longer wanted."""
    rules, word = park.rules, service.cases.word(park.rules.case)
    ledger = [f"--ledger={service.settings.ledger_address}"]
    recorded = [*ledger, f"--by={AUTHOR}"]
    if task.kind == "import":
        return [*_import_words(park, task.subject.split("|")[0]), f"--case={word}", *recorded]
    if task.kind == "settle":
        return ["settle", task.subject, f"--case={word}", "--out={out}", *recorded]
    if task.kind == "forecast":
        assert rules.forecast is not None
        when = [f"--for={task.subject}", f"--issued={rules.forecast.at:%H:%M}"]
        return ["forecast", "day", word, *when, "--out={out}/forecast.csv", *recorded]
    begin = datetime.fromisoformat(task.subject) if task.kind == "replan" else None
    day = date.fromisoformat(task.subject) if begin is None else begin.date()
    words = ["plan", word, f"--date={day}", "--out={out}", *recorded]
    if begin is not None:  # the interval under way is planned too: what was measured at its beginning counts
        minutes = park.case.calendar.minutes
        passed = (begin.hour * 60 + begin.minute) // minutes * minutes
        words.append(f"--from={passed // 60:02d}:{passed % 60:02d}")
    return [*words, *_forecast_options(service, park.case, day, at)]


def _import_words(park: AutomatedPark, name: str) -> list[str]:
    assert park.rules.imports is not None
    kind = kind_of_file(park.rules.imports, name)
    if kind is None:
        raise InputError(f"{name}: is not to be imported by the rules of {park.case.name}")
    path = Path(park.rules.imports.folder) / name
    stamps = [] if kind.stamps is None else [f"--stamps={kind.stamps}"]
    return ["ledger", "import", str(path), *(f"--as={text}" for text in kind.quantities), *stamps]


def _forecast_options(service: Service, case: Case, day: date, at: datetime) -> list[str]:
    """The options of a plan that name the last forecast of its day; none where there is none."""
    for job in service.jobs.jobs(site=case.name, since=at - REMEMBERED, limit=1000):
        if job.purpose != f"forecast {day}" or job.state != "done":
            continue
        path = JobFolder(service.worker.folder, job.id).out / "forecast.csv"
        if not path.is_file():
            continue
        header = path.read_text(encoding="utf-8-sig").split("\n", 1)[0]
        return _columns_of(service, case, path, [name.strip() for name in header.split(",")])
    return []


def _columns_of(service: Service, case: Case, path: Path, header: Sequence[str]) -> list[str]:
    """Of each kind its median; a forecast of one kind does not name it, the measured values do."""
    kinds = {kind: f"{kind}_p50" for kind in KINDS if f"{kind}_p50 [MW]" in header}
    if not kinds and "p50 [MW]" in header:
        from parkdispatch.operations.forecasting.ledger_history import ledger_histories

        histories = ledger_histories(service.ledger, case, (*KINDS, "wind"))
        kinds = {kind: "p50" for kind in KINDS if list(histories) == [kind]}
    return [
        word for kind, column in kinds.items() for word in (f"--{kind}={path}", f"--{kind}-column={column}")
    ]
