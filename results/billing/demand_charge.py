"""The basic charge of a two-part tariff: on metered demand, contracted demand or transformer capacity.

    highest      demand x price
    contracted   contract x price + (demand above tolerance x contract) x price x multiple
    capacity     transformer capacity x capacity price

A month of full use, which is a minimum energy per kVA of transformers, pays a reduced demand price.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from parkdispatch.models.errors import InputError
from parkdispatch.models.tariff.demand_rules import DemandRules, Election
from parkdispatch.models.tariff.tariff import Tariff
from parkdispatch.models.tariff.tariff_tables import VoltageLevel
from parkdispatch.models.units import KW_PER_MW
from parkdispatch.results.billing.bill_lines import BillLine, Connection
from parkdispatch.results.billing.meter import Month

FIXED = ("contracted_demand", "capacity")  # charges that the dispatch does not affect
FULL_USE = "full_use_discount"
BASIC = ("demand", "demand_excess", *FIXED, FULL_USE)  # every charge of this module
ROUNDING = 1e-9  # relative; energy is a sum of thousands of numbers


class Elected(NamedTuple):
    """An election of the basic charge, with the contracted demand where it has one."""

    election: Election
    contracted_kw: float | None = None


def election_in_month(month: Month, grid: Connection) -> Elected:
    """The connection's election in a month."""
    contracted = grid.contracted_demand_mw
    return Elected(
        grid.demand_election, None if contracted is None else contracted[month.number - 1] * KW_PER_MW
    )


def basic_charge(month: Month, tariff: Tariff, grid: Connection) -> Iterator[BillLine]:
    """The month's basic charge under the connection's election; no line under a single-part tariff."""
    if grid.scheme == "two_part":
        yield from basic_charge_lines(month, tariff, grid, election_in_month(month, grid))


def basic_charge_lines(month: Month, tariff: Tariff, grid: Connection, how: Elected) -> Iterator[BillLine]:
    """The lines of the month's basic charge under an election.

    Raises InputError if the tariff lacks the price or the rules, or the connection the transformers.
    """
    if how.election == "capacity":
        kva, price = grid.transformer_kva, _voltage_level(tariff, grid).capacity_price_yuan_per_kva_month
        if kva is None or price is None:
            raise InputError(
                f"tariff {tariff.name}: no capacity charge at '{grid.voltage_kv_level}' without a capacity"
                " price and transformers"
            )
        yield BillLine(month.name, "capacity", "all", kva, "kVA", price, kva * price)
        return
    given, given_price = month.given, month.given.demand_price_yuan_per_kw
    least_kw, is_given = given.least_demand_kw or 0.0, given_price is not None
    if how.election == "contracted":
        price, rules, contract_kw = _demand_price(tariff, grid), tariff.demand_rules, how.contracted_kw
        if rules is None or contract_kw is None:
            raise InputError(
                f"tariff {tariff.name}: no contracted demand without `demand_rules` and a contract"
            )
        free_kw = rules.tolerance * contract_kw if given.free_demand_kw is None else given.free_demand_kw
        excess_kw = max(month.peak_kw - free_kw, least_kw)
        excess_price = price * rules.excess_multiple if given_price is None else given_price
        lines = [
            BillLine(month.name, "contracted_demand", "all", contract_kw, "kW", price, contract_kw * price),
            _demand_line(month, "demand_excess", excess_kw, excess_price, is_given),
        ]
    else:
        price = _demand_price(tariff, grid) if given_price is None else given_price
        lines = [_demand_line(month, "demand", max(month.peak_kw, least_kw), price, is_given)]
    yield from lines
    if fully_used(month, tariff.demand_rules, grid) or (month.certain_full_use and not month.whole):
        discount = _full_use_discount(tariff.demand_rules)
        discounted_yuan: dict[bool, float] = {}  # by whether the optimizer has priced the discount
        for line in lines:
            if not line.given:
                reduced = month.certain_full_use and line.charge not in FIXED
                discounted_yuan[reduced] = discounted_yuan.get(reduced, 0.0) + line.yuan
        for reduced, yuan in discounted_yuan.items():
            off_yuan = yuan * discount
            yield BillLine(month.name, FULL_USE, "all", yuan, "yuan", discount, off_yuan, reduced=reduced)


