"""Connection to the public grid: import by the tariff, export at a price, demand charge.

Import and export are metered separately and do not occur at once. A customer of the two-part tariff elects
what the second part is:

    highest      demand charge on the month's highest 15-minute average import; one decision a month: the peak
    contracted   charge on the contracted demand, which is fixed; demand above a tolerance costs a multiple of
                 the price; one decision a month: the excess
    capacity     charge on the transformer capacity, which is fixed; demand costs nothing

Fixed charges do not depend on the dispatch: the bill contains them, the objective does not. The same holds
for the discount on the demand price in months of full use, unless the load alone decides it (`full_use`).
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from parkdispatch.models import lazy_pyomo as pyo
from parkdispatch.models.charges.charge_rows import charge_costs_yuan, charge_residuals, write_charges
from parkdispatch.models.charges.charge_series import charge_series, charge_specs
from parkdispatch.models.device import Array, Display, Park, Role, Seen, SeriesSpec, largest_residual
from parkdispatch.models.errors import InputError
from parkdispatch.models.network.connection_series import (
    CALL_SERIES,
    CO2_SERIES,
    CONNECTION_SERIES,
    limit_mw,
    purchase_price_yuan_per_mwh,
    quarter_continues,
    refund_yuan_per_mwh,
    sale_price_yuan_per_mwh,
)
from parkdispatch.models.network.declared_connection import DeclaredConnection
from parkdispatch.models.network.demand_calls import RESPONSE, call_series
from parkdispatch.models.network.demand_limit import bound_demand
from parkdispatch.models.network.demand_metering import (
    first_of_month,
    metered_demand_mw,
    peak_residuals_mw,
    peaks_before_mw,
    quarter_energy_mwh,
)
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.models.vocabulary import Interval, Terms


class Grid(DeclaredConnection):
    """One metered grid connection. Its limits are given, or follow from its transformers."""

    role: ClassVar[Role] = "grid"
    displays: ClassVar[tuple[Display, ...]] = (
        Display("import", "import", {"import_mw": 1.0}),
        Display("export", "export", {"export_mw": 1.0}),
    )
    series_specs: ClassVar[Mapping[str, SeriesSpec]] = {**CONNECTION_SERIES, **CALL_SERIES, **CO2_SERIES}

    @classmethod
    def example(cls) -> Self:
        """A connection at 10 kV."""
        return cls(voltage_kv_level="1-10kV", import_limit_mw=50.0, export_limit_mw=20.0)

    @property
    def needed_series(self) -> Mapping[str, SeriesSpec]:
        """Those of a response only where there are calls for one, and those of the further charges."""
        specs = {**CONNECTION_SERIES, **(CALL_SERIES if self.calls else {})}
        specs |= CO2_SERIES if self.hourly_co2 else {}
        return {**specs, **charge_specs(self.charges)} if self.charges else specs

    def series(self, park: Park) -> Mapping[str, Array]:
        """Prices and limits at `park.times`, each of shape (intervals,).

        Raises InputError if the tariff lacks the voltage or scheme or does not cover the times.
        """
        times, tariff = park.times, park.tariff
        month = times.month.to_numpy() - 1
        price = purchase_price_yuan_per_mwh(park, self.voltage_kv_level, self.scheme, self.power_factor)
        demand_price, free_mw = 0.0, np.zeros(len(times))
        if self.pays_for_demand:
            in_tariff = tariff.level(self.voltage_kv_level).demand_price_yuan_per_kw_month
            # without one, only a series of the case is a price; `tariff_problems` says where that is missing
            demand_price = np.nan if in_tariff is None else in_tariff
            demand_price *= 1.0 + tariff.power_factor_share(self.power_factor)
        if self.contracted_demand_mw is not None:
            if tariff.demand_rules is None:
                raise InputError(f"tariff {tariff.name}: no `demand_rules` for a contracted demand")
            demand_price *= tariff.demand_rules.excess_multiple
            free_mw = tariff.demand_rules.tolerance * np.array(self.contracted_demand_mw)[month]
        sale_price = sale_price_yuan_per_mwh(park, self.sale_price_yuan_per_kwh)
        if self.independent_storage:
            sale_price = sale_price + refund_yuan_per_mwh(park, self.voltage_kv_level, self.scheme)
        more = {}
        if self.charges:
            more = charge_series(
                self.charges, park, price, sale_price, self.charged_peaks_mw, self.highest_before_mw
            )
        paid_mw = peaks_before_mw(times, self.peak_so_far_mw, self.later_peaks_mw)
        import_limit_mw, export_limit_mw = self.limits_mw
        return {
            "purchase_price_yuan_per_mwh": price,
            "sale_price_yuan_per_mwh": sale_price,
            "demand_price_yuan_per_mw_month": np.full(len(times), demand_price * KW_PER_MW),
            "peak_floor_mw": np.maximum(paid_mw - free_mw, 0.0),
            "demand_free_mw": free_mw,
            "import_limit_mw": limit_mw(park, import_limit_mw - self.import_reserve_mw, self.blackouts),
            "export_limit_mw": limit_mw(park, export_limit_mw, self.blackouts),
            "quarter_continues": quarter_continues(park),
            **(call_series(self.calls, times, park.hours) if self.calls else {}),
            **more,
            **({"co2_factor_t_per_mwh": np.full(len(times), self.co2_t_per_mwh)} if self.hourly_co2 else {}),
        }

    def as_compiled(self) -> Self:
        """The connection without the peaks so far, which are in its series."""
        if type(self) is not Grid:  # a kind derived from this one may make more of its fields
            return self
        in_series: dict[str, Any] = {"later_peaks_mw": (), "charged_peaks_mw": {}, "highest_before_mw": {}}
        return self.model_copy(update={"peak_so_far_mw": 0.0, **in_series})

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
            free_mw = interval.series("demand_free_mw") if contracted else 0.0
            bound_demand(block, interval, paid_mw, free_mw)
        response = {} if self.charges is None else write_charges(self.charges, block, interval)
        if self.calls:
            paid_for = interval.series("response_price_yuan_per_mwh") * block.import_mw
            response[RESPONSE] = hours * (paid_for - interval.series("response_at_zero_yuan_per_h"))
        return Terms(
            injection={self.bus: block.import_mw - block.export_mw},
            costs={
                **response,
                "purchase": interval.series("purchase_price_yuan_per_mwh") * hours * block.import_mw,
                "sale": -interval.series("sale_price_yuan_per_mwh") * hours * block.export_mw,
            },
            exchange={"import": block.import_mw, "export": block.export_mw},
            amounts={
                "import_mwh": block.import_mw * hours,
                "export_mwh": block.export_mw * hours,
                "co2_t": self._emitted_t(block, interval),
            },
        )

    def _emitted_t(self, block: Any, interval: Interval) -> Any:
        """CO2 of what is imported in the interval [t]; a variable where its factor varies."""
        if not self.hourly_co2:
            return self.co2_t_per_mwh * interval.hours * block.import_mw
        # a variable, so that rules of the park may weigh it by series of their own
        block.emitted_t = pyo.Var(bounds=(0, None))
        imported_mwh = interval.hours * block.import_mw
        block.emissions = pyo.Constraint(
            expr=block.emitted_t == interval.series("co2_factor_t_per_mwh") * imported_mwh
        )
        return block.emitted_t

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
        if self.charges:
            checks |= charge_residuals(self.charges, seen)
        return {name: largest_residual(residual) for name, residual in checks.items()}

    def amounts(self, seen: Seen) -> Mapping[str, Array]:
        """Energy bought and sold, and the CO2 of what is bought."""
        bought_mwh = seen.values["import_mw"] * seen.hours
        return {
            "import_mwh": bought_mwh,
            "export_mwh": seen.values["export_mw"] * seen.hours,
            "co2_t": bought_mwh * seen.values.get("co2_factor_t_per_mwh", self.co2_t_per_mwh),
        }

    def costs_yuan(self, seen: Seen) -> Mapping[str, Array]:
        """Energy bought and sold in each interval, and the demand charge of each interval's month."""
        bought_mwh, sold_mwh = seen.values["import_mw"] * seen.hours, seen.values["export_mw"] * seen.hours
        costs = {
            "purchase": bought_mwh * seen.values["purchase_price_yuan_per_mwh"],
            "sale": -sold_mwh * seen.values["sale_price_yuan_per_mwh"],
        }
        if self.calls:
            price = seen.values["response_price_yuan_per_mwh"]
            costs[RESPONSE] = bought_mwh * price - seen.values["response_at_zero_yuan_per_h"] * seen.hours
        if self.pays_for_demand:
            price = seen.values["demand_price_yuan_per_mw_month"][first_of_month(seen.times)]
            label = "demand_excess" if self.demand_election == "contracted" else "demand"
            costs[label] = seen.shared[self.paid_demand] * price
        return {**costs, **charge_costs_yuan(self.charges, seen)} if self.charges else costs
