"""Each step of the chain against pvlib's own ModelChain, and the steps' own physics."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parkdispatch.models.site import Site
from parkdispatch.models.sources import pv_chain
from parkdispatch.models.weather import sky

SITE = Site(latitude_deg=28.3, longitude_deg=115.2, altitude_m=50)
MODULE = "Solaria_Corporation_Solaria_PowerXT_440C_PD"
INVERTER = "Sungrow_Power_Supply_Co___Ltd___SG60KU_M"
FACES = ((20.0, 180.0), (5.7, 270.0))
STRINGS = 4  # a face


@pytest.fixture(scope="module")
def weather() -> pd.DataFrame:
    """A clear day, a grey day and a broken day in each of four months."""
    days = [pd.date_range(f"2026-{month:02d}-10", periods=288, freq="15min") for month in (1, 4, 7, 10)]
    times = pd.DatetimeIndex(days[0].append(days[1:]))
    sun = sky.sun_position(times, SITE, 15)
    index = np.repeat(np.tile([1.0, 0.25, 0.6], 4), 96) + 0.2 * np.sin(np.arange(len(times)))
    ghi = np.clip(index, 0, 1.1) * sky.clear_sky(sun, SITE)["ghi"].to_numpy()
    dni, dhi = sky.decompose(ghi, sun, "erbs_driesse")
    air = 20 + 10 * np.sin(np.arange(len(times)) / 15)
    columns = {"ghi_w_per_m2": ghi, "dni_w_per_m2": dni, "dhi_w_per_m2": dhi}
    return pd.DataFrame({**columns, "temp_air_c": air, "wind_speed_m_per_s": 2.3}, index=times)


@pytest.fixture(scope="module")
def chain(weather: pd.DataFrame) -> Any:
    """pvlib's ModelChain on one inverter with two faces, run on the same weather."""
    from pvlib import location, modelchain, pvsystem, temperature

    module = pvsystem.retrieve_sam("CECMod")[MODULE]
    inverter = pvsystem.retrieve_sam("CECInverter")[INVERTER]
    constants = temperature.TEMPERATURE_MODEL_PARAMETERS["sapm"]["close_mount_glass_glass"]
    arrays = [
        pvsystem.Array(
            pvsystem.FixedMount(tilt, azimuth),
            albedo=0.2,
            module_parameters=module,
            temperature_model_parameters=constants,
            modules_per_string=20,
            strings=STRINGS,
        )
        for tilt, azimuth in FACES
    ]
    system = pvsystem.PVSystem(arrays, inverter_parameters=inverter)
    place = location.Location(SITE.latitude_deg, SITE.longitude_deg, altitude=SITE.altitude_m)
    model = modelchain.ModelChain(
        system,
        place,
        solar_position_method="ephemeris",
        transposition_model="perez-driesse",
        dc_model="cec",
        ac_model="sandia",
        aoi_model="physical",
        spectral_model="no_loss",
        temperature_model="sapm",
    )
    names = {"ghi_w_per_m2": "ghi", "dni_w_per_m2": "dni", "dhi_w_per_m2": "dhi"}
    names |= {"temp_air_c": "temp_air", "wind_speed_m_per_s": "wind_speed"}
    middle = pd.DatetimeIndex(weather.index + pd.Timedelta(minutes=7.5)).tz_localize("Asia/Shanghai")
    with sky._pvlib_on_pandas_3(), np.errstate(invalid="ignore"):  # they divide by no light at night
        model.run_model(weather.rename(columns=names).set_axis(middle))
    return model.results


def poa(weather: pd.DataFrame, face: tuple[float, float]) -> dict[str, Any]:
    sun = sky.sun_position(pd.DatetimeIndex(weather.index), SITE, 15)
    return pv_chain.plane_of_array(weather, sun, *face, "perez-driesse", 0.2)


def face_power(weather: pd.DataFrame, face: tuple[float, float]) -> tuple[Any, Any, Any, Any]:
    plane = poa(weather, face)
    effective = pv_chain.transmitted_irradiance(plane, face[0], "none")
    cell = pv_chain.cell_temperature(
        plane["poa_global"],
        weather["temp_air_c"].to_numpy(),
        weather["wind_speed_m_per_s"].to_numpy(),
        "sapm_close_mount_glass_glass",
    )
    power, voltage = pv_chain.module_power(effective, cell, pv_chain.module_parameters(MODULE))
    return effective, cell, power, voltage


def same(ours: Any, theirs: Any, where: Any = slice(None)) -> None:
    theirs = np.nan_to_num(np.asarray(theirs, dtype=float))[where]
    assert np.asarray(ours)[where] == pytest.approx(theirs, rel=1e-6, abs=1e-6)


