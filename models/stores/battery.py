"""Battery: power, energy, losses, wear and limits.

    energy = previous energy x (1 - self-discharge)^hours + eta_charge x charge x hours
             - discharge x hours / eta_discharge

Charge and discharge are AC power at the battery's meter; each is zero or at least its minimum, below which
the inverter does not run.

Ageing reduces energy, not power: full energy = rated energy x state of health, and every state of charge is
a share of full energy. Full cycles, and the limit on them, are counted in rated energy, because warranties
and `fade_per_full_cycle` refer to rated energy.
"""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.calendar.calendar_period import CalendarUnit, largest_sum, sum_so_far
from parkdispatch.models.capacity import capacity_in_model, capital_yuan, keep_within, largest_capacity
from parkdispatch.models.device import (
    Array,
    Device,
    Display,
    Park,
    Role,
    Seen,
    SeriesSpec,
    StorageLevel,
    energy_spec,
    largest_residual,
)
from parkdispatch.models.markets.service_rows import (
    lost_power_mw,
    service_costs_yuan,
    service_residuals,
    service_series,
    write_services,
)
from parkdispatch.models.markets.services import REGULATION, RESERVE, SERVICE_SERIES
from parkdispatch.models.network.full_use import SupplyBound
from parkdispatch.models.stores.battery_declaration import BatteryDeclaration
from parkdispatch.models.stores.battery_limits import (
    remaining_share,
    taper_lines,
    window_mwh,
    zero_or_at_least_minimum,
)
from parkdispatch.models.vocabulary import Interval, Terms

ROUNDING_MWH = 1e-6
ROUNDING_SOC = 1e-9
RECOVERY_SHARE = 0.5  # of the power, with which a battery returns into its window
FINAL_RESIDUALS: Mapping[str, Callable[[float], float]] = {  # by rule, of the energy above the final one
    "at_least": lambda above_mwh: -above_mwh,
    "exactly": abs,
    "at_most": lambda above_mwh: above_mwh,
    "free": lambda _: 0.0,
}


