"""Power of a wind farm beside windpowerlib's model chain, where `pip install windpowerlib` was done."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from parkdispatch.models.sources.wind_farm import Wind
from parkdispatch.models.sources.wind_speed import IEC_CLASS_3_CURVE

windpowerlib: Any = pytest.importorskip("windpowerlib", reason="the comparison needs windpowerlib")

MEASURED_AT_M, HUB_M, EXPONENT, RATED_MW, WAKES = 10.0, 120.0, 0.2, 9.6, 0.05
SPEEDS = np.concatenate(
    [np.linspace(0.0, 16.0, 161), [2.0, 13.2, 13.4, 13.5, 18.0]]
)  # m/s at 10 m, to cut-out


def test_height_and_power_curve_are_those_of_windpowerlib() -> None:
    """Hellman's profile to the hub and the turbine's power curve.

    Without the shear, 8 m/s would give 0.6 of the rating; they are 13.1 m/s at the hub, and give all of it.
    """
    times = pd.date_range("2026-01-01", periods=len(SPEEDS), freq="h")
    columns = {("wind_speed", MEASURED_AT_M): SPEEDS, ("roughness_length", 0): 0.1}
    weather = pd.DataFrame(columns, index=times)
    curve = pd.DataFrame(IEC_CLASS_3_CURVE, columns=["wind_speed", "value"])
    curve["value"] *= RATED_MW * 1e6
    turbine = windpowerlib.WindTurbine(hub_height=HUB_M, nominal_power=RATED_MW * 1e6, power_curve=curve)
    chain = windpowerlib.ModelChain(
        turbine, wind_speed_model="hellman", hellman_exp=EXPONENT, power_output_model="power_curve"
    )
    theirs_mw = chain.run_model(weather).power_output.to_numpy() / 1e6
    farm = Wind(
        rated_mw=RATED_MW, speed="weather", measured_at_m=MEASURED_AT_M, hub_height_m=HUB_M,
        shear_exponent=EXPONENT, wake_losses=0.0, other_losses=0.0, availability=1.0,
    )  # fmt: skip
    assert farm.available_mw(SPEEDS) == pytest.approx(theirs_mw, abs=1e-9)
    assert theirs_mw.max() == pytest.approx(RATED_MW)
    assert theirs_mw[-1] == 0.0  # 29.6 m/s at the hub


def test_wake_losses_are_windpowerlib_s_constant_efficiency() -> None:
    """windpowerlib takes wakes off the power curve; so does a share of the power."""
    curve = pd.DataFrame(IEC_CLASS_3_CURVE, columns=["wind_speed", "value"])
    in_wake = windpowerlib.power_curves.wake_losses_to_power_curve(
        curve["wind_speed"], curve["value"], 1.0 - WAKES
    )
    farm = Wind(
        rated_mw=1.0, speed="weather", measured_at_m=HUB_M, hub_height_m=HUB_M, wake_losses=WAKES,
        other_losses=0.0, availability=1.0,
    )  # fmt: skip
    ours = farm.available_mw(in_wake["wind_speed"].to_numpy(dtype=float))
    assert ours == pytest.approx(in_wake["value"].to_numpy(dtype=float), abs=1e-12)