def test_the_sun_is_that_of_the_middle_of_the_interval(weather: pd.DataFrame, chain: Any) -> None:
    sun = sky.sun_position(pd.DatetimeIndex(weather.index), SITE, 15)
    up = sky.sun_is_up(sun)
    same(sun["azimuth"], chain.solar_position["azimuth"])
    # Refraction depends on the pressure of the altitude and the air's temperature only near the horizon.
    assert np.abs(sun["apparent_zenith"] - chain.solar_position["apparent_zenith"])[up].max() < 0.05


def test_ephemeris_agrees_with_the_spa(weather: pd.DataFrame) -> None:
    from pvlib.solarposition import get_solarposition

    sun = sky.sun_position(pd.DatetimeIndex(weather.index), SITE, 15)
    with sky._pvlib_on_pandas_3():
        spa = get_solarposition(sun.index, 28.3, 115.2, 50, method="nrel_numpy")
    assert np.abs(sun["zenith"] - spa["zenith"]).max() < 0.012


@pytest.mark.parametrize("n", [0, 1])
def test_each_step_agrees_with_model_chain(weather: pd.DataFrame, chain: Any, n: int) -> None:
    plane = poa_on_their_sun(weather, chain, FACES[n])
    theirs = chain.total_irrad[n]
    for name in ("poa_global", "poa_direct", "poa_sky_diffuse", "poa_ground_diffuse"):
        same(plane[name], theirs[name])
    effective = pv_chain.transmitted_irradiance(plane, FACES[n][0], "none")
    same(effective, chain.effective_irradiance[n])
    air, wind = weather["temp_air_c"].to_numpy(), weather["wind_speed_m_per_s"].to_numpy()
    cell = pv_chain.cell_temperature(plane["poa_global"], air, wind, "sapm_close_mount_glass_glass")
    lit = np.asarray(theirs["poa_global"] > 0)
    same(cell, chain.cell_temperature[n], lit)
    power, voltage = pv_chain.module_power(effective, cell, pv_chain.module_parameters(MODULE))
    same(power * 20 * STRINGS, chain.dc[n]["p_mp"])
    same(voltage * 20, chain.dc[n]["v_mp"], lit)


def poa_on_their_sun(weather: pd.DataFrame, chain: Any, face: tuple[float, float]) -> dict[str, Any]:
    return pv_chain.plane_of_array(weather, chain.solar_position, *face, "perez-driesse", 0.2)


def test_the_whole_chain_agrees_with_model_chain(weather: pd.DataFrame, chain: Any) -> None:
    """Also pins the night: the inverter's own consumption is left out, theirs is below zero."""
    parts = []
    for face in FACES:
        plane = poa_on_their_sun(weather, chain, face)
        effective = pv_chain.transmitted_irradiance(plane, face[0], "none")
        air, wind = weather["temp_air_c"].to_numpy(), weather["wind_speed_m_per_s"].to_numpy()
        cell = pv_chain.cell_temperature(plane["poa_global"], air, wind, "sapm_close_mount_glass_glass")
        parts.append(pv_chain.module_power(effective, cell, pv_chain.module_parameters(MODULE)))
    volts, watts = [v * 20 for _, v in parts], [p * 20 * STRINGS for p, _ in parts]
    ac, clipped = pv_chain.inverter_power(volts, watts, pv_chain.inverter_parameters(INVERTER))
    same(ac, np.maximum(chain.ac, 0.0))
    assert ac.max() == 60000.0  # the day at 20 deg overloads it, so that clipping is tested
    assert (clipped[ac < 60000.0] == 0).all()
    assert clipped.max() > 0


def test_own_sun_or_theirs_hardly_matters(weather: pd.DataFrame, chain: Any) -> None:
    _, _, power, _ = face_power(weather, FACES[0])
    assert power.sum() * 20 * STRINGS == pytest.approx(chain.dc[0]["p_mp"].sum(), rel=1e-4)


@pytest.mark.parametrize("mounting", list(pv_chain.Mounting.__args__))  # type: ignore[attr-defined]
def test_every_mounting_warms_the_cell(mounting: pv_chain.Mounting) -> None:
    irradiance = np.array([0.0, 500.0, 1000.0])
    cell = pv_chain.cell_temperature(irradiance, np.full(3, 20.0), np.full(3, 1.0), mounting)
    assert cell[0] == pytest.approx(20.0)
    assert (np.diff(cell) > 5).all()
    assert cell[2] < 80


