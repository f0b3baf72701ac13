"""What a battery is: its declaration, with what only the whole of it can judge."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from parkdispatch.models.capacity import Sized, largest_capacity
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import Device, Efficiency, Fraction
from parkdispatch.models.limits import LARGEST_PRICE_YUAN_PER_MWH, Energy, Power
from parkdispatch.models.markets.services import Services
from parkdispatch.models.stores.battery_limits import Outage, Taper, taper_problem
from parkdispatch.models.vocabulary import Exchange

# in the middle of what the model computes for one and two cycles a day: 2.5e-5 to 3e-5 a full cycle, 0.003 to
# 0.004 a year
FADE_SOURCE = "BLAST-Lite 1.1.1, LFP-graphite cell of 250 Ah at 25 degC and 0.5C, one and two cycles a day"


class BatteryDeclaration(Device):
    """The parameters of a battery storage behind one meter."""

    kind: Literal["battery"] = declared("-", "Kind of device", default="battery")
    bus: str = declared("-", "Name of the bus the battery is connected to", default="ac")
    power_mw: Power | Sized = declared("MW", "Rated AC power, the same for charging and discharging")
    energy_mwh: Energy | Sized = declared("MWh", "Rated energy of the cells when new")
    max_charge_mw: Power | None = declared(
        "MW", "Largest AC power while charging; left out: the rated power", default=None
    )
    max_discharge_mw: Power | None = declared(
        "MW", "Largest AC power while discharging; left out: the rated power", default=None
    )
    charge_taper: Taper = declared(
        "-", "Share of the power that charging can have at a state of charge before the interval, as points"
        " [state of charge, share] from 0 to 1, concave; left out: all of it", default=(),
    )  # fmt: skip
    discharge_taper: Taper = declared("-", "The same of discharging", default=())
    min_charge_mw: Power = declared(
        "MW", "Least AC power while charging, below which the inverter does not run; 0: any power",
        ASSUMED, 0.0,
    )  # fmt: skip
    min_discharge_mw: Power = declared("MW", "Least AC power while discharging; 0: any power", ASSUMED, 0.0)
    soc_min: Fraction = declared(
        "-", "Lowest state of charge, as a share of full energy", "industry practice for LFP", 0.05
    )
    soc_max: Fraction = declared("-", "Highest state of charge, as a share of full energy", ASSUMED, 0.95)
    reserve_mwh: Energy = declared(
        "MWh", "AC energy that is kept for emergencies, above the lowest state of charge", default=0.0
    )
    initial_soc: Fraction = declared(
        "-", "State of charge before the first interval; outside of the window it returns into it",
        ASSUMED, 0.10,
    )  # fmt: skip
    recovery_hours: Annotated[float, Field(ge=0, le=168)] = declared(
        "h", "Time to return into the window for a battery that begins outside", ASSUMED, 4.0
    )
    final_soc: Fraction | None = declared(
        "-", "State of charge at the end of the horizon; left out: `initial_soc`, or the window's nearer end",
        ASSUMED, None,
    )  # fmt: skip
    final_rule: Literal["at_least", "exactly", "at_most", "free"] = declared(
        "-", "How the energy at the end of the horizon keeps to `final_soc`", ASSUMED, "at_least"
    )
    eta_charge: Efficiency = declared(
        "-", "Efficiency of charging, from AC to the cells",
        "assumption: 0.94 each way is an AC round-trip efficiency of 88 %", 0.94,
    )  # fmt: skip
    eta_discharge: Efficiency = declared(
        "-", "Efficiency of discharging, from the cells to AC",
        "assumption: 0.94 each way is an AC round-trip efficiency of 88 %", 0.94,
    )  # fmt: skip
    self_discharge_per_hour: Fraction = declared(
        "1/h", "Share of the stored energy lost in each hour", ASSUMED, 0.0
    )
    auxiliary_share: Fraction = declared(
        "-", "Auxiliary power for cooling and control, drawn always, as a share of rated power",
        ASSUMED, 0.01,
    )  # fmt: skip
    wear_yuan_per_mwh: Annotated[float, Field(ge=0, le=LARGEST_PRICE_YUAN_PER_MWH)] = declared(
        "yuan/MWh", "Cost of wear for each MWh of AC energy discharged", ASSUMED, 0.0
    )
    max_cycles_per_day: Annotated[float, Field(gt=0, le=100)] | None = declared(
        "1/d", "Largest number of full cycles a day: energy drawn from the cells over rated energy;"
        " left out: no limit", ASSUMED, None,
    )  # fmt: skip
    max_cycles_per_month: Annotated[float, Field(gt=0, le=3100)] | None = declared(
        "1/month", "Largest number of full cycles in a calendar month; left out: no limit", default=None
    )
    max_cycles_per_year: Annotated[float, Field(gt=0, le=36_600)] | None = declared(
        "1/a", "Largest number of full cycles in a calendar year; left out: no limit", default=None
    )
    day_cycles_before: Annotated[float, Field(ge=0, le=100)] = declared(
        "-", "Full cycles that the day has had when the horizon begins within it", ASSUMED, 0.0
    )
    month_cycles_before: Annotated[float, Field(ge=0, le=3100)] = declared(
        "-", "Full cycles that the month has had when the horizon begins within it", ASSUMED, 0.0
    )
    year_cycles_before: Annotated[float, Field(ge=0, le=36_600)] = declared(
        "-", "Full cycles that the year has had when the horizon begins within it", ASSUMED, 0.0
    )
    outages: tuple[Outage, ...] = declared("-", "Hours with less power or none", default=())
    limits_by_series: bool = declared(
        "-",
        "Whether series give `power_share`, `lowest_mwh` and `highest_mwh`, or some of them",
        default=False,
    )
    charge_from_grid: bool = declared(
        "-", "Whether the battery may charge while the park imports; false: from surplus generation only",
        ASSUMED, True,
    )  # fmt: skip
    discharge_to_grid: bool = declared(
        "-", "Whether the battery may discharge while the park exports; false: it never discharges more than"
        " the park draws besides it", ASSUMED, True,
    )  # fmt: skip
    services: Services | None = declared(
        "-", "Frequency regulation and reserve that it may offer; left out: none", default=None
    )
    state_of_health: Efficiency = declared("-", "Full energy over rated energy; 1: new", ASSUMED, 1.0)
    # How the state of health falls over the years. Used by studies of several years, not by a dispatch.
    fade_per_full_cycle: Fraction = declared(
        "-", "Share of rated energy lost with each full cycle", FADE_SOURCE, 2.7e-5
    )
    fade_per_year: Fraction = declared(
        "-", "Share of rated energy lost with each year, used or not", FADE_SOURCE, 0.0035
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        problems = [*self._window_problems(), *self._power_problems(), *self._limit_problems()]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def _window_problems(self) -> list[str]:
        if self.soc_min > self.soc_max:
            return [f"soc_min = {self.soc_min:.15g} is above soc_max = {self.soc_max:.15g}"]
        problems, soc = [], self.final_soc
        if soc is not None and not self.soc_min <= soc <= self.soc_max:
            problems.append(
                f"final_soc = {soc:.15g} lies outside its window: must be in "
                f"[soc_min, soc_max] = [{self.soc_min:.15g}, {self.soc_max:.15g}]"
            )
        if self.reserve_mwh > self.deliverable_mwh:
            problems.append(
                f"reserve_mwh = {self.reserve_mwh:.15g}: must be at most {self.deliverable_mwh:.15g}, what"
                " the battery delivers between soc_max and soc_min"
            )
        return problems

    def _power_problems(self) -> list[str]:
        largest_mw = self.largest_power_mw
        limit = "power_mw.max" if isinstance(self.power_mw, Sized) else "power_mw"
        # A power chosen by the optimizer below the minimum is no error: not to build is a choice; such a
        # battery stays at zero.
        return [
            f"{name} = {getattr(self, name):.15g} could never be reached: must be in"
            f" [0, {limit}] = [0, {largest_mw:.15g}]"
            for name in ("min_charge_mw", "min_discharge_mw", "max_charge_mw", "max_discharge_mw")
            if (getattr(self, name) or 0.0) > largest_mw
        ]

    def _limit_problems(self) -> list[str]:
        problems = [
            f"{name} = {list(points)}: {problem}"
            for name, points in (
                ("charge_taper", self.charge_taper),
                ("discharge_taper", self.discharge_taper),
            )
            if (problem := taper_problem(points))
        ]
        problems += [
            f"min_{name}_mw = {least:.15g} is above max_{name}_mw = {most:.15g}"
            for name, least, most in (
                ("charge", self.min_charge_mw, self.max_charge_mw),
                ("discharge", self.min_discharge_mw, self.max_discharge_mw),
            )
            if most is not None and least > most
        ]
        is_sized = isinstance(self.power_mw, Sized) or isinstance(self.energy_mwh, Sized)
        if is_sized and self.has_limits_in_time:
            problems.append(
                "outages, `limits_by_series`, a taper and a beginning outside of the window: must be left out"
                " where `power_mw` or `energy_mwh` is a decision"
            )
        if self.services and (is_sized or self.charge_taper or self.discharge_taper):
            problems.append(
                "services: must be left out where `power_mw` or `energy_mwh` is a decision, or with a taper"
            )
        problems += [
            f"{per}_cycles_before = {before:.15g}: must be at most {most:.15g}, the `max_cycles_per_{per}`"
            for per, before, most in (
                ("day", self.day_cycles_before, self.max_cycles_per_day),
                ("month", self.month_cycles_before, self.max_cycles_per_month),
                ("year", self.year_cycles_before, self.max_cycles_per_year),
            )
            if most is not None and before > most
        ]
        return problems

    @property
    def window_mwh(self) -> tuple[float, float]:
        """Least energy, with the reserve, and largest energy in the cells [MWh]; the largest, if sized."""
        full_mwh = self.full_mwh
        return self.soc_min * full_mwh + self.reserve_mwh / self.eta_discharge, self.soc_max * full_mwh

    @property
    def has_limits_in_time(self) -> bool:
        """Whether limits vary with time, or with the state of charge."""
        least_mwh, most_mwh = self.window_mwh
        begins_outside = not least_mwh <= self.initial_soc * self.full_mwh <= most_mwh
        tapers = self.charge_taper or self.discharge_taper
        return bool(self.outages or self.limits_by_series or begins_outside or tapers)

    @property
    def never_with(self) -> Mapping[str, Exchange]:
        """Charging with import, or discharging with export, where that is not allowed."""
        rules: dict[str, Exchange] = {}
        if not self.charge_from_grid:
            rules["charge_mw"] = "import"
        if not self.discharge_to_grid:
            rules["discharge_mw"] = "export"
        return rules

    @property
    def final_soc_or_initial(self) -> float:
        """State of charge at the end of the horizon, as `final_rule` says [-]."""
        return (
            float(np.clip(self.initial_soc, self.soc_min, self.soc_max))
            if self.final_soc is None
            else self.final_soc
        )

    @property
    def largest_power_mw(self) -> float:
        """Largest AC power of charging or discharging [MW]."""
        return largest_capacity(self.power_mw)

    @property
    def full_mwh(self) -> float:
        """Full energy: energy in the aged cells at a state of charge of 1; the largest, if sized [MWh]."""
        return largest_capacity(self.energy_mwh) * self.state_of_health

    @property
    def deliverable_mwh(self) -> float:
        """AC energy delivered between the highest and the lowest state of charge [MWh]."""
        return self.full_mwh * (self.soc_max - self.soc_min) * self.eta_discharge

    def resized(self, power_mw: float, energy_mwh: float) -> Self:
        """The battery with another size.

        Least and largest powers are those of its converters, whose number grows with the power.
        """
        ratio = power_mw / self.largest_power_mw if self.largest_power_mw > 0 else 0.0
        limits = ("min_charge_mw", "min_discharge_mw", "max_charge_mw", "max_discharge_mw")
        given = {name: getattr(self, name) for name in limits}
        scaled = {name: ratio * limit_mw for name, limit_mw in given.items() if limit_mw is not None}
        return self.model_copy(update={"power_mw": power_mw, "energy_mwh": energy_mwh, **scaled})

    def health_after(self, health: float, full_cycles: float) -> float:
        """State of health [-] one year after it was `health`, with `full_cycles` in between.

        Linear in cycles and time; zero or less means that the cells wear out within the year.
        """
        return health - self.fade_per_full_cycle * full_cycles - self.fade_per_year
