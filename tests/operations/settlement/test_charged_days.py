"""Days under a tariff with further charges settled by hand, twice: by their prices and by the bill's code."""

from pathlib import Path
from typing import Any

import pytest

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.operations.settlement.settle_day import settle_day
from parkdispatch.studies.solve_options import SolveContext, SolveOptions
from tests.support.ledgers.settled_days import flat, hand_case, planned, record

CONTEXT = SolveContext(SolveOptions())
ENERGY = 5 * 750 + 5 * 270 + 14 * 510  # of 1 MW all day: peak, valley, flat [yuan]
# 100 kW x 1000 = 100 MW are paid for anyway, so the day of 120 MW adds what lies above
DEMAND = """
[[charges.demand]]
name = "evening"
price_yuan_per_kw_month = 2.0
periods = ["peak"]
tiers = [{ above_kw = 110000.0, added_yuan_per_kw_month = 3.0 }]
"""
TIERS = "\n[[charges.tiers]]\nabove_kwh = 31000000\nadded_yuan_per_kwh = 0.01\n"
NET = '\n[charges.net_metering]\nwithin = "month"\n'


def charged_case(folder: Path, charges: str, grid: str = "") -> Case:
    """The park without a battery that could move anything, under these charges."""
    hand_case(folder)
    tariff, case = folder / "own.toml", folder / "case.toml"
    tariff.write_text(tariff.read_text(encoding="utf-8") + charges, encoding="utf-8")
    text = case.read_text(encoding="utf-8").replace("power_mw = 10.0", "power_mw = 1e-6")
    case.write_text(text.replace('kind = "grid"', f'kind = "grid"\n{grid}'), encoding="utf-8")
    return load_case(str(case))


def settled_lines(case: Case, load_mw: Any, pv_mw: Any) -> list[float]:
    plan = planned(case, flat(100.0), flat(0.0))
    money = settle_day(record(case, plan, load_mw, pv_mw), CONTEXT).actual
    return [money.energy, money.stored, money.peak]


def test_a_day_adds_its_demand_above_what_is_paid_anyway_with_its_tier(tmp_path: Path) -> None:
    # 120 MW in the peak, 100 paid for anyway: 20 x 1000 x 2 + 10 x 1000 x 3 = 70,000;
    # 130 MW at 12:00 are not metered
    case = charged_case(tmp_path, DEMAND, "charged_peaks_mw = { evening = 100.0 }")
    energy, stored, peak = settled_lines(case, flat(100.0, h18=120.0, h12=130.0), flat(0.0))
    assert energy == pytest.approx(100 * ENERGY + 20 * 750 + 30 * 510, abs=0.01)
    assert stored == pytest.approx(0.0, abs=0.01)
    assert peak == pytest.approx(70_000)


def test_a_day_has_its_part_of_the_tiers(tmp_path: Path) -> None:
    # 31 GWh a month are 1 GWh a day; 2,400 MWh are bought: 1,400 x 1000 x 0.01 = 14,000
    energy, *_ = settled_lines(charged_case(tmp_path, TIERS), flat(100.0), flat(0.0))
    assert energy == pytest.approx(100 * ENERGY + 14_000, abs=0.01)


def test_a_day_nets_what_it_sells_in_the_same_period(tmp_path: Path) -> None:
    # at 12:00 60 MW of sun over 20 of load: 40 MWh are sold in the flat period, in which 1,300 are bought:
    # credited at 510. At the sale price of 200 they would bring 8,000
    case = charged_case(tmp_path, NET)
    energy, *_ = settled_lines(case, flat(100.0, h12=20.0), flat(0.0, h12=60.0))
    assert energy == pytest.approx(100 * ENERGY - (80 + 60) * 510, abs=0.01)
