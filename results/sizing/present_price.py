"""Net present value of each offer at a dated present price, beside that at the prices of the case."""

from parkdispatch.models.units import WH_PER_MWH
from parkdispatch.results.sizing.increment_value import PROJECT, increment_cash_flow
from parkdispatch.results.sizing.sizing_results import SizeStudy

CO_OPTIMISED = "best"  # the key of the co-optimised size, which nobody offers


def present_npv_yuan(study: SizeStudy) -> dict[str, float]:
    """NPV of each offer at the case's present price, commissioned in the case's year, by key [yuan].

    Empty without a present price. The years of operation do not depend on the price.
    """
    present, npv_yuan = study.sizing.present_price, dict[str, float]()
    if present is None:
        return npv_yuan
    for offered in study.offers:
        if offered.cash is not None and offered.choice.key != CO_OPTIMISED:
            whole_yuan = present.yuan_per_wh * WH_PER_MWH * offered.choice.energy_mwh
            # a price below the station's part of it has no modules to pay
            investment_yuan = max(1.0, whole_yuan - study.sizing.shared_yuan(offered.choice.power_mw))
            cash = increment_cash_flow(offered.cash.finance, investment_yuan, offered.cash.operation)
            npv_yuan[offered.choice.key] = cash.returns[PROJECT].npv_yuan
    return npv_yuan
