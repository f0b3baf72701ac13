"""A battery: power, energy, losses, wear and its limits.

Level law: energy = previous energy x (1 - self-discharge)^hours + eta_charge x charge x hours
- discharge x hours / eta_discharge. Charge and discharge are AC power at the battery's meter, each zero or at
least its minimum, below which an inverter does not run.

Age takes energy, not power: full is rated energy x state of health, and every state of charge is a share of
that. Full cycles, and the limit on them, are counted in rated energy, as makers warrant them and as
`fade_per_full_cycle` is meant.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pyomo.environ as pyo
from pydantic import model_validator

from parkdispatch.models.capacity import Size, Sized, decide, keep_within, largest
from parkdispatch.models.device import (
    Array,
    Device,
    Display,
    Efficiency,
    Fraction,
    Interval,
    NonNegative,
    Park,
    Positive,
    Role,
    Seen,
    StorageLevel,
    Terms,
)


def _rest_or_run(block: Any, interval: Interval, name: str, least_mw: float) -> None:
    """Charge (or discharge) is zero or at least its minimum.

    What it idles is what it lacks of the minimum: power + idle >= minimum, and one of the two is zero.
    """
    power_mw = block.component(f"{name}_mw")
    idle_mw = pyo.Var(bounds=(0, least_mw))
    block.add_component(f"idle_{name}_mw", idle_mw)
    block.add_component(f"{name}_minimum", pyo.Constraint(expr=power_mw + idle_mw >= least_mw))
    interval.either_or(power_mw, idle_mw)


class Battery(Device):
    """One storage unit behind one meter."""

    role: ClassVar[Role] = "store"
    stores_energy: ClassVar[bool] = True
    displays: ClassVar[tuple[Display, ...]] = (
        Display("set_point", "set_point", {"discharge_mw": 1.0, "charge_mw": -1.0}),
    )

    kind: Literal["battery"] = "battery"
    bus: str = "ac"
    power_mw: Size  # [MW] AC, both ways
    energy_mwh: Size  # [MWh] rated, in the cells
    min_charge_mw: NonNegative = 0.0  # [MW] AC, least power while it charges; 0: any power does
    min_discharge_mw: NonNegative = 0.0  # [MW] AC, least power while it discharges
    soc_min: Fraction = 0.05  # [-] of full energy; industry practice for LFP
    soc_max: Fraction = 0.95  # [-] of full energy
    initial_soc: Fraction = 0.10  # [-] before the first interval
    final_soc: Fraction | None = None  # [-] at least this at the end; none: as it began
    eta_charge: Efficiency = 0.94  # [-] AC to cells; 0.94 each way is 88 % AC round trip
    eta_discharge: Efficiency = 0.94  # [-] cells to AC
    self_discharge_per_hour: Fraction = 0.0  # [1/h] share of the stored energy lost
    auxiliary_share: Fraction = 0.01  # [-] of rated power, drawn always: cooling, control
    wear_yuan_per_mwh: NonNegative = 0.0  # [yuan/MWh] of AC energy discharged
    max_cycles_per_day: Positive | None = None  # [1/d] energy drawn from the cells / rated energy
    state_of_health: Efficiency = 1.0  # [-] full energy / rated energy, in (0, 1]; 1: new
    # What years take of the state of health; a year's dispatch does not ask for it, a study of years does.
    # Defaults: in the middle of what BLAST-Lite 1.1.1 computes for its LFP-graphite cell of 250 Ah at 25 degC
    # and 0.5C, one and two cycles a day: 2.5e-5 to 3e-5 a full cycle and 0.003 to 0.004 a year.
    fade_per_full_cycle: Fraction = 2.7e-5  # [-] of rated energy, lost with each full cycle
    fade_per_year: Fraction = 0.0035  # [-] of rated energy, lost with each year, used or not

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.soc_min > self.soc_max:
            raise ValueError(f"soc_min = {self.soc_min:g} is above soc_max = {self.soc_max:g}")
        for name in ("initial_soc", "final_soc"):
            soc = getattr(self, name)
            if soc is not None and not self.soc_min <= soc <= self.soc_max:
                raise ValueError(
                    f"{name} = {soc:g} lies outside its window: must be in "
                    f"[soc_min, soc_max] = [{self.soc_min:g}, {self.soc_max:g}]"
                )
        largest_mw = self.largest_power_mw
        limit = "power_mw.max" if isinstance(self.power_mw, Sized) else "power_mw"
        # a power decided below the minimum is no mistake: not to build is a choice, and such a unit rests
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
    def final_soc_or_initial(self) -> float:
        """State of charge to be reached at the end [-]."""
        return self.initial_soc if self.final_soc is None else self.final_soc

    @property
    def largest_power_mw(self) -> float:
        """The most it can charge or discharge [MW]."""
        return largest(self.power_mw)

    @property
    def full_mwh(self) -> float:
        """Energy in the cells, as aged as they are, at a state of charge of 1, or the most of it [MWh]."""
        return largest(self.energy_mwh) * self.state_of_health

    @property
    def deliverable_mwh(self) -> float:
        """AC energy it can give from full to empty [MWh]."""
        return self.full_mwh * (self.soc_max - self.soc_min) * self.eta_discharge

    def health_after(self, health: float, full_cycles: float) -> float:
        """State of health [-] a year after it was `health`, with so many full cycles in between.

        Linear in both, as `fade_per_full_cycle` and `fade_per_year` say; zero or less: worn out before.
        """
        return health - self.fade_per_full_cycle * full_cycles - self.fade_per_year

    @classmethod
    def example(cls) -> Self:
        """A battery of two hours."""
        return cls(power_mw=10.0, energy_mwh=20.0)

    def storage_level(self, seen: Seen) -> StorageLevel:
        """Energy in the cells; full is the rated energy, decided or declared, at the state of health."""
        rated_mwh = float(np.max(seen.shared.get("rated_mwh", largest(self.energy_mwh))))
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
        """A battery has no datum that varies with time."""
        return {}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Energy balance of the cells, power and energy limits, cycle limit."""
        hours = interval.hours
        power_mw = decide(interval, "power_mw", self.power_mw)
        rated_mwh = decide(interval, "rated_mwh", self.energy_mwh)
        full_mwh = self.state_of_health * rated_mwh

        block.charge_mw = pyo.Var(bounds=(0, largest(self.power_mw)))
        block.discharge_mw = pyo.Var(bounds=(0, largest(self.power_mw)))
        block.energy_mwh = pyo.Var(bounds=(0, self.full_mwh))
        keep_within(block, "charge_limit", block.charge_mw, 0.0, power_mw)
        keep_within(block, "discharge_limit", block.discharge_mw, 0.0, power_mw)
        keep_within(
            block, "energy_window", block.energy_mwh, self.soc_min * full_mwh, self.soc_max * full_mwh
        )

        kept = (1 - self.self_discharge_per_hour) ** hours
        before = interval.previous(block.energy_mwh, initial=self.initial_soc * full_mwh)
        drawn_mwh = block.discharge_mw * (hours / self.eta_discharge)
        # energy at the end = energy before, less self-discharge, + stored - drawn
        block.energy_balance = pyo.Constraint(
            expr=block.energy_mwh == before * kept + block.charge_mw * (self.eta_charge * hours) - drawn_mwh
        )
        interval.at_end(block.energy_mwh, lower=self.final_soc_or_initial * full_mwh, name="final_soc")
        if self.max_cycles_per_day is not None:
            interval.total("cycles", drawn_mwh, per="day", upper=self.max_cycles_per_day * rated_mwh)
        interval.either_or(block.charge_mw, block.discharge_mw)
        for name, least_mw in (("charge", self.min_charge_mw), ("discharge", self.min_discharge_mw)):
            if least_mw > 0:
                _rest_or_run(block, interval, name, least_mw)

        auxiliary_mw = self.auxiliary_share * power_mw
        return Terms(
            injection={self.bus: block.discharge_mw - block.charge_mw - auxiliary_mw},
            costs={"wear": (self.wear_yuan_per_mwh * hours) * block.discharge_mw}
            if self.wear_yuan_per_mwh
            else {},
        )

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the level law and every limit from the dispatched power."""
        charge, discharge = seen.values["charge_mw"], seen.values["discharge_mw"]
        energy = seen.values["energy_mwh"]
        power = seen.shared.get("power_mw", largest(self.power_mw))
        rated = seen.shared.get("rated_mwh", largest(self.energy_mwh))
        full = self.state_of_health * rated
        first_rated, first_full = (np.broadcast_to(size, energy.shape)[0] for size in (rated, full))
        before = np.concatenate([[self.initial_soc * first_full], energy[:-1]])
        kept = (
            np.exp(seen.hours * np.log1p(-self.self_discharge_per_hour))
            if (self.self_discharge_per_hour < 1)
            else 0.0
        )
        stored = self.eta_charge * charge * seen.hours
        drawn = discharge * seen.hours / self.eta_discharge
        checks = {
            "energy_balance_mwh": np.abs(energy - (before * kept + stored - drawn)).max(),
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
                power_mw = seen.values[f"{name}_mw"]
                # how far from the nearer of zero and the minimum
                checks[f"min_{name}_mw"] = np.minimum(power_mw, least_mw - power_mw).max()
        if self.max_cycles_per_day is not None:
            day = (seen.times.normalize() - seen.times[0].normalize()).days.to_numpy()
            daily_mwh = np.bincount(day, weights=drawn)
            checks["cycles_per_day_mwh"] = daily_mwh.max() - self.max_cycles_per_day * first_rated
        return {name: max(0.0, float(residual)) for name, residual in checks.items()}

    def indicators(self, seen: Seen) -> Mapping[str, float]:
        """Full cycles: energy drawn from the cells over rated energy."""
        rated = float(np.max(seen.shared.get("rated_mwh", largest(self.energy_mwh))))
        drawn = float(seen.values["discharge_mw"].sum()) * seen.hours / self.eta_discharge
        return {"full_cycles": drawn / rated if rated > 0 else 0.0}
