"""Electric vehicles of a fleet, as one store whose bounds come and go with them.

With n vehicles present, energy stored in them at the end of interval t:

    stored = stored before + arriving - leaving + h (eta_charge x charge - discharge / eta_discharge)
    least <= stored <= most,   0 <= charge, discharge <= min(n, chargers) x charger, and `max_power_mw`

Each group of vehicles that come and leave together, d intervals after they came and l before they leave, with
P the power of a charger and a, b the energy of a vehicle when it comes and leaves, adds for every vehicle

    most  = min(highest, a + d h eta_charge P, b + l h P / eta_discharge)
    least = max(lowest,  b - l h eta_charge P, a - d h P / eta_discharge)

If nothing is fed back, lowest is a and highest is b. b is what the departure asks for, or what the charger
can give in the stay. Bounds then allow for the power of all chargers together (`within_power`). At the end of
a horizon as much is stored as if every vehicle charged evenly over its stay, so that no plan leaves the
charging to the next day.

Left out: which vehicle charges. The sum over real vehicles never leaves these bounds, but a sum within them
may count on one vehicle's spare energy for another. The fleet charges or discharges, not both at once.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import (
    Array,
    Device,
    Display,
    Efficiency,
    Fraction,
    Park,
    Role,
    Seen,
    SeriesSpec,
    largest_residual,
    power_spec,
)
from parkdispatch.models.errors import InputError
from parkdispatch.models.limits import (
    LARGEST_ENERGY_MWH,
    LARGEST_PRICE_YUAN_PER_MWH,
    Energy,
    PositivePower,
    Seed,
)
from parkdispatch.models.loads.demand_profile import Hourly
from parkdispatch.models.loads.vehicle_flow import Vehicle, all_days, one_day, stays, within_power
from parkdispatch.models.ordered_bounds import INJECTION
from parkdispatch.models.shown_operation import Activity
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.models.vocabulary import Interval, Terms

MARGIN_DAYS = 3  # before and after the horizon: longer than a stay
MINUTES_PER_DAY = 1440
ROUNDING_MWH = 1e-9
Weekdays = Annotated[tuple[Fraction, ...], Field(min_length=7, max_length=7)]
MORNING = (0.0,) * 7 + (4.0, 5.0, 1.0) + (0.0,) * 14
EVENING = (0.0,) * 16 + (1.0, 4.0, 4.0, 1.0) + (0.0,) * 4


def _energy(title: str) -> SeriesSpec:
    return SeriesSpec(title=title, unit="MWh", lower=0.0, upper=LARGEST_ENERGY_MWH, internal=True)


class EvFleet(Device):
    """Vehicles that park at chargers by profile, and leave with the energy they need."""

    why_not_sized: ClassVar[str] = (
        "what its chargers can do is computed from vehicles that come and go before anything is decided"
    )
    kind: Literal["ev_fleet"] = declared("-", "Kind of device", default="ev_fleet")
    bus: str = declared("-", "Name of the bus the chargers are connected to", default="ac")
    vehicles: Annotated[int, Field(ge=1, le=1_000_000)] = declared("-", "Vehicles of the fleet")
    weekday_share: Weekdays = declared(
        "-",
        "Share of the vehicles that come on each weekday, Monday to Sunday",
        ASSUMED,
        (1.0,) * 5 + (0.5, 0.3),
    )
    arrival_shape: Hourly = declared(
        "-", "Arrivals in each hour of a day, from 0:00; only proportions matter", ASSUMED, MORNING
    )
    departure_shape: Hourly = declared(
        "-", "Departures in each hour of a day; only proportions matter. Who came first leaves first",
        ASSUMED, EVENING,
    )  # fmt: skip
    battery_kwh: Annotated[float, Field(gt=0, le=5000)] = declared(
        "kWh", "Energy of a vehicle's full battery", ASSUMED, 60.0
    )
    arrival_soc: Fraction = declared("-", "State of charge of an arriving vehicle", ASSUMED, 0.4)
    departure_soc: Fraction = declared(
        "-", "State of charge of a leaving vehicle, or what its charger can give in the stay", ASSUMED, 0.8
    )
    charger_kw: Annotated[float, Field(gt=0, le=10_000)] = declared(
        "kW", "AC power of one charger", "32 A at 220 V", 7.0
    )
    chargers: Annotated[int, Field(ge=1, le=1_000_000)] | None = declared(
        "-", "Chargers that can be used at once; left out: one for each vehicle", default=None
    )
    max_power_mw: PositivePower | None = declared(
        "MW", "Largest power of all chargers together; left out: that of all", default=None
    )
    eta_charge: Efficiency = declared("-", "Efficiency from AC to the batteries", ASSUMED, 0.92)
    feed_back: bool = declared("-", "Whether the vehicles may feed power back", ASSUMED, False)
    eta_discharge: Efficiency = declared("-", "Efficiency from the batteries to AC", ASSUMED, 0.92)
    soc_min: Fraction = declared("-", "Lowest state of charge that feeding back leaves", ASSUMED, 0.2)
    soc_max: Fraction = declared("-", "Highest state of charge to feed back from", ASSUMED, 0.9)
    wear_yuan_per_mwh: Annotated[float, Field(ge=0, le=LARGEST_PRICE_YUAN_PER_MWH)] = declared(
        "yuan/MWh", "Paid for the wear of each MWh of AC energy that is fed back", ASSUMED, 300.0
    )
    variation_std: Annotated[float, Field(ge=0, le=0.5)] = declared(
        "-", "Standard deviation of the relative number of vehicles of a day", ASSUMED, 0.0
    )
    seed: Seed = declared("-", "Seed of the variation; the same seed gives the same days", ASSUMED, 1)
    stored_mwh: Energy | None = declared(
        "MWh", "Energy in the vehicles present before the horizon begins; left out: as if they charged"
        " evenly", default=None,
    )  # fmt: skip

    role: ClassVar[Role] = "load"
    growing_series: ClassVar[tuple[str, ...]] = (
        "charge_limit_mw", "arriving_mwh", "leaving_mwh", "least_mwh", "most_mwh", "even_mwh",
        "even_before_mwh",
    )  # fmt: skip
    displays: ClassVar[tuple[Display, ...]] = (Display("charging", "load", {INJECTION: -1.0}),)
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "charge_limit_mw": power_spec(
            "Power of the chargers in use", computed_from=("charger_kw", "chargers", "max_power_mw")
        ),
        "arriving_mwh": _energy("Energy of arriving vehicles"),
        "leaving_mwh": _energy("Energy of leaving vehicles"),
        "least_mwh": _energy("Least energy of the vehicles present"),
        "most_mwh": _energy("Most energy of the vehicles present"),
        "even_mwh": _energy("Energy of even charging, at the end of the interval"),
        "even_before_mwh": _energy("Energy of even charging, at its beginning"),
    }
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {"devices": {"ev_fleet": "electric vehicles"}, "book": {"charging": "charging"}},
        "zh": {"devices": {"ev_fleet": "电动汽车"}, "book": {"charging": "充电"}},
    }

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = []
        if self.departure_soc < self.arrival_soc:
            problems.append(
                f"departure_soc = {self.departure_soc:.15g}: must be {self.arrival_soc:.15g} or more,"
                " `arrival_soc`"
            )
        if self.feed_back and not self.soc_min <= self.arrival_soc <= self.departure_soc <= self.soc_max:
            problems.append(
                f"soc_min = {self.soc_min:.15g} and soc_max = {self.soc_max:.15g}: must enclose"
                f" `arrival_soc` and `departure_soc`, {self.arrival_soc:.15g} and"
                f" {self.departure_soc:.15g}, for `feed_back`"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @classmethod
    def example(cls) -> Self:
        """Three hundred cars of a park's employees."""
        return cls(vehicles=300)

    def _vehicle(self, hours: float) -> Vehicle:
        full_mwh, power_mw = self.battery_kwh / KW_PER_MW, self.charger_kw / KW_PER_MW
        return Vehicle(
            arrival_mwh=self.arrival_soc * full_mwh,
            departure_mwh=self.departure_soc * full_mwh,
            lowest_mwh=self.soc_min * full_mwh,
            highest_mwh=self.soc_max * full_mwh,
            charge_mwh=power_mw * hours * self.eta_charge,
            discharge_mwh=power_mw * hours / self.eta_discharge if self.feed_back else 0.0,
        )

    def _numbers(self, days: pd.DatetimeIndex) -> Array:
        """Vehicles that come on each of the days; a day's number depends on that day and the seed alone."""
        numbers = self.vehicles * np.array(self.weekday_share)[days.day_of_week]
        if not self.variation_std:
            return np.asarray(numbers)
        draws = [np.random.default_rng((self.seed, day.toordinal())).standard_normal() for day in days]
        return np.asarray(numbers * np.maximum(0.0, 1 + self.variation_std * np.array(draws)))

    def series(self, park: Park) -> Mapping[str, Array]:
        """Power and energy bounds of the vehicles present. Raises InputError for what cannot be charged."""
        minutes = round(60 * park.hours)
        count = MINUTES_PER_DAY // minutes
        arrivals, departures = (
            np.repeat(np.array(shape) / (60 * sum(shape)), 60).reshape(count, minutes).sum(axis=1)
            for shape in (self.arrival_shape, self.departure_shape)
        )
        margin = pd.Timedelta(days=MARGIN_DAYS)
        days = pd.date_range(park.times[0].normalize() - margin, park.times[-1].normalize() + margin)
        day = one_day(stays(arrivals, departures), self._vehicle(park.hours), count)
        bounds = all_days(day, self._numbers(days), count)
        charger_mw = self.charger_kw / KW_PER_MW
        limit_mw = np.minimum(bounds.present, self.chargers or np.inf) * charger_mw
        limit_mw = np.minimum(limit_mw, self.max_power_mw or np.inf)
        bounds = within_power(bounds, limit_mw * park.hours * self.eta_charge)
        place = ((park.times - days[0]) // pd.Timedelta(minutes=minutes)).to_numpy()
        least, most = bounds.least_mwh[place], bounds.most_mwh[place]
        is_short = least - most > ROUNDING_MWH * max(1.0, most.max())
        if is_short.any():
            raise InputError(
                "`chargers` or `max_power_mw` is too small: cannot charge the vehicles of"
                f" {park.times[is_short.argmax()]:%Y-%m-%d} before they leave"
            )
        return {
            "charge_limit_mw": limit_mw[place],
            "arriving_mwh": bounds.arriving_mwh[place],
            "leaving_mwh": bounds.leaving_mwh[place],
            "least_mwh": np.minimum(least, most),
            "most_mwh": most,
            "even_mwh": np.clip(bounds.even_mwh[place], least, most),
            "even_before_mwh": np.clip(bounds.even_mwh, bounds.least_mwh, bounds.most_mwh)[place - 1],
        }

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write the energy of the vehicles present and the power of their chargers."""
        hours, limit_mw = interval.hours, interval.series("charge_limit_mw")
        block.charge_mw = pyo.Var(bounds=(0, limit_mw))
        block.stored_mwh = pyo.Var(bounds=(interval.series("least_mwh"), interval.series("most_mwh")))
        even_mwh = interval.series("even_before_mwh")  # asked for always: all days have the same series
        before = interval.previous(
            block.stored_mwh, initial=even_mwh if self.stored_mwh is None else self.stored_mwh
        )
        change_mwh = interval.series("arriving_mwh") - interval.series("leaving_mwh")
        change_mwh += hours * self.eta_charge * block.charge_mw
        power_mw, costs = block.charge_mw, {}
        if self.feed_back:
            block.discharge_mw = pyo.Var(bounds=(0, limit_mw))
            interval.either_or(block.charge_mw, block.discharge_mw)
            change_mwh -= (hours / self.eta_discharge) * block.discharge_mw
            power_mw = block.charge_mw - block.discharge_mw
            costs["wear"] = self.wear_yuan_per_mwh * hours * block.discharge_mw
        # stored at the end = stored before + what comes, less what leaves, with vehicles and by the chargers
        block.energy_balance = pyo.Constraint(expr=block.stored_mwh == before + change_mwh)
        interval.at_end(block.stored_mwh, lower=interval.series("even_mwh"), name="stored_at_end")
        return Terms({self.bus: -power_mw}, costs, amounts={"consumption_mwh": power_mw * hours})

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the stored energy and every limit from the dispatched power."""
        value, hours = seen.values, seen.hours
        charge, stored = value["charge_mw"], value["stored_mwh"]
        discharge = value.get("discharge_mw", np.zeros(len(charge)))
        first = value["even_before_mwh"][0] if self.stored_mwh is None else self.stored_mwh
        change = self.eta_charge * charge * hours - discharge * hours / self.eta_discharge
        expected = first + np.cumsum(value["arriving_mwh"] - value["leaving_mwh"] + change)
        limit = value["charge_limit_mw"]
        checks = {
            "energy_balance_mwh": np.abs(stored - expected),
            "energy_window_mwh": np.maximum(expected - value["most_mwh"], value["least_mwh"] - expected),
            "final_energy_mwh": value["even_mwh"][-1] - expected[-1],
            "charge_limit_mw": np.maximum(charge - limit, -charge),
            "discharge_limit_mw": np.maximum(discharge - limit, -discharge),
            "charge_and_discharge_mw": np.minimum(charge, discharge),
            "injection_mw": np.abs(seen.injection[self.bus] - discharge + charge),
        }
        return {name: largest_residual(residual) for name, residual in checks.items()}

    def activities(self, seen: Seen) -> list[Activity]:
        """When the vehicles are charged, against charging them evenly; what is fed back is below zero."""
        value = seen.values
        even_mwh = value["even_mwh"] - value["even_before_mwh"] - value["arriving_mwh"] + value["leaving_mwh"]
        power_mw, usual_mw = -seen.injection[self.bus], even_mwh / (self.eta_charge * seen.hours)
        most_mw = float(np.max(value["charge_limit_mw"]))
        return [Activity("shift", power_mw, most_mw, usual_mw=usual_mw)]

    def amounts(self, seen: Seen) -> Mapping[str, Array]:
        """The energy consumed."""
        return {"consumption_mwh": -seen.injection[self.bus] * seen.hours}

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """Wear of what is fed back."""
        if not self.feed_back:
            return {}
        return {"wear": self.wear_yuan_per_mwh * seen.hours * seen.values["discharge_mw"]}

    def grown(self, factor: float) -> Self:
        """The fleet with so many more vehicles, and chargers, as its series tell; it may begin with more."""
        if self.stored_mwh is None:
            return self
        return self.model_copy(update={"stored_mwh": factor * self.stored_mwh})

    def initial_state(self) -> Mapping[str, float]:
        """Energy in the vehicles present [MWh], and whether it is known."""
        return {"stored_mwh": self.stored_mwh or 0.0, "stored_is_known": float(self.stored_mwh is not None)}

    def state_after(self, seen: Seen) -> Mapping[str, float]:
        """The same at the end of a dispatch."""
        return {"stored_mwh": max(0.0, float(seen.values["stored_mwh"][-1])), "stored_is_known": 1.0}

    def starting_from(self, state: Mapping[str, float]) -> Self:
        """The fleet with that energy in the vehicles present."""
        return self.model_copy(
            update={"stored_mwh": state["stored_mwh"] if state["stored_is_known"] else None}
        )
