"""What a storage earns by contract in one year, from that year's facts, as streams of the cash flow."""

from collections.abc import Sequence
from dataclasses import dataclass

from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.contracts import Contracts, MeteredAbsorption, StatedResponse
from parkdispatch.models.units import KWH_PER_MWH
from parkdispatch.results.billing.demand_response import SettledEvent

DEMAND_RESPONSE, ABSORPTION = "demand_response", "absorption"  # names of the streams


@dataclass(frozen=True)
class YearFacts:
    """What a dispatched year says that contracts ask for."""

    health: float = 1.0  # [-] of the storage: energy it still takes over that when new
    curtailed_mwh: float = 0.0
    curtailed_without_mwh: float | None = None  # had the storage not been built; none: not known
    settled: Sequence[SettledEvent] = ()  # events of demand response


def contract_revenue_yuan(contracts: Contracts, facts: YearFacts) -> dict[str, float]:
    """Revenue of the year by stream, VAT included; only of the contracts there are.

    Raises InputError where metered absorption is asked for and nothing is known of the park without storage.
    """
    found = {}
    response, absorption = contracts.demand_response, contracts.absorption
    if isinstance(response, StatedResponse):
        found[DEMAND_RESPONSE] = response.yuan(facts.health)
    elif response is not None:
        found[DEMAND_RESPONSE] = sum(one.yuan for one in facts.settled)
    if isinstance(absorption, MeteredAbsorption):
        kwh = absorbed_mwh(facts) * KWH_PER_MWH
        found[ABSORPTION] = kwh * absorption.price_yuan_per_kwh
    elif absorption is not None:
        found[ABSORPTION] = absorption.yuan()
    return found


def absorbed_mwh(facts: YearFacts) -> float:
    """What the storage keeps from being curtailed [MWh]; below zero where it makes more be curtailed."""
    if facts.curtailed_without_mwh is None:
        raise InputError(
            "`contract.absorption.kind` = 'metered': must be stated, because the park cannot run without its"
            " storage, so what it would curtail then is not known"
        )
    return facts.curtailed_without_mwh - facts.curtailed_mwh
