"""The photovoltaic device: what it makes available, what it refuses, and what the plant yields."""

import subprocess
import sys
import tomllib
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyomo.environ as pyo
import pytest
from pydantic import ValidationError

from parkdispatch.inputs.loader import load_case
from parkdispatch.models.device import Park, Seen
from parkdispatch.models.site import Site
from parkdispatch.models.sources import pv_chain
from parkdispatch.models.sources.photovoltaic_plant import Pv
from parkdispatch.models.sources.pv_areas import Face, Losses, PvArea
from parkdispatch.models.weather import sky
from parkdispatch.results.pv_yield import GAOAN_PLAN, PvYield, pv_yield
from tests.support.cases.round_tariff import ROUND
from tests.support.paths import ROOT, environment

SITE = Site(latitude_deg=28.3, longitude_deg=115.2, altitude_m=50)
MODULE = "Solaria_Corporation_Solaria_PowerXT_440C_PD"
INVERTER = "Sungrow_Power_Supply_Co___Ltd___SG60KU_M"
AREA: dict[str, Any] = {
    "name": "roof",
    "modules": 160000,
    "generating_units": 12,
    "faces": [
        {"tilt_deg": 5.7, "azimuth_deg": 180.0, "share": 0.5},
        {"tilt_deg": 5.7, "azimuth_deg": 0.0, "share": 0.5},
    ],
    "inverter": INVERTER,
    "inverters": 1000,
}
NO_LOSSES = dict.fromkeys(Losses.model_fields, 0.0)


def area(**changes: Any) -> PvArea:
    return PvArea(**{**AREA, **changes})


def pv(**changes: Any) -> Pv:
    return Pv(**{"areas": [AREA], "module": MODULE, "module_wp": 440, **changes})


