"""Generators: identical gas, diesel or biogas units that burn fuel for power, and for heat where it is used.

Each unit is off, or on between its least power and what is available of its rated power. Its fuel is a
piecewise linear function of its power, through the points that follow from its efficiency at some shares of
rated power. Heat is a share of fuel.

    power = 0, or min_load_share x rated <= power <= availability x rated
    fuel = fuel curve(power) while on, 0 while off
    heat = heat_efficiency x fuel, or less where it may be dumped
    change of power in an interval <= ramp limit, but a unit may start to its least power and stop from it

Every unit has binaries of its own, because there is no integer decision and because least times of running
and standing are those of a unit. Left out: heat that varies in its share, fuel for starting, and power that
falls with temperature other than by a series of `availability`.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.conversion.bus_rules import equal_bus_problems, injection_residual_mw
from parkdispatch.models.conversion.fuel_burner import FuelBurner
from parkdispatch.models.conversion.fuel_curve import efficiency_problems, fuel_curve
from parkdispatch.models.conversion.unit_history import UnitHistory, UnitState, too_short_h
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import (
    Array,
    Carrier,
    Display,
    Efficiency,
    Fraction,
    Role,
    Seen,
    largest_residual,
)
from parkdispatch.models.limits import Money, PositivePower
from parkdispatch.models.shown_operation import Activity
from parkdispatch.models.vocabulary import Expr, Interval, Terms

Share = Annotated[float, Field(gt=0, le=1)]
Hours = Annotated[float, Field(ge=0, le=168)]  # a week
LARGEST_UNITS = 20  # each has binaries in every interval


class Generator(FuelBurner):
    """Identical units that burn fuel for power, with heat where `heat_bus` is given."""

    why_not_sized: ClassVar[str] = (
        "its units are switched on and off, and their least power would be a size times that decision"
    )
    kind: Literal["generator"] = declared("-", "Kind of device", default="generator")
    bus: str = declared("-", "Name of the bus the generator feeds", default="ac")
    heat_bus: str | None = declared(
        "-", "Name of the heat bus that takes the heat; left out: heat is not used", default=None
    )
    units: Annotated[int, Field(ge=1, le=LARGEST_UNITS)] = declared(
        "-", "Number of identical units, each switched on and off by itself", ASSUMED, 1
    )
    rated_mw: PositivePower = declared("MW", "Rated electric power of one unit")
    min_load_share: Fraction = declared(
        "-", "Least power of a unit that is on, as a share of rated power", "assumption: gas engine", 0.5
    )
    efficiency_points: Annotated[tuple[tuple[Share, Efficiency], ...], Field(min_length=1)] = declared(
        "-", "Rows of share of rated power and electric efficiency there, by the lower heating value; the"
        " last share is 1", "assumption: gas engine of a few MW", ((0.5, 0.38), (1.0, 0.42)),
    )  # fmt: skip
    heat_efficiency: Fraction = declared(
        "-",
        "Usable heat over fuel; has a use with `heat_bus` only",
        "assumption: gas engine of a few MW",
        0.43,
    )
    may_dump_heat: bool = declared(
        "-", "Whether heat may be rejected to the air; false: all of it enters the heat bus", ASSUMED, True
    )
    start_cost_yuan: Money = declared("yuan", "Cost of each start of a unit", ASSUMED, 0.0)
    min_up_h: Hours = declared("h", "Least time a unit runs once started", ASSUMED, 0.0)
    min_down_h: Hours = declared("h", "Least time a unit stands still once stopped", ASSUMED, 0.0)
    ramp_share_per_hour: Annotated[float, Field(gt=0, le=100)] | None = declared(
        "1/h", "Largest change of a unit's power in an hour, as a share of rated power; left out: no limit",
        ASSUMED, None,
    )  # fmt: skip
    initial: tuple[UnitState, ...] = declared(
        "-",
        "State of each unit before the first interval; left out: all have stood still for long",
        default=(),
    )

    role: ClassVar[Role] = "source"
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {
        "bus": "electricity",
        "heat_bus": "heat",
        "gas_bus": "gas",
    }
    displays: ClassVar[tuple[Display, ...]] = (
        Display("power", "source", {"power_mw": 1.0}),
        Display("heat_output", "source", {"heat_mw": 1.0}, "heat_bus"),
        Display("fuel_input", "other", {"fuel_mw": 1.0}),
    )
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"generator": "generator"},
            "costs": {"fuel": "fuel", "start": "starts"},
            "checks": {
                "unit_power": "units off or within their limits",
                "min_up": "least time of running",
                "min_down": "least time of standing still",
                "ramp": "ramp limit",
                "fuel_curve": "fuel by the efficiency curve",
                "heat_of_fuel": "heat by the fuel",
            },
            "book": {"heat_output": "heat", "fuel_input": "fuel"},
            "prices": {"Fuel price": "Fuel price"},
        },
        "zh": {
            "devices": {"generator": "发电机组"},
            "costs": {"fuel": "燃料费", "start": "启动费"},
            "checks": {
                "unit_power": "机组停机或出力在限值之内",
                "min_up": "最短运行时间",
                "min_down": "最短停机时间",
                "ramp": "爬坡速率",
                "fuel_curve": "燃料消耗符合效率曲线",
                "heat_of_fuel": "余热与燃料消耗一致",
            },
            "book": {"heat_output": "供热功率", "fuel_input": "燃料功率"},
            "prices": {"Fuel price": "燃料价格"},
        },
    }

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*equal_bus_problems(self), *self.fuel_problems()]
        heat = self.heat_efficiency if self.heat_bus is not None else 0.0
        problems += efficiency_problems(self.efficiency_points, self.min_load_share, heat)
        if self.initial and len(self.initial) != self.units:
            problems.append(
                f"initial = {len(self.initial)} states: must be one for each of {self.units} units"
            )
        for number, state in enumerate(self.initial):
            problems += state.problems(f"initial[{number}]", self.least_mw, self.rated_mw)
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def least_mw(self) -> float:
        """Least power of a unit that is on [MW]."""
        return self.min_load_share * self.rated_mw

    @property
    def fuel_points_mw(self) -> list[tuple[float, float]]:
        """Power and fuel of a unit, from its least power on [MW]."""
        curve = fuel_curve(self.efficiency_points, self.min_load_share)
        return [(power * self.rated_mw, fuel * self.rated_mw) for power, fuel in curve]

    @property
    def histories(self) -> tuple[UnitHistory, ...]:
        """What each unit was doing before the first interval."""
        states = self.initial or (UnitState(on=False),) * self.units
        return tuple(state.completed(self.least_mw) for state in states)

    @property
    def longest_h(self) -> float:
        """The longer of the least times: what was before has no effect [h]."""
        return max(self.min_up_h, self.min_down_h)

    @classmethod
    def example(cls) -> Self:
        """Two units with heat and every rule."""
        return cls(
            units=2, rated_mw=2.0, heat_bus="heat", fuel_price_yuan_per_mwh=150.0, start_cost_yuan=200.0,
            efficiency_points=((0.5, 0.36), (0.75, 0.41), (1.0, 0.42)), min_up_h=3.0, min_down_h=2.0,
            ramp_share_per_hour=0.4,
        )  # fmt: skip

    def initial_state(self) -> Mapping[str, float]:
        """Whether each unit is on, for how long [h], and its power [MW]."""
        return self._as_numbers(self.histories)

    def state_after(self, seen: Seen) -> Mapping[str, float]:
        """The same at the end of a dispatch."""
        power_mw, on = self._units_seen(seen)
        last_mw = np.where(on[:, -1], np.clip(power_mw[:, -1], self.least_mw, self.rated_mw), 0.0)
        return self._as_numbers(
            [
                history.after(unit_on, seen.hours, float(mw))
                for history, unit_on, mw in zip(self.histories, on, last_mw, strict=True)
            ]
        )

    def _as_numbers(self, histories: Sequence[UnitHistory]) -> dict[str, float]:
        numbers: dict[str, float] = {}
        for number, history in enumerate(histories, start=1):
            numbers |= history.numbers(f"unit_{number}", self.longest_h)
        return numbers

    def starting_from(self, state: Mapping[str, float]) -> Self:
        """The units as they were left."""
        units = range(1, self.units + 1)
        initial = tuple(UnitState.of_numbers(state, f"unit_{number}") for number in units)
        return self.model_copy(update={"initial": initial})

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write each unit, and the heat of all of them."""
        power_mw: Expr = 0.0
        fuel_mw: Expr = 0.0
        starts: Expr = 0.0
        for number, history in enumerate(self.histories, start=1):
            unit_mw, unit_fuel_mw, start = self._unit(block, interval, number, history)
            power_mw, fuel_mw, starts = power_mw + unit_mw, fuel_mw + unit_fuel_mw, starts + start
        block.power_mw = pyo.Expression(expr=power_mw)
        block.fuel_mw = pyo.Expression(expr=fuel_mw)
        injection = {self.bus: power_mw}
        if self.heat_bus is None:
            block.heat_mw = pyo.Expression(expr=0.0)
        else:
            block.heat_mw = pyo.Var(bounds=(0, None))
            surplus_mw = self.heat_efficiency * fuel_mw - block.heat_mw
            block.heat_of_fuel = pyo.Constraint(
                expr=surplus_mw >= 0 if self.may_dump_heat else surplus_mw == 0
            )
            injection[self.heat_bus] = block.heat_mw
        costs = {"start": self.start_cost_yuan * starts} if self.start_cost_yuan else {}
        return self.with_input(Terms(injection, costs), interval, fuel_mw)

    def _unit(
        self, block: Any, interval: Interval, number: int, history: UnitHistory
    ) -> tuple[Expr, Expr, Expr]:
        """Write one unit; its power [MW], its fuel [MW], and whether it starts."""
        power_mw = pyo.Var(bounds=(0, self.rated_mw))
        block.add_component(f"power_{number}_mw", power_mw)
        unit = interval.committed(
            f"unit_{number}", power_mw, self.least_mw, self.rated_mw * interval.series("availability"),
            min_up_h=self.min_up_h, min_down_h=self.min_down_h,
            history=history.before(interval.hours, self.longest_h),
        )  # fmt: skip
        # above the least power the curve is that of the power above it, so that a unit that is off is at zero
        (least_mw, least_fuel_mw), *above = self.fuel_points_mw
        fuel_mw = least_fuel_mw * unit.on
        beyond = [(power - least_mw, fuel - least_fuel_mw) for power, fuel in above]
        if len(beyond) == 1:
            fuel_mw = fuel_mw + beyond[0][1] / beyond[0][0] * (power_mw - least_mw * unit.on)
        elif beyond:
            excess_mw = power_mw - least_mw * unit.on
            fuel_mw = fuel_mw + interval.piecewise(f"fuel_{number}_mw", excess_mw, [(0.0, 0.0), *beyond])
        ramp_mw = self._ramp_mw(interval.hours)
        if ramp_mw < self.rated_mw:
            before_mw = interval.previous(power_mw, initial=history.power_mw)
            step_mw = max(ramp_mw, self.least_mw)  # of a unit that starts or stops
            up = power_mw - before_mw <= ramp_mw * (unit.on - unit.start) + step_mw * unit.start
            down = before_mw - power_mw <= ramp_mw * unit.on + step_mw * unit.stop
            block.add_component(f"ramp_up_{number}", pyo.Constraint(expr=up))
            block.add_component(f"ramp_down_{number}", pyo.Constraint(expr=down))
        return power_mw, fuel_mw, unit.start

    def _ramp_mw(self, hours: float) -> float:
        """Largest change of a unit's power within an interval [MW]; without a limit its rated power."""
        share_per_hour = self.ramp_share_per_hour
        return self.rated_mw * (1.0 if share_per_hour is None else min(1.0, share_per_hour * hours))

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute each unit's limits, times, ramps and fuel, the heat, and what enters the buses."""
        power_mw, on = self._units_seen(seen)
        most_mw = self.rated_mw * seen.values["availability"]
        within_mw = np.where(on, np.maximum(self.least_mw - power_mw, power_mw - most_mw), np.abs(power_mw))
        fuel_mw, heat_mw = self._fuel_mw(power_mw, on), seen.values["heat_mw"]
        heat_of_fuel_mw = self.heat_efficiency * fuel_mw if self.heat_bus is not None else 0.0 * fuel_mw
        surplus_mw = heat_of_fuel_mw - heat_mw
        binaries = np.stack([seen.values[f"unit_{number + 1}_on"] for number in range(self.units)])
        injected = {self.bus: power_mw.sum(axis=0), self.heat_bus: heat_mw, self.gas_bus: -fuel_mw}
        up_h, down_h = too_short_h(on, self.histories, seen.hours, self.min_up_h, self.min_down_h)
        before_mw = np.column_stack([[history.power_mw for history in self.histories], power_mw[:, :-1]])
        step_mw = np.where(on & self._was_on(on), 0.0, self.least_mw)  # of a unit that starts or stops
        allowed_mw = np.maximum(self._ramp_mw(seen.hours), step_mw)
        return {
            "unit_power_mw": largest_residual(within_mw, np.abs(binaries - on)),
            "min_up_h": up_h,
            "min_down_h": down_h,
            "ramp_mw": largest_residual(np.abs(power_mw - before_mw) - allowed_mw),
            "fuel_curve_mw": largest_residual(np.abs(seen.values["fuel_mw"] - fuel_mw)),
            "heat_of_fuel_mw": largest_residual(
                -heat_mw, -surplus_mw if self.may_dump_heat else np.abs(surplus_mw)
            ),
            "injection_mw": injection_residual_mw(seen, injected),
        }

    def activities(self, seen: Seen) -> list[Activity]:
        """Each unit with its power."""
        units = zip(*self._units_seen(seen), strict=True)
        return [
            Activity("commitment", mw, self.rated_mw, on, number if self.units > 1 else None)
            for number, (mw, on) in enumerate(units, start=1)
        ]

    def _units_seen(self, seen: Seen) -> tuple[Array, Any]:
        """Power of each unit [MW] and whether it is on, shape (units, intervals)."""
        numbers = range(1, self.units + 1)
        power_mw = np.stack([seen.values[f"power_{number}_mw"] for number in numbers])
        return power_mw, np.stack([seen.values[f"unit_{number}_on"] > 0.5 for number in numbers])

    def _was_on(self, on: Any) -> Any:
        """Whether each unit was on in the interval before, shape (units, intervals)."""
        return np.column_stack([[history.on for history in self.histories], on[:, :-1]])

    def _fuel_mw(self, power_mw: Array, on: Any) -> Array:
        """Fuel of all units [MW], shape (intervals,), by interpolation."""
        power_points, fuel_points = np.transpose(self.fuel_points_mw)
        return np.asarray(np.where(on, np.interp(power_mw, power_points, fuel_points), 0.0).sum(axis=0))

    def amounts(self, seen: Seen) -> Mapping[str, Array]:
        """The CO2 of the fuel."""
        return self.fuel_co2_t(seen, self._fuel_mw(*self._units_seen(seen)))

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """What starts cost, and fuel that is bought."""
        power_mw, on = self._units_seen(seen)
        costs = self.fuel_yuan(seen, self._fuel_mw(power_mw, on))
        if self.start_cost_yuan:
            costs["start"] = self.start_cost_yuan * (on & ~self._was_on(on)).sum(axis=0).astype(float)
        return costs
