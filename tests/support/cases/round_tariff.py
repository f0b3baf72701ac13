"""A tariff of round numbers, and connections that are billed by it."""

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from parkdispatch.models.network.grid import Grid
from parkdispatch.models.tariff.tariff import Tariff

RULES = {
    "tolerance": 1.05,
    "excess_multiple": 2.0,
    "least_contract_share": 0.4,
    "full_use_kwh_per_kva": 260.0,
    "full_use_price_share": 0.9,
    "election_months": 3,
}
STEPS = [[1, -0.0075], [0.95, -0.0075], [0.9, 0], [0.7, 0.1], [0.65, 0.15], [0, 1.45]]
TABLES: dict[str, Any] = {
    "name": "round",
    "valid_from": date(2026, 1, 1),
    "valid_to": date(2026, 12, 31),
    "purchase_price_yuan_per_kwh": 0.5,
    "line_loss_rate": 0.04,
    "system_operation_yuan_per_kwh": 0.02,
    "government_funds_yuan_per_kwh": 0.03,
    "voltages": {
        "10kV": {
            "two_part_yuan_per_kwh": 0.1,
            "single_part_yuan_per_kwh": 0.2,
            "demand_price_yuan_per_kw_month": 40,
            "capacity_price_yuan_per_kva_month": 25,
        }
    },
    "ratios": {"peak": 1.6, "flat": 1.0, "valley": 0.4},
    "otherwise": "flat",
    "day": [{"months": list(range(1, 13)), "period": "peak", "hours": ["17:00-20:00"]}],
    "demand_rules": RULES,
    "power_factor": {"standard": 0.9, "steps": STEPS},
}
ROUND = Tariff(**TABLES)


def grid(**changes: Any) -> Grid:
    limits = {} if "transformers" in changes else {"import_limit_mw": 500, "export_limit_mw": 500}
    return Grid.model_validate({"voltage_kv_level": "10kV", **limits} | changes)


def year(bought_mw: float = 10.0) -> tuple[pd.DatetimeIndex, np.ndarray]:
    times = pd.date_range("2026-01-01", "2027-01-01", freq="15min", inclusive="left")
    return times, np.full(len(times), bought_mw)
