"""Prices that the user gives as series are billed a second time too, by code of its own."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.optimizer.dataset import to_dataset
from parkdispatch.results.audit import audit
from parkdispatch.results.billing.bill import bill
from tests.support.audited import audit_of, prepared_with_series_of, with_series_file
from tests.support.cases.round_tariff import ROUND, grid
from tests.support.parks.demand_election_parks import CONTRACT, MVA_20, case_of, park_of

WAYS: list[dict[str, Any]] = [
    {},
    {"scheme": "single_part"},
    CONTRACT,
    CONTRACT | {"transformers": {"count": 2, "rating_mva": 0.01}},  # a month of full use
    {"demand_election": "capacity", "transformers": MVA_20},
    {"transformers": {"count": 1, "rating_mva": 0.05}, "peak_so_far_mw": 9.0},
]
GIVEN = {
    "purchase_price_yuan_per_mwh": lambda steps: 300 + 200 * np.sin(steps),
    "sale_price_yuan_per_mwh": lambda steps: 250 - 5.0 * steps,
    "demand_price_yuan_per_mw_month": lambda steps: np.full(len(steps), 12_345.0),
    "peak_floor_mw": lambda steps: np.full(len(steps), 9.75),
    "demand_free_mw": lambda steps: np.full(len(steps), 6.5),
}


@pytest.mark.parametrize("names", [[name] for name in GIVEN] + [list(GIVEN)], ids=str)
@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("minutes", [5, 60])
def test_optimizer_and_bill_agree_on_series_of_the_user(
    names: list[str], way: dict[str, Any], minutes: int
) -> None:
    """A price from a series is billed a second time as well; before, the whole bill went unchecked."""
    park = park_of(grid(power_factor=0.8, **way), 24, minutes)
    case = case_of(park)
    for name in names:
        park.series["grid", name] = GIVEN[name](np.arange(24.0))
        case = with_series_file(case, "grid", name)
    solution = to_dataset(park.solve().optimum, {"case": "small"})
    audited = audit_of(solution, case)
    assert audited.holds, audited.failed
    assert "grid.bill_against_costs_yuan" in audited.residuals
    assert audited.not_billed == ()


def test_a_bill_at_given_prices_by_hand() -> None:
    # 4 MW for an hour at 500 and 2 MW at 100 yuan/MWh; 4,000 kW at 10 yuan; no charge of the tariff besides
    times = pd.date_range("2026-03-31 22:00", periods=2, freq="h")
    given = {
        "purchase_price_yuan_per_mwh": np.array([500.0, 100.0]),
        "demand_price_yuan_per_mw_month": np.array([10_000.0, 99.0]),
    }
    billed = bill(times, np.array([4.0, 2.0]), np.zeros(2), 1.0, ROUND, grid(power_factor=0.8), given)
    assert billed.lines.groupby("charge")["yuan"].sum().to_dict() == pytest.approx(
        {"purchased_energy": 2200.0, "demand": 40_000.0, "sale": 0.0, "power_factor": 0.0}
    )
    assert billed.basic_yuan == pytest.approx(40_000)  # the power factor adjusts no price that is given


def test_a_series_misread_fails_the_audit() -> None:
    """Else the agreement above would prove nothing: the solution's price, scaled, is not the case's."""
    park = park_of(grid(), 24)
    park.series["grid", "purchase_price_yuan_per_mwh"] = 300 + 10.0 * np.arange(24)
    case = with_series_file(case_of(park), "grid", "purchase_price_yuan_per_mwh")
    solution = to_dataset(park.solve().optimum, {"case": "small"})
    claimed = prepared_with_series_of(solution, case)
    solution["grid.purchase_price_yuan_per_mwh"] = solution["grid.purchase_price_yuan_per_mwh"] * 1.001
    failed = audit(solution, claimed).failed
    assert {"grid.inputs_of_the_case", "grid.bill_against_costs_yuan"} <= set(failed)