def test_a_level_face_sees_level_irradiance(weather: pd.DataFrame) -> None:
    for model in ("perez-driesse", "haydavies", "isotropic"):
        sun = sky.sun_position(pd.DatetimeIndex(weather.index), SITE, 15)
        plane = pv_chain.plane_of_array(weather, sun, 0.0, 180.0, model, 0.2)
        high = sun["zenith"].to_numpy() < 80
        assert plane["poa_global"][high] == pytest.approx(weather["ghi_w_per_m2"].to_numpy()[high], rel=0.005)


def test_diffuse_reflection_takes_a_few_percent(weather: pd.DataFrame) -> None:
    for tilt in (0.0, 5.7, 20.0):
        plane = poa(weather, (tilt, 180.0))
        bare, real = (pv_chain.transmitted_irradiance(plane, tilt, kind) for kind in ("none", "marion"))
        assert 0.95 < real.sum() / bare.sum() < 0.99


def test_decomposition_closes(weather: pd.DataFrame) -> None:
    sun = sky.sun_position(pd.DatetimeIndex(weather.index), SITE, 15)
    ghi = weather["ghi_w_per_m2"].to_numpy()
    cosine = np.maximum(np.cos(np.radians(sun["zenith"].to_numpy())), 0)
    for model in ("erbs_driesse", "erbs"):
        dni, dhi = sky.decompose(ghi, sun, model)
        assert dni * cosine + dhi == pytest.approx(ghi, abs=1e-9)
        assert (dhi <= ghi + 1e-9).all()


def test_closure_is_tamed_at_low_sun() -> None:
    """Global less diffuse over the sine of a low sun would give more direct light than space has."""
    times = pd.date_range("2026-07-10 05:30", periods=60, freq="15min")
    sun = sky.sun_position(times, SITE, 15)
    ghi, none = np.full(60, 300.0), np.zeros(60)
    _, dni, dhi = sky.complete_components(ghi, None, none, sun, "erbs_driesse")
    cosine = np.cos(np.radians(sun["zenith"].to_numpy()))
    assert (dni[cosine < 0.1] < 500).all()
    assert dni.max() < 0.8 * 1420
    assert (dhi >= 0).all()
    _, _, left = sky.complete_components(ghi, np.full(60, 200.0), None, sun, "erbs_driesse")
    assert left == pytest.approx(ghi - 200 * np.maximum(cosine, 0))


@settings(max_examples=40, derandomize=True)
@given(
    light=st.lists(st.floats(0, 1300), min_size=1, max_size=8),
    cell=st.floats(-20, 85),
    health=st.floats(0.3, 1.0),
)
def test_inverter_never_exceeds_its_rating(light: list[float], cell: float, health: float) -> None:
    effective = np.asarray(light)
    module = pv_chain.module_parameters(MODULE)
    inverter: Mapping[str, float] = pv_chain.inverter_parameters(INVERTER)
    power, voltage = pv_chain.module_power(effective, np.full(len(light), cell), module)
    dc = power * 240 * health
    ac, clipped = pv_chain.inverter_power([voltage * 20], [dc], inverter)
    assert (ac >= 0).all()
    assert (ac <= inverter["Paco"]).all()
    assert (ac <= dc).all()
    assert (ac + clipped <= dc + 1e-6).all()


def test_module_is_rated_at_standard_conditions() -> None:
    power, voltage = pv_chain.module_power(
        np.array([1000.0, 0.0]), np.array([25.0, 25.0]), pv_chain.module_parameters(MODULE)
    )
    assert power[0] == pytest.approx(439.79, rel=1e-3)
    assert voltage[0] == pytest.approx(39.8, rel=1e-3)
    assert power[1] == voltage[1] == 0


def test_unknown_names_suggest_close_ones() -> None:
    with pytest.raises(ValueError, match="PowerXT_440C_PD"):
        pv_chain.module_parameters("Solaria_PowerXT_440C")
    with pytest.raises(ValueError, match="SG60KU_M"):
        pv_chain.inverter_parameters("Sungrow_SG60KU_M")


def test_standard_time_has_no_summer() -> None:
    """China had summer time from 1986 to 1991; Berlin has it now. Weather knows neither."""
    for zone, year, hours in (
        ("Asia/Shanghai", 1990, 8),
        ("Europe/Berlin", 2026, 1),
        ("Australia/Sydney", 2026, 10),
    ):
        site = Site(latitude_deg=0, longitude_deg=15 * hours, timezone=zone)
        assert sky.standard_offset(site, year).total_seconds() == hours * 3600