@pytest.fixture(scope="module")
def weather() -> pd.DataFrame:
    """A year's worth of clear and grey days, every fifth day, at a quarter-hour."""
    times = pd.date_range("2026-01-01", "2027-01-01", freq="15min", inclusive="left")
    sun = sky.sun_position(times, SITE, 15)
    index = np.where(np.arange(len(times)) // 96 % 3 == 0, 1.0, 0.5)
    ghi = index * sky.clear_sky(sun, SITE)["ghi"].to_numpy()
    dni, dhi = sky.decompose(ghi, sun, "erbs_driesse")
    frame = {"ghi_w_per_m2": ghi, "dni_w_per_m2": dni, "dhi_w_per_m2": dhi}
    return pd.DataFrame({**frame, "temp_air_c": 20.0, "wind_speed_m_per_s": 2.0}, index=times)


def park(weather: pd.DataFrame) -> Park:
    times = pd.DatetimeIndex(weather.index)
    return Park(times=times, hours=0.25, site=SITE, tariff=None, weather=lambda: weather)  # type: ignore[arg-type]


def available(device: Pv, weather: pd.DataFrame) -> np.ndarray:
    return np.asarray(device.series(park(weather))["available_mw"])


def test_available_power_is_bounded_by_the_inverters_and_zero_at_night(weather: pd.DataFrame) -> None:
    power = available(pv(areas=[{**AREA, "modules": 240000}], losses=NO_LOSSES), weather)
    assert power.shape == (35040,)
    assert power.max() == pytest.approx(60.0, rel=1e-12)  # DC/AC 1.76: it clips, at exactly the rating
    assert (power[weather["ghi_w_per_m2"].to_numpy() == 0] == 0).all()
    assert (power >= 0).all()


def test_any_slice_of_the_year_gives_the_same_power(weather: pd.DataFrame) -> None:
    """A plan of one day and the year's run must see the same sun."""
    whole, day = available(pv(), weather), slice(200 * 96, 201 * 96)
    assert available(pv(), weather.iloc[day]) == pytest.approx(whole[day], rel=1e-7)


def test_a_sunless_horizon_is_all_zero(weather: pd.DataFrame) -> None:
    assert (available(pv(), weather.iloc[:12]) == 0).all()


def test_areas_add_up_and_share_their_faces(weather: pd.DataFrame) -> None:
    week = weather.iloc[:672]
    two = pv(areas=[AREA, {**AREA, "name": "other"}])
    assert available(two, week) == pytest.approx(2 * available(pv(), week), rel=1e-12)
    assert len(two.face_power(week, SITE, 15)) == 2


def test_each_loss_takes_its_share(weather: pd.DataFrame) -> None:
    """AC losses act after the inverter, so exactly; DC and light losses before it, so nearly."""
    week = weather.iloc[180 * 96 : 187 * 96]
    bare = available(pv(losses=NO_LOSSES), week).sum()
    for name in Losses.model_fields:
        left = available(pv(losses={**NO_LOSSES, name: 0.1}), week).sum() / bare
        assert left == pytest.approx(0.9, rel=1e-9 if name in Losses.ac else 0.02), name
    named = {*Losses.light, *Losses.dc, *Losses.ac}
    assert named == set(Losses.model_fields)


def test_age_takes_two_percent_then_half_a_percent_a_year(weather: pd.DataFrame) -> None:
    new = pv()
    assert [new.health(age) for age in (0, 0.5, 1, 11, 25)] == pytest.approx([1, 0.99, 0.98, 0.93, 0.86])
    assert [new.power_ratio_after(years) for years in (0, 1, 11)] == pytest.approx([1, 0.98, 0.93])
    old = new.model_copy(update={"age_years": 11.0})
    assert [old.power_ratio_after(years) for years in (0, 14)] == pytest.approx([1, 0.86 / 0.93])
    gone = old.model_copy(update={"degradation_per_year": 0.5})
    assert gone.power_ratio_after(1) == 0.0
    week = weather.iloc[180 * 96 : 187 * 96]
    aged = available(pv(age_years=11), week).sum() / available(new, week).sum()
    assert aged == pytest.approx(0.93, abs=0.003)


def test_the_module_is_scaled_to_its_stated_rating(weather: pd.DataFrame) -> None:
    week = weather.iloc[:672]
    more = pv(module_wp=450, losses=NO_LOSSES), pv(module_wp=440, losses=NO_LOSSES)
    first, second = (
        plant.area_power(plant.areas[0], plant.face_power(week, SITE, 15), 0.0) for plant in more
    )
    assert first.module.sum() / second.module.sum() == pytest.approx(450 / 440, rel=1e-12)


def test_an_area_is_its_inverters_at_the_voltage_of_a_string(weather: pd.DataFrame) -> None:
    """The inverter's efficiency depends on voltage: that of one module instead of twenty would be wrong."""
    week, plant = weather.iloc[180 * 96 : 187 * 96], pv(losses=NO_LOSSES)
    faces = plant.face_power(week, SITE, 15)
    modules, scale = 160000 / 1000 / 2, 440 / pv_chain.module_parameters(MODULE)["STC"]
    volts = [face.voltage * 20 for face in faces.values()]
    watts = [face.power * scale * modules for face in faces.values()]
    one_inverter, _ = pv_chain.inverter_power(volts, watts, pv_chain.inverter_parameters(INVERTER))
    assert available(plant, week) == pytest.approx(one_inverter * 1000 / 1e6, rel=1e-9)


class OneInterval:
    """The least of the vocabulary that this device uses."""

    hours = 0.25

    def __init__(self, model: Any) -> None:
        """Keep the model whose parameter stands for the series."""
        self.model = model

    def series(self, name: str) -> Any:
        """The one series there is."""
        assert name == "available_mw"
        return self.model.available


def written() -> tuple[Any, Any]:
    model = pyo.ConcreteModel()
    model.available = pyo.Param(initialize=7.0, mutable=True)
    model.block = pyo.Block()
    return model, pv(bus="roof").interval(model.block, OneInterval(model))  # type: ignore[arg-type]


def test_output_may_be_anything_up_to_what_is_available() -> None:
    model, terms = written()
    block = model.block
    assert list(terms.injection) == ["roof"]
    assert terms.injection["roof"] is block.output_mw
    assert not terms.costs
    assert pyo.value(block.output_mw.lb) == 0
    assert pyo.value(block.output_mw.ub) == 7
    model.available.set_value(3.0)
    assert pyo.value(block.output_mw.ub) == 3
    block.output_mw.set_value(1.0)
    assert pyo.value(block.curtailed_mw) == 2.0


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({}, None),
        ({"output_mw": [1.0, 5.5, 0.0], "curtailed_mw": [1.0, -0.5, 3.0]}, "output_within_available_mw"),
        ({"output_mw": [-0.5, 5.0, 0.0], "curtailed_mw": [2.5, 0.0, 3.0]}, "output_within_available_mw"),
        ({"curtailed_mw": [1.0, 0.5, 3.0]}, "curtailed_is_the_rest_mw"),
        ({"injection": [1.0, 4.5, 0.0]}, "injection_is_output_mw"),
    ],
)
def test_self_check_finds_each_broken_rule(change: dict[str, list[float]], rule: str | None) -> None:
    good = {"output_mw": [1.0, 5.0, 0.0], "curtailed_mw": [1.0, 0.0, 3.0], "available_mw": [2.0, 5.0, 3.0]}
    values = {name: np.asarray(change.get(name, value)) for name, value in good.items()}
    injection = np.asarray(change.get("injection", change.get("output_mw", good["output_mw"])))
    times = pd.date_range("2026-01-01", periods=3, freq="15min")
    residuals = pv().self_check(
        Seen(times=times, hours=0.25, values=values, shared={}, injection={"ac": injection})
    )
    assert {name: residual for name, residual in residuals.items() if residual > 1e-9} == (
        {rule: 0.5} if rule else {}
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"inverter": "Sungrow_SG60KU_M"}, "not in pvlib's CECInverter library; close: .*SG60KU_M"),
        (
            {"faces": [{"tilt_deg": 5, "azimuth_deg": 180, "share": 0.9}]},
            r"'roof': shares of the faces sum to 0\.9: must be 1",
        ),
        ({"faces": []}, "at least 1 item"),
        ({"faces": [{"tilt_deg": 91, "azimuth_deg": 180, "share": 1}]}, "less than or equal to 90"),
        ({"faces": [{"tilt_deg": 5, "azimuth_deg": 360, "share": 1}]}, "less than 360"),
        ({"modules": 160010}, "modules = 160010: must be a multiple of modules_per_string = 20"),
        ({"modules": 0}, "greater than or equal to 1"),
        ({"inverters": -1}, "greater than or equal to 1"),
        ({"generating_units": 0}, "greater than or equal to 1"),
        ({"inverters": 100}, r"DC/AC ratio of 11\.7\d*: must be 0.5 to 2.5"),
        ({"inverters": 5000}, r"DC/AC ratio of 0\.234\d*: must be 0.5 to 2.5"),
        ({"tilt_deg": 5}, "Extra inputs"),
    ],
)
def test_a_wrong_area_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        pv(areas=[{**AREA, **change}])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"module": "Solaria_PowerXT_440C"}, "not in pvlib's CECMod library; close: .*PowerXT_440C_PD"),
        ({"module_wp": 550}, "module_wp = 550: .* has 439.79; 5 % either way"),
        ({"areas": [AREA, AREA]}, "areas: names must differ"),
        ({"losses": {"soiling": 2.0}}, "less than 1"),
        ({"losses": {"dust": 0.1}}, "Extra inputs"),
        ({"albedo": 20}, "less than or equal to 1"),
        ({"transposition": "klucher"}, "perez-driesse"),
        ({"age_years": -1}, "greater than or equal to 0"),
    ],
)
def test_a_wrong_plant_is_refused(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        pv(**change)


def test_all_problems_of_an_area_are_reported_together() -> None:
    with pytest.raises(ValidationError) as error:
        area(modules=160010, inverter="none", faces=[Face(tilt_deg=5, azimuth_deg=0, share=0.2)])
    for part in ("sum to 0.2", "multiple of", "not in pvlib's"):
        assert part in str(error.value)


def test_importing_the_device_does_not_import_pvlib() -> None:
    """pvlib takes half a second that a case without photovoltaics should not pay."""
    modules = (
        "models.sources.photovoltaic_plant",
        "models.weather.representative_year",
        "inputs.weather.weather_files",
    )
    code = "".join(f"import parkdispatch.{name}; " for name in modules)
    code += "import sys; sys.exit('pvlib' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], env=environment(), check=True)


@pytest.fixture(scope="module")
def annual_yield(weather: pd.DataFrame) -> PvYield:
    return pv_yield(pv(), SITE, weather)


def test_the_waterfall_ends_at_the_yield_and_every_step_follows_from_the_one_before(
    annual_yield: PvYield,
) -> None:
    steps = annual_yield.waterfall
    assert steps[0].energy_gwh == pytest.approx(annual_yield.ghi_kwh_per_m2 * annual_yield.rated_mwp / 1e3)
    assert steps[-1].energy_gwh == pytest.approx(annual_yield.first_year_gwh, rel=1e-12)
    for before, step in pairwise(steps):
        assert step.energy_gwh == pytest.approx(before.energy_gwh * (1 - step.loss_fraction), rel=1e-12)
    lost = {step.name: step.loss_fraction for step in steps}
    assert lost["soiling"] == pytest.approx(0.02)
    assert lost["ageing"] == pytest.approx(0.01)  # the middle of the first year
    assert lost["availability"] == pytest.approx(0.03)
    assert 0.005 < lost["inverter"] < 0.03
    assert 0.0 <= lost["clipping"] == pytest.approx(annual_yield.clipping_loss_fraction)


def test_yield_is_consistent(annual_yield: PvYield, weather: pd.DataFrame) -> None:
    assert annual_yield.rated_mwp == pytest.approx(70.4)
    assert annual_yield.ghi_mj_per_m2 == pytest.approx(weather["ghi_w_per_m2"].sum() * 900 / 1e6)
    assert annual_yield.first_year_full_load_hours == pytest.approx(annual_yield.first_year_gwh / 70.4 * 1000)
    assert annual_yield.first_year_gwh == pytest.approx(available(pv(age_years=0.5), weather).sum() / 4000)
    assert sum(area.energy_gwh for area in annual_yield.areas) == pytest.approx(annual_yield.first_year_gwh)
    # Twenty-five years: one at 0.99, then 0.98 falling by 0.005 a year; less clipping lifts it slightly.
    mean = (0.99 + sum(0.98 - 0.005 * (year - 0.5) for year in range(1, 25))) / 25
    assert annual_yield.lifetime_mean_gwh / annual_yield.first_year_gwh == pytest.approx(
        mean / 0.99, abs=0.003
    )
    assert 0.6 < annual_yield.performance_ratio < 0.9


def test_comparison_scales_by_rated_power(annual_yield: PvYield) -> None:
    for line, published in zip(annual_yield.comparisons, GAOAN_PLAN, strict=True):
        assert line.first_year_gwh == pytest.approx(
            annual_yield.first_year_gwh / annual_yield.rated_mwp * published.rated_mwp
        )
        assert line.first_year_deviation == pytest.approx(line.first_year_gwh / published.energy_gwh - 1)


def test_the_gaoan_plant_is_the_published_one() -> None:
    file = ROOT / "inputs" / "parks" / "gaoan" / "case.toml"
    plant = Pv(**tomllib.loads(file.read_text(encoding="utf-8"))["device"]["pv"])
    assert sum(area.modules for area in plant.areas) == 681_900
    assert sum(area.generating_units for area in plant.areas) == 50
    assert len(plant.areas) == 6
    assert plant.rated_mwp == pytest.approx(300.036)
    assert all("Sungrow" in area.inverter for area in plant.areas)


def test_power_that_no_plant_of_its_size_has_is_impossible() -> None:
    """91,961 MW of 300 MWp, and power at midnight, were planned on and called optimal."""
    plant = load_case("gaoan").devices["pv"]
    times = pd.DatetimeIndex(["2026-07-15 00:00", "2026-07-15 12:00", "2026-07-15 12:15"])

    def problems(*available_mw: float) -> list[str]:
        park = Park(times, 0.25, SITE, ROUND, pd.DataFrame)
        return list(plant.impossible({"available_mw": np.array(available_mw)}, park).get("available_mw", ()))

    assert problems(0.0, 200.0, 0.0) == []
    (beyond,) = problems(0.0, 91_961.0, 200.0)
    assert beyond.startswith("91961 at 2026-07-15 12:00: must be ")
    assert "which modules and inverters can give (in MW, not kW); 1 such values" in beyond
    (dark,) = problems(5.0, 200.0, 200.0)
    assert dark.startswith("5 at 2026-07-15 00:00: must be ")
    assert "because the sun is below the horizon" in dark