class Battery(BatteryDeclaration):
    """Battery storage behind one meter."""

    role: ClassVar[Role] = "store"
    stores_energy: ClassVar[bool] = True
    market_costs: ClassVar[tuple[str, ...]] = (REGULATION, RESERVE)
    yearly_prices: ClassVar[Mapping[str, str]] = dict.fromkeys(("services", *SERVICE_SERIES), "market_price")
    displays: ClassVar[tuple[Display, ...]] = (
        Display("set_point", "set_point", {"discharge_mw": 1.0, "charge_mw": -1.0}),
    )
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "power_share": SeriesSpec(title="Share of the power that is there", unit="1", lower=0.0, upper=1.0),
        "lowest_mwh": energy_spec("Least energy in the cells"),
        "highest_mwh": energy_spec("Largest energy in the cells"),
    }

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
        """The energy in the cells [MWh], and the full cycles that limited months and years have had."""
        limits = self._cycle_limits().items()
        had = {f"{per}_cycles": before for per, (_, before) in limits if per != "day"}
        return {"energy_mwh": self.initial_soc * self.full_mwh, **had}

    def state_after(self, seen: Seen) -> Mapping[str, float]:
        """The same at the end, without what the solver's rounding adds at the ends of the window."""
        energy_mwh = float(seen.values["energy_mwh"][-1])
        within = float(np.clip(energy_mwh, *self.window_mwh))
        is_rounding = abs(within - energy_mwh) <= ROUNDING_MWH
        rated_mwh = largest_capacity(self.energy_mwh)
        drawn_mwh = seen.values["discharge_mw"] * seen.hours / self.eta_discharge
        cycles = pd.Series(drawn_mwh / rated_mwh if rated_mwh > 0 else 0.0 * drawn_mwh, seen.times)
        had = {
            f"{per}_cycles": min(most, sum_so_far(cycles, seen.hours, per, before))
            for per, (most, before) in self._cycle_limits().items()
            if per != "day"
        }
        return {"energy_mwh": (within if is_rounding else energy_mwh) + 0.0, **had}  # no -0.0

    def starting_from(self, state: Mapping[str, float]) -> Self:
        """The battery with that energy and those cycles; it is to end where it would have ended otherwise."""
        full_mwh = self.full_mwh
        soc = state["energy_mwh"] / full_mwh if full_mwh > 0 else self.initial_soc
        within = float(np.clip(soc, self.soc_min, self.soc_max))  # a quotient may round beyond
        soc = within if abs(within - soc) <= ROUNDING_SOC else float(np.clip(soc, 0.0, 1.0))
        had = {f"{key}_before": cycles for key, cycles in state.items() if key.endswith("_cycles")}
        had["day_cycles_before"] = 0.0  # what is handed on begins a day
        return self.model_copy(update={"initial_soc": soc, "final_soc": self.final_soc_or_initial, **had})

    def as_compiled(self) -> Self:
        """The battery that begins at its highest state of charge.

        As it is where its limits vary because it begins outside of them, where a capacity that is decided
        multiplies what is stored at the beginning, and as a kind derived from this one, which is not known.
        """
        if type(self) is not Battery or not isinstance(self.energy_mwh, float | int):
            return self
        full = self.model_copy(update={"initial_soc": self.soc_max, "final_soc": self.final_soc_or_initial})
        return full if full.has_limits_in_time == self.has_limits_in_time else self

    @property
    def set_point_limits_mw(self) -> tuple[float, float]:
        """Largest charge, as a negative power, and largest discharge."""
        charge_mw, discharge_mw = (
            self.largest_power_mw if most_mw is None else most_mw
            for most_mw in (self.max_charge_mw, self.max_discharge_mw)
        )
        return -charge_mw, discharge_mw

    @property
    def final_bounds(self) -> Mapping[str, tuple[float | None, float | None]]:
        """The energy at the end, by `final_rule`."""
        final_mwh = self.final_soc_or_initial * self.full_mwh
        least = final_mwh if self.final_rule in ("at_least", "exactly") else None
        return {"energy_mwh": (least, final_mwh if self.final_rule in ("at_most", "exactly") else None)}

    def freed_at_end(self) -> Self:
        """The battery that may end anywhere in its window."""
        return self.model_copy(update={"final_rule": "free"})

    @property
    def needed_series(self) -> Mapping[str, SeriesSpec]:
        """Series only where limits vary, so that equal batteries without them can be solved as one."""
        limits = self.series_specs if self.has_limits_in_time else {}
        return {**limits, **SERVICE_SERIES} if self.services else limits

    def series(self, park: Park) -> Mapping[str, Array]:
        """Share of the power and window of the energy at `park.times`, each of shape (intervals,).

        A battery that begins outside of its window has `recovery_hours` to return, or as long as it takes
        with half of its power.
        """
        prices = service_series(self.services, park) if self.services else {}
        if not self.has_limits_in_time:
            return prices
        share = remaining_share(self.outages, park.times, park.hours)
        passed_h = park.hours * np.arange(1, len(park.times) + 1)
        before_mwh, (least_mwh, most_mwh) = self.initial_soc * self.full_mwh, self.window_mwh
        power_mw, usable_h = RECOVERY_SHARE * self.largest_power_mw, np.cumsum(share) * park.hours
        recovered = (
            (passed_h > self.recovery_hours)
            & (before_mwh + power_mw * self.eta_charge * usable_h >= least_mwh)
            & (before_mwh - power_mw / self.eta_discharge * usable_h <= most_mwh)
        )
        decay = (1 - self.self_discharge_per_hour) ** passed_h
        lowest, highest = window_mwh(before_mwh, (least_mwh, most_mwh), recovered, decay)
        return {"power_share": share, "lowest_mwh": lowest, "highest_mwh": highest, **prices}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write the energy balance of the cells, the power and energy limits and the cycle limit."""
        hours = interval.hours
        power_mw = capacity_in_model(interval, "power_mw", self.power_mw)
        rated_mwh = capacity_in_model(interval, "energy_mwh", self.energy_mwh)
        full_mwh = self.state_of_health * rated_mwh

        before = self._limited_variables(block, interval, power_mw, full_mwh)
        retained = (1 - self.self_discharge_per_hour) ** hours
        drawn_mwh = block.discharge_mw * (hours / self.eta_discharge)
        # energy at the end = energy before, less self-discharge, + stored - drawn
        block.energy_balance = pyo.Constraint(
            expr=block.energy_mwh
            == before * retained + block.charge_mw * (self.eta_charge * hours) - drawn_mwh
        )
        final_mwh = self.final_soc_or_initial * full_mwh
        interval.at_end(
            block.energy_mwh,
            lower=final_mwh if self.final_rule in ("at_least", "exactly") else None,
            upper=final_mwh if self.final_rule in ("at_most", "exactly") else None,
            name="" if self.final_rule == "exactly" else "final_soc",
        )
        for per, (cycles, had) in self._cycle_limits().items():
            name = "cycles" if per == "day" else f"cycles_per_{per}"
            before_mwh = had * largest_capacity(self.energy_mwh)
            interval.total(name, drawn_mwh, per, upper=cycles * rated_mwh, before=before_mwh)
        interval.either_or(block.charge_mw, block.discharge_mw)
        for name, exchange in self.never_with.items():
            interval.never_with(block.component(name), exchange)
        for name, least_mw in (("charge", self.min_charge_mw), ("discharge", self.min_discharge_mw)):
            if least_mw > 0:
                zero_or_at_least_minimum(block, interval, name, least_mw)

        lost_mw, costs = 0.0, dict[str, Any]()
        if self.services:
            lost_mw, costs = write_services(self.services, self, block, interval)
        if self.wear_yuan_per_mwh:
            costs["wear"] = (self.wear_yuan_per_mwh * hours) * block.discharge_mw
        drawn_mw = block.charge_mw + self.auxiliary_share * power_mw + lost_mw
        return Terms(injection={self.bus: block.discharge_mw - drawn_mw}, costs=costs)

    def _cycle_limits(self) -> dict[CalendarUnit, tuple[float, float]]:
        """By period, the largest number of full cycles, and those before the horizon."""
        limits: dict[CalendarUnit, tuple[float | None, float]] = {
            "day": (self.max_cycles_per_day, self.day_cycles_before),
            "month": (self.max_cycles_per_month, self.month_cycles_before),
            "year": (self.max_cycles_per_year, self.year_cycles_before),
        }
        return {per: (most, before) for per, (most, before) in limits.items() if most is not None}

    def _limited_variables(self, block: Any, interval: Interval, power_mw: Any, full_mwh: Any) -> Any:
        """Add power and energy within their limits; return the energy before the interval."""
        varies, limits = (
            self.has_limits_in_time,
            {"charge": self.max_charge_mw, "discharge": self.max_discharge_mw},
        )
        for name, most_mw in limits.items():
            rated_mw = largest_capacity(self.power_mw) if most_mw is None else most_mw
            variable = pyo.Var(bounds=(0, rated_mw * interval.series("power_share") if varies else rated_mw))
            block.add_component(f"{name}_mw", variable)
            if not varies:
                keep_within(block, f"{name}_limit", variable, 0.0, power_mw if most_mw is None else rated_mw)
        block.energy_mwh = pyo.Var(bounds=(0, self.full_mwh))
        before = interval.previous(block.energy_mwh, initial=self.initial_soc * full_mwh)
        if not varies:
            least_mwh = self.soc_min * full_mwh + self.reserve_mwh / self.eta_discharge
            keep_within(block, "energy_window", block.energy_mwh, least_mwh, self.soc_max * full_mwh)
            return before
        block.energy_mwh.setlb(interval.series("lowest_mwh"))
        block.energy_mwh.setub(interval.series("highest_mwh"))
        for name, taper in (("charge", self.charge_taper), ("discharge", self.discharge_taper)):
            for number, (share, slope) in enumerate(taper_lines(taper) if taper else ()):
                # power <= rated power x (share at an empty battery + slope x state of charge before)
                limit_mw = power_mw * share + power_mw * slope / self.full_mwh * before
                rule = block.component(f"{name}_mw") <= limit_mw
                block.add_component(f"{name}_taper_{number}", pyo.Constraint(expr=rule))
        return before

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
        most_charge, most_discharge = (
            self._most_mw(seen, name, power, before) for name in ("charge", "discharge")
        )
        lost_mw = lost_power_mw(self.services, self, seen) if self.services else 0.0
        checks = {
            "energy_balance_mwh": np.abs(energy - (before * retained + stored - drawn)).max(),
            "charge_limit_mw": np.maximum(charge - most_charge, -charge).max(),
            "discharge_limit_mw": np.maximum(discharge - most_discharge, -discharge).max(),
            "energy_window_mwh": np.maximum(
                energy - seen.values.get("highest_mwh", self.soc_max * full),
                seen.values.get("lowest_mwh", self.soc_min * full + self.reserve_mwh / self.eta_discharge)
                - energy,
            ).max(),
            "final_energy_mwh": FINAL_RESIDUALS[self.final_rule](
                energy[-1] - self.final_soc_or_initial * first_full
            ),
            "charge_and_discharge_mw": np.minimum(charge, discharge).max(),
            "injection_mw": np.abs(
                seen.injection[self.bus] - (discharge - charge - self.auxiliary_share * power - lost_mw)
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
        for per, (cycles, had) in self._cycle_limits().items():
            drawn_mwh = largest_sum(pd.Series(drawn, seen.times), seen.hours, per, had * first_rated)
            checks[f"cycles_per_{per}_mwh"] = np.asarray(drawn_mwh - cycles * first_rated)
        checks |= service_residuals(self.services, self, seen) if self.services else {}
        return {name: largest_residual(residual) for name, residual in checks.items()}

    def _most_mw(self, seen: Seen, name: str, rated_mw: Array | float, before_mwh: Array) -> Array | float:
        """The largest power of charge or discharge in each interval: rating, outages, taper."""
        declared_mw = getattr(self, f"max_{name}_mw")
        most_mw = (rated_mw if declared_mw is None else declared_mw) * seen.values.get("power_share", 1.0)
        taper = getattr(self, f"{name}_taper")
        if not taper:
            return most_mw
        return np.asarray(
            np.minimum(most_mw, rated_mw * np.interp(before_mwh / self.full_mwh, *np.array(taper).T))
        )

    def supply_bound(self, series: Mapping[str, Array]) -> SupplyBound:
        """All of the rated energy once, which it may hold when a span begins."""
        return SupplyBound(stored_mwh=largest_capacity(self.energy_mwh) * self.eta_discharge)

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """Wear of the energy discharged, and the capital cost of capacities that are decided."""
        costs = service_costs_yuan(self.services, self, seen) if self.services else {}
        if self.wear_yuan_per_mwh:
            costs["wear"] = seen.values["discharge_mw"] * seen.hours * self.wear_yuan_per_mwh
        return {**costs, **capital_yuan(self, seen.shared)}

    def indicators(self, seen: Seen) -> Mapping[str, float]:
        """Full cycles over the horizon: energy drawn from the cells over rated energy."""
        rated = float(np.max(seen.shared.get("rated_mwh", largest_capacity(self.energy_mwh))))
        drawn = float(seen.values["discharge_mw"].sum()) * seen.hours / self.eta_discharge
        return {"full_cycles": drawn / rated if rated > 0 else 0.0}


def batteries(devices: Mapping[str, Device]) -> dict[str, Battery]:
    """The batteries among some devices, by name."""
    return {name: device for name, device in devices.items() if isinstance(device, Battery)}
