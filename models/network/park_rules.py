"""Rules for the park as a whole: own use of sun and wind, CO2, peak of all connections, no reverse flow.

What all devices have of an amount is added up: renewable energy that is available and that is put out,
consumption, import, export, CO2. With "own use" = renewable output less export,

    own use >= share x what sun and wind could give    in each calendar year
    own use >= share x consumption                     in each calendar year
    export  <= share x what sun and wind could give    in each calendar year
    CO2     <= cap                                     in each calendar year

A rule of a year binds only in years that lie wholly in the horizon; over a shorter one its shares are told
and not kept. The price of CO2 and the limits on power always hold. What a storage loses of renewable energy
counts as used, because its losses are the park's.
"""

from collections.abc import Callable, Mapping
from itertools import pairwise
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
from pydantic import Field, model_validator

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.declaration import declared
from parkdispatch.models.device import (
    Array,
    Carrier,
    Device,
    Fraction,
    Park,
    Role,
    Seen,
    SeriesSpec,
    largest_residual,
)
from parkdispatch.models.limits import LARGEST_MONEY_YUAN, LARGEST_NUMBER, Power
from parkdispatch.models.vocabulary import Amount, Interval, Terms

DIRECT_SUPPLY = "发改能源〔2025〕650号, green power by direct supply"
HOURS_PER_DAY = 24

Year = Annotated[int, Field(ge=2000, le=2200)]
Tonnes = Annotated[float, Field(ge=0, le=LARGEST_NUMBER)]
CarbonPrice = Annotated[float, Field(ge=0, le=LARGEST_MONEY_YUAN)]


