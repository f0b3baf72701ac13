"""The connection to the public grid: energy bought by the tariff, surplus sold, demand charged.

Import and export are metered separately and never at once. With a two-part tariff the month's highest
15-minute average import is paid for; the optimizer sees it as one decision a month, the peak.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pyomo.environ as pyo
from pydantic import BaseModel, ConfigDict, Field, model_validator

from models.device import (
    Array,
    Device,
    Efficiency,
    Fraction,
    Interval,
    NonNegative,
    Park,
    Positive,
    Seen,
    SeriesSpec,
    Terms,
)
from models.quarters import quarters_per_interval
from models.tariff import Scheme, Tariff

KW_PER_MW = 1000.0
QUARTER_HOURS = 0.25  # [h] over which demand is averaged


class Transformers(BaseModel):
    """The transformers between park and grid, from which both limits follow."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    count: Annotated[int, Field(ge=1)]
    rating_mva: Positive  # [MVA] of each
    power_factor: Efficiency = 0.95  # [-] assumption: park kept above the 0.9 of the power-factor rule
    import_units_out: Annotated[int, Field(ge=0)] = 0  # import may use all; assumption
    export_units_out: Annotated[int, Field(ge=0)] = (
        1  # n-1: back-feed must survive the loss of one; assumption
    )
    back_feed_share: Fraction = 0.8  # [-] of the rating left may feed back; assumption: usual for PV in China

    @model_validator(mode="after")
    def _some_left(self) -> Self:
        wrong = [
            f"{name} = {getattr(self, name)}: must be {self.count} or less, the `count`"
            for name in ("import_units_out", "export_units_out")
            if getattr(self, name) > self.count
        ]
        if wrong:
            raise ValueError("\n".join(wrong))
        return self

    @property
    def import_limit_mw(self) -> float:
        """Most that may be drawn [MW]."""
        return (self.count - self.import_units_out) * self.rating_mva * self.power_factor

    @property
    def export_limit_mw(self) -> float:
        """Most that may be fed back [MW]."""
        units = self.count - self.export_units_out
        return units * self.rating_mva * self.power_factor * self.back_feed_share


