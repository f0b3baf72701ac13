"""Orders of an operator put into a case: fields and bounds of its devices, all checked at once.

Nothing here knows a kind of device: an outage is a field that the device declares for outages, or else a
bound of its powers at zero; a set point is what the device shows as one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.messages.revalidation import with_fields
from parkdispatch.inputs.schema.orders import (
    CallOrder,
    FinalStateOrder,
    ForceOrder,
    LimitOrder,
    Order,
    OutageOrder,
    ReserveOrder,
    When,
)
from parkdispatch.inputs.variations.plan_times import moment_of
from parkdispatch.models.device import Device
from parkdispatch.models.errors import InputError
from parkdispatch.models.ordered_bounds import INJECTION, OrderedBound, Side

ROUNDING_MW = 1e-9
# by kind of order without a time, the fields of a device that it sets
FIELDS = {"reserve": ("reserve_mwh",), "until_soc": ("final_soc", "final_rule")}


@dataclass(frozen=True)
class TimedOrder:
    """An order with its moments, and what to call it in a message."""

    order: Order
    begin: datetime
    end: datetime
    path: str

    def overlaps(self, other: "TimedOrder") -> bool:
        """Whether both hold at some moment."""
        return self.begin < other.end and other.begin < self.end

    @property
    def text(self) -> str:
        """The order as one line: limit grid.import_mw = 120 MW, 2026-07-15 17:00 to 2026-07-15 21:00."""
        order, whose = self.order, getattr(self.order, "device", None) or "all"
        if isinstance(order, ReserveOrder):
            return f"reserve {whose} = {order.energy_mwh:.15g} MWh"
        if isinstance(order, FinalStateOrder):
            return f"until_soc {whose} = {order.soc:.15g} ({order.rule})"
        when = f"{self.begin:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"
        if isinstance(order, LimitOrder):
            return f"limit {order.device}.{order.quantity} = {order.at_most_mw:.15g} MW, {when}"
        if isinstance(order, ForceOrder):
            return f"force {order.device} = {order.power_mw:.15g} MW, {when}"
        if isinstance(order, OutageOrder):
            remains = f" = {order.power_share:.15g} of the power" if order.power_share else ""
            return f"outage {order.device}{remains}, {when}"
        baseline = "" if order.baseline_mw is None else f", baseline {order.baseline_mw:.15g} MW"
        return f"call {order.price_yuan_per_kwh:.15g} yuan/kWh{baseline}, {when}"


def timed_orders(
    case: Case, orders: Sequence[Order], begin: datetime, end: datetime
) -> tuple[TimedOrder, ...]:
    """The orders of a plan with their moments; those of the case file only as far as they lie in the plan.

    Raises InputError with everything that is wrong with them, each by itself and together.
    """
    timed, problems = [], []
    for number, order in enumerate(case.orders):
        try:
            placed = _timed(order, f"order[{number}]", begin, end)
        except InputError as error:
            problems += error.problems
        else:
            timed += [placed] if placed.begin < end and begin < placed.end else []
    for order in orders:
        try:
            placed = _timed(order, _argument(order), begin, end)
        except InputError as error:
            problems += error.problems
        else:
            timed.append(placed)
            if not (begin <= placed.begin < placed.end <= end):
                problems.append(
                    f"{placed.path}: {placed.begin:%Y-%m-%d %H:%M} to {placed.end:%Y-%m-%d %H:%M} must lie in"
                    f" the plan, {begin:%Y-%m-%d %H:%M} to {end:%Y-%m-%d %H:%M}"
                )
    for placed in timed:
        problems += _problems(case, placed)
    problems += _contradictions(case, timed)
    if problems:
        raise InputError(list(dict.fromkeys(problems)))
    return tuple(timed)


def with_orders(case: Case, orders: Sequence[TimedOrder], price_yuan_per_mwh: float | None = None) -> Case:
    """The case whose devices obey the orders, but for calls; with a price, they may be violated at it.

    Raises InputError with what a device does not allow.
    """
    fields, bounds = dict[str, dict[str, Any]](), dict[str, list[OrderedBound]]()
    for timed in orders:
        for name, change in _fields(case, timed):
            for field, value in change.items():
                known = fields.setdefault(name, {}).get(field, getattr(case.devices[name], field, ()))
                fields[name][field] = (*known, value) if isinstance(known, tuple) else value
        for name, variable, side, value_mw in _bounds(case, timed):
            bounds.setdefault(name, []).append(
                OrderedBound(
                    variable=variable,
                    side=side,
                    value=value_mw,
                    begin=timed.begin,
                    end=timed.end,
                    violation_yuan_per_mwh=price_yuan_per_mwh,
                )
            )
    devices, problems = dict(case.devices), []
    for name, change in fields.items():
        try:
            devices[name] = with_fields(devices[name], f"device.{name}", change)
        except InputError as error:
            problems += [f"orders: {line}" for line in error.problems]
    for name, of_device in bounds.items():
        ordered = (*devices[name].ordered, *of_device)
        devices[name] = devices[name].model_copy(update={"ordered": ordered})
    if problems:
        raise InputError(problems)
    return replace(case, devices=devices)


def set_point_terms(device: Device) -> Mapping[str, float]:
    """The variables that make a device's set point, with their factors; empty where it has none."""
    shown = [display for display in device.displays if display.kind == "set_point"] or device.displays[:1]
    if device.role == "source" and not _variables(device):
        return {INJECTION: 1.0}
    terms = shown[0].terms if shown else {}
    return terms if terms.keys() <= set(_variables(device)) else {}


