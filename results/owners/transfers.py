"""Payments between the owners of a park and the outside, and what they add up to."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from parkdispatch.models.device import Array

OUTSIDE, PARK = "outside", "park"
PV, STORAGE, NETWORK, WORKS = OWNERS = ("pv", "storage", "network", "works")


class Transfer(NamedTuple):
    """Money that one pays another, by operating year or by year of the cash flow [yuan]; may be negative."""

    key: str
    payer: str
    payee: str
    yuan: Array


def added_transfers(projects: Iterable[tuple[int, Iterable[Transfer]]], years: int) -> dict[str, Transfer]:
    """Transfers of projects that begin so many years after the first, added up by key over all years."""
    added: dict[str, Transfer] = {}
    for begin, transfers in projects:
        for transfer in transfers:
            total = added.setdefault(transfer.key, transfer._replace(yuan=np.zeros(years)))
            total.yuan[begin : begin + len(transfer.yuan)] += transfer.yuan
    return added


def owner_totals(transfers: Iterable[Transfer], years: int) -> dict[str, Array]:
    """What each owner receives less what it pays, and the park as a whole, each (years,)."""
    flows = {owner: np.zeros(years) for owner in (*OWNERS, PARK)}
    for transfer in transfers:
        for party, sign in ((transfer.payee, 1.0), (transfer.payer, -1.0)):
            if party == OUTSIDE:
                flows[PARK] -= sign * transfer.yuan
            else:
                flows[party] += sign * transfer.yuan
    return flows
