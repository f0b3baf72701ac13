"""Battery: power, energy, losses, wear and limits.

    energy = previous energy x (1 - self-discharge)^hours + eta_charge x charge x hours
             - discharge x hours / eta_discharge

Charge and discharge are AC power at the battery's meter; each is zero or at least its minimum, below which
the inverter does not run.

Ageing reduces energy, not power: full energy = rated energy x state of health, and every state of charge is
a share of full energy. Full cycles, and the limit on them, are counted in rated energy, because warranties
and `fade_per_full_cycle` refer to rated energy.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pyomo.environ as pyo
from pydantic import Field, model_validator

from parkdispatch.models.capacity import Sized, capacity_in_model, keep_within, largest_capacity
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
    StorageLevel,
    largest_residual,
)
from parkdispatch.models.limits import LARGEST_PRICE_YUAN_PER_MWH, Energy, Power
from parkdispatch.models.vocabulary import Exchange, Interval, Terms

# in the middle of what the model computes for one and two cycles a day: 2.5e-5 to 3e-5 a full cycle, 0.003 to
# 0.004 a year
FADE_SOURCE = "BLAST-Lite 1.1.1, LFP-graphite cell of 250 Ah at 25 degC and 0.5C, one and two cycles a day"


def _zero_or_at_least_minimum(block: Any, interval: Interval, name: str, least_mw: float) -> None:
    """Make charge (or discharge) semi-continuous: zero, or at least its minimum.

    The slack `idle_<name>_mw` is what the power lacks of the minimum: power + idle >= minimum, and at most
    one of the two exceeds zero.
    """
    power_mw = block.component(f"{name}_mw")
    idle_mw = pyo.Var(bounds=(0, least_mw))
    block.add_component(f"idle_{name}_mw", idle_mw)
    block.add_component(f"{name}_minimum", pyo.Constraint(expr=power_mw + idle_mw >= least_mw))
    interval.either_or(power_mw, idle_mw)


class Battery(Device):
    """Battery storage behind one meter."""

    role: ClassVar[Role] = "store"
    stores_energy: ClassVar[bool] = True
    displays: ClassVar[tuple[Display, ...]] = (
        Display("set_point", "set_point", {"discharge_mw": 1.0, "charge_mw": -1.0}),
    )

    kind: Literal["battery"] = declared("-", "Kind of device", default="battery")
    bus: str = declared("-", "Name of the bus the battery is connected to", default="ac")
    power_mw: Power | Sized = declared("MW", "Rated AC power, the same for charging and discharging")
    energy_mwh: Energy | Sized = declared("MWh", "Rated energy of the cells when new")
    min_charge_mw: Power = declared(
        "MW", "Least AC power while charging, below which the inverter does not run; 0: any power",
        ASSUMED, 0.0,
    )  # fmt: skip
    min_discharge_mw: Power = declared("MW", "Least AC power while discharging; 0: any power", ASSUMED, 0.0)
    soc_min: Fraction = declared(
        "-", "Lowest state of charge, as a share of full energy", "industry practice for LFP", 0.05
    )
    soc_max: Fraction = declared("-", "Highest state of charge, as a share of full energy", ASSUMED, 0.95)
    initial_soc: Fraction = declared("-", "State of charge before the first interval", ASSUMED, 0.10)
    final_soc: Fraction | None = declared(
        "-",
        "State of charge that is reached or exceeded at the end of the horizon; left out: `initial_soc`",
        ASSUMED,
        None,
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
    charge_from_grid: bool = declared(
        "-", "Whether the battery may charge while the park imports; false: from surplus generation only",
        ASSUMED, True,
    )  # fmt: skip
    discharge_to_grid: bool = declared(
        "-", "Whether the battery may discharge while the park exports; false: it never discharges more than"
        " the park draws besides it", ASSUMED, True,
    )  # fmt: skip
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
        if self.soc_min > self.soc_max:
            raise ValueError(f"soc_min = {self.soc_min:g} is above soc_max = {self.soc_max:g}")
        for name in ("initial_soc", "final_soc"):
            soc = getattr(self, name)
            if soc is not None and not self.soc_min <= soc <= self.soc_max:
                raise ValueError(
                    f"{name} = {soc:.15g} lies outside its window: must be in "
                    f"[soc_min, soc_max] = [{self.soc_min:.15g}, {self.soc_max:.15g}]"
                )
        largest_mw = self.largest_power_mw
        limit = "power_mw.max" if isinstance(self.power_mw, Sized) else "power_mw"
        # A power chosen by the optimizer below the minimum is no error: not to build is a choice; such a
        # battery stays at zero.
        too_high = [
            f"{name} = {getattr(self, name):g} could never be reached: must be in"
            f" [0, {limit}] = [0, {largest_mw:g}]"
            for name in ("min_charge_mw", "min_discharge_mw")
            if getattr(self, name) > largest_mw
        ]
        if too_high:
            raise ValueError("\n".join(too_high))
        return self

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
        """Least state of charge at the end of the horizon [-]."""
        return self.initial_soc if self.final_soc is None else self.final_soc

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

    def health_after(self, health: float, full_cycles: float) -> float:
        """State of health [-] one year after it was `health`, with `full_cycles` in between.

        Linear in cycles and time; zero or less means that the cells wear out within the year.
        """
        return health - self.fade_per_full_cycle * full_cycles - self.fade_per_year

    @classmethod
    def example(cls) -> Self:
        """A battery of two hours."""
        return cls(power_mw=10.0, energy_mwh=20.0)

    def storage_level(self, seen: Seen) -> StorageLevel:
        """Energy in the cells; full is the rated energy, decided or declared, at the state of health."""
        rated_mwh = float(np.max(seen.shared.get("rated_mwh", largest_capacity(self.energy_mwh))))
        full_mwh = self.state_of_health * rated_mwh
        return StorageLevel(
            seen.values["energy_mwh"], full_mwh, self.initial_soc * full_mwh, self.soc_min, self.soc_max
        )

    def initial_state(self) -> Mapping[str, float]:
        """The energy in the cells [MWh]."""
        return {"energy_mwh": self.initial_soc * self.full_mwh}

    def state_after(self, seen: Seen) -> Mapping[str, float]:
        """The energy in the cells, without what the solver's rounding adds at the window's ends [MWh]."""
        full_mwh, energy_mwh = self.full_mwh, float(seen.values["energy_mwh"][-1])
        within = float(np.clip(energy_mwh, self.soc_min * full_mwh, self.soc_max * full_mwh))
        return {"energy_mwh": within + 0.0}  # no -0.0

    def starting_from(self, state: Mapping[str, float]) -> Self:
        """The battery with that energy in its cells; it is to end where it would have ended otherwise."""
        full_mwh = self.full_mwh
        soc = state["energy_mwh"] / full_mwh if full_mwh > 0 else self.initial_soc
        soc = float(np.clip(soc, self.soc_min, self.soc_max))  # a quotient may round beyond
        return self.model_copy(update={"initial_soc": soc, "final_soc": self.final_soc_or_initial})

    def series(self, park: Park) -> Mapping[str, Array]:
        """No series: a battery has no data that vary with time."""
        return {}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write the energy balance of the cells, the power and energy limits and the cycle limit."""
        hours = interval.hours
        power_mw = capacity_in_model(interval, "power_mw", self.power_mw)
        rated_mwh = capacity_in_model(interval, "rated_mwh", self.energy_mwh)
        full_mwh = self.state_of_health * rated_mwh

        block.charge_mw = pyo.Var(bounds=(0, largest_capacity(self.power_mw)))
        block.discharge_mw = pyo.Var(bounds=(0, largest_capacity(self.power_mw)))
        block.energy_mwh = pyo.Var(bounds=(0, self.full_mwh))
        keep_within(block, "charge_limit", block.charge_mw, 0.0, power_mw)
        keep_within(block, "discharge_limit", block.discharge_mw, 0.0, power_mw)
        keep_within(
            block, "energy_window", block.energy_mwh, self.soc_min * full_mwh, self.soc_max * full_mwh
        )

        retained = (1 - self.self_discharge_per_hour) ** hours
        before = interval.previous(block.energy_mwh, initial=self.initial_soc * full_mwh)
        drawn_mwh = block.discharge_mw * (hours / self.eta_discharge)
        # energy at the end = energy before, less self-discharge, + stored - drawn
        block.energy_balance = pyo.Constraint(
            expr=block.energy_mwh
            == before * retained + block.charge_mw * (self.eta_charge * hours) - drawn_mwh
        )
        interval.at_end(block.energy_mwh, lower=self.final_soc_or_initial * full_mwh, name="final_soc")
        if self.max_cycles_per_day is not None:
            interval.total("cycles", drawn_mwh, per="day", upper=self.max_cycles_per_day * rated_mwh)
        interval.either_or(block.charge_mw, block.discharge_mw)
        for name, exchange in self.never_with.items():
            interval.never_with(block.component(name), exchange)
        for name, least_mw in (("charge", self.min_charge_mw), ("discharge", self.min_discharge_mw)):
            if least_mw > 0:
                _zero_or_at_least_minimum(block, interval, name, least_mw)

        auxiliary_mw = self.auxiliary_share * power_mw
        return Terms(
            injection={self.bus: block.discharge_mw - block.charge_mw - auxiliary_mw},
            costs={"wear": (self.wear_yuan_per_mwh * hours) * block.discharge_mw}
            if self.wear_yuan_per_mwh
            else {},
        )

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the energy balance and every limit from the dispatched power."""
        charge, discharge = seen.values["charge_mw"], seen.values["discharge_mw"]
        energy = seen.values["energy_mwh"]
        power = seen.shared.get("power_mw", largest_capacity(self.power_mw))
        rated = seen.shared.get("rated_mwh", largest_capacity(self.energy_mwh))
        full = self.state_of_health * rated
        first_rated, first_full = (np.broadcast_to(size, energy.shape)[0] for size in (rated, full))
        before = np.concatenate([[self.initial_soc * first_full], energy[:-1]])
        retained = (
            np.exp(seen.hours * np.log1p(-self.self_discharge_per_hour))
            if (self.self_discharge_per_hour < 1)
            else 0.0
        )
        stored = self.eta_charge * charge * seen.hours
        drawn = discharge * seen.hours / self.eta_discharge
        checks = {
            "energy_balance_mwh": np.abs(energy - (before * retained + stored - drawn)).max(),
            "charge_limit_mw": np.maximum(charge - power, -charge).max(),
            "discharge_limit_mw": np.maximum(discharge - power, -discharge).max(),
            "energy_window_mwh": np.maximum(energy - self.soc_max * full, self.soc_min * full - energy).max(),
            "final_energy_mwh": self.final_soc_or_initial * first_full - energy[-1],
            "charge_and_discharge_mw": np.minimum(charge, discharge).max(),
            "injection_mw": np.abs(
                seen.injection[self.bus] - (discharge - charge - self.auxiliary_share * power)
            ).max(),
        }
        for name, least_mw in (("charge", self.min_charge_mw), ("discharge", self.min_discharge_mw)):
            if least_mw > 0:
                power_mw, idle_mw = seen.values[f"{name}_mw"], seen.values[f"idle_{name}_mw"]
                # distance to the nearer of zero and the minimum
                checks[f"min_{name}_mw"] = np.minimum(power_mw, least_mw - power_mw).max()
                # what the power lacks of the minimum: all of it at zero, nothing above
                checks[f"idle_{name}_mw"] = np.minimum(
                    np.abs(idle_mw - least_mw) + power_mw, np.abs(idle_mw)
                ).max()
        if self.max_cycles_per_day is not None:
            day = (seen.times.normalize() - seen.times[0].normalize()).days.to_numpy()
            daily_mwh = np.bincount(day, weights=drawn)
            checks["cycles_per_day_mwh"] = daily_mwh.max() - self.max_cycles_per_day * first_rated
        return {name: largest_residual(residual) for name, residual in checks.items()}

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """Wear of the energy discharged, and the capital cost of capacities that are decided."""
        costs = {}
        if self.wear_yuan_per_mwh:
            costs["wear"] = seen.values["discharge_mw"] * seen.hours * self.wear_yuan_per_mwh
        capital = [
            seen.shared[name] * size.cost_yuan_per_unit
            for name, size in (("power_mw", self.power_mw), ("rated_mwh", self.energy_mwh))
            if isinstance(size, Sized)
        ]
        if capital:
            costs["capital"] = np.sum(capital, axis=0)
        return costs

    def indicators(self, seen: Seen) -> Mapping[str, float]:
        """Full cycles over the horizon: energy drawn from the cells over rated energy."""
        rated = float(np.max(seen.shared.get("rated_mwh", largest_capacity(self.energy_mwh))))
        drawn = float(seen.values["discharge_mw"].sum()) * seen.hours / self.eta_discharge
        return {"full_cycles": drawn / rated if rated > 0 else 0.0}
