"""The small case by the hour, a battery that ages fast, and an investment of few years."""

from collections.abc import Mapping
from typing import Any

from parkdispatch.models.finance.investment import AssetClass, Finance, Loan
from tests.support.small_case import load_mw, pv_mw, replaced, series, swap

HOURLY = (
    swap("minutes = 15", "minutes = 60"),
    replaced("load.csv", series("time,load [MW]", load_mw, minutes=60)),
    replaced("pv.csv", series("time,pv [MW]", pv_mw, minutes=60)),
)
ENERGY_ONLY = swap('scheme = "two_part"', 'scheme = "single_part"')
PLAIN: Mapping[str, Any] = {  # a battery whose only loss is a fifth on discharging, empty at first
    "power_mw": 20.0,
    "energy_mwh": 40.0,
    "soc_min": 0.0,
    "soc_max": 1.0,
    "initial_soc": 0.0,
    "eta_charge": 1.0,
    "eta_discharge": 0.8,
    "auxiliary_share": 0.01,
    "fade_per_full_cycle": 0.05,
    "fade_per_year": 0.1,
}


def finance(years: int, **changes: Any) -> Finance:
    """An investment so small that its years may be few."""
    return Finance(
        **{
            "investment_yuan": 50_000.0,
            "operation_years": years,
            "depreciation": {"all": AssetClass(share=1.0, years=years)},
            "loan": Loan(years=years),
            **changes,
        }
    )
