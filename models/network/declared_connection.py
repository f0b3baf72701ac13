"""What is declared of a connection to the public grid, and what of it the tariff has to have."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from parkdispatch.models.charges.further_charges import ChargeName, FurtherCharges
from parkdispatch.models.declaration import ASSUMED, declared
from parkdispatch.models.device import Device, Efficiency
from parkdispatch.models.limits import Power
from parkdispatch.models.network.blackouts import Blackout
from parkdispatch.models.network.connection_series import (
    PeriodPrices,
    SalePrice,
    periods_without_price,
    prices_without_period,
)
from parkdispatch.models.network.demand_calls import DemandCall
from parkdispatch.models.network.demand_metering import MonthPeak
from parkdispatch.models.network.transformers import Transformers
from parkdispatch.models.network_elements import NetworkElements, PowerInjection, SupplyPoint
from parkdispatch.models.tariff.demand_rules import Election
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.tariff.tariff_tables import Scheme, twelve
from parkdispatch.models.units import KW_PER_MW


def _twelve_or_none(value: Any) -> Any:
    return None if value is None else twelve(value)


MonthlyOrNone = Annotated[tuple[Power, ...] | None, BeforeValidator(_twelve_or_none)]


class DeclaredConnection(Device):
    """Fields of a grid connection, the rules between them, and the limits that follow."""

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
    sale_price_yuan_per_kwh: SalePrice = declared(
        "yuan/kWh", "Price of exported energy, or a table of one for each time-of-use period of the tariff",
        "assumption: Jiangxi's coal benchmark price; mechanism price of new plants: at most 0.38", 0.4143,
    )  # fmt: skip
    peak_so_far_mw: Power = declared(
        "MW", "Highest 15-minute average import of the month before the horizon begins", ASSUMED, 0.0
    )
    later_peaks_mw: tuple[MonthPeak, ...] = declared(
        "-", "Peaks of later months of the horizon that are paid for anyway, for a horizon that ends within"
        " one; left out: none", default=(),
    )  # fmt: skip
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
    hourly_co2: bool = declared(
        "-", "Whether CO2 of imported energy differs from interval to interval, by the series"
        " `co2_factor_t_per_mwh`", default=False,
    )  # fmt: skip
    marginal_co2_t_per_mwh: Annotated[float, Field(ge=0, le=2)] | None = declared(
        "t/MWh", "CO2 of one more imported MWh, by which avoided CO2 is told; left out: the average",
        "operating margin of the regional grid", None,
    )  # fmt: skip
    power_factor: Efficiency | None = declared(
        "-", "Metered power factor of each month; left out: the tariff's standard", default=None
    )
    import_reserve_mw: Power = declared("MW", "Part of the import limit that is kept free", ASSUMED, 0.0)
    supply_voltage_pu: Annotated[float, Field(ge=0.8, le=1.2)] = declared(
        "-", "Voltage that the public grid holds, over the nominal one, for the AC power flow", ASSUMED, 1.0
    )
    blackouts: tuple[Blackout, ...] = declared(
        "-", "Spans in which nothing can be imported or exported; an interval that shares time with one is"
        " out as a whole", default=(),
    )  # fmt: skip

    independent_storage: bool = declared(
        "-", "Whether it connects independent storage: what is charged and fed back pays no transmission and"
        " distribution and no government funds", "发改办运行〔2022〕475号, from memory", False,
    )  # fmt: skip
    calls: tuple[DemandCall, ...] = declared(
        "-", "Calls for demand response that are answered, with their baselines", default=()
    )
    charges: FurtherCharges | None = declared(
        "-", "Charges beside energy and the demand price; left out: those of the tariff", default=None
    )
    charged_peaks_mw: dict[ChargeName, Power] = declared(
        "MW", "Demand that is paid for anyway in a month of which the horizon has a part, by demand charge of"
        " `charges`", default={},
    )  # fmt: skip
    highest_before_mw: dict[ChargeName, Power] = declared(
        "MW", "Highest demand of the eleven months before, by demand charge with a ratchet; left out: 0",
        default={},
    )  # fmt: skip

    @property
    def network_elements(self) -> NetworkElements:
        """The point that holds the voltage, and the dispatched power where another one holds it."""
        return NetworkElements(
            injections=(PowerInjection(self.bus),), supply=SupplyPoint(self.bus, self.supply_voltage_pu)
        )

    @model_validator(mode="after")
    def _limits_given_once(self) -> Self:
        given = [name for name in ("import_limit_mw", "export_limit_mw") if getattr(self, name) is not None]
        if self.transformers is not None and given:
            raise ValueError(
                "\n".join(
                    f"{name} = {getattr(self, name):.15g}: must be left out, because `transformers` is given"
                    for name in given
                )
            )
        if self.transformers is None and len(given) < 2:
            raise ValueError("must have both `import_limit_mw` and `export_limit_mw`, or else `transformers`")
        return self

    @model_validator(mode="after")
    def _reserve_within_limit(self) -> Self:
        if self.import_reserve_mw > self.limits_mw[0]:
            raise ValueError(
                f"import_reserve_mw = {self.import_reserve_mw:.15g}: must be {self.limits_mw[0]:.15g} or"
                " less, the import limit"
            )
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
                f"contracted_demand_mw = {max(self.contracted_demand_mw):.15g}: must be left out, because"
                f" `demand_election` is {self.demand_election}"
            )
        if self.demand_election == "capacity" and self.transformers is None:
            problems.append(
                "demand_election = 'capacity': must have `transformers`, whose capacity is paid for"
            )
        if problems:
            raise ValueError("\n".join(problems))
        return self

    def with_sale_price_times(self, factor: float) -> Self:
        """The connection with its sale price, or each of them, times a factor."""
        price = self.sale_price_yuan_per_kwh
        changed = price.times(factor) if isinstance(price, PeriodPrices) else price * factor
        return self.model_copy(update={"sale_price_yuan_per_kwh": changed})

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
                f"`power_factor` = {self.power_factor:.15g}: tariff {tariff.name} must have a table for it"
            )
        if unpriced := periods_without_price(tariff, self.sale_price_yuan_per_kwh):
            problems.append(
                f"`sale_price_yuan_per_kwh`: must have a price for each period of tariff {tariff.name},"
                f" and has none for {', '.join(unpriced)}"
            )
        if unknown := prices_without_period(tariff, self.sale_price_yuan_per_kwh):
            problems.append(
                f"`sale_price_yuan_per_kwh.{unknown[0]}`: must be a period of tariff {tariff.name}:"
                f" {', '.join(tariff.periods)}"
            )
        if self.independent_storage and (self.power_factor is not None or self.charges or tariff.charges):
            problems.append(
                "`independent_storage` = true: must have neither `power_factor` nor `charges`, own or of the"
                " tariff"
            )
        return problems + self._charge_problems(tariff) + self._contract_problems(tariff)

    def under_tariff(self, tariff: Tariff) -> Self:
        """The connection with the further charges of the tariff, unless it has its own."""
        charges = self.charges or tariff.charges
        return self.model_copy(update={"charges": charges and charges.under(tariff.used_periods)})

    def _charge_problems(self, tariff: Tariff) -> list[str]:
        charges = self.charges or tariff.charges
        demand = () if charges is None else charges.demand
        names = [charge.name for charge in demand]
        periods, scheme = tariff.used_periods, self.scheme
        problems = [] if charges is None else charges.problems(periods, scheme, self.power_factor)
        for field in ("charged_peaks_mw", "highest_before_mw"):
            problems += [
                f"`{field}.{name}`: must be a demand charge of the tariff: {', '.join(names) or 'none'}"
                for name in getattr(self, field)
                if name not in names
            ]
        return problems

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
            f"`contracted_demand_mw` = {given:.15g}: must be {least:.15g} or more, {share:.15g} of the"
            " transformers' capacity (in MW, not kW)"
        ]