class Grid(Device):
    """One metered connection. Its limits are either given or follow from its transformers."""

    kind: Literal["grid"] = "grid"
    bus: str = "ac"
    voltage_kv_level: Annotated[str, Field(min_length=1)]  # a key of the tariff's `voltages`
    scheme: Scheme = "two_part"
    import_limit_mw: NonNegative | None = None  # [MW]
    export_limit_mw: NonNegative | None = None  # [MW]
    transformers: Transformers | None = None
    # [yuan/kWh] of surplus PV; assumption: Jiangxi's coal benchmark. Mechanism price of new plants: <= 0.38.
    sale_price_yuan_per_kwh: Annotated[float, Field(allow_inf_nan=False)] = 0.4143
    peak_so_far_mw: NonNegative = 0.0  # [MW] highest 15-minute average this month before the horizon

    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {
        "purchase_price_yuan_per_mwh": SeriesSpec(title="Purchase price", unit="yuan/MWh"),
        "sale_price_yuan_per_mwh": SeriesSpec(title="Sale price", unit="yuan/MWh"),
        "demand_price_yuan_per_mw_month": SeriesSpec(title="Demand price", unit="yuan/MW/month", lower=0.0),
        "peak_floor_mw": SeriesSpec(title="Peak of the month before the horizon", unit="MW", lower=0.0),
        "import_limit_mw": SeriesSpec(title="Import limit", unit="MW", lower=0.0),
        "export_limit_mw": SeriesSpec(title="Export limit", unit="MW", lower=0.0),
        "quarter_continues": SeriesSpec(
            title="1 if the interval is in the quarter-hour of the one before", unit="1", lower=0.0, upper=1.0
        ),
    }

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        given = [name for name in ("import_limit_mw", "export_limit_mw") if getattr(self, name) is not None]
        if self.transformers is not None and given:
            raise ValueError(
                "\n".join(
                    f"{name} = {getattr(self, name):g}: must be left out, because `transformers` is given"
                    for name in given
                )
            )
        if self.transformers is None and len(given) < 2:
            raise ValueError("must have both `import_limit_mw` and `export_limit_mw`, or else `transformers`")
        return self

    @property
    def limits_mw(self) -> tuple[float, float]:
        """Most that may be drawn and fed back [MW]."""
        if self.transformers is not None:
            return self.transformers.import_limit_mw, self.transformers.export_limit_mw
        return self.import_limit_mw or 0.0, self.export_limit_mw or 0.0

    def tariff_problems(self, tariff: Tariff) -> list[str]:
        """The voltage level, and the prices of the scheme at it."""
        level = tariff.voltages.get(self.voltage_kv_level)
        if level is None:
            known = ", ".join(tariff.voltages)
            return [
                f"`voltage_kv_level` = '{self.voltage_kv_level}': must be of tariff {tariff.name}: {known}"
            ]
        missing = []
        if level.transmission_yuan_per_kwh(self.scheme) is None:
            missing.append(f"{self.scheme}_yuan_per_kwh")
        if self.scheme == "two_part" and level.demand_price_yuan_per_kw_month is None:
            missing.append("demand_price_yuan_per_kw_month")
        return [
            f"`scheme` = '{self.scheme}': tariff {tariff.name} must have `{name}` at {self.voltage_kv_level}"
            for name in missing
        ]

    def series(self, park: Park) -> Mapping[str, Array]:
        """Prices and limits at `park.times`, each of shape (intervals,).

        Raises InputError if the tariff lacks the voltage or scheme or does not cover the times.
        """
        times, tariff = park.times, park.tariff
        ones = np.ones(len(times))
        price = tariff.energy_price_yuan_per_kwh(times, self.voltage_kv_level, self.scheme, park.hours)
        demand_price = 0.0
        if self.scheme == "two_part":
            demand_price = tariff.demand_price_yuan_per_kw_month(self.voltage_kv_level)
        first_month = (times.year == times[0].year) & (times.month == times[0].month)
        import_limit_mw, export_limit_mw = self.limits_mw
        quarters_per_interval(times, park.hours)  # refuses intervals that straddle quarter-hours
        quarter = times.floor("15min").to_numpy()
        return {
            "purchase_price_yuan_per_mwh": price * KW_PER_MW,
            "sale_price_yuan_per_mwh": ones * self.sale_price_yuan_per_kwh * KW_PER_MW,
            "demand_price_yuan_per_mw_month": ones * demand_price * KW_PER_MW,
            "peak_floor_mw": np.where(first_month, self.peak_so_far_mw, 0.0),
            "import_limit_mw": ones * import_limit_mw,
            "export_limit_mw": ones * export_limit_mw,
            "quarter_continues": np.concatenate([[0.0], quarter[1:] == quarter[:-1]]),
        }

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Buy or sell within the limits; under a two-part tariff, stay below the month's peak."""
        hours = interval.hours
        block.import_mw = pyo.Var(bounds=(0, interval.series("import_limit_mw")))
        block.export_mw = pyo.Var(bounds=(0, interval.series("export_limit_mw")))
        interval.either_or(block.import_mw, block.export_mw)
        if self.scheme == "two_part":
            peak_mw = interval.shared(
                "peak_mw",
                per="month",
                lower=interval.series("peak_floor_mw"),
                costs={"demand": interval.series("demand_price_yuan_per_mw_month")},
            )
            self._keep_below(block, interval, peak_mw)
        return Terms(
            injection={self.bus: block.import_mw - block.export_mw},
            costs={
                "purchase": interval.series("purchase_price_yuan_per_mwh") * hours * block.import_mw,
                "sale": -interval.series("sale_price_yuan_per_mwh") * hours * block.export_mw,
            },
        )

    def _keep_below(self, block: Any, interval: Interval, peak_mw: Any) -> None:
        if interval.hours >= QUARTER_HOURS:
            # import <= the month's highest 15-minute average
            block.import_within_peak = pyo.Constraint(expr=block.import_mw - peak_mw <= 0)
            return
        # Shorter intervals: what counts is the average, so the quarter-hour's energy is summed as it runs.
        block.quarter_mwh = pyo.Var(bounds=(0, None))
        before_mwh = interval.previous(block.quarter_mwh, initial=0.0)
        # energy since the quarter-hour began = that before, unless a new one begins, + import
        block.quarter_energy = pyo.Constraint(
            expr=block.quarter_mwh
            == interval.series("quarter_continues") * before_mwh + interval.hours * block.import_mw
        )
        # energy of the quarter-hour so far <= what the month's peak would bring
        block.import_within_peak = pyo.Constraint(expr=block.quarter_mwh - QUARTER_HOURS * peak_mw <= 0)

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute limits, exclusivity, injection and each month's peak from the dispatched power."""
        bought, sold = seen.values["import_mw"], seen.values["export_mw"]
        checks = {
            "import_limit_mw": np.maximum(bought - seen.values["import_limit_mw"], -bought).max(),
            "export_limit_mw": np.maximum(sold - seen.values["export_limit_mw"], -sold).max(),
            "import_and_export_mw": np.minimum(bought, sold).max(),
            "injection_mw": np.abs(seen.injection[self.bus] - (bought - sold)).max(),
        }
        if self.scheme == "two_part":
            frame = {
                "month": (12 * seen.times.year + seen.times.month).to_numpy(),
                "demand": metered_demand_mw(seen.times, seen.hours, bought),
                "floor": seen.values["peak_floor_mw"],
                "peak": seen.shared["peak_mw"],
                "price": seen.values["demand_price_yuan_per_mw_month"],
            }
            over, loose = [0.0], [0.0]
            for month in np.unique(frame["month"]):
                here = frame["month"] == month
                highest = max(frame["demand"][here].max(), frame["floor"][here][0])
                peak = frame["peak"][here]
                over.append(highest - peak.min())
                if frame["price"][here][0] > 0:  # a peak that costs nothing may lie anywhere above
                    loose.append(peak.max() - highest)
            checks |= {"import_within_peak_mw": max(over), "peak_is_highest_mw": max(loose)}
        return {name: max(0.0, float(residual)) for name, residual in checks.items()}