def months_priced_at_full_use(
    times: pd.DatetimeIndex, yuan_per_mw_month: NDArray[np.float64], tariff: Tariff, grid: Connection
) -> set[str]:
    """Months ("2026-03") whose demand price in an optimization, (intervals,), was the one of full use."""
    rules = tariff.demand_rules
    if rules is None or rules.full_use_price_share >= 1 or grid.scheme != "two_part":
        return set()
    if grid.demand_election == "capacity":
        return set()
    listed = _demand_price(tariff, grid) * (1.0 + adjustment(tariff, grid)) * KW_PER_MW
    if grid.demand_election == "contracted":
        listed *= rules.excess_multiple
    nearer = yuan_per_mw_month < 0.5 * (1.0 + rules.full_use_price_share) * listed
    return set(np.unique(times[nearer].to_numpy().astype("datetime64[M]")).astype(str).tolist())


def adjustment(tariff: Tariff, grid: Connection) -> float:
    """Power-factor adjustment [-]: the tariff's table, interpolated linearly at the factor's hundredth."""
    if grid.power_factor is None:
        return 0.0
    if tariff.power_factor is None:
        raise InputError(
            f"tariff {tariff.name}: no adjustment for a power factor of {grid.power_factor:.15g}"
        )
    factors, shares = zip(*reversed(tariff.power_factor.steps), strict=True)
    rounded = np.floor(100.0 * grid.power_factor + 0.5 + 1e-9) / 100.0  # half up, whatever the binary digits
    return float(np.interp(rounded, factors, shares))


def fully_used(month: Month, rules: DemandRules | None, grid: Connection) -> bool:
    """Whether the metered energy of the month reaches full use, which lowers the demand price."""
    if rules is None or not grid.transformer_kva:
        return False
    needed_kwh = rules.full_use_kwh_per_kva * grid.transformer_kva
    return month.bought_kwh >= needed_kwh * (1.0 - ROUNDING)


def open_discount_yuan(month: Month, tariff: Tariff, grid: Connection) -> float:
    """The discount of a partly metered month in case it reaches full use [yuan], a negative amount."""
    if month.whole or month.certain_full_use or grid.scheme != "two_part" or not grid.transformer_kva:
        return 0.0
    if tariff.demand_rules is None or fully_used(month, tariff.demand_rules, grid):
        return 0.0
    lines = basic_charge_lines(month, tariff, grid, election_in_month(month, grid))
    discounted_yuan = sum(line.yuan for line in lines if not (line.given or line.charge == "capacity"))
    return discounted_yuan * _full_use_discount(tariff.demand_rules)


def best_contract_kw(month: Month, rules: DemandRules, grid: Connection) -> float:
    """The contracted demand of least cost in hindsight [kW]: the one whose tolerance just covers the demand.

    A smaller contract pays the excess multiple, at least what it saves; a larger one is paid for unused.
    """
    minimum_kw = rules.least_contract_share * (grid.transformer_kva or 0.0)
    return max(minimum_kw, month.peak_kw / rules.tolerance)


def _full_use_discount(rules: DemandRules | None) -> float:
    """Discount on the demand price in a month of full use [-], negative."""
    return 0.0 if rules is None else rules.full_use_price_share - 1.0


def _demand_line(month: Month, charge: str, kw: float, price: float, given: bool) -> BillLine:
    return BillLine(month.name, charge, "all", kw, "kW", price, kw * price, given)


def _demand_price(tariff: Tariff, grid: Connection) -> float:
    """The tariff's demand price [yuan per kW and month]. Raises InputError if it has none."""
    price = _voltage_level(tariff, grid).demand_price_yuan_per_kw_month
    if price is None:
        raise InputError(f"tariff {tariff.name}: no demand price at '{grid.voltage_kv_level}'")
    return price


def _voltage_level(tariff: Tariff, grid: Connection) -> VoltageLevel:
    voltage = tariff.voltages.get(grid.voltage_kv_level)
    if voltage is None:
        raise InputError(f"tariff {tariff.name}: no voltage '{grid.voltage_kv_level}'")
    return voltage
