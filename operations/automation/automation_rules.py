"""The file of what runs by itself, checked like a case: every mistake is named, all at once."""

from datetime import time
from pathlib import Path
from typing import Annotated

from pydantic import Field, ValidationError

from parkdispatch.inputs.messages.problem_sentences import problem_sentences, silently_converted
from parkdispatch.inputs.user_files import is_user_folder, read_toml
from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.errors import InputError
from parkdispatch.operations.setpoints.modbus_registers import ModbusRules

Text = Annotated[str, Field(min_length=1, max_length=300)]
Minutes = Annotated[float, Field(gt=0, le=1440)]


class DroppedFiles(Declaration):
    """Files of a drop folder that are imported, and what they hold."""

    pattern: Text = declared("-", "Names of the files, such as load-*.csv")
    quantities: Annotated[tuple[Text, ...], Field(min_length=1)] = declared(
        "-", "What they hold, as `ledger import --as` says it"
    )
    stamps: Text | None = declared("-", "Where stamps stand, start or end; left out: told", default=None)


class ImportRules(Declaration):
    """A folder that is looked into for files of meters."""

    folder: Text = declared("-", "The folder, relative to this file")
    file: Annotated[tuple[DroppedFiles, ...], Field(min_length=1)] = declared("-", "Kinds of files")


class ForecastRules(Declaration):
    """When the next day is forecast from the ledger."""

    at: time = declared("-", "Local time", default=time(13, 30))


class PlanRules(Declaration):
    """When the next day is planned."""

    at: time = declared("-", "Local time", default=time(14, 0))
    send: bool = declared("-", "Send a new plan by itself", default=False)


class ReplanRules(Declaration):
    """What has to depart how far for the rest of a day to be planned anew."""

    power_mw: Annotated[float, Field(gt=0)] = declared(
        "MW", "Mean of an hour's load less sources as measured, from what the plan expected"
    )
    soc: Annotated[float, Field(gt=0, le=1)] = declared("-", "State of charge, from that of the plan")
    least_minutes: Minutes = declared("min", "Shortest time between two of them", default=30.0)


class SettleRules(Declaration):
    """When the day before is settled."""

    at: time = declared("-", "Local time", default=time(1, 30))


class SetPointRules(Declaration):
    """Where set points are left as files."""

    folder: Text = declared("-", "The folder, relative to this file")


class RetryRules(Declaration):
    """How often what has failed is tried again: after a time that doubles."""

    first_minutes: Minutes = declared("min", "Time before the second attempt", default=1.0)
    most_minutes: Minutes = declared("min", "Longest time between two", default=30.0)
    attempts: Annotated[int, Field(ge=1, le=100)] = declared("-", "TaskAttempts in all", default=6)


class ParkAutomation(Declaration):
    """What runs by itself for one park. A table that is left out is not done."""

    case: Text = declared("-", "Name of the case")
    imports: ImportRules | None = declared("-", "Import of dropped files", default=None)
    forecast: ForecastRules | None = declared("-", "Forecast", default=None)
    plan: PlanRules | None = declared("-", "Plan of the next day", default=None)
    replan: ReplanRules | None = declared("-", "Plan of the rest of a day", default=None)
    settle: SettleRules | None = declared("-", "Settlement", default=None)
    setpoints: SetPointRules | None = declared("-", "Files of set points", default=None)
    modbus: ModbusRules | None = declared("-", "Set points by Modbus", default=None)
    retry: RetryRules = declared("-", "TaskAttempts", default=RetryRules())


class AutomationRules(Declaration):
    """What runs by itself, by park."""

    park: Annotated[tuple[ParkAutomation, ...], Field(min_length=1)] = declared("-", "Parks")


def read_automation(path: Path) -> AutomationRules:
    """Read the file; folders in it are made absolute. Raises InputError with everything that is wrong."""
    tables = read_toml(path)
    problems = silently_converted(tables, AutomationRules)
    try:
        rules = AutomationRules.model_validate(tables)
    except ValidationError as error:
        problems += problem_sentences(error, model=AutomationRules)
        raise InputError([f"{path}: {line}" for line in problems]) from error
    names = [park.case for park in rules.park]
    problems += [
        f"`park.case` = {name}: must be there once" for name in sorted(set(names)) if names.count(name) > 1
    ]
    parks, base = [], path.resolve().parent
    for park in rules.park:
        if park.replan is not None and park.plan is None:
            problems.append(f"`park.replan` of {park.case}: must have `park.plan` beside it")
        changes: dict[str, object] = {}
        for name, part in (("imports", park.imports), ("setpoints", park.setpoints)):
            if part is None:
                continue
            folder = base / part.folder
            if not is_user_folder(folder):
                problems.append(f"`park.{name}.folder` = {part.folder}: must be a folder that is there")
            changes[name] = part.model_copy(update={"folder": str(folder)})
        parks.append(park.model_copy(update=changes))
    if problems:
        raise InputError([f"{path}: {line}" for line in problems])
    return rules.model_copy(update={"park": tuple(parks)})
