"""The device contract: what a device is given, and what it answers.

A device writes ONE interval of itself into a Pyomo block, with the words of `Interval`, and returns
`Terms`. It never sees the power balance, the objective, the solver or the length of the horizon.
"""

import re
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator

from parkdispatch.models.capacity import Sizable
from parkdispatch.models.declaration import declared
from parkdispatch.models.limits import LARGEST_ENERGY_MWH, LARGEST_POWER_MW, LARGEST_PRICE_YUAN_PER_MWH
from parkdispatch.models.network_elements import NetworkElements, PowerInjection
from parkdispatch.models.ordered_bounds import INJECTION, OrderedBound, write_ordered
from parkdispatch.models.shown_operation import Activity, Flow
from parkdispatch.models.site import Site
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.vocabulary import Exchange, Interval, Terms

Array = NDArray[np.float64]
Carrier = Literal["electricity", "heat", "cold", "gas", "hydrogen"]
Role = Literal["source", "grid", "load", "store", "converter", "network"]

Fraction = Annotated[float, Field(ge=0, le=1)]
Efficiency = Annotated[float, Field(ge=0.01, le=1)]  # less is a slip, and 1/efficiency an absurd number
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def _one_line(text: str) -> str:
    if not text.isprintable():
        raise ValueError("must be one line of printable characters")
    return text


