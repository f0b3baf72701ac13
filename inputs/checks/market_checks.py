"""Checks of markets beside each other: no energy is settled, or paid, twice."""

from collections.abc import Iterator, Mapping
from datetime import date

from parkdispatch.models.device import Device
from parkdispatch.models.markets.green_certificates import GreenCertificates
from parkdispatch.models.markets.mechanism_price import MechanismPrice
from parkdispatch.models.markets.spot_market import SpotMarket
from parkdispatch.models.network.connection_series import PeriodPrices
from parkdispatch.models.network.declared_connection import DeclaredConnection
from parkdispatch.models.registry import devices_of
from parkdispatch.models.tariff.tariff import Tariff

ROUNDING = 1e-9  # by which shares that add up to 1 may exceed it
Claim = MechanismPrice | GreenCertificates  # of a share of the export


def market_problems(devices: Mapping[str, Device]) -> list[str]:
    """Second spot markets, and shares of the export that together are more than all of it."""
    markets = list(devices_of(SpotMarket, devices))
    problems = [
        f"`device.{name}`: must be the only spot market, and `device.{markets[0]}` is one: all that the park"
        " buys would be settled twice"
        for name in markets[1:]
    ]
    certificates = devices_of(GreenCertificates, devices)
    claims: dict[str, Claim] = {
        **devices_of(MechanismPrice, devices),
        **{name: device for name, device in certificates.items() if device.counted == "export"},
    }
    return problems + list(_claimed_twice(claims))


def _claimed_twice(claims: Mapping[str, Claim]) -> Iterator[str]:
    """A problem for each set of claims, in force on the same day, to more than the whole export."""
    said = set[tuple[str, ...]]()
    for day in sorted({claim.first_day or date.min for claim in claims.values()}):
        in_force = tuple(name for name, claim in claims.items() if _holds(claim, day))
        share = sum(claims[name].share for name in in_force)
        if share > 1.0 + ROUNDING and in_force not in said:
            said.add(in_force)
            named = ", ".join(f"`device.{name}.share` = {claims[name].share:.15g}" for name in in_force)
            yield f"{named}: add up to {share:.15g} of the export on the same days, must be 1 at most"


def _holds(claim: Claim, day: date) -> bool:
    return (claim.first_day or date.min) <= day <= (claim.last_day or date.max)


def market_warnings(devices: Mapping[str, Device], tariff: Tariff) -> list[str]:
    """A sentence for energy that is paid for in the spot market and by the tariff too."""
    market = next(iter(devices_of(SpotMarket, devices)), None)
    if market is None:
        return []
    warnings = []
    if any(tariff.purchase_price_yuan_per_kwh):
        warnings.append(
            f"`device.{market}`: energy is paid for in the market and at the tariff's"
            " `purchase_price_yuan_per_kwh`, which is 0 for those who buy in the market"
        )
    warnings += [
        f"`device.{name}.sale_price_yuan_per_kwh`: is earned beside the price of the spot market, which"
        " settles the same energy; 0 for those who sell in the market"
        for name, device in devices.items()
        if isinstance(device, DeclaredConnection) and device.limits_mw[1] > 0 and _sells(device)
    ]
    return warnings


def _sells(connection: DeclaredConnection) -> bool:
    """Whether the connection pays for what it takes."""
    price = connection.sale_price_yuan_per_kwh
    return any(price.by_period.values()) if isinstance(price, PeriodPrices) else price != 0
