"""The part of a price for a station that stands already is not paid by an increment."""

from typing import Any

import pytest
from pydantic import ValidationError

from parkdispatch.models.finance.sizing_section import Sizing
from parkdispatch.studies.sizing.offers import choices_of

OFFER = {"name": "a", "power_mw": 10.0, "energy_mwh": 20.0, "investment_yuan": 30e6, "modules": 2}


def sizing(**more: Any) -> Sizing:
    """Sizes at 1,000 yuan/kWh and 500 yuan/kW, with an offer of two modules."""
    table: dict[str, Any] = {
        "device": "battery_2",
        "power_mw": {"min": 0, "max": 20, "step": 10},
        "duration_hours": {"min": 1, "max": 2, "step": 1},
        "price": {"yuan_per_kwh": 1000.0, "yuan_per_kw": 500.0},
        "offer": [OFFER],
    }
    return Sizing.model_validate(table | more)


def test_an_increment_pays_modules_only() -> None:
    """10 MW/20 MWh: 20 + 5 million, of which 2 are the station's; the offer of 30 costs 28, half of it 14."""
    alone, shared = sizing(), sizing(shared_station_yuan_per_kw=200.0)
    assert alone.investment_yuan(10, 20) == pytest.approx(25e6)
    assert shared.investment_yuan(10, 20) == pytest.approx(23e6)
    assert [c.investment_yuan for c in choices_of(shared)] == pytest.approx([0, 14e6, 28e6])
    assert [c.investment_yuan for c in choices_of(alone)] == pytest.approx([0, 15e6, 30e6])


def test_the_multiple_applies_to_modules_and_station() -> None:
    shared = sizing(shared_station_yuan_per_kw=200.0, price_multiple=0.5)
    assert shared.investment_yuan(10, 20) == pytest.approx(11.5e6)
    assert choices_of(shared)[-1].investment_yuan == pytest.approx(14e6)


def test_a_station_beyond_the_price_is_refused() -> None:
    with pytest.raises(ValidationError, match="must be at most price.yuan_per_kw = 500"):
        sizing(shared_station_yuan_per_kw=600.0)
    with pytest.raises(ValidationError, match="leaves nothing of the price of offer 'a'"):
        sizing(shared_station_yuan_per_kw=500.0, offer=[OFFER | {"investment_yuan": 4e6}])
