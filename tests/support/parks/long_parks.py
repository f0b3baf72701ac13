"""Parks of many days with something in common: a peak, totals, stored energy, units that run on."""

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import pyomo.environ as pyo

from parkdispatch.models.device import SeriesSpec
from parkdispatch.models.stores.heat_store import HeatStore
from parkdispatch.models.vocabulary import Interval, Period, Terms
from tests.support.parks.network_parks import add_transformer
from tests.support.small_parks import Bare, SmallPark


class Unit(Bare):
    """Power of 2 to 6 MW that runs for half a day at least, at a price, with a limited energy of the year."""

    year_mwh: float
    start_yuan: float = 200.0
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {"price": SeriesSpec(title="price", unit="")}

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.power_mw = pyo.Var(bounds=(0, 6))
        run = interval.committed("run", block.power_mw, 2.0, 6.0, min_up_h=12.0, min_down_h=6.0)
        interval.total("year", block.power_mw * interval.hours, "year", upper=self.year_mwh)
        fuel = interval.series("price") * interval.hours * block.power_mw
        return Terms({self.bus: block.power_mw}, {"fuel": fuel, "start": self.start_yuan * run.start})


class Promise(Bare):
    """Power of up to 6 MW, of which each period takes at least and at most so much energy [MWh]."""

    least: Mapping[Period, float]
    most: Mapping[Period, float]
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {"price": SeriesSpec(title="price", unit="")}

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.power_mw = pyo.Var(bounds=(0, 6))
        energy_mwh = block.power_mw * interval.hours
        for period in dict.fromkeys([*self.least, *self.most]):
            interval.total(
                period, energy_mwh, period, lower=self.least.get(period), upper=self.most.get(period)
            )
        return Terms({self.bus: block.power_mw}, {"fuel": interval.series("price") * energy_mwh})


def random_long_park(seed: int, days: int = 6, *, units: int = 1, hours: int = 2) -> SmallPark:
    """Two electric buses and one of heat over the end of a month; whatever may rest can rest."""
    random = np.random.default_rng(seed)
    count = days * 24 // hours
    park = SmallPark(count, 60 * hours, "2026-07-29")
    hour = park.times.hour.to_numpy()
    buy = np.where(hour < 8, 250.0, 700.0) + random.uniform(-200, 200, count).round()
    sell = buy + random.choice([-300.0, 60.0], count)
    demand = float(random.choice([500.0, 8000.0]))
    park.grid(buy, sell, import_limit=60.0, export_limit=float(random.choice([0.0, 15.0])), demand=demand)
    park.load(random.uniform(1, 4, count)).load(random.uniform(4, 12, count), name="behind", bus="low")
    add_transformer(park, 40.0, 0.03, segments=2)
    sun_mw = 25 * np.clip(np.sin((hour - 6) / 12 * np.pi), 0, None) * random.uniform(0.2, 1, count)
    park.source(sun_mw, name="sun", bus="low")
    park.battery(
        power_mw=4.0,
        energy_mwh=12.0,
        initial_soc=0.5,
        eta_charge=0.9,
        eta_discharge=0.95,
        min_charge_mw=float(random.choice([0.0, 1.0])),
        max_cycles_per_year=0.6 * days,
        bus="low",
    )
    for number in range(units):
        price = random.uniform(300, 600, count).round()
        park.add(f"unit_{number}", Unit(bus="low", year_mwh=20.0 * days), price=price)
    park.load(random.uniform(0, 3, count), name="heating", bus="heat")
    park.source(5.0, random.uniform(100, 900, count).round(), name="boiler", bus="heat")
    tank = {"energy_mwh": 30.0, "charge_limit_mw": 3.0, "discharge_limit_mw": 3.0}
    return park.add("tank", HeatStore.model_validate(tank | {"loss_share_per_hour": 0.005}))
