"""The series of a connection to the public grid: prices, limits, and what its demand is counted from."""

from collections.abc import Mapping

from parkdispatch.models.device import SeriesSpec, power_spec, price_spec
from parkdispatch.models.limits import LARGEST_DEMAND_PRICE_YUAN_PER_MW_MONTH

CONNECTION_SERIES: Mapping[str, SeriesSpec] = {
    "purchase_price_yuan_per_mwh": price_spec("Purchase price"),
    "sale_price_yuan_per_mwh": price_spec("Sale price", ("sale_price_yuan_per_kwh",)),
    "demand_price_yuan_per_mw_month": SeriesSpec(
        title="Demand price",
        unit="yuan/MW/month",
        lower=0.0,
        upper=LARGEST_DEMAND_PRICE_YUAN_PER_MW_MONTH,
    ),
    "peak_floor_mw": power_spec("Peak of the month before the horizon", ("peak_so_far_mw",)),
    "demand_free_mw": power_spec("Demand without extra charge"),
    "import_limit_mw": power_spec("Import limit", ("import_limit_mw",)),
    "export_limit_mw": power_spec("Export limit", ("export_limit_mw",)),
    "quarter_continues": SeriesSpec(
        title="1 if the interval is in the quarter-hour of the one before",
        unit="1",
        lower=0.0,
        upper=1.0,
        internal=True,
    ),
}
