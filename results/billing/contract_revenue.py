"""Contract revenue of a storage in one year, by revenue stream of the cash flow."""

from collections.abc import Sequence
from dataclasses import dataclass

from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import (
    CapacityPayment,
    Contracts,
    MeteredAbsorption,
    StatedResponse,
)
from parkdispatch.models.units import KWH_PER_MWH
from parkdispatch.results.billing.demand_response import SettledEvent

DEMAND_RESPONSE, ABSORPTION = "demand_response", "absorption"  # names of the revenue streams
CAPACITY = ("capacity_lease", "capacity_price")  # likewise, and of their contracts


@dataclass(frozen=True)
class YearFacts:
    """The figures of a dispatched year that contracts settle on."""

    health: float = 1.0  # [-] state of health of the storage: usable over rated energy
    curtailed_mwh: float = 0.0
    curtailed_without_mwh: float | None = None  # in the base case without storage; None: unknown
    settled: Sequence[SettledEvent] = ()  # demand-response events
    power_mw: float = 0.0  # rated, of the storage


def contract_revenue_yuan(contracts: Contracts, facts: YearFacts) -> dict[str, float]:
    """Contract revenue of the year by stream, VAT included [yuan].

    Raises InputError where absorption is metered and the curtailment without storage is unknown.
    """
    revenue_yuan = {}
    response, absorption = contracts.demand_response, contracts.absorption
    if isinstance(response, StatedResponse):
        revenue_yuan[DEMAND_RESPONSE] = response.yuan(facts.health)
    elif response is not None:
        revenue_yuan[DEMAND_RESPONSE] = sum(event.yuan for event in facts.settled)
    if isinstance(absorption, MeteredAbsorption):
        kwh = absorbed_mwh(facts) * KWH_PER_MWH
        revenue_yuan[ABSORPTION] = kwh * absorption.price_yuan_per_kwh
    elif absorption is not None:
        revenue_yuan[ABSORPTION] = absorption.yuan()
    for stream in CAPACITY:
        payment: CapacityPayment | None = getattr(contracts, stream)
        if payment is not None:
            revenue_yuan[stream] = payment.yuan(facts.power_mw, facts.health)
    return revenue_yuan


def absorbed_mwh(facts: YearFacts) -> float:
    """Curtailment avoided by the storage [MWh]; negative where it increases curtailment."""
    if facts.curtailed_without_mwh is None:
        raise InputError(
            "`contract.absorption.kind` = 'metered': must be stated, because the park cannot run without its"
            " storage, so what it would curtail then is not known"
        )
    return facts.curtailed_without_mwh - facts.curtailed_mwh
