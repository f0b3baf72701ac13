"""A device added to a park: a flywheel, written, declared and dispatched in one file.

`python docs/examples/flywheel.py` plans a day of the built-in park with it. The page "Add a device" of
the manual shows this file and says where its parts go when the device is to be named in case files.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pyomo.environ as pyo

import parkdispatch as pdx
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.models.declaration import ASSUMED, GIVEN, declared
from parkdispatch.models.device import (
    Array,
    Device,
    Display,
    Efficiency,
    Fraction,
    NonNegative,
    Park,
    Positive,
    Role,
    Seen,
    StorageLevel,
    largest_residual,
)
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import optimize
from parkdispatch.results.audit import audit


class Flywheel(Device):
    """A rotor that stores energy for minutes to hours and slows down by itself.

    energy = energy before x (1 - standing loss)^hours + efficiency x charge x hours
             - discharge x hours / efficiency
    """

    role: ClassVar[Role] = "store"
    stores_energy: ClassVar[bool] = True
    displays: ClassVar[tuple[Display, ...]] = (
        Display("set_point", "set_point", {"discharge_mw": 1.0, "charge_mw": -1.0}),
    )
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {"devices": {"flywheel": "flywheel"}, "costs": {"upkeep": "upkeep"}},
        "zh": {"devices": {"flywheel": "飞轮储能"}, "costs": {"upkeep": "运维费"}},
    }

    kind: Literal["flywheel"] = declared("-", "Kind of device", "", "flywheel")
    bus: str = declared("-", "Name of the bus the flywheel is connected to", "", "ac")
    power_mw: Positive = declared("MW", "Rated AC power, the same for charging and discharging", GIVEN)
    energy_mwh: Positive = declared("MWh", "Energy at full speed above that at the lowest speed", GIVEN)
    efficiency: Efficiency = declared("-", "Efficiency of the converter, each way", ASSUMED, 0.95)
    standing_loss_per_hour: Fraction = declared("1/h", "Share of energy lost in each hour", ASSUMED, 0.05)
    initial_share: Fraction = declared("-", "Energy before the first interval, of full energy", ASSUMED, 0.0)
    upkeep_yuan_per_mwh: NonNegative = declared("yuan/MWh", "Paid for each MWh discharged", ASSUMED, 5.0)

    @classmethod
    def example(cls) -> Self:
        """Half an hour at full power."""
        return cls(power_mw=5.0, energy_mwh=2.5)

    def series(self, park: Park) -> Mapping[str, Array]:
        """Nothing varies with time."""
        return {}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write the energy of the rotor; it never charges and discharges at once."""
        hours, kept = interval.hours, (1 - self.standing_loss_per_hour) ** interval.hours
        block.charge_mw = pyo.Var(bounds=(0, self.power_mw))
        block.discharge_mw = pyo.Var(bounds=(0, self.power_mw))
        block.energy_mwh = pyo.Var(bounds=(0, self.energy_mwh))
        before = interval.previous(block.energy_mwh, initial=self.initial_share * self.energy_mwh)
        stored = block.charge_mw * (self.efficiency * hours)
        drawn = block.discharge_mw * (hours / self.efficiency)
        block.energy_balance = pyo.Constraint(expr=block.energy_mwh == kept * before + stored - drawn)
        interval.either_or(block.charge_mw, block.discharge_mw)
        return Terms(
            injection={self.bus: block.discharge_mw - block.charge_mw},
            costs={"upkeep": self.upkeep_yuan_per_mwh * hours * block.discharge_mw},
        )

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute energy, limits and exclusivity from the dispatched power."""
        charge, discharge = seen.values["charge_mw"], seen.values["discharge_mw"]
        energy = seen.values["energy_mwh"]
        before = np.concatenate([[self.initial_share * self.energy_mwh], energy[:-1]])
        kept = (1 - self.standing_loss_per_hour) ** seen.hours
        change = (charge * self.efficiency - discharge / self.efficiency) * seen.hours
        return {
            "energy_balance_mwh": largest_residual(np.abs(energy - kept * before - change)),
            "energy_window_mwh": largest_residual(-energy, energy - self.energy_mwh),
            "charge_limit_mw": largest_residual(-charge, charge - self.power_mw),
            "discharge_limit_mw": largest_residual(-discharge, discharge - self.power_mw),
            "charge_and_discharge_mw": largest_residual(np.minimum(charge, discharge)),
            "injection_mw": largest_residual(np.abs(seen.injection[self.bus] - (discharge - charge))),
        }

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """Recompute the upkeep of each interval."""
        return {"upkeep": self.upkeep_yuan_per_mwh * seen.hours * seen.values["discharge_mw"]}

    def storage_level(self, seen: Seen) -> StorageLevel:
        """The energy of the rotor."""
        initial_mwh = self.initial_share * self.energy_mwh
        return StorageLevel(seen.values["energy_mwh"], self.energy_mwh, initial_mwh, 0.0, 1.0)

    def initial_state(self) -> Mapping[str, float]:
        """The energy of the rotor [MWh]."""
        return {"energy_mwh": self.initial_share * self.energy_mwh}

    def state_after(self, seen: Seen) -> Mapping[str, float]:
        """The same at the end of a dispatch."""
        return {"energy_mwh": float(np.clip(seen.values["energy_mwh"][-1], 0.0, self.energy_mwh))}

    def starting_from(self, state: Mapping[str, float]) -> Self:
        """The flywheel at that energy."""
        return self.model_copy(update={"initial_share": state["energy_mwh"] / self.energy_mwh})


def main() -> None:
    """Plan a day of the built-in park without and with a flywheel, and print what it changes."""
    print(f"problems of the device: {pdx.check_device(Flywheel)}")
    park = load_case("gaoan")
    spinning = park.with_devices({**park.devices, "flywheel": Flywheel.example()})
    for case in (park, spinning):
        prepared = prepare(case, day_times(case, date(2026, 10, 12)))
        optimum = optimize(case.devices, prepared.times, prepared.hours, prepared.series)
        print(f"{', '.join(case.devices)}: {optimum.proof.objective_yuan:,.0f} yuan")
        print(f"  proven optimal: {optimum.proof.gap < 1e-8}")
    solution = to_dataset(optimum, {})
    discharged_mwh = solution["flywheel.discharge_mw"].to_numpy().sum() * prepared.hours
    print(f"flywheel: {discharged_mwh:,.2f} MWh discharged")
    checks = audit(solution, prepared)
    print(f"audit holds: {checks.holds}, of it for the flywheel:")
    for check, residual in checks.residuals.items():
        if check.startswith("flywheel."):
            print(f"  {check} holds: {residual <= checks.allowed[check]}")


if __name__ == "__main__":
    main()
