"""Small parks built in a few lines, and devices that exist only to use a word of the vocabulary."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import pyomo.environ as pyo
from hypothesis import strategies as st

from parkdispatch.models.conversion.boiler import Boiler
from parkdispatch.models.device import Array, Device, Park, Seen, SeriesSpec
from parkdispatch.models.loads.load import Load
from parkdispatch.models.network.grid import Grid
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.models.stores.battery import Battery
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.optimizer.formulation.horizon import Horizon
from parkdispatch.optimizer.formulation.template import Key
from parkdispatch.optimizer.formulation.template_compiler import compile_template
from parkdispatch.optimizer.formulation.tile import Tiled, tile
from parkdispatch.optimizer.solve import Optimum, optimize

Values = float | Sequence[float] | Array
DAY = "2026-07-15"


class Bare(Device):
    """A device that gets its series from the test, has nothing to check, and sits on one bus."""

    bus: str = "ac"

    def series(self, park: Park) -> Mapping[str, Array]:
        raise NotImplementedError

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        return {}


class Source(Bare):
    """Power between two limits at a price; equal limits make it one that must run."""

    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        name: SeriesSpec(title=name, unit="") for name in ("least_mw", "most_mw", "price_yuan_per_mwh")
    }

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.power_mw = pyo.Var(bounds=(interval.series("least_mw"), interval.series("most_mw")))
        price = interval.series("price_yuan_per_mwh") * interval.hours
        return Terms({self.bus: block.power_mw}, {"fuel": price * block.power_mw})


class Well(Bare):
    """Power without end at a constant price: below zero, nothing limits what can be earned."""

    price_yuan_per_mwh: float

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.out_mw, block.in_mw = pyo.Var(bounds=(0, None)), pyo.Var(bounds=(0, None))
        paid = self.price_yuan_per_mwh * interval.hours * block.out_mw
        return Terms({self.bus: block.out_mw - block.in_mw}, {"fuel": paid})


class Line(Bare):
    """Power without loss between two buses."""

    to: str
    power_mw: float = 1000.0

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.flow_mw = pyo.Var(bounds=(-self.power_mw, self.power_mw))
        return Terms({self.bus: -block.flow_mw, self.to: block.flow_mw}, {})


class Everything(Bare):
    """Every word of the vocabulary in its most general use."""

    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        name: SeriesSpec(title=name, unit="") for name in ("top", "price", "limit")
    }
    per: Literal["day", "month", "horizon"] = "day"
    other: Literal["day", "month", "horizon"] = "month"

    def interval(self, block: Any, interval: Interval) -> Terms:
        hours, top, price = interval.hours, interval.series("top"), interval.series("price")
        block.up = pyo.Var(bounds=(0, 3 + top))
        block.down = pyo.Var(bounds=(0, 2))
        block.level = pyo.Var(bounds=(-1, 5 * top + 1))
        size = interval.shared("size", self.other, lower=0.5, upper=9 + top, costs={"size": 4 + price})
        extra = interval.shared("extra", self.per, lower=top - 1, costs={"extra": price, "size": 2.0})
        before = interval.previous(block.level, initial=0.25 * size + 0.5)
        block.law = pyo.Constraint(
            expr=block.level == 0.75 * before + price * block.up * hours - block.down + top
        )
        block.step = pyo.Constraint(expr=(-1, block.level - before - extra + 0.5 * top, 7))
        block.within = pyo.Constraint(expr=block.level <= size + 2)
        block.gap_mw = pyo.Expression(expr=top - block.up)
        interval.at_end(block.level, lower=0.1 * size - 1, upper=4.0)
        interval.total("work", block.up * hours + 0.5 * before + top, self.per, upper=8 * size + price + 100)
        interval.total("rest", price * block.down, self.other, upper=3 * interval.series("limit") + 50)
        interval.either_or(block.up, block.down)
        return Terms(
            {self.bus: block.up - block.down + 0.125 * before - 0.1 * top, "other": top - block.down + extra},
            {"work": price * block.up * hours + 3 * top, "before": 0.5 * before, "size": 0.25 * size},
        )


class Decisions(Bare):
    """Every word for binary decisions, long memories, windows and curves, in its most general use."""

    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        name: SeriesSpec(title=name, unit="") for name in ("top", "price")
    }
    per: Any = "week"

    def interval(self, block: Any, interval: Interval) -> Terms:
        hours, top, price = interval.hours, interval.series("top"), interval.series("price")
        block.power = pyo.Var(bounds=(0, 9))
        history = [1.0, 0.0, 0.0, 1.0]
        unit = interval.committed(
            "unit",
            block.power,
            1 + 0.5 * top,
            5 + top,
            min_up_h=3 * hours,
            min_down_h=2.5 * hours,
            history=history,
        )
        lamp = interval.binary("lamp")
        size = interval.shared("size", "year", upper=3.0, costs={"size": 0.1 + price})
        before = interval.previous(block.power, [0.5, 0.25 * size], steps=3)
        block.slow = pyo.Constraint(expr=block.power - before <= 6 + size)
        block.lately = pyo.Constraint(expr=interval.recent_sum(lamp, 2 * hours, [1.0]) <= 2 - 0.1 * top)
        fuel = interval.piecewise("fuel", block.power, [(0, 0), (3, 4), (9, 8)])
        heat = interval.piecewise("heat", block.power, [(0, 0), (3, 2), (9, 5)], "at_most")
        loss = interval.piecewise("loss", block.power, [(0, 0), (4, 0.1), (9, 0.5)], "at_least")
        interval.total("burnt", fuel * hours, self.per, lower=0.01 * size, upper=400 + top, before=1.5)
        interval.total("lit", lamp, "day", lower=1.0)
        interval.at_end(block.power, lower=0.5 * size, upper=0.5 * size + 8)
        return Terms(
            {self.bus: block.power - loss, "other": heat - top},
            {"fuel": price * fuel * hours, "start": 3 * unit.start + unit.stop, "lamp": lamp},
        )


@cache
def sun() -> Pv:
    """A real photovoltaic device; what it makes available is given to it."""
    face = {"tilt_deg": 5.7, "azimuth_deg": 180.0, "share": 1.0}
    inverter = "Sungrow_Power_Supply_Co___Ltd___SG60KU_M"
    area = {"name": "roof", "modules": 160000, "generating_units": 1, "faces": [face]}
    area |= {"inverter": inverter, "inverters": 1000}
    module = "Solaria_Corporation_Solaria_PowerXT_440C_PD"
    return Pv.model_validate({"areas": [area], "module": module, "module_wp": 440})


class SmallPark:
    """Devices on a short horizon; numbers are repeated over the intervals, sequences taken as they are."""

    def __init__(self, count: int, minutes: int = 60, start: str = DAY) -> None:
        self.times = pd.date_range(start, periods=count, freq=f"{minutes}min")
        self.hours = minutes / 60
        self.devices: dict[str, Device] = {}
        self.series: dict[Key, Array] = {}

    def __repr__(self) -> str:
        lines = [f"{len(self.times)} x {self.hours:g} h from {self.times[0]}"]
        lines += [f"{name}: {device}" for name, device in self.devices.items()]
        lines += [f"{'.'.join(key)} = {values.tolist()}" for key, values in self.series.items()]
        return "\n".join(lines)

    def add(self, name: str, device: Device, **series: Values) -> "SmallPark":
        """A device and its series by name; a boiler's efficiency is its field unless it is given."""
        self.devices[name] = device
        if isinstance(device, Boiler):
            series = {"efficiency": device.efficiency} | series
        for key, values in series.items():
            self.series[name, key] = np.broadcast_to(np.asarray(values, dtype=float), len(self.times)).copy()
        return self

    def grid(
        self,
        buy: Values = 0.0,
        sell: Values = 0.0,
        *,
        import_limit: Values = 1000.0,
        export_limit: Values = 0.0,
        demand: Values | None = None,
        peak_so_far: Values = 0.0,
        name: str = "grid",
        bus: str = "ac",
    ) -> "SmallPark":
        """A connection [yuan/MWh, MW]; `demand` [yuan/MW a month] makes it two-part."""
        scheme = "single_part" if demand is None else "two_part"
        device = Grid(voltage_kv_level="1", scheme=scheme, bus=bus, import_limit_mw=0, export_limit_mw=0)
        minute = (60 * self.times.hour + self.times.minute).to_numpy()
        continues = (minute // 15 == np.roll(minute, 1) // 15) & (np.arange(len(minute)) > 0)
        return self.add(
            name,
            device,
            purchase_price_yuan_per_mwh=buy,
            sale_price_yuan_per_mwh=sell,
            demand_price_yuan_per_mw_month=0.0 if demand is None else demand,
            peak_floor_mw=peak_so_far,
            import_limit_mw=import_limit,
            export_limit_mw=export_limit,
            quarter_continues=continues,
        )

    def load(self, demand_mw: Values, name: str = "load", bus: str = "ac") -> "SmallPark":
        """Demand to be met."""
        return self.add(name, Load(annual_energy_mwh=1, bus=bus), demand_mw=demand_mw)

    def pv(self, available_mw: Values, name: str = "pv") -> "SmallPark":
        """What the sun makes available."""
        return self.add(name, sun(), available_mw=available_mw)

    def source(
        self, most: Values, price: Values = 0.0, least: Values = 0.0, name: str = "source", bus: str = "ac"
    ) -> "SmallPark":
        """Power between two limits at a price."""
        series = {"least_mw": least, "most_mw": most, "price_yuan_per_mwh": price}
        return self.add(name, Source(bus=bus), **series)

    def battery(self, name: str = "battery", **changes: Any) -> "SmallPark":
        """A perfect battery of 100 MW, empty at first, but for the changes."""
        perfect: dict[str, Any] = {
            "power_mw": 100.0,
            "energy_mwh": 1000.0,
            "soc_min": 0.0,
            "soc_max": 1.0,
            "initial_soc": 0.0,
            "eta_charge": 1.0,
            "eta_discharge": 1.0,
            "auxiliary_share": 0.0,
        }
        return self.add(name, Battery.model_validate(perfect | changes))

    @property
    def horizon(self) -> Horizon:
        """The times as the optimizer takes them."""
        return Horizon(self.times, self.hours)

    def tiled(self) -> Tiled:
        """The park as arrays."""
        return tile(compile_template(self.devices, self.hours), self.horizon, self.series)

    def solve(self) -> "Plan":
        """The optimum, which must be proven and obey every pair."""
        plan = Plan(optimize(self.devices, self.times, self.hours, self.series, threads=1))
        proof = plan.optimum.proof
        # with binaries the solver itself stops at a millionth of a yuan
        assert proof.gap <= 1e-9 or proof.objective_yuan - proof.bound_yuan <= 5e-6
        # a bound above the objective would be a false proof, and is not seen in the gap
        assert proof.bound_yuan <= proof.objective_yuan + 1e-6 * max(1.0, abs(proof.objective_yuan))
        assert proof.primal_infeasibility <= 1e-6
        assert plan.simultaneous() <= 1e-6
        return plan


class Plan:
    """An optimum whose numbers are reached by device and name."""

    def __init__(self, optimum: Optimum) -> None:
        self.optimum, self.x = optimum, optimum.x

    @property
    def cost(self) -> float:
        """Objective [yuan]."""
        return self.optimum.proof.objective_yuan

    def value(self, device: str, name: str) -> Array:
        """A variable in every interval, or a shared decision in every period."""
        tiled = self.optimum.tiled
        for number, column in enumerate(tiled.template.columns):
            if column.key == (device, name):
                return self.x[tiled.column_of(number)]
        keys = [shared.key for shared in tiled.template.shared]
        number = keys.index((device, name))
        return self.x[tiled.shared_starts[number] : tiled.shared_starts[number + 1]]

    def buses(self) -> Iterator[tuple[str, Array]]:
        """Each bus with the sum of the power into it."""
        tiled = self.optimum.tiled
        sums: dict[str, Array] = {}
        for (_, bus), functional in tiled.template.injections.items():
            sums[bus] = sums.get(bus, 0.0) + tiled.evaluate(functional, self.x)
        yield from sums.items()

    def simultaneous(self) -> float:
        """Largest power that both members of a pair have at once [MW]."""
        tiled = self.optimum.tiled
        both = [
            np.minimum(self.x[tiled.column_of(pair.a)], self.x[tiled.column_of(pair.b)]).max()
            for pair in tiled.template.pairs
        ]
        return float(max(both, default=0.0))


@st.composite
def parks_with_candidate_violations(draw: st.DrawFn, most: int = 10) -> SmallPark:
    """Parks whose relaxation likes to buy and sell, or charge and discharge, at once.

    Prices below zero, sale above purchase, lossy batteries; numbers are round so that failures read well.
    """
    count = draw(st.integers(2, most))
    start = draw(st.sampled_from(["2026-07-31 22:00", "2026-07-15 23:00", "2026-07-15 06:00"]))
    park = SmallPark(count, draw(st.sampled_from([60, 15, 5])), start)

    def whole(lower: int, upper: int) -> Array:
        return np.array(draw(st.lists(st.integers(lower, upper), min_size=count, max_size=count)), float)

    buy = whole(-50, draw(st.sampled_from([-10, 100])))
    park.grid(
        buy,
        buy + whole(-20, 20),
        import_limit=20,
        export_limit=draw(st.sampled_from([0, 8])),
        demand=draw(st.sampled_from([None, 0, 50])),
    )
    park.load(whole(0, 8))
    if draw(st.booleans()):
        park.pv(whole(0, 12))
    efficiency = st.sampled_from([0.8, 0.94, 1.0])
    size = st.sampled_from([3.0, 10.0, {"max": 10.0, "cost_yuan_per_unit": 10.0}])
    batteries = draw(st.sampled_from(["one", "two", "twins"]))
    for number in range(1 if batteries == "one" else 2):
        if number and batteries == "twins":
            park.add("battery_1", park.devices["battery_0"])
            break
        park.battery(
            f"battery_{number}",
            power_mw=draw(st.sampled_from([1.0, 4.0])),
            energy_mwh=draw(size),
            initial_soc=draw(st.sampled_from([0.0, 0.5, 1.0])),
            eta_charge=draw(efficiency),
            eta_discharge=draw(efficiency),
            max_cycles_per_day=draw(st.sampled_from([None, 0.5])),
            charge_from_grid=draw(st.sampled_from([True, True, False])),
            discharge_to_grid=draw(st.sampled_from([True, True, False])),
            state_of_health=draw(st.sampled_from([1.0, 0.8])),
        )
    return park
