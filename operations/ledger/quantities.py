"""What a ledger keeps of a park by interval: of which devices, in which unit, within which limits."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import get_args

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.series.series_reading import ReadingOptions, Stamps
from parkdispatch.models.device import SeriesSpec, power_spec
from parkdispatch.models.errors import InputError
from parkdispatch.models.limits import LARGEST_POWER_MW

QUALITIES = ("measured", "estimated", "substituted")  # the best first: none replaces a better one


@dataclass(frozen=True)
class Quantity:
    """A quantity that is measured. `key` names it in the ledger; `series` is the device's, if it is one."""

    key: str
    spec: SeriesSpec
    kinds: tuple[str, ...]  # of devices that have it, by role or kind
    is_instant: bool = False  # a state at its stamp, not a mean from there on


QUANTITIES: Mapping[str, Quantity] = {
    "load": Quantity("demand_mw", power_spec("Load"), ("load",)),
    "pv": Quantity("available_mw", power_spec("PV output"), ("pv",)),
    "wind": Quantity("available_mw", power_spec("Wind output"), ("wind",)),
    "power": Quantity(
        "power_mw",
        SeriesSpec(title="Power", unit="MW", lower=-LARGEST_POWER_MW, upper=LARGEST_POWER_MW),
        ("generator", "waste_heat", "boiler", "heat_pump", "chiller", "absorption_chiller", "heat_store"),
    ),
    "import": Quantity("import_mw", power_spec("Import"), ("grid",)),
    "export": Quantity("export_mw", power_spec("Export"), ("grid",)),
    "battery": Quantity(
        "set_point_mw",
        SeriesSpec(title="Battery power", unit="MW", lower=-LARGEST_POWER_MW, upper=LARGEST_POWER_MW),
        ("battery",),
    ),
    "soc": Quantity(
        "soc",
        SeriesSpec(title="State of charge", unit="1", lower=0.0, upper=1.0),
        ("battery",),
        is_instant=True,
    ),
    "peak": Quantity("peak_mw", power_spec("Month's peak so far"), ("grid",), is_instant=True),
}


@dataclass(frozen=True)
class Measured:
    """A quantity of one device of a case."""

    name: str  # of the quantity
    device: str

    @property
    def quantity(self) -> Quantity:
        """What it is."""
        return QUANTITIES[self.name]

    @property
    def text(self) -> str:
        """How it is written: `soc:battery_1`."""
        return f"{self.name}:{self.device}"


def measured_quantity(case: Case, text: str) -> Measured:
    """The quantity that a text such as `load` or `soc:battery_1` names; an only device may be left out.

    Raises InputError for an unknown quantity or device, and where several devices have it.
    """
    name, _, device = text.partition(":")
    if name not in QUANTITIES:
        raise InputError(
            f"argument `as` = {text}: must be one of {', '.join(QUANTITIES)}{closest(name, QUANTITIES)}"
        )
    having = devices_with(case, name)
    if device and device not in having:
        among = f"must be one of {', '.join(having)}" if having else f"the case {case.name} has none"
        raise InputError(
            f"argument `as` = {text}: no such device with {name}, {among}{closest(device, having)}"
        )
    if not device and len(having) != 1:
        example = f", such as {name}:{having[0]}" if having else ""
        raise InputError(
            f"argument `as` = {text}: the case {case.name} has {len(having)} devices with {name}, must name"
            f" one{example}"
        )
    return Measured(name, device or having[0])


def devices_with(case: Case, name: str) -> list[str]:
    """Devices of a case that have a quantity."""
    return [
        device
        for device, declared in case.devices.items()
        if {declared.role, getattr(declared, "kind", "")} & set(QUANTITIES[name].kinds)
    ]


def reading_of(case: Case, column: str | None, stamps: str | None = None) -> ReadingOptions:
    """How a file is read: one of its columns where one is named, in the site's time.

    `stamps`, start or end, says where stamps stand in their intervals. Raises InputError for another word.
    """
    if stamps is not None and stamps not in get_args(Stamps):
        raise InputError(f"argument `stamps` = {stamps}: must be start or end")
    known = next((word for word in get_args(Stamps) if word == stamps), None)
    return ReadingOptions(column=column or None, stamps=known, timezone=case.site.timezone)