def unavoidable_peak_mw(import_mw: Array, hours: float, power_mw: float, energy_mwh: float) -> float:
    """Demand below which storage cannot hold this import, whatever it does [MW].

    Over any window of w hours storage lowers the mean import by at most its power and at most its
    deliverable energy / w, because recharging inside the window only raises it. The largest mean that is
    left over windows of up to a day is therefore a lower bound on the month's peak.
    """
    total = np.concatenate([[0.0], np.cumsum(import_mw)])
    bound = 0.0
    for length in range(1, min(len(import_mw), round(24 / hours)) + 1):
        mean = (total[length:] - total[:-length]).max() / length
        bound = max(bound, mean - min(power_mw, energy_mwh / (length * hours)))
    return float(bound)


def metered_demand_mw(times: Any, hours: float, import_mw: Array) -> Array:
    """Demand as the meter counts it: the mean import of each interval's quarter-hour [MW], (intervals,).

    Intervals of a quarter-hour or longer count as they are.
    """
    if hours >= QUARTER_HOURS:
        return import_mw
    _, quarter = np.unique(times.floor("15min").to_numpy(), return_inverse=True)
    average_mw = np.bincount(quarter, weights=import_mw) * hours / QUARTER_HOURS
    return np.asarray(average_mw[quarter], dtype=np.float64)
