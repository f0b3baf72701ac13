"""A sale price for each period of the tariff, billed a second time."""

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.tariffs.tariff_files import read_tariff
from parkdispatch.models.network.grid import Grid
from parkdispatch.results.billing.bill import bill

PRICES = {"sharp": 0.6, "peak": 0.5, "flat": 0.4, "valley": 0.3, "deep_valley": 0.1}


def test_each_period_is_sold_at_its_price() -> None:
    """1 MW in July: flat 1 + 6.5 + 2.5 + 1 h, valley 4 + 0.5 + 0.5, deep 2, peak 3.5 + 0.5, sharp 2."""
    times = pd.date_range("2026-07-15", periods=24, freq="h")
    limits = {"import_limit_mw": 9, "export_limit_mw": 9}
    grid = Grid.model_validate({"voltage_kv_level": "110kV", "sale_price_yuan_per_kwh": PRICES, **limits})
    lines = bill(times, np.zeros(24), np.ones(24), 1.0, read_tariff("jiangxi-2026"), grid).lines
    sold = lines[lines["charge"] == "sale"].set_index("period")
    assert sold["quantity"].to_dict() == pytest.approx(
        {"flat": 11000.0, "valley": 5000.0, "deep_valley": 2000.0, "peak": 4000.0, "sharp": 2000.0}
    )
    assert sold["yuan"].sum() == pytest.approx(-(4400 + 1500 + 200 + 2000 + 1200))
    given = {"sale_price_yuan_per_mwh": np.full(24, 100.0)}
    of_series = bill(times, np.zeros(24), np.ones(24), 1.0, read_tariff("jiangxi-2026"), grid, given).lines
    assert of_series[of_series["charge"] == "sale"]["yuan"].tolist() == pytest.approx([-2400.0])