def _variables(device: Device) -> list[str]:
    """The powers of a device that can be limited: what it shows, unless it is given."""
    shown = [name for display in device.displays for name in display.terms]
    given = {*device.series_specs, INJECTION, "curtailed_mw"}  # what is curtailed is what is left
    return [name for name in dict.fromkeys(shown) if name not in given]


def limitable_quantities(device: Device) -> list[str]:
    """The powers of a device that an order may limit."""
    terms = set_point_terms(device)
    return [*_variables(device), *([INJECTION] if INJECTION in terms else [])]


def _argument(order: Order) -> str:
    return f"argument `{order.kind}`"


def _timed(order: Order, path: str, begin: datetime, end: datetime) -> TimedOrder:
    """An order with its moments; the end of a span is the first such time after its beginning."""
    given_begin: When | None = getattr(order, "begin", None)
    given_end: When | None = getattr(order, "end", None)
    path = path if path.startswith("argument") else f"`{path}`"
    try:
        first = begin if given_begin is None else moment_of(order.kind, given_begin, begin)
        last = end if given_end is None else moment_of(order.kind, given_end, first, after=True)
    except InputError as error:
        raise InputError(
            [line.replace(f"argument `{order.kind}`", path) for line in error.problems]
        ) from None
    if last <= first:
        raise InputError(
            f"{path} = {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M}: must end after it begins"
        )
    return TimedOrder(order, first, last, path)


def _problems(case: Case, timed: TimedOrder) -> Iterator[str]:
    """What is wrong with an order by itself."""
    order, path = timed.order, timed.path
    name: str | None = getattr(order, "device", None)
    if name is not None and name not in case.devices:
        known = ", ".join(case.devices)
        yield f"{path} = {name}: no such device, must be of {known}{closest(name, case.devices)}"
        return
    if isinstance(order, ReserveOrder | FinalStateOrder) and not _with_fields_of(case, timed):
        whose = "the case has no battery" if name is None else f"{name} is no battery"
        yield f"{path}: must be left out, because {whose}"
    if isinstance(order, CallOrder):
        connections = _connections(case)
        if name is not None and name not in connections:
            yield f"{path} = {name}: must be a connection, of {', '.join(connections)}"
        elif name is None and len(connections) != 1:
            known = ", ".join(connections)
            yield f"{path}: the case has {len(connections)} connections, must name one of {known}"
    device = None if name is None else case.devices[name]
    if (
        isinstance(order, LimitOrder)
        and device is not None
        and order.quantity not in limitable_quantities(device)
    ):
        known = ", ".join(f"{name}.{key}" for key in limitable_quantities(device))
        known = known or "of another device, because this one has no power to limit"
        yield f"{path} = {name}.{order.quantity}: must be {known}"
    if isinstance(order, ForceOrder) and device is not None:
        yield from _force_problems(path, str(name), device, order.power_mw)
    if isinstance(order, OutageOrder) and device is not None and not _outage_field(device):
        if not limitable_quantities(device):
            yield f"{path} = {name}: has nothing to switch off, must be another device"
        elif order.power_share:
            yield f"{path} = {name}, power_share = {order.power_share:.15g}: must be 0 for this device"


