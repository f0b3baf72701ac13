"""Heat store, such as a tank of hot water; and the same for cold.

    energy = previous energy x (1 - loss share)^hours - (output + constant loss) x hours

Output is into the bus, and negative while the store is charged. Losses depend on the stored energy and on
nothing else, so that charging and discharging at once is the same as their difference at any price, and one
variable with a sign says it: no exclusive pair is needed. The constant loss is that of an empty store too,
which has to be kept at its temperature.

Left out: stratification, so that all stored energy is of use at full power, and losses of charging.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.capacity import (
    Sized,
    capacity_in_model,
    capital_yuan,
    decided_capacity,
    keep_within,
    largest_capacity,
)
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import (
    Array,
    Carrier,
    Device,
    Display,
    Fraction,
    Park,
    Role,
    Seen,
    StorageLevel,
    largest_residual,
)
from parkdispatch.models.limits import PositiveEnergy, Power
from parkdispatch.models.vocabulary import Interval, Terms


class HeatStore(Device):
    """Store of heat on one bus.

    It does not count as storage of the park, without which a saving is told: that is of electricity.
    """

    kind: Literal["heat_store"] = declared("-", "Kind of device", default="heat_store")
    bus: str = declared("-", "Name of the bus the store is connected to", default="heat")
    energy_mwh: PositiveEnergy | Sized = declared("MWh", "Usable energy between empty and full")
    charge_limit_mw: Power | Sized = declared("MW", "Largest power of charging")
    discharge_limit_mw: Power | Sized | None = declared(
        "MW",
        "Largest power of discharging; left out: `charge_limit_mw`, of one exchanger for both",
        default=None,
    )
    loss_share_per_hour: Fraction = declared(
        "1/h",
        "Share of the stored energy lost in each hour",
        "assumption: 2 to 3 % a day of a large tank",
        0.001,
    )
    constant_loss_mw: Power = declared("MW", "Loss at all times, full or empty", ASSUMED, 0.0)
    initial_level: Fraction = declared(
        "-", "Stored energy before the first interval, as a share of `energy_mwh`", ASSUMED, 0.5
    )
    final_level: Fraction | None = declared(
        "-", "Share that is reached or exceeded at the end of the horizon; left out: `initial_level`",
        ASSUMED, None,
    )  # fmt: skip

    role: ClassVar[Role] = "store"
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "heat"}
    displays: ClassVar[tuple[Display, ...]] = (Display("set_point", "set_point", {"output_mw": 1.0}, "bus"),)
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"heat_store": "heat store"},
            "checks": {"power_limits": "charge and discharge limits"},
        },
        "zh": {
            "devices": {"heat_store": "蓄热装置"},
            "checks": {"power_limits": "充放功率上限"},
        },
    }

    @classmethod
    def example(cls) -> Self:
        """A tank of five hours on bus `heat`."""
        return cls(energy_mwh=10.0, charge_limit_mw=2.0, discharge_limit_mw=2.0, constant_loss_mw=0.01)

    @model_validator(mode="after")
    def _nothing_is_lost_where_nothing_is_built(self) -> Self:
        if isinstance(self.energy_mwh, Sized) and self.constant_loss_mw > 0:
            raise ValueError(
                f"constant_loss_mw = {self.constant_loss_mw:.15g}: must be 0, because `energy_mwh` is left to"
                " the optimizer, and a store that is not built loses nothing; `loss_share_per_hour` is of its"
                " energy"
            )
        return self

    @property
    def final_level_or_initial(self) -> float:
        """Least share of stored energy at the end of the horizon [-]."""
        return self.initial_level if self.final_level is None else self.final_level

    def _full_mwh(self, seen: Seen) -> float:
        """Usable energy, given or decided [MWh]."""
        return float(np.max(decided_capacity(seen.shared, "energy_mwh", self.energy_mwh)))

    def storage_level(self, seen: Seen) -> StorageLevel:
        """The stored energy; all of it may be used."""
        full_mwh = self._full_mwh(seen)
        return StorageLevel(seen.values["energy_mwh"], full_mwh, self.initial_level * full_mwh, 0.0, 1.0)

    def initial_state(self) -> Mapping[str, float]:
        """The stored energy [MWh]; of the largest size, if it is not decided yet."""
        return {"energy_mwh": self.initial_level * largest_capacity(self.energy_mwh)}

    def state_after(self, seen: Seen) -> Mapping[str, float]:
        """The stored energy, without what the solver's rounding adds beyond empty and full [MWh]."""
        return {"energy_mwh": float(np.clip(seen.values["energy_mwh"][-1], 0.0, self._full_mwh(seen))) + 0.0}

    def starting_from(self, state: Mapping[str, float]) -> Self:
        """The store with that energy; it is to end where it would have ended otherwise."""
        full_mwh = largest_capacity(self.energy_mwh)
        level = min(1.0, state["energy_mwh"] / full_mwh) if full_mwh > 0 else self.initial_level
        return self.model_copy(update={"initial_level": level, "final_level": self.final_level_or_initial})

    def series(self, park: Park) -> Mapping[str, Array]:
        """No series: nothing of a store varies with time."""
        return {}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write the energy balance within the limits of power and energy."""
        hours = interval.hours
        energy_mwh = capacity_in_model(interval, "energy_mwh", self.energy_mwh)
        charge_mw = capacity_in_model(interval, "charge_limit_mw", self.charge_limit_mw)
        limit, most_mw = self.discharge_limit_mw, largest_capacity(self.charge_limit_mw)
        discharge_mw = (
            charge_mw if limit is None else capacity_in_model(interval, "discharge_limit_mw", limit)
        )
        block.output_mw = pyo.Var(bounds=(-most_mw, most_mw if limit is None else largest_capacity(limit)))
        block.energy_mwh = pyo.Var(bounds=(0, largest_capacity(self.energy_mwh)))
        keep_within(block, "power_limits", block.output_mw, -charge_mw, discharge_mw)
        keep_within(block, "energy_window", block.energy_mwh, 0.0, energy_mwh)
        before = interval.previous(block.energy_mwh, initial=self.initial_level * energy_mwh)
        retained = (1 - self.loss_share_per_hour) ** hours
        # energy at the end = energy before, less losses, - what enters the bus
        block.energy_balance = pyo.Constraint(
            expr=block.energy_mwh
            == before * retained - block.output_mw * hours - self.constant_loss_mw * hours
        )
        interval.at_end(block.energy_mwh, lower=self.final_level_or_initial * energy_mwh, name="final_level")
        return Terms({self.bus: block.output_mw})

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the energy balance and every limit from the dispatched power."""
        output_mw, energy_mwh = seen.values["output_mw"], seen.values["energy_mwh"]
        full_mwh, limit = self._full_mwh(seen), self.discharge_limit_mw
        charge_mw = decided_capacity(seen.shared, "charge_limit_mw", self.charge_limit_mw)
        discharge_mw = (
            charge_mw if limit is None else decided_capacity(seen.shared, "discharge_limit_mw", limit)
        )
        before_mwh = np.concatenate([[self.initial_level * full_mwh], energy_mwh[:-1]])
        retained = np.float_power(1.0 - self.loss_share_per_hour, seen.hours)
        given_mwh = (output_mw + self.constant_loss_mw) * seen.hours
        final_mwh = self.final_level_or_initial * full_mwh
        return {
            "energy_balance_mwh": largest_residual(np.abs(before_mwh * retained - given_mwh - energy_mwh)),
            "energy_window_mwh": largest_residual(energy_mwh - full_mwh, -energy_mwh),
            "power_limits_mw": largest_residual(output_mw - discharge_mw, -output_mw - charge_mw),
            "final_energy_mwh": largest_residual(np.asarray(final_mwh - energy_mwh[-1])),
            "injection_mw": largest_residual(np.abs(seen.injection[self.bus] - output_mw)),
        }

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """The capital cost of sizes that are decided."""
        return capital_yuan(self, seen.shared)


class ColdStore(HeatStore):
    """Store of cold, such as chilled water or ice, on one bus."""

    kind: Literal["cold_store"] = declared("-", "Kind of device", default="cold_store")  # type: ignore[assignment]
    bus: str = declared("-", "Name of the bus the store is connected to", default="cold")

    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {"bus": "cold"}
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"cold_store": "cold store"},
            "checks": {"power_limits": "charge and discharge limits"},
        },
        "zh": {
            "devices": {"cold_store": "蓄冷装置"},
            "checks": {"power_limits": "充放功率上限"},
        },
    }
