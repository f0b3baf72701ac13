"""Bill lines of fixed and minimum charges, demand charges by period, tiers and net metering.

From the meter's readings by month and period, with nothing of the optimizer's: billed demand is the larger of
readings and ratchet, energy above a threshold is what is left of the month's sum, and a period nets what was
both bought and sold in it.
"""

from collections.abc import Iterator, Sequence

from parkdispatch.models.charges.further_charges import DemandCharge, FurtherCharges
from parkdispatch.models.errors import InputError
from parkdispatch.models.network.connection_series import PeriodPrices
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.billing.bill_lines import BillLine, Connection
from parkdispatch.results.billing.meter import Month

FIXED_CHARGE = "fixed_charge"
MONTHS_OF_YEAR = 12


def is_further_demand(charge: str) -> bool:
    """Whether a line is of a demand charge by period, or of a fixed charge."""
    return charge == FIXED_CHARGE or (charge.startswith("demand_") and charge != "demand_excess")


def is_further_energy(charge: str) -> bool:
    """Whether a line is of a tier, of net metering or of a minimum."""
    return charge in ("net_metering", "minimum") or charge.startswith("energy_tier_")


def refund_lines(month: Month, tariff: Tariff, grid: Connection) -> Iterator[BillLine]:
    """What independent storage gets back of each kWh fed back: transmission and government funds."""
    if not getattr(grid, "independent_storage", False) or month.given.sale_yuan is not None:
        return
    level, kwh = tariff.voltages[grid.voltage_kv_level], month.export_kwh
    two_part = grid.scheme == "two_part"
    transmission = level.two_part_yuan_per_kwh if two_part else level.single_part_yuan_per_kwh
    funds = tariff.government_funds_yuan_per_kwh[month.number - 1]
    for charge, price in (("transmission_refund", transmission or 0.0), ("funds_refund", funds)):
        yield BillLine(month.name, charge, "all", kwh, "kWh", -price, -kwh * price)


def charges_of(tariff: Tariff, grid: Connection) -> FurtherCharges | None:
    """The further charges of a connection: its own, or else the tariff's."""
    charges: FurtherCharges | None = getattr(grid, "charges", None) or tariff.charges
    return charges


def further_lines(
    months: Sequence[Month], charges: FurtherCharges, tariff: Tariff, grid: Connection
) -> dict[str, list[BillLine]]:
    """The lines of each month by its name ("2026-03"), without the minimum charge."""
    lines: dict[str, list[BillLine]] = {month.name: [] for month in months}
    for month in months:
        lines[month.name] += _fixed_and_tiers(month, charges)
    for charge in charges.demand:
        for line in _demand(months, charge, grid):
            lines[line.month].append(line)
    for line in _net_metering(months, charges, tariff, grid):
        lines[line.month].append(line)
    return lines


def minimum_line(month: Month, charged: Sequence[BillLine], charges: FurtherCharges) -> Iterator[BillLine]:
    """What a month's bill lacks of the minimum, if anything; a part of a month has its part of it."""
    least_yuan = charges.minimum_yuan_per_month * month.share
    short_yuan = least_yuan - sum(line.yuan for line in charged)
    if least_yuan and short_yuan > 0:
        yield BillLine(month.name, "minimum", "all", short_yuan, "yuan", 1.0, short_yuan)


def _fixed_and_tiers(month: Month, charges: FurtherCharges) -> Iterator[BillLine]:
    days = month.share * month.days
    fixed_yuan = charges.fixed_yuan_per_month * month.share + charges.fixed_yuan_per_day * days
    if fixed_yuan:
        yield BillLine(month.name, FIXED_CHARGE, "all", fixed_yuan, "yuan", 1.0, fixed_yuan)
    for number, tier in enumerate(charges.tiers, start=1):
        kwh = max(month.bought_kwh - tier.above_kwh * month.share, 0.0)
        price = tier.added_yuan_per_kwh
        yield BillLine(month.name, f"energy_tier_{number}", "all", kwh, "kWh", price, kwh * price)


def _demand(months: Sequence[Month], charge: DemandCharge, grid: Connection) -> Iterator[BillLine]:
    """The billed demand of each month: the highest reading in the charge's periods, or its ratchet."""
    known_kw = KW_PER_MW * getattr(grid, "charged_peaks_mw", {}).get(charge.name, 0.0)
    metered_kw = [_highest_kw(month, charge) for month in months]
    kept_kw = _kept_by_ratchet_kw(months, metered_kw, charge, grid)
    for place, (month, kw) in enumerate(zip(months, metered_kw, strict=True)):
        least_kw = [kept_kw[place], charge.least_kw]
        if place == 0 and not month.whole:
            least_kw.append(known_kw)
        billed_kw = max([kw, *least_kw])
        yield from _demand_lines(month, charge, billed_kw)


