"""The unit of a park and the digits of its devices."""

import pytest

from parkdispatch.results.power_scale import LARGE_PARK, PowerScale


@pytest.mark.parametrize(
    ("park_mw", "size_mw", "mw", "text"),
    [
        (227.9, 227.9, 151.8832, "151.9 MW"),
        (227.9, 50.0, 0.2358, "0.2 MW"),
        (227.9, 4.0, 1.234, "1.23 MW"),
        (227.9, 0.1, 0.0864, "0.086 MW"),
        (9.99, 9.99, 9.876, "9,876 kW"),
        (0.3, 0.3, 0.0864, "86 kW"),
        (0.3, 0.03, 0.0123, "12.3 kW"),
        (0.3, 0.3, -1e-9, "0 kW"),
        (227.9, 227.9, -0.01, "0.0 MW"),
        (0.0, 0.0, 0.0, "0 kW"),
    ],
)
def test_unit_and_digits(park_mw: float, size_mw: float, mw: float, text: str) -> None:
    assert PowerScale(park_mw).text(mw, size_mw) == text


def test_the_resolution_is_half_of_the_last_digit() -> None:
    assert LARGE_PARK.resolution_mw(50.0) == pytest.approx(0.05)
    assert PowerScale(0.3).resolution_mw(0.1) == pytest.approx(0.0005)


@pytest.mark.parametrize(("mwh", "text"), [(97.25, "97.2 MWh"), (100.0, "100 MWh"), (0.215, "0.215 MWh")])
def test_a_capacity(mwh: float, text: str) -> None:
    assert LARGE_PARK.capacity_text(mwh) == text
    assert PowerScale(0.3).capacity_text(mwh / 1000) == text.replace("MWh", "kWh")