def _force_problems(path: str, name: str, device: Device, power_mw: float) -> Iterator[str]:
    terms = set_point_terms(device)
    if not terms:
        yield f"{path} = {name}: has no set point, must be another device"
        return
    if not any(factor * power_mw > 0 for factor in terms.values()) and power_mw:
        yield f"{path} = {name} at {power_mw:.15g} MW: must be 0 or more, because it cannot run the other way"
        return
    limits = device.set_point_limits_mw
    if limits is not None and not limits[0] - ROUNDING_MW <= power_mw <= limits[1] + ROUNDING_MW:
        yield (
            f"{path} = {name} at {power_mw:.15g} MW: must be in [{limits[0]:.15g}, {limits[1]:.15g}] MW, what"
            " it can do"
        )


def _contradictions(case: Case, orders: Sequence[TimedOrder]) -> Iterator[str]:
    """Pairs of orders that cannot both be obeyed."""
    forces = [timed for timed in orders if isinstance(timed.order, ForceOrder)]
    for number, forced in enumerate(forces):
        force: Any = forced.order
        device = case.devices.get(force.device)
        for other in [*forces[number + 1 :], *(timed for timed in orders if timed not in forces)]:
            order: Any = other.order
            if device is None or getattr(order, "device", None) != force.device or not forced.overlaps(other):
                continue
            clash = isinstance(order, ForceOrder) and order.power_mw != force.power_mw
            if isinstance(order, OutageOrder):
                limits = device.set_point_limits_mw or (-0.0, 0.0)
                most_mw = order.power_share * (limits[1] if force.power_mw > 0 else -limits[0])
                clash = abs(force.power_mw) > most_mw + ROUNDING_MW
            if isinstance(order, LimitOrder):
                factor = set_point_terms(device).get(order.quantity, 0.0)
                clash = factor * force.power_mw > order.at_most_mw + ROUNDING_MW
            if clash:
                yield f"orders: `{forced.text}` contradicts `{other.text}`: one of them must give"


def _outage_field(device: Device) -> str:
    """The field in which a device declares its outages, if it has one."""
    return next((field for field in ("outages", "blackouts") if field in type(device).model_fields), "")


def _with_fields_of(case: Case, timed: TimedOrder) -> list[str]:
    """Names of the devices whose fields an order without a time sets."""
    name: str | None = getattr(timed.order, "device", None)
    needed = FIELDS[timed.order.kind]
    return [
        other
        for other, device in case.devices.items()
        if name in (None, other) and all(field in type(device).model_fields for field in needed)
    ]


def _connections(case: Case) -> list[str]:
    return [name for name, device in case.devices.items() if "calls" in type(device).model_fields]


def _fields(case: Case, timed: TimedOrder) -> Iterator[tuple[str, dict[str, Any]]]:
    """The fields of devices that an order sets."""
    order = timed.order
    if isinstance(order, ReserveOrder):
        for name in _with_fields_of(case, timed):
            yield name, {"reserve_mwh": order.energy_mwh}
    elif isinstance(order, FinalStateOrder):
        for name in _with_fields_of(case, timed):
            yield name, {"final_soc": order.soc, "final_rule": order.rule}
    elif isinstance(order, OutageOrder) and (field := _outage_field(case.devices[order.device])):
        outage = {"begin": timed.begin, "end": timed.end}
        if field == "outages":
            outage["power_share"] = order.power_share  # type: ignore[assignment]
        yield order.device, {field: outage}


def _bounds(case: Case, timed: TimedOrder) -> Iterator[tuple[str, str, Side, float]]:
    """The bounds that an order sets: device, variable, side, value [MW]."""
    order = timed.order
    if isinstance(order, LimitOrder):
        yield order.device, order.quantity, "most", order.at_most_mw
    elif isinstance(order, OutageOrder) and not _outage_field(case.devices[order.device]):
        for variable in limitable_quantities(case.devices[order.device]):
            yield order.device, variable, "most", 0.0
    elif isinstance(order, ForceOrder):
        for variable, factor in set_point_terms(case.devices[order.device]).items():
            value_mw = max(order.power_mw / factor, 0.0)
            yield order.device, variable, "most", value_mw
            if value_mw > 0:
                yield order.device, variable, "least", value_mw