def _demand_lines(month: Month, charge: DemandCharge, billed_kw: float) -> Iterator[BillLine]:
    """The billed demand at its price, and what lies above each threshold at the price of its tier."""
    price = charge.price_yuan_per_kw_month[month.number - 1]
    thresholds_kw = [tier.above_kw for tier in charge.tiers]
    kw = min([billed_kw, *thresholds_kw])
    yield BillLine(month.name, charge.cost, "all", kw, "kW", price, kw * price)
    for number, tier in enumerate(charge.tiers, start=1):
        price += tier.added_yuan_per_kw_month
        until_kw = min([billed_kw, *thresholds_kw[number:]])
        kw = max(until_kw - tier.above_kw, 0.0)
        yield BillLine(month.name, charge.tier_cost(number), "all", kw, "kW", price, kw * price)


def _kept_by_ratchet_kw(
    months: Sequence[Month], metered_kw: Sequence[float], charge: DemandCharge, grid: Connection
) -> list[float]:
    """What the ratchet asks of each month: its share of the highest demand in the window before it [kW].

    A whole year follows one like it. Months of a shorter horizon are told apart where the window is shorter
    than eleven months; the highest demand before the horizon is given.
    """
    before_kw = KW_PER_MW * getattr(grid, "highest_before_mw", {}).get(charge.name, 0.0)
    looked_kw = [
        kw if month.number in charge.ratchet_months else 0.0
        for month, kw in zip(months, metered_kw, strict=True)
    ]
    whole_year = len(months) == MONTHS_OF_YEAR and all(month.whole for month in months)
    window, kept_kw = charge.ratchet_window_months, []
    for place in range(len(months)):
        first = place - window
        seen_kw = [before_kw if first < 0 else 0.0]
        if whole_year:
            seen_kw += [looked_kw[(place - ago) % MONTHS_OF_YEAR] for ago in range(1, window + 1)]
        elif charge.in_window:
            seen_kw += looked_kw[max(first, 0) : place]
        kept_kw.append(charge.ratchet_share * max(seen_kw))
    return kept_kw


def _highest_kw(month: Month, charge: DemandCharge) -> float:
    readings = month.peak_kw_by_period
    if not charge.periods:
        return max(readings.values(), default=0.0)
    return max((readings.get(period, 0.0) for period in charge.periods), default=0.0)


def _net_metering(
    months: Sequence[Month], charges: FurtherCharges, tariff: Tariff, grid: Connection
) -> Iterator[BillLine]:
    """What energy sold gets beyond the sale price, because it offsets energy bought in the same period."""
    if charges.net_metering is None:
        return
    by_year = charges.net_metering.within == "year"
    spans: dict[str, list[Month]] = {}
    for month in months:
        spans.setdefault(month.name[:4] if by_year else month.name, []).append(month)
    for inside in spans.values():
        last = inside[-1]
        for period in dict.fromkeys(name for month in inside for name in month.sold_kwh):
            if charges.net_metering.periods and period not in charges.net_metering.periods:
                continue
            bought_kwh = sum(month.import_kwh.get(period, 0.0) for month in inside)
            sold_kwh = sum(month.sold_kwh.get(period, 0.0) for month in inside)
            kwh = min(bought_kwh, sold_kwh)
            credit = _retail_yuan_per_kwh(last.number, period, tariff, grid) - _sale_yuan_per_kwh(
                period, grid
            )
            yield BillLine(last.name, "net_metering", period, kwh, "kWh", -credit, -kwh * credit)


def _retail_yuan_per_kwh(month: int, period: str, tariff: Tariff, grid: Connection) -> float:
    """The price of a kWh bought in a period, all components together."""
    level = tariff.voltages[grid.voltage_kv_level]
    two_part = grid.scheme == "two_part"
    transmission = level.two_part_yuan_per_kwh if two_part else level.single_part_yuan_per_kwh
    if transmission is None:
        raise InputError(f"tariff {tariff.name}: no {grid.scheme} price at '{grid.voltage_kv_level}'")
    flat = tariff.purchase_price_yuan_per_kwh[month - 1]
    others = tariff.system_operation_yuan_per_kwh[month - 1] + tariff.government_funds_yuan_per_kwh[month - 1]
    return flat * tariff.ratios[period] + flat * tariff.line_loss_rate + others + transmission


def _sale_yuan_per_kwh(period: str, grid: Connection) -> float:
    prices = grid.sale_price_yuan_per_kwh
    return prices.by_period[period] if isinstance(prices, PeriodPrices) else prices
