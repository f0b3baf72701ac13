"""A park whose optimizer is given the demand price of the tariff's list, whatever full use reduces."""

from dataclasses import replace

from parkdispatch.inputs.full_use_prices import DEMAND_PRICE
from parkdispatch.inputs.prepare import Prepared


def at_listed_demand_price(prepared: Prepared) -> Prepared:
    """The same park without a reduction of its demand price: only the bill knows of full use."""
    listed = {(name, DEMAND_PRICE): price for name, price in prepared.listed_demand_price.items()}
    assert listed
    return replace(prepared, series={**prepared.series, **listed}, listed_demand_price={})