class ParkRules(Device):
    """Limits and prices on what all devices together do; it is on no bus itself."""

    role: ClassVar[Role] = "network"
    ports: ClassVar[Mapping[str, Carrier | Literal["any"]]] = {}
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "binds": SeriesSpec(
            title="Whether the calendar year lies in the horizon",
            unit="1",
            lower=0.0,
            upper=1.0,
            internal=True,
        ),
        "least_own_use": SeriesSpec(
            title="Least own use over consumption in calendar years that lie in the horizon",
            unit="1",
            lower=0.0,
            upper=1.0,
            internal=True,
        ),
    }
    words: ClassVar[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
        "en": {
            "devices": {"park_rules": "park-wide rules"},
            "costs": {"co2": "price of CO2"},
            "checks": {
                "own_use_of_renewables": "own use of sun and wind",
                "own_use_of_consumption": "own use of consumption",
                "export_of_renewables": "export of sun and wind",
                "co2_cap": "CO2 within its cap",
                "co2_of_horizon": "CO2 of the horizon within its cap",
                "peak_import": "import of all connections",
                "peak_export": "export of all connections",
            },
        },
        "zh": {
            "devices": {"park_rules": "园区规则"},
            "costs": {"co2": "碳价成本"},
            "checks": {
                "own_use_of_renewables": "新能源自发自用比例",
                "own_use_of_consumption": "自发自用占用电量比例",
                "export_of_renewables": "新能源上网比例",
                "co2_cap": "碳排放上限",
                "co2_of_horizon": "时段碳排放上限",
                "peak_import": "全部并网点购电功率",
                "peak_export": "全部并网点上网功率",
            },
        },
    }

    kind: Literal["park_rules"] = declared("-", "Kind of device", default="park_rules")
    own_use_of_renewables: Fraction | None = declared(
        "-", "Least own use over what sun and wind could give in a year; left out: none",
        f"0.6 by {DIRECT_SUPPLY}", None,
    )  # fmt: skip
    own_use_of_consumption: Fraction | None = declared(
        "-", "Least own use over consumption in a year; left out: none",
        f"0.3, from 2030 on 0.35, by {DIRECT_SUPPLY}", None,
    )  # fmt: skip
    own_use_of_consumption_from: tuple[tuple[Year, Fraction], ...] = declared(
        "-", "Rows of a calendar year, such as 2030, and the share of consumption that holds from then on,"
        " in place of `own_use_of_consumption`", default=(),
    )  # fmt: skip
    export_of_renewables: Fraction | None = declared(
        "-", "Largest export over what sun and wind could give in a year; left out: none",
        "assumption: 0.2 is usual, set by the province", None,
    )  # fmt: skip
    co2_cap_t: Tonnes | None = declared("t", "Largest CO2 of a calendar year; left out: none", default=None)
    horizon_co2_cap_t: Tonnes | None = declared(
        "t", "Largest CO2 of the horizon, whatever its length; left out: none", default=None
    )
    co2_price_yuan_per_t: CarbonPrice = declared("yuan/t", "Price of each tonne of CO2", default=0.0)
    peak_import_mw: Power | None = declared(
        "MW", "Largest import of all connections together; left out: their own limits only", default=None
    )
    peak_export_mw: Power | None = declared(
        "MW", "Largest export of all connections together, 0: no reverse flow; left out: their own limits",
        default=None,
    )  # fmt: skip

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        rows = self.own_use_of_consumption_from
        if rows and self.own_use_of_consumption is None:
            raise ValueError(
                f"own_use_of_consumption_from = {list(rows)}: must have `own_use_of_consumption` beside it,"
                " the share before"
            )
        if any(after <= before for (before, _), (after, _) in pairwise(rows)):
            raise ValueError(f"own_use_of_consumption_from = {list(rows)}: years must ascend")
        return self

    @classmethod
    def example(cls) -> Self:
        """A price of CO2 and no reverse flow."""
        return cls(co2_price_yuan_per_t=80.0, peak_export_mw=0.0)

    def series(self, park: Park) -> Mapping[str, Array]:
        """1 in calendar years that lie wholly in the horizon, else 0, and the least own use there."""
        year = park.times.year.to_numpy()
        count = pd.Series(year).groupby(year).transform("size").to_numpy() * park.hours
        whole = np.array([HOURS_PER_DAY * (366 if pd.Timestamp(y, 1, 1).is_leap_year else 365) for y in year])
        binds = (count >= whole - 0.5 * park.hours).astype(np.float64)
        share = np.full(len(year), self.own_use_of_consumption or 0.0)
        for first, later_share in self.own_use_of_consumption_from:
            share[year >= first] = later_share
        return {"binds": binds, "least_own_use": binds * share}

    def aged(self, years: float) -> Self:
        """The rules as the same calendar finds them some years later."""
        if not self.own_use_of_consumption_from:
            return self
        rows = tuple((year - years, share) for year, share in self.own_use_of_consumption_from)
        return self.model_copy(update={"own_use_of_consumption_from": rows})

    @property
    def _yearly_rules(self) -> Mapping[str, tuple[Mapping[Amount, float | str], float]]:
        """Each yearly rule as amounts with factors, numbers or series, whose sum is at most a limit."""
        own_use: dict[Amount, float | str] = {"renewable_output_mwh": -1.0, "export_mwh": 1.0}
        rules: dict[str, tuple[Mapping[Amount, float | str], float]] = {}
        if self.own_use_of_renewables is not None:
            rules["own_use_of_renewables"] = (
                {**own_use, "renewable_available_mwh": self.own_use_of_renewables}, 0.0,
            )  # fmt: skip
        if self.own_use_of_consumption is not None:
            rules["own_use_of_consumption"] = (
                {**own_use, "consumption_mwh": "least_own_use"}, 0.0,
            )  # fmt: skip
        if self.export_of_renewables is not None:
            rules["export_of_renewables"] = (
                {"export_mwh": 1.0, "renewable_available_mwh": -self.export_of_renewables}, 0.0,
            )  # fmt: skip
        if self.co2_cap_t is not None:
            rules["co2_cap"] = ({"co2_t": 1.0}, self.co2_cap_t)
        return rules

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write the limits on power, and add to the yearly sums."""
        hours = interval.hours
        limits: dict[Amount, float | None] = {
            "import_mwh": self.peak_import_mw,
            "export_mwh": self.peak_export_mw,
        }
        for amount, most_mw in limits.items():
            if most_mw is not None:
                limit = pyo.Constraint(expr=interval.park_amount(amount) <= most_mw * hours)
                block.add_component(f"peak_{amount}", limit)
        for name, (factors, most) in self._yearly_rules.items():
            total = sum(
                self._factor(factor, interval.series) * interval.park_amount(amount)
                for amount, factor in factors.items()
            )
            interval.total(name, total, "year", upper=most)
        if self.horizon_co2_cap_t is not None:
            horizon_t = interval.park_amount("co2_t")
            interval.total("co2_of_horizon", horizon_t, "horizon", upper=self.horizon_co2_cap_t)
        if not self.co2_price_yuan_per_t:
            return Terms()
        return Terms(costs={"co2": self.co2_price_yuan_per_t * interval.park_amount("co2_t")})

    @staticmethod
    def _factor(factor: float | str, series: Callable[[str], Any]) -> Any:
        """What an amount counts with in years that bind."""
        return series(factor) if isinstance(factor, str) else factor * series("binds")

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute each rule from the amounts."""
        year, checks = seen.times.year, dict[str, float]()
        for name, amount, most_mw in (
            ("peak_import_mw", "import_mwh", self.peak_import_mw),
            ("peak_export_mw", "export_mwh", self.peak_export_mw),
        ):
            if most_mw is not None:
                checks[name] = largest_residual(seen.values[amount] / seen.hours - most_mw)
        for name, (factors, most) in self._yearly_rules.items():
            counted = [
                self._factor(factor, seen.values.__getitem__) * seen.values[amount]
                for amount, factor in factors.items()
            ]
            yearly = pd.Series(np.sum(counted, axis=0)).groupby(year.to_numpy()).sum()
            unit = "t" if name == "co2_cap" else "mwh"
            checks[f"{name}_{unit}"] = largest_residual(yearly.to_numpy() - most)
        if self.horizon_co2_cap_t is not None:
            over_t = float(seen.values["co2_t"].sum()) - self.horizon_co2_cap_t
            checks["co2_of_horizon_t"] = largest_residual(over_t)
        return checks

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """The CO2 of each interval at its price."""
        if not self.co2_price_yuan_per_t:
            return {}
        return {"co2": self.co2_price_yuan_per_t * seen.values["co2_t"]}

    def indicators(self, seen: Seen) -> Mapping[str, float]:
        """The shares that the rules are about, over the horizon, and its CO2."""
        totals = {name: float(array.sum()) for name, array in seen.values.items() if name in _AMOUNTS}
        shares = {}
        if {"renewable_output_mwh", "export_mwh"} <= totals.keys():
            own_use_mwh = totals["renewable_output_mwh"] - totals["export_mwh"]
            for base in ("renewable_available_mwh", "consumption_mwh"):
                if totals.get(base, 0.0) > 0:
                    shares[f"own_use_of_{base.removesuffix('_mwh')}"] = own_use_mwh / totals[base]
        if "co2_t" in totals:
            shares["co2_t"] = totals["co2_t"]
        return shares


_AMOUNTS = ("co2_t", "renewable_available_mwh", "renewable_output_mwh", "consumption_mwh", "export_mwh")
