"""Outages that are known of a case's batteries and connections, whatever they are known from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.messages.revalidation import with_fields
from parkdispatch.models.errors import InputError

FIELDS = ("outages", "blackouts")  # of devices that can be out: in part, or as a whole


@dataclass(frozen=True)
class RecordedOutage:
    """An outage of a device from `begin` to `end`, local time; `power_share` is what remains."""

    device: str
    begin: datetime
    end: datetime
    power_share: float = 0.0
    number: int = 0  # in the ledger

    @property
    def fields(self) -> dict[str, Any]:
        """What a device's declaration says of it, without the share that connections do not have."""
        return {"begin": self.begin, "end": self.end, "power_share": self.power_share}


def with_outages(case: Case, outages: Sequence[RecordedOutage]) -> Case:
    """The case with these outages besides its own. Raises InputError with all problems."""
    problems, devices = [], dict(case.devices)
    for item in outages:
        try:
            devices[item.device] = _with_outage(case, devices, item)
        except InputError as error:
            problems += error.problems
    if problems:
        raise InputError(problems)
    return replace(case, devices=devices)


def _with_outage(case: Case, devices: dict[str, Any], item: RecordedOutage) -> Any:
    device = devices.get(item.device)
    able = [name for name, other in devices.items() if set(FIELDS) & set(type(other).model_fields)]
    if device is None or item.device not in able:
        raise InputError(
            f"argument `device` = {item.device}: must be one of {', '.join(able)}, which can be out"
            f"{closest(item.device, able)}"
        )
    field = next(name for name in FIELDS if name in type(device).model_fields)
    fields = item.fields
    if field == "blackouts" and fields.pop("power_share") != 0.0:
        raise InputError(
            f"argument `share` = {item.power_share:.15g}: must be 0, because `device.{item.device}` is out as"
            " a whole or not at all"
        )
    before = [entry.model_dump() for entry in getattr(device, field)]
    return with_fields(device, f"device.{item.device}", {field: [*before, fields]})
