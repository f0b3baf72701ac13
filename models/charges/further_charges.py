"""Declarations of fixed and minimum charges, demand charges by period, ratchets, tiers and net metering.

Those that depend on the dispatch are convex functions of the meter's readings, so that they need no binaries.
Of a month that is metered in part, fixed charge, minimum and tiers count in proportion to its days.
"""

from itertools import accumulate, pairwise
from typing import Annotated, Literal, NamedTuple, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from parkdispatch.models.declaration import Declaration, declared
from parkdispatch.models.limits import (
    LARGEST_POWER_MW,
    DemandPrice,
    Money,
    PositiveNumber,
    SignedPrice,
)
from parkdispatch.models.tariff.tariff_tables import Fraction, Month, Period, each_once, listed, twelve
from parkdispatch.models.units import KW_PER_MW

MOST_CHARGES, MOST_TIERS = 12, 10
LONGEST_WINDOW = 11  # months before that a ratchet may look at; with the month itself they are a year
TAKEN_COST = "demand_excess"  # of demand above a contract
ALL_MONTHS: tuple[Month, ...] = tuple(range(1, 13))

PowerKw = Annotated[float, Field(ge=0, le=LARGEST_POWER_MW * KW_PER_MW)]
ChargeName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
Periods = Annotated[tuple[Period, ...], Field(min_length=1), AfterValidator(each_once)]  # not given: all
MonthlyDemandPrice = Annotated[tuple[DemandPrice, ...], BeforeValidator(twelve)]


class DemandTier(Declaration):
    """What the billed demand of a month above a threshold costs more."""

    above_kw: PositiveNumber = declared("kW", "Billed demand from which the tier begins")
    added_yuan_per_kw_month: Annotated[DemandPrice, Field(gt=0)] = declared(
        "yuan/kW/month", "Price on top of that of the tier before, in every month; a price that falls with"
        " demand is not convex, so not solved",
    )  # fmt: skip


class DemandStep(NamedTuple):
    """Billed demand from one threshold to the next."""

    key: str  # what the names of its series and its decision begin with
    cost: str  # label
    from_mw: float
    width_mw: float | None  # None: no end
    added_yuan_per_mw: float  # above the charge's price of the month


class DemandCharge(Declaration):
    """A charge on the month's highest demand in some periods, or at any time.

    With a ratchet the demand that is billed is at least a share of the highest of the months before, eleven
    of them or `ratchet_window_months`. In a horizon of twelve whole months the year before is taken to be
    like it; in a shorter one `highest_before_mw` of the connection stands for the months before it.
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
    ratchet_window_months: Annotated[int, Field(ge=1, le=LONGEST_WINDOW)] = declared(
        "months", "How many months before each the ratchet looks at", default=LONGEST_WINDOW
    )
    least_kw: Annotated[float, Field(ge=0, le=LARGEST_POWER_MW * KW_PER_MW)] = declared(
        "kW", "Least billed demand of every month", default=0.0
    )
    tiers: Annotated[tuple[DemandTier, ...], Field(max_length=MOST_TIERS)] = declared(
        "-", "Tiers of billed demand at rising prices, the lowest first", default=()
    )

    @property
    def key(self) -> str:
        """What the names of its series and decisions begin with, so that none is one of the connection's."""
        return f"charged_{self.name}"

    @property
    def in_window(self) -> bool:
        """Whether its ratchet looks at fewer months than all of a year, so that they are told apart."""
        return bool(self.ratchet_share) and self.ratchet_window_months < LONGEST_WINDOW

    @property
    def cost(self) -> str:
        """Label of its cost."""
        return f"demand_{self.name}"

    @property
    def names(self) -> tuple[str, ...]:
        """All that is named after the charge."""
        endings = ["mw", "free_mw", "floor_mw", "highest_mw", "overlooked_mw", "ratchet"]
        endings += [f"ratchet_{month}_{before}" for month, before in self.ratchet_pairs]
        endings += [f"month_{month}" for month in range(LONGEST_WINDOW + 1)] if self.in_window else []
        numbers = range(1, len(self.tiers) + 1)
        endings += [f"tier_{number}_{of}" for number in numbers for of in ("mw", "floor_mw")]
        return (*self.costs, *(f"{self.key}_{quantity}" for quantity in endings))

    @property
    def costs(self) -> tuple[str, ...]:
        """Labels of the costs of its steps."""
        return tuple(step.cost for step in self.steps)

    @property
    def steps(self) -> tuple[DemandStep, ...]:
        """The billed demand between thresholds, the cheapest first; a single step without tiers."""
        from_mw = [0.0, *(tier.above_kw / KW_PER_MW for tier in self.tiers)]
        widths_mw = [end - begin for begin, end in pairwise(from_mw)]
        added = list(
            accumulate((tier.added_yuan_per_kw_month * KW_PER_MW for tier in self.tiers), initial=0.0)
        )
        return tuple(
            DemandStep(
                self.key if number == 0 else f"{self.key}_tier_{number}",
                self.cost if number == 0 else self.tier_cost(number),
                from_mw[number],
                widths_mw[number] if number < len(widths_mw) else None,
                added[number],
            )
            for number in range(len(from_mw))
        )

    def tier_cost(self, number: int) -> str:
        """Label of the cost of what lies above a threshold, from 1."""
        return f"{self.cost}_tier_{number}"

    @property
    def ratchet_pairs(self) -> tuple[tuple[int, int], ...]:
        """Places of two months of a year, from 0, of which the second lies in the window before the first."""
        months = LONGEST_WINDOW + 1
        if not self.in_window:
            return ()
        before = range(1, self.ratchet_window_months + 1)
        return tuple((month, (month - ago) % months) for month in range(months) for ago in before)

    @field_validator("tiers")
    @classmethod
    def _tiers_ascend(cls, tiers: tuple[DemandTier, ...]) -> tuple[DemandTier, ...]:
        above = [tier.above_kw for tier in tiers]
        if above != sorted(set(above)):
            raise ValueError(f"must rise from tier to tier: {listed(f'{kw:.15g}' for kw in above)}")
        return tiers

    @model_validator(mode="after")
    def _months_have_a_ratchet(self) -> Self:
        for field in ("ratchet_months", "ratchet_window_months"):
            if not self.ratchet_share and field in self.model_fields_set:
                raise ValueError(f"{field}: must be left out, because `ratchet_share` is 0")
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
