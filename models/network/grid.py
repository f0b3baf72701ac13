"""Connection to the public grid: import by the tariff, export at a price, demand charge.

Import and export are metered separately and do not occur at once. A customer of the two-part tariff elects
what the second part is:

    highest      demand charge on the month's highest 15-minute average import; one decision a month: the peak
    contracted   charge on the contracted demand, which is fixed; demand above a tolerance costs a multiple of
                 the price; one decision a month: the excess
    capacity     charge on the transformer capacity, which is fixed; demand costs nothing

Fixed charges do not depend on the dispatch: the bill contains them, the objective does not. The same holds
for the discount on the demand price in months of full use, which depends on the energy of the whole month.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
import pyomo.environ as pyo
from pydantic import BeforeValidator, Field, model_validator

from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import (
    Array,
    Device,
    Display,
    Efficiency,
    Park,
    Role,
    Seen,
    SeriesSpec,
    largest_residual,
)
from parkdispatch.models.errors import InputError
from parkdispatch.models.limits import (
    Power,
    SignedPrice,
)
from parkdispatch.models.network.connection_series import CONNECTION_SERIES
from parkdispatch.models.network.demand_metering import (
    QUARTER_HOURS,
    first_of_month,
    metered_demand_mw,
    peak_residuals_mw,
    quarter_energy_mwh,
)
from parkdispatch.models.network.transformers import Transformers
from parkdispatch.models.quarter_hours import quarters_per_interval
from parkdispatch.models.tariff.demand_rules import Election
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.tariff.tariff_tables import Scheme, twelve
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.models.vocabulary import Interval, Terms


def _twelve_or_none(value: Any) -> Any:
    return None if value is None else twelve(value)


MonthlyOrNone = Annotated[tuple[Power, ...] | None, BeforeValidator(_twelve_or_none)]


class Grid(Device):
    """One metered grid connection. Its limits are given, or follow from its transformers."""

    kind: Literal["grid"] = declared("-", "Kind of device", default="grid")
    bus: str = declared("-", "Name of the bus the connection feeds", default="ac")
    voltage_kv_level: Annotated[str, Field(min_length=1)] = declared(
        "-", "Voltage level of the connection, a key of the tariff's `voltages`"
    )
    scheme: Scheme = declared(
        "-", "Two-part tariff (energy, and demand or capacity charge) or single-part tariff (energy only)",
        ASSUMED, "two_part",
    )  # fmt: skip
    import_limit_mw: Power | None = declared(
        "MW", "Largest import; left out where `transformers` is given", default=None
    )
    export_limit_mw: Power | None = declared(
        "MW", "Largest export; left out where `transformers` is given", default=None
    )
    transformers: Transformers | None = declared(
        "-", "Transformers of the connection, from which both limits follow; left out: limits are given",
        default=None,
    )  # fmt: skip
    sale_price_yuan_per_kwh: SignedPrice = declared(
        "yuan/kWh", "Price of exported energy",
        "assumption: Jiangxi's coal benchmark price; mechanism price of new plants: at most 0.38", 0.4143,
    )  # fmt: skip
    peak_so_far_mw: Power = declared(
        "MW", "Highest 15-minute average import of the month before the horizon begins", ASSUMED, 0.0
    )
    demand_election: Election = declared(
        "-", "What a two-part customer pays for: highest metered demand, contracted demand, or transformer"
        " capacity", ASSUMED, "highest",
    )  # fmt: skip
    contracted_demand_mw: MonthlyOrNone = declared(
        "MW", "Contracted demand by month, or one number for all; with demand_election = \"contracted\" only",
        default=None,
    )  # fmt: skip
    co2_t_per_mwh: Annotated[float, Field(ge=0, le=2)] = declared(
        "t/MWh", "CO2 of imported energy", "Jiangxi's grid in 2023, national bulletin", 0.5836
    )
    power_factor: Efficiency | None = declared(
        "-", "Metered power factor of each month; left out: the tariff's standard", default=None
    )

    role: ClassVar[Role] = "grid"
    displays: ClassVar[tuple[Display, ...]] = (
        Display("import", "import", {"import_mw": 1.0}),
        Display("export", "export", {"export_mw": 1.0}),
    )
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = CONNECTION_SERIES

    @classmethod
    def example(cls) -> Self:
        """A connection at 10 kV."""
        return cls(voltage_kv_level="1-10kV", import_limit_mw=50.0, export_limit_mw=20.0)

    @model_validator(mode="after")
    def _limits_given_once(self) -> Self:
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

    @model_validator(mode="after")
    def _election_consistent(self) -> Self:
        problems = []
        if self.scheme == "single_part" and self.demand_election != "highest":
            problems.append(
                f"demand_election = {self.demand_election!r}: must be left out,"
                " because `scheme` is single_part"
            )
        if self.demand_election == "contracted" and self.contracted_demand_mw is None:
            problems.append("demand_election = 'contracted': must have `contracted_demand_mw` beside it")
        if self.demand_election != "contracted" and self.contracted_demand_mw is not None:
            problems.append(
                f"contracted_demand_mw = {max(self.contracted_demand_mw):g}: must be left out, because"
                f" `demand_election` is {self.demand_election}"
            )
        if self.demand_election == "capacity" and self.transformers is None:
            problems.append(
                "demand_election = 'capacity': must have `transformers`, whose capacity is paid for"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    @property
    def pays_for_demand(self) -> bool:
        """Whether a higher peak import can cost a higher demand charge."""
        return self.scheme == "two_part" and self.demand_election != "capacity"

    @property
    def transformer_kva(self) -> float | None:
        """Installed transformer capacity [kVA]; None if no transformers are declared."""
        return None if self.transformers is None else self.transformers.total_mva * KW_PER_MW

    @property
    def limits_mw(self) -> tuple[float, float]:
        """Largest import and largest export [MW]."""
        if self.transformers is not None:
            return self.transformers.import_limit_mw, self.transformers.export_limit_mw
        return self.import_limit_mw or 0.0, self.export_limit_mw or 0.0

    def tariff_problems(self, tariff: Tariff) -> list[str]:
        """Problems with the voltage level, the prices of the scheme at it, and the rules of the election."""
        level = tariff.voltages.get(self.voltage_kv_level)
        if level is None:
            known = ", ".join(tariff.voltages)
            return [
                f"`voltage_kv_level` = '{self.voltage_kv_level}': must be of tariff {tariff.name}: {known}"
            ]
        missing = []
        if level.transmission_yuan_per_kwh(self.scheme) is None:
            missing.append(f"{self.scheme}_yuan_per_kwh")
        if self.pays_for_demand and level.demand_price_yuan_per_kw_month is None:
            missing.append("demand_price_yuan_per_kw_month")
        if self.demand_election == "capacity" and level.capacity_price_yuan_per_kva_month is None:
            missing.append("capacity_price_yuan_per_kva_month")
        problems = [
            f"`scheme` = '{self.scheme}': tariff {tariff.name} must have `{name}` at {self.voltage_kv_level}"
            for name in missing
        ]
        if self.power_factor is not None and tariff.power_factor is None:
            problems.append(
                f"`power_factor` = {self.power_factor:g}: tariff {tariff.name} must have a table for it"
            )
        return problems + self._contract_problems(tariff)

    def _contract_problems(self, tariff: Tariff) -> list[str]:
        if self.contracted_demand_mw is None:
            return []
        if tariff.demand_rules is None:
            return [f"`demand_election` = 'contracted': tariff {tariff.name} must have `demand_rules` for it"]
        share = tariff.demand_rules.least_contract_share
        least, given = share * (self.transformer_kva or 0.0) / KW_PER_MW, min(self.contracted_demand_mw)
        if given >= least:
            return []
        return [
            f"`contracted_demand_mw` = {given:g}: must be {least:g} or more, {share:g} of the transformers'"
            " capacity (in MW, not kW)"
        ]

    def series(self, park: Park) -> Mapping[str, Array]:
        """Prices and limits at `park.times`, each of shape (intervals,).

        Raises InputError if the tariff lacks the voltage or scheme or does not cover the times.
        """
        times, tariff = park.times, park.tariff
        ones, month = np.ones(len(times)), times.month.to_numpy() - 1
        price = tariff.energy_price_yuan_per_kwh(times, self.voltage_kv_level, self.scheme, park.hours)
        # the power-factor adjustment applies to all parts but the government funds
        adjustment = tariff.power_factor_share(self.power_factor)
        price = price + adjustment * (price - np.array(tariff.government_funds_yuan_per_kwh)[month])
        demand_price, free_mw = 0.0, 0.0 * ones
        if self.pays_for_demand:
            in_tariff = tariff.level(self.voltage_kv_level).demand_price_yuan_per_kw_month
            # without one, only a series of the case is a price; `tariff_problems` says where that is missing
            demand_price = (np.nan if in_tariff is None else in_tariff) * (1.0 + adjustment)
        if self.contracted_demand_mw is not None:
            if tariff.demand_rules is None:
                raise InputError(f"tariff {tariff.name}: no `demand_rules` for a contracted demand")
            demand_price *= tariff.demand_rules.excess_multiple
            free_mw = tariff.demand_rules.tolerance * np.array(self.contracted_demand_mw)[month]
        first_month = (times.year == times[0].year) & (times.month == times[0].month)
        import_limit_mw, export_limit_mw = self.limits_mw
        quarters_per_interval(times, park.hours)  # raises if intervals straddle quarter-hours
        quarter = times.floor("15min").to_numpy()
        return {
            "purchase_price_yuan_per_mwh": price * KW_PER_MW,
            "sale_price_yuan_per_mwh": ones * self.sale_price_yuan_per_kwh * KW_PER_MW,
            "demand_price_yuan_per_mw_month": ones * demand_price * KW_PER_MW,
            "peak_floor_mw": np.where(first_month, np.maximum(self.peak_so_far_mw - free_mw, 0.0), 0.0),
            "demand_free_mw": free_mw,
            "import_limit_mw": ones * import_limit_mw,
            "export_limit_mw": ones * export_limit_mw,
            "quarter_continues": np.concatenate([[0.0], quarter[1:] == quarter[:-1]]),
        }

    @property
    def paid_demand(self) -> str:
        """Name of the monthly decision that the demand price applies to: the peak or the excess."""
        return "excess_mw" if self.demand_election == "contracted" else "peak_mw"

    def interval(self, block: Any, interval: Interval) -> Terms:
        """Write import and export within their limits, and the demand that is charged once a month."""
        hours = interval.hours
        block.import_mw = pyo.Var(bounds=(0, interval.series("import_limit_mw")))
        block.export_mw = pyo.Var(bounds=(0, interval.series("export_limit_mw")))
        interval.either_or(block.import_mw, block.export_mw)
        if self.pays_for_demand:
            contracted = self.demand_election == "contracted"
            paid_mw = interval.shared(
                self.paid_demand,
                per="month",
                lower=interval.series("peak_floor_mw"),
                costs={
                    "demand_excess" if contracted else "demand": interval.series(
                        "demand_price_yuan_per_mw_month"
                    )
                },
            )
            self._bound_demand(
                block, interval, paid_mw, interval.series("demand_free_mw") if contracted else 0.0
            )
        return Terms(
            injection={self.bus: block.import_mw - block.export_mw},
            costs={
                "purchase": interval.series("purchase_price_yuan_per_mwh") * hours * block.import_mw,
                "sale": -interval.series("sale_price_yuan_per_mwh") * hours * block.export_mw,
            },
            exchange={"import": block.import_mw, "export": block.export_mw},
            amounts={
                "import_mwh": block.import_mw * hours,
                "export_mwh": block.export_mw * hours,
                "co2_t": self.co2_t_per_mwh * hours * block.import_mw,
            },
        )

    def _bound_demand(self, block: Any, interval: Interval, paid_mw: Any, free_mw: Any) -> None:
        """Keep the metered demand within the charged demand plus the demand free of extra charge."""
        if interval.hours >= QUARTER_HOURS:
            # import <= charged demand (the month's peak, or its excess) + demand free of extra charge
            block.import_within_peak = pyo.Constraint(expr=block.import_mw - paid_mw <= free_mw)
            return
        # Shorter intervals: the meter averages over a quarter-hour, so its energy is accumulated.
        block.quarter_mwh = pyo.Var(bounds=(0, None))
        before_mwh = interval.previous(block.quarter_mwh, initial=0.0)
        # energy since the quarter-hour began = previous energy, reset where a quarter-hour begins, + import
        block.quarter_energy = pyo.Constraint(
            expr=block.quarter_mwh
            == interval.series("quarter_continues") * before_mwh + interval.hours * block.import_mw
        )
        # energy of the quarter-hour so far <= energy of that demand over a whole quarter-hour
        block.import_within_peak = pyo.Constraint(
            expr=block.quarter_mwh - QUARTER_HOURS * paid_mw <= QUARTER_HOURS * free_mw
        )

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        """Recompute limits, exclusivity, injection and each month's peak from the dispatched power."""
        bought, sold = seen.values["import_mw"], seen.values["export_mw"]
        checks = {
            "import_limit_mw": np.maximum(bought - seen.values["import_limit_mw"], -bought).max(),
            "export_limit_mw": np.maximum(sold - seen.values["export_limit_mw"], -sold).max(),
            "import_and_export_mw": np.minimum(bought, sold).max(),
            "injection_mw": np.abs(seen.injection[self.bus] - (bought - sold)).max(),
        }
        if self.pays_for_demand:
            free_mw: Any = 0.0
            if self.demand_election == "contracted":
                free_mw = seen.values["demand_free_mw"]
            checks["import_within_peak_mw"], checks["peak_is_highest_mw"] = peak_residuals_mw(
                seen.times,
                metered_demand_mw(seen.times, seen.hours, bought) - free_mw,
                seen.values["peak_floor_mw"],
                seen.shared[self.paid_demand],
                seen.values["demand_price_yuan_per_mw_month"] > 0,
            )
            if "quarter_mwh" in seen.values:
                checks["quarter_energy_mwh"] = np.abs(
                    seen.values["quarter_mwh"] - quarter_energy_mwh(seen.times, bought * seen.hours)
                ).max()
        return {name: largest_residual(residual) for name, residual in checks.items()}

    def amounts(self, seen: Seen) -> Mapping[str, Array]:
        """Energy bought and sold, and the CO2 of what is bought."""
        bought_mwh = seen.values["import_mw"] * seen.hours
        return {
            "import_mwh": bought_mwh,
            "export_mwh": seen.values["export_mw"] * seen.hours,
            "co2_t": bought_mwh * self.co2_t_per_mwh,
        }

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """Energy bought and sold in each interval, and the demand charge of each interval's month."""
        bought_mwh, sold_mwh = seen.values["import_mw"] * seen.hours, seen.values["export_mw"] * seen.hours
        costs = {
            "purchase": bought_mwh * seen.values["purchase_price_yuan_per_mwh"],
            "sale": -sold_mwh * seen.values["sale_price_yuan_per_mwh"],
        }
        if self.pays_for_demand:
            price = seen.values["demand_price_yuan_per_mw_month"][first_of_month(seen.times)]
            label = "demand_excess" if self.demand_election == "contracted" else "demand"
            costs[label] = seen.shared[self.paid_demand] * price
        return costs
