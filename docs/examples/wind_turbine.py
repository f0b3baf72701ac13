"""A device added to a park: a wind farm, written, declared and dispatched in one file.

`python docs/examples/wind_turbine.py` plans a day of the built-in park with it. The page "Add a device" of
the manual shows this file and says where its parts go when the device is to be named in case files.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, ClassVar, Literal

import numpy as np
import pyomo.environ as pyo

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.models.declaration import ASSUMED, GIVEN, declared
from parkdispatch.models.device import Array, Device, NonNegative, Park, Positive, Seen, SeriesSpec
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.optimizer.solve import optimize
from parkdispatch.results.audit import audit

MEASURED_AT_M = 10.0  # height of the wind speed in weather files


class WindFarm(Device):
    """Turbines of one kind behind one meter. Output may be curtailed at no cost.

    Between cut-in and rated speed power grows with the cube of the wind speed at hub height, which follows
    from the measured one by a power law of height. Above cut-out the turbines stand still.
    """

    needs_weather: ClassVar[bool] = True

    kind: Literal["wind"] = declared("-", "Kind of device", "", "wind")
    bus: str = declared("-", "Name of the bus the turbines are connected to", "", "ac")
    rated_mw: Positive = declared("MW", "AC power of all turbines together", GIVEN)
    hub_height_m: Positive = declared("m", "Height of the hubs above ground", ASSUMED, 100.0)
    shear_exponent: NonNegative = declared("-", "Exponent of the power law of height", ASSUMED, 0.2)
    cut_in_m_per_s: Positive = declared("m/s", "Least wind speed at which a turbine runs", ASSUMED, 3.0)
    rated_m_per_s: Positive = declared("m/s", "Wind speed from which on power is rated", ASSUMED, 11.0)
    cut_out_m_per_s: Positive = declared("m/s", "Wind speed above which a turbine stops", ASSUMED, 25.0)
    upkeep_yuan_per_mwh: NonNegative = declared("yuan/MWh", "Paid for each MWh of output", ASSUMED, 20.0)

    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "available_mw": SeriesSpec(title="AC power the wind makes available", unit="MW", lower=0.0),
    }

    def series(self, park: Park) -> Mapping[str, Array]:
        """Power available at `park.times` [MW], shape (intervals,)."""
        measured = park.weather()["wind_speed_m_per_s"].to_numpy(np.float64)
        speed = measured * (self.hub_height_m / MEASURED_AT_M) ** self.shear_exponent
        low, high = self.cut_in_m_per_s**3, self.rated_m_per_s**3
        share = np.clip((speed**3 - low) / (high - low), 0.0, 1.0)
        return {"available_mw": self.rated_mw * np.where(speed > self.cut_out_m_per_s, 0.0, share)}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Output lies between zero and what is available; each MWh has its upkeep."""
        available_mw = interval.series("available_mw")
        block.output_mw = pyo.Var(bounds=(0, available_mw))
        block.curtailed_mw = pyo.Expression(expr=available_mw - block.output_mw)
        upkeep_yuan = self.upkeep_yuan_per_mwh * interval.hours * block.output_mw
        return Terms(injection={self.bus: block.output_mw}, costs={"upkeep": upkeep_yuan})

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute the limits of the output and what is injected [MW]."""
        output_mw, available_mw = seen.values["output_mw"], seen.values["available_mw"]
        return {
            "output_within_available_mw": float(np.maximum(-output_mw, output_mw - available_mw).max()),
            "injection_is_output_mw": float(np.abs(seen.injection[self.bus] - output_mw).max()),
        }

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """Recompute the upkeep of each interval."""
        return {"upkeep": self.upkeep_yuan_per_mwh * seen.hours * seen.values["output_mw"]}


def main() -> None:
    """Plan a day of the built-in park without and with the turbines, and print what they change."""
    park = load_case("gaoan")
    windy = park.with_devices({**park.devices, "wind": WindFarm(rated_mw=9.6)})
    for case in (park, windy):
        prepared = prepare(case, day_times(case, date(2026, 10, 12)))
        optimum = optimize(case.devices, prepared.times, prepared.hours, prepared.series)
        print(f"{', '.join(case.devices)}: {optimum.proof.objective_yuan:,.0f} yuan")
        print(f"  proven optimal: {optimum.proof.gap < 1e-8}")
    solution = to_dataset(optimum, {})
    output_mw = solution["wind.output_mw"].to_numpy()
    print(f"wind: {output_mw.sum() * prepared.hours:,.1f} MWh, at most {output_mw.max():.2f} MW")
    checks = audit(solution, prepared)
    print(f"audit holds: {checks.holds}, of it for wind:")
    for check, residual in checks.residuals.items():
        if check.startswith("wind."):
            print(f"  {check} = {residual:g}")


if __name__ == "__main__":
    main()