# stands in legends and in the headers of columns
Title = Annotated[str, Field(max_length=40), AfterValidator(_one_line)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Park:
    """What a device may draw its series from.

    `times` are the local starts of the intervals (naive, in `site.timezone`). `weather()` gives the
    interval means at `times`: columns `ghi_w_per_m2`, `dni_w_per_m2`, `dhi_w_per_m2`, `temp_air_c`,
    `wind_speed_m_per_s`; it is called only by devices that need it, because reading it costs time.
    """

    times: pd.DatetimeIndex
    hours: float
    site: Site
    tariff: Tariff
    weather: Callable[[], pd.DataFrame]


class SeriesSpec(BaseModel):
    """One series a device needs: its meaning, and what values are allowed.

    `computed_from` names the device's fields that only serve to compute it: unused where the series is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")
    title: str
    unit: str
    lower: float = float("-inf")
    upper: float = float("inf")
    computed_from: tuple[str, ...] = ()
    internal: bool = False  # follows from the times of the intervals, and is not for a case to give


BUS_NAME = r"\w(?:[\w .-]{0,38}\w)?"  # part of names in NetCDF, which have no slash and no blank at an end


def power_spec(title: str, computed_from: tuple[str, ...] = ()) -> SeriesSpec:
    """A power of zero or more [MW]; `computed_from` are the fields it follows from where it is not given."""
    return SeriesSpec(title=title, unit="MW", lower=0.0, upper=LARGEST_POWER_MW, computed_from=computed_from)


def energy_spec(title: str) -> SeriesSpec:
    """An energy of zero or more [MWh]."""
    return SeriesSpec(title=title, unit="MWh", lower=0.0, upper=LARGEST_ENERGY_MWH)


def price_spec(title: str, computed_from: tuple[str, ...] = ()) -> SeriesSpec:
    """A price of energy of either sign [yuan/MWh]; `computed_from` as for a power."""
    largest = LARGEST_PRICE_YUAN_PER_MWH
    return SeriesSpec(
        title=title, unit="yuan/MWh", lower=-largest, upper=largest, computed_from=computed_from
    )


@dataclass(frozen=True)
class Display:
    """A power that schedules, charts and workbooks show of a device, as a column of its own.

    `terms` are factors of the device's variables, derived quantities, series or its INJECTION, added up [MW].
    `key` names the column's word, `kind` says how it is drawn, `port` is the field that names the bus it
    flows on, if not the first: where that field is left out, nothing is shown.
    """

    key: str
    kind: Literal["set_point", "load", "source", "import", "export", "flow", "other"]
    terms: Mapping[str, float]
    port: str = ""

    def power_mw(self, seen: "Seen") -> Array:
        """The column [MW], shape (intervals,)."""
        injection = sum(seen.injection.values(), np.zeros(len(seen.times)))
        quantities = {**seen.values, INJECTION: injection}
        (first, factor), *others = self.terms.items()
        power_mw = quantities[first] if factor == 1.0 else factor * quantities[first]
        for name, factor in others:
            power_mw = power_mw + factor * quantities[name]
        return power_mw


def largest_residual(*violations: Array | float) -> float:
    """The largest of the violations, at least zero; NaN if any is, which Python's `max` would drop."""
    largest = np.max([np.max(violation, initial=0.0) for violation in violations], initial=0.0)
    return float(largest) + 0.0  # no -0.0


@dataclass(frozen=True)
class StorageLevel:
    """The stored energy of a device over the horizon, shape (intervals,), and what full and empty mean."""

    energy_mwh: Array  # at the end of each interval
    full_mwh: float
    initial_mwh: float | None  # before the first interval
    lowest: float  # [-] of full, that may be reached
    highest: float


class Device(Sizable):
    """Base of every device: frozen declarations that validate and nothing else.

    A device of one's own is a subclass with a `kind`, registered by `parkdispatch.register_device`. All that
    people see of it follows from `role`, `displays`, `storage_level`, `flow`, `activities` and `words`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    role: ClassVar[Role] = "converter"
    # fields that name a bus, and what flows there; "any": what the other devices on that bus say
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "electricity"}
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {}
    stores_energy: ClassVar[bool] = False  # a saving is told against the park without these
    needs_weather: ClassVar[bool] = False
    growing_series: ClassVar[tuple[str, ...]] = ()  # what grows with the park's load over the years
    market_costs: ClassVar[tuple[str, ...]] = ()  # of its costs, those settled in a market
    yearly_prices: ClassVar[Mapping[str, str]] = {}  # by field or series of a price, its yearly change
    displays: ClassVar[tuple[Display, ...]] = ()  # none: one column, the power into the bus
    # words of its own by language ("en", "zh"), section ("devices", "quantities", "costs", "checks",
    # "prices", "book") and key, beside those of results/templates/words.*.toml
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {}

    title: Title = declared("-", "What people read in place of the name; left out: the name", default="")
    title_zh: Title = declared("-", "The same in Chinese", default="")
    ordered: tuple[OrderedBound, ...] = declared(
        "-", "Bounds that hold for some time, as orders of an operator set them", default=()
    )

    @field_validator("*")
    @classmethod
    def _bus_usable_in_names(cls, value: Any, info: ValidationInfo) -> Any:
        if info.field_name in cls.ports and value is not None and not re.fullmatch(BUS_NAME, str(value)):
            raise ValueError(
                "must be 1 to 40 letters and digits, with `_`, `-`, `.` or blanks between, such as 10_0.4kV:"
                " it names columns of files"
            )
        return value

    def titled(self, lang: str) -> str:
        """The title in a language ("en", "zh"); empty where the case has none."""
        return self.title_zh if lang == "zh" else self.title

    def untitled(self) -> Self:
        """The device without its titles: what its equations follow from."""
        return self.model_copy(update={"title": "", "title_zh": ""})

    @property
    def buses(self) -> Mapping[str, Carrier | Literal["any"]]:
        """The buses the device is connected to, with what flows there."""
        carrier_of = {getattr(self, field, None): carrier for field, carrier in self.ports.items()}
        return {str(bus): carrier for bus, carrier in carrier_of.items() if bus is not None}

    @property
    def electric_buses(self) -> tuple[str, ...]:
        """The buses that carry electricity, as far as the device says."""
        return tuple(bus for bus, carrier in self.buses.items() if carrier in ("electricity", "any"))

    @property
    def network_elements(self) -> NetworkElements:
        """What the device is in an AC power flow: active power, as dispatched, at each electric bus."""
        return NetworkElements(tuple(map(PowerInjection, self.electric_buses)))

    @classmethod
    def example(cls) -> Self:
        """A small device of this kind on bus `ac`, as `parkdispatch.check_device` puts it into a park."""
        return cls()

    @property
    def needed_series(self) -> Mapping[str, SeriesSpec]:
        """The series this device uses, all of them unless some of its fields say otherwise."""
        return self.series_specs

    def missing_for_series(self) -> list[str]:
        """Fields that are left out and without which the device's series cannot be computed."""
        return []

    def tariff_problems(self, tariff: Tariff) -> list[str]:
        """What the device asks of the tariff and does not find there."""
        return []

    @abstractmethod
    def series(self, park: Park) -> Mapping[str, Array]:
        """Make the series of `series_specs` at `park.times`, each of shape (intervals,)."""

    def impossible(self, given: Mapping[str, Array], park: Park) -> Mapping[str, list[str]]:
        """By series, what cannot be in values that were given instead of computed."""
        return {}

    def implausible(self, given: Mapping[str, Array], hours: float) -> Mapping[str, tuple[float, float]]:
        """By series, what can hardly be in values that were given: the figure, and what it usually is."""
        return {}

    @abstractmethod
    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write one interval into the Pyomo block and return its terms."""

    def interval_as_ordered(self, block: Any, interval: Interval) -> Terms:
        """Write one interval with the bounds that are ordered."""
        return write_ordered(self.ordered, block, interval, self.interval(block, interval))

    @abstractmethod
    def self_check(self, seen: "Seen") -> Mapping[str, float]:
        """Recompute in numpy every rule of the device from what was dispatched.

        Returns the largest residual of each rule in its unit, zero if perfect; `largest_residual` keeps NaN.
        """

    def costs_yuan(self, seen: "Seen") -> Mapping[str, Array]:
        """Recompute in numpy each cost that `interval` returns or shares, from what was dispatched.

        Arrays of shape (intervals,) by label, a cost of a whole period in each of its intervals. The audit
        compares them, and says of costs left out that nothing recomputed them.
        """
        return {}

    def amounts(self, seen: "Seen") -> Mapping[str, Array]:
        """Recompute in numpy each of `Terms.amounts`, of shape (intervals,); the audit adds them up."""
        return {}

    def storage_level(self, seen: "Seen") -> StorageLevel | None:
        """The energy a store holds; None for what stores none."""
        return None

    @property
    def shown(self) -> list[tuple[Display, str]]:
        """The `displays` with the buses they flow on, without those of ports that are left out."""
        first = next(iter(self.buses), "")
        buses = [getattr(self, display.port) if display.port else first for display in self.displays]
        return [(display, bus) for display, bus in zip(self.displays, buses, strict=True) if bus is not None]

    def flow(self, seen: "Seen") -> Flow | None:
        """What a device between two buses passes on; None for any other."""
        return None

    def activities(self, seen: "Seen") -> Sequence[Activity]:
        """What of the device is switched or moved: units, shifted work, interruptions."""
        return ()

    @property
    def never_with(self) -> Mapping[str, Exchange]:
        """Variables that never run while the park imports or exports; the audit recomputes that."""
        return {}

    @property
    def set_point_limits_mw(self) -> tuple[float, float] | None:
        """Least and largest set point that the device is able to run at [MW]; None: not known."""
        return None

    @property
    def final_bounds(self) -> Mapping[str, tuple[float | None, float | None]]:
        """By variable, what `freed_at_end` leaves out: the least and the most at the end of the horizon."""
        return {}

    def freed_at_end(self) -> Self:
        """The device without the rule on how it ends."""
        return self

    @property
    def pays_for_demand(self) -> bool:
        """Whether the month's highest import may cost something."""
        return False

    def initial_state(self) -> Mapping[str, float]:
        """What the device begins a horizon with and ends it with another value of, such as stored energy."""
        return {}

    def state_after(self, seen: "Seen") -> Mapping[str, float]:
        """The same quantities at the end of a dispatch, from the variables in `seen.values`."""
        return {}

    def starting_from(self, state: Mapping[str, float]) -> Self:
        """The device as a horizon finds it that begins in this state."""
        return self

    def as_compiled(self) -> Self:
        """A device of the same interval, but for the values before it: those that `initial_state` names."""
        return self

    def grown(self, factor: float) -> Self:
        """The device with a load that has grown by this factor, but for its `growing_series`."""
        return self

    def aged(self, years: float) -> Self:
        """The device after some years, but for what its use has worn."""
        return self

    def shares_after(self, years: float) -> Mapping[str, float]:
        """By series that falls with the device's age, its values after some years over those of now."""
        return {}

    def indicators(self, seen: "Seen") -> Mapping[str, float]:
        """Figures of merit over the horizon that people ask this device for, their unit in the name."""
        return {}


@dataclass(frozen=True)
class Seen:
    """One device's part of a solution, as arrays of shape (intervals,), for its self-check.

    `values` holds variables, derived quantities and series by their names in the device; `shared`
    holds shared decisions, already expanded to the intervals; `injection` the power into each bus.
    """

    times: pd.DatetimeIndex
    hours: float
    values: Mapping[str, Array]
    shared: Mapping[str, Array]
    injection: Mapping[str, Array]
