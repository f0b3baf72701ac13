"""A device on two buses of two carriers: an electrolyser that makes hydrogen, in one file.

`python docs/examples/electrolyser.py FOLDER zh` checks it, plans a day of a park in which it fuels lorries,
and writes page and workbook into the folder, in Chinese or, without `zh`, in English.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pyomo.environ as pyo

import parkdispatch as pdx
from parkdispatch.models.declaration import ASSUMED, GIVEN, declared
from parkdispatch.models.device import (
    Array,
    Carrier,
    Device,
    Display,
    Efficiency,
    Fraction,
    NonNegative,
    Park,
    Positive,
    Role,
    Seen,
    largest_residual,
)
from parkdispatch.models.shown_operation import Activity
from parkdispatch.models.vocabulary import Interval, Terms

CASE = """
name = "hydrogen-park"
title_zh = "制氢园区"
tariff = "jiangxi-2026"

[site]
latitude_deg = 28.3
longitude_deg = 115.2

[calendar]
year = 2026
minutes = 60
plan_date = 2026-07-15

[device.grid]
kind = "grid"
voltage_kv_level = "110kV"
import_limit_mw = 40.0
export_limit_mw = 5.0

[device.works]
kind = "load"
annual_energy_mwh = 60_000.0

[device.electrolyser]
kind = "electrolyser"
title = "alkaline electrolyser"
title_zh = "碱性电解槽"
rated_mw = 10.0

[device.fuelling]
kind = "load"
title = "hydrogen for lorries"
title_zh = "重卡加氢"
bus = "hydrogen"
carrier = "hydrogen"
annual_energy_mwh = 20_000.0
hourly_shape = [0,0,0,0,0,0,1,1,1,1,1,1,1,1,1,1,1,1,0,0,0,0,0,0]
noise_std = 0.0
"""


@pdx.register_device
class Electrolyser(Device):
    """Hydrogen from power: off, or between its least load and its rating.

    hydrogen = efficiency x power;   least load x on <= power / rating <= on;   a start has its price
    """

    role: ClassVar[Role] = "converter"
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {
        "bus": "electricity",
        "hydrogen_bus": "hydrogen",
    }
    displays: ClassVar[tuple[Display, ...]] = (
        Display("power_drawn", "other", {"power_mw": 1.0}),
        Display("hydrogen_output", "source", {"hydrogen_mw": 1.0}, "hydrogen_bus"),
    )
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"electrolyser": "electrolyser"},
            "costs": {"starts": "starts"},
            "checks": {"conversion": "hydrogen by efficiency", "least_load": "off, or above the least load"},
            "book": {"power_drawn": "power drawn", "hydrogen_output": "hydrogen"},
        },
        "zh": {
            "devices": {"electrolyser": "电解槽"},
            "costs": {"starts": "启动费用"},
            "checks": {"conversion": "产氢等于效率乘以功率", "least_load": "停机或不低于最低负荷"},
            "book": {"power_drawn": "耗电功率", "hydrogen_output": "产氢功率"},
        },
    }

    kind: Literal["electrolyser"] = declared("-", "Kind of device", "", "electrolyser")
    bus: str = declared("-", "Name of the bus it draws from", "", "ac")
    hydrogen_bus: str = declared("-", "Name of the hydrogen bus it feeds", "", "hydrogen")
    rated_mw: Positive = declared("MW", "Rated power drawn", GIVEN)
    min_load_share: Fraction = declared("-", "Least power while it runs, of the rated", ASSUMED, 0.2)
    efficiency: Efficiency = declared("-", "Hydrogen (lower heating value) over power", ASSUMED, 0.65)
    start_cost_yuan: NonNegative = declared("yuan", "Cost of a start", ASSUMED, 200.0)
    runs_before: bool = declared("-", "Whether it runs before the first interval", ASSUMED, False)

    @classmethod
    def example(cls) -> Self:
        """A stack of 2 MW that runs at 40 % or more."""
        return cls(rated_mw=2.0, min_load_share=0.4)

    def series(self, park: Park) -> Mapping[str, Array]:
        """Nothing varies with time."""
        return {}

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write what it draws and makes; a committed unit."""
        block.power_mw = pyo.Var(bounds=(0, self.rated_mw))
        block.hydrogen_mw = pyo.Var(bounds=(0, self.rated_mw * self.efficiency))
        block.conversion = pyo.Constraint(expr=block.hydrogen_mw == self.efficiency * block.power_mw)
        least_mw, history = self.min_load_share * self.rated_mw, [float(self.runs_before)]
        unit = interval.committed("unit", block.power_mw, least_mw, self.rated_mw, history=history)
        return Terms(
            injection={self.bus: -block.power_mw, self.hydrogen_bus: block.hydrogen_mw},
            costs={"starts": self.start_cost_yuan * unit.start},
        )

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute conversion and limits from the dispatched power."""
        power, hydrogen = seen.values["power_mw"], seen.values["hydrogen_mw"]
        is_on = power > 1e-6 * self.rated_mw
        return {
            "conversion_mw": largest_residual(np.abs(hydrogen - self.efficiency * power)),
            "least_load_mw": largest_residual(
                np.where(is_on, self.min_load_share * self.rated_mw - power, 0.0),
                power - self.rated_mw,
                -power,
            ),
            "injection_mw": largest_residual(
                np.abs(seen.injection[self.bus] + power), np.abs(seen.injection[self.hydrogen_bus] - hydrogen)
            ),
        }

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """The price of each start."""
        is_on = np.round(seen.values["unit_on"])
        before = np.concatenate([[float(self.runs_before)], is_on[:-1]])
        return {"starts": self.start_cost_yuan * np.maximum(is_on - before, 0.0)}

    def activities(self, seen: Seen) -> list[Activity]:
        """When it runs."""
        return [Activity("commitment", seen.values["power_mw"], self.rated_mw)]

    def initial_state(self) -> Mapping[str, float]:
        """Whether it runs."""
        return {"on": float(self.runs_before)}

    def state_after(self, seen: Seen) -> Mapping[str, float]:
        """The same at the end of a dispatch."""
        return {"on": float(np.round(seen.values["unit_on"][-1]))}

    def starting_from(self, state: Mapping[str, float]) -> Self:
        """The electrolyser, running or not."""
        return self.model_copy(update={"runs_before": bool(state["on"])})


def main(folder: str = "hydrogen", lang: str = "en") -> None:
    """Check the device, plan a day of the park, and write its pages."""
    print(f"problems of the device: {pdx.check_device(Electrolyser)}")
    out = Path(folder)
    out.mkdir(parents=True, exist_ok=True)
    (out / "case.toml").write_text(CASE, encoding="utf-8")
    plan = pdx.plan(pdx.load_case(str(out / "case.toml")))
    plan.write(out / "plan", lang=lang)
    print(f"{plan.cost_yuan:,.0f} yuan, gap {plan.proof.gap:.0e}")


if __name__ == "__main__":
    main(*sys.argv[1:])
