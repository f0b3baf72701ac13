"""The instance `works`: a tenth of the built-in case's load and sun in quarter-hours, its prices, and a unit.

Surplus is sold for less than any price at which is bought. There is no charge for a month's peak, for which
some peers have no word.
"""

import numpy as np
import pandas as pd

from benchmarks.instance import Array
from benchmarks.make import HORIZONS
from benchmarks.works.works_declared import BATTERY, GRID, LINK, UNIT, store_of, unit_of
from benchmarks.works.works_instance import WORKS, Works
from parkdispatch.inputs.prepare import Prepared

SHARE = 0.1  # of the case's load and sun
HOURS = 0.25
SALE_YUAN_PER_MWH = 300.0


def make_works(year: Prepared, horizon: str) -> Works:
    """The instance on a horizon of the case's year."""
    first, end = HORIZONS[horizon]
    step = pd.Timedelta(hours=HOURS)
    times = pd.date_range(first, end, freq=step, inclusive="left")
    within = (year.times >= times[0]) & (year.times < times[-1] + step)

    def by_interval(device: str, name: str) -> Array:
        return np.asarray(year.series[device, name][within].reshape(len(times), -1).mean(axis=1))

    works = Works(
        name=WORKS,
        horizon=horizon,
        hours=HOURS,
        import_limit_mw=GRID.limits_mw[0],
        export_limit_mw=GRID.limits_mw[1],
        forward_limit_mw=LINK.forward_limit_mw,
        backward_limit_mw=LINK.backward_limit_mw,
        loss=LINK.forward_loss,
        stores=(store_of(BATTERY, HOURS),),
        unit=unit_of(UNIT),
        times=times.to_numpy().astype("datetime64[s]"),
        load_mw=SHARE * by_interval("load", "demand_mw"),
        pv_mw=SHARE * by_interval("pv", "available_mw"),
        buy_yuan_per_mwh=by_interval("grid", "purchase_price_yuan_per_mwh"),
        sell_yuan_per_mwh=np.full(len(times), SALE_YUAN_PER_MWH),
    )
    works.check()
    return works
