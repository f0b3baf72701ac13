"""Declarations of fixed and minimum charges, demand charges by period, ratchets, tiers and net metering.

Those that depend on the dispatch are convex functions of the meter's readings, so that they need no binaries.
Of a month that is metered in part, fixed charge, minimum and tiers count in proportion to its days.
"""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.limits import (
    DemandPrice,
    Money,
    PositiveNumber,
    SignedPrice,
)
from parkdispatch.models.tariff.tariff_tables import Fraction, Month, Period, each_once, listed, twelve

MOST_CHARGES, MOST_TIERS = 12, 10
TAKEN_COST = "demand_excess"  # of demand above a contract
ALL_MONTHS: tuple[Month, ...] = tuple(range(1, 13))

ChargeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
Periods = Annotated[tuple[Period, ...], Field(min_length=1), AfterValidator(each_once)]  # not given: all
MonthlyDemandPrice = Annotated[tuple[DemandPrice, ...], BeforeValidator(twelve)]


class DemandCharge(Declaration):
    """A charge on the month's highest demand in some periods, or at any time.

    With a ratchet the demand that is billed is at least a share of the highest of the eleven months before.
    In a horizon of twelve whole months the year before is taken to be like it, so that the highest of the
    year counts; in a shorter one `highest_before_mw` of the connection does.
    """

    name: ChargeName = declared("-", "Name of the charge, such as on_peak")
    price_yuan_per_kw_month: MonthlyDemandPrice = declared(
        "yuan/kW/month", "Price by month, or one number for all; 0 in months without the charge"
    )
    periods: Periods = declared(
        "-", "Time-of-use periods in which demand is metered; left out: at any time", default=()
    )
    ratchet_share: Fraction = declared(
        "-", "Least billed demand over the highest of the eleven months before; 0: no ratchet", default=0.0
    )
    ratchet_months: Annotated[tuple[Month, ...], Field(min_length=1), AfterValidator(each_once)] = declared(
        "-", "Months whose demand the ratchet looks at; left out: all", default=ALL_MONTHS
    )

    @property
    def key(self) -> str:
        """What the names of its series and decisions begin with, so that none is one of the connection's."""
        return f"charged_{self.name}"

    @property
    def cost(self) -> str:
        """Label of its cost."""
        return f"demand_{self.name}"

    @property
    def names(self) -> tuple[str, ...]:
        """All that is named after the charge."""
        endings = ("mw", "free_mw", "floor_mw", "highest_mw", "overlooked_mw", "ratchet")
        return (self.cost, *(f"{self.key}_{quantity}" for quantity in endings))

    @model_validator(mode="after")
    def _months_have_a_ratchet(self) -> Self:
        if not self.ratchet_share and "ratchet_months" in self.model_fields_set:
            raise ValueError("ratchet_months: must be left out, because `ratchet_share` is 0")
        return self


class EnergyTier(Declaration):
    """What the energy of a month above a threshold costs more."""

    above_kwh: PositiveNumber = declared("kWh/month", "Energy bought in the month from which the tier begins")
    added_yuan_per_kwh: SignedPrice = declared(
        "yuan/kWh", "Price on top of that of the tier before; must not be negative"
    )

    @field_validator("added_yuan_per_kwh")
    @classmethod
    def _rising(cls, added: float) -> float:
        if added < 0:
            raise ValueError("must be 0 or more: a price that falls with energy is not convex, so not solved")
        return added


class NetMetering(Declaration):
    """Energy sold offsets energy bought in the same period, kWh for kWh; only the rest has the sale price."""

    within: Literal["month", "year"] = declared(
        "-", "Span within which a surplus offsets energy bought", default="month"
    )
    periods: Periods = declared("-", "Time-of-use periods that net; left out: all of the tariff", default=())


class FurtherCharges(Declaration):
    """Charges of a tariff beside those of its energy prices and its demand price."""

    fixed_yuan_per_month: Money = declared("yuan/month", "Fixed charge of a month", default=0.0)
    fixed_yuan_per_day: Money = declared("yuan/day", "Fixed charge of a day", default=0.0)
    minimum_yuan_per_month: Money = declared(
        "yuan/month", "Least amount of a month's bill, sales deducted; with single-part tariffs only",
        default=0.0,
    )  # fmt: skip
    demand: Annotated[tuple[DemandCharge, ...], Field(max_length=MOST_CHARGES)] = declared(
        "-", "Demand charges by period", default=()
    )
    tiers: Annotated[tuple[EnergyTier, ...], Field(max_length=MOST_TIERS)] = declared(
        "-", "Tiers of monthly energy at rising prices, the lowest first", default=()
    )
    net_metering: NetMetering | None = declared("-", "Net metering; left out: none", default=None)

    @field_validator("demand")
    @classmethod
    def _named_once(cls, demand: tuple[DemandCharge, ...]) -> tuple[DemandCharge, ...]:
        names = [charge.name for charge in demand]
        if repeated := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"must have a name for each; twice: {listed(repeated)}")
        taken = {TAKEN_COST}
        for charge in demand:
            if not taken.isdisjoint(charge.names):
                raise ValueError(f"'{charge.name}' is the name of another quantity, must be another")
            taken.update(charge.names)
        return demand

    @field_validator("tiers")
    @classmethod
    def _ascending(cls, tiers: tuple[EnergyTier, ...]) -> tuple[EnergyTier, ...]:
        above = [tier.above_kwh for tier in tiers]
        if above != sorted(set(above)):
            raise ValueError(f"must rise from tier to tier: {listed(f'{kwh:.15g}' for kwh in above)}")
        return tiers

    @model_validator(mode="after")
    def _one_energy_rule(self) -> Self:
        if self.tiers and self.net_metering:
            raise ValueError("tiers: must be left out, because `net_metering` is given")
        if self.minimum_yuan_per_month and self.net_metering and self.net_metering.within == "year":
            raise ValueError(
                "minimum_yuan_per_month: must be left out, because `net_metering.within` is year, so that no"
                " month's bill is known alone"
            )
        return self

    def under(self, periods: tuple[str, ...]) -> Self:
        """The same with all periods of the tariff netted, where none are named."""
        if self.net_metering is None or self.net_metering.periods:
            return self
        net = self.net_metering.model_copy(update={"periods": periods})
        return self.model_copy(update={"net_metering": net})

    def problems(self, periods: tuple[str, ...], scheme: str, power_factor: float | None) -> list[str]:
        """Conflicts with the periods of a tariff, and with scheme and power factor of a connection."""
        problems = [
            f"charge '{charge.name}': period '{period}' must be of the tariff: {listed(periods)}"
            for charge in self.demand
            for period in charge.periods
            if period not in periods
        ]
        if self.net_metering:
            problems += [
                f"`net_metering`: period '{period}' must be of the tariff: {listed(periods)}"
                for period in self.net_metering.periods
                if period not in periods
            ]
        if self.minimum_yuan_per_month and scheme != "single_part":
            problems.append("`minimum_yuan_per_month`: must have `scheme` = 'single_part'")
        if power_factor is not None:
            problems.append(
                f"`power_factor` = {power_factor:.15g}: must be left out with `charges`, which it does not"
                " adjust"
            )
        return problems
