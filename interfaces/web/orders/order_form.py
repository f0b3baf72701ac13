"""The form of an order: its fields by kind, what was entered, and the order that it makes."""

import re
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError
from starlette.datastructures import FormData

from parkdispatch.inputs.messages.problem_sentences import problem_sentences
from parkdispatch.inputs.schema.orders import AnyOrder, Order
from parkdispatch.inputs.variations.operator_orders import limitable_quantities, set_point_terms
from parkdispatch.models.errors import InputError
from parkdispatch.operations.desk.desk_site import DeskSite

ORDER_KINDS = ("outage", "limit", "force", "reserve", "call")
NUMBERS = {  # fields that are numbers, by kind, and whether they may be left out
    "outage": {"share_left": True},
    "limit": {"at_most_mw": False},
    "force": {"power_mw": False},
    "reserve": {"energy_mwh": False},
    "call": {"price": False, "baseline": True},
}
TIMED = ("outage", "limit", "force", "call")
EACH_BATTERY = "*"  # chosen as the device
CLOCK = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d|24:00")
MOST_FIELD = 100  # characters of a field that are read


@dataclass
class OrderForm:
    """What was entered: the kind, the day (today or tomorrow), fields by name, and orders that stay."""

    kind: str
    day: str
    values: dict[str, str] = field(default_factory=dict)
    keep: frozenset[int] = frozenset()
    only_keep: bool = False

    @classmethod
    def of(cls, fields: FormData) -> "OrderForm":
        """The form as a browser sent it; what is no field of it is not read."""
        texts = {
            key: str(value)[:MOST_FIELD].strip() for key, value in fields.items() if isinstance(value, str)
        }
        kind, day = texts.get("kind", ""), texts.get("day", "")
        kept = [str(value) for value in fields.getlist("keep")]
        return cls(
            kind if kind in ORDER_KINDS else ORDER_KINDS[0],
            "tomorrow" if day == "tomorrow" else "today",
            {key: texts.get(key, "") for key in ("device", "quantity", "begin", "end", *_all_numbers())},
            frozenset(int(value) for value in kept if value.isdecimal()),
            texts.get("action") == "only_keep",
        )


@dataclass(frozen=True)
class OrderFields:
    """What the form of a kind offers: devices or (device, quantity) pairs, times, and numbers."""

    devices: tuple[str, ...]
    quantities: tuple[tuple[str, str], ...]
    timed: bool
    numbers: dict[str, bool]
    all_devices: bool = False  # the device may be left out
    each_battery: bool = False  # every battery may be chosen at once


def order_fields(desk: DeskSite, kind: str) -> OrderFields:
    """The fields of a kind of order for a park."""
    devices = desk.case.devices
    able: dict[str, tuple[str, ...]] = {
        "outage": tuple(
            sorted(
                (n for n, d in devices.items() if _can_be_out(d)), key=lambda n: n not in desk.case.batteries
            )
        ),
        "force": tuple(
            n for n, d in devices.items() if set_point_terms(d) and d.set_point_limits_mw is not None
        ),
        "reserve": tuple(desk.case.batteries),
    }
    pairs = [(name, key) for name, device in devices.items() for key in limitable_quantities(device)]
    return OrderFields(
        able.get(kind, ()),
        tuple(pairs) if kind == "limit" else (),
        kind in TIMED,
        NUMBERS[kind],
        kind == "reserve",
        kind in ("outage", "force") and len(devices.keys() & desk.case.batteries.keys()) > 1,
    )


def read_form(desk: DeskSite, form: OrderForm) -> list[Order]:
    """The orders of a form: one, or one for each battery. Raises InputError with every wrong field."""
    problems: list[str] = []
    numbers = {
        name: _number(name, form.values.get(name, ""), problems, optional=optional)
        for name, optional in NUMBERS[form.kind].items()
    }
    fields: dict[str, Any] = {"kind": form.kind}
    if form.kind in TIMED:
        fields |= {name: _clock(name, form.values.get(name, ""), problems) for name in ("begin", "end")}
        if form.kind != "call":
            fields = {key: value for key, value in fields.items() if value}
    if form.kind == "outage":
        fields |= {"device": form.values["device"], "power_share": (numbers["share_left"] or 0.0) / 100}
    elif form.kind == "limit":
        device, _, quantity = form.values["quantity"].partition(".")
        fields |= {"device": device, "quantity": quantity, "at_most_mw": numbers["at_most_mw"]}
    elif form.kind == "force":
        fields |= {"device": form.values["device"], "power_mw": numbers["power_mw"]}
    elif form.kind == "reserve":
        fields |= {"device": form.values["device"] or None, "energy_mwh": numbers["energy_mwh"]}
    else:
        fields |= {"price_yuan_per_kwh": numbers["price"], "baseline_mw": numbers["baseline"]}
        problems += [
            f"argument `{name}` is missing: must be a time such as 19:00"
            for name in ("begin", "end")
            if not form.values.get(name)
        ]
    if problems:
        raise InputError(problems)
    each = form.kind in ("outage", "force") and form.values["device"] == EACH_BATTERY
    wanted = [{**fields, "device": name} for name in desk.case.batteries] if each else [fields]
    try:
        return [TypeAdapter(AnyOrder).validate_python(item) for item in wanted]
    except ValidationError as error:
        raise InputError([f"argument `{form.kind}`: {line}" for line in problem_sentences(error)]) from None


def _can_be_out(device: Any) -> bool:
    fields = type(device).model_fields
    return "outages" in fields or "blackouts" in fields or bool(limitable_quantities(device))


def _all_numbers() -> list[str]:
    return [name for names in NUMBERS.values() for name in names]


def _number(name: str, text: str, problems: list[str], *, optional: bool) -> float | None:
    if not text and optional:
        return None
    try:
        return float(text.replace("−", "-"))
    except ValueError:
        problems.append(
            f"argument `{name}` = {text}: must be a number"
            if text
            else f"argument `{name}` is missing: must be a number"
        )
        return None


def _clock(name: str, text: str, problems: list[str]) -> str:
    if text and not CLOCK.fullmatch(text):
        problems.append(f"argument `{name}` = {text}: must be a time such as 19:00")
    return text
