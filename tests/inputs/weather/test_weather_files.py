"""A user's own weather: energy kept, sun in place, and a message for everything that can be wrong."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkdispatch.inputs.weather.weather_files import read_weather
from parkdispatch.models.errors import InputError
from parkdispatch.models.site import Site
from parkdispatch.models.weather.sky import clear_sky, sun_position
from tests.support.paths import ROOT

SITE = Site(latitude_deg=28.3, longitude_deg=115.2, altitude_m=50)
YEAR = pd.date_range("2026-01-01", "2027-01-01", freq="15min", inclusive="left")
TWO_DAYS = YEAR[: 2 * 96]
DATA = ROOT.parent / "shared" / "data" / "weather"


def clear_at(times: pd.DatetimeIndex, minutes: int) -> np.ndarray:
    return np.asarray(clear_sky(sun_position(times, SITE, minutes), SITE)["ghi"].to_numpy())


@cache
def truth(minutes: int) -> pd.DataFrame:
    """A made-up year of 2026 whose sky is 0.8 of clear, as means over `minutes`."""
    return fine_truth().resample(f"{minutes}min").mean()


@cache
def fine_truth() -> pd.DataFrame:
    """The same by five minutes."""
    fine = pd.date_range(YEAR[0], "2027-01-01", freq="5min", inclusive="left")
    ghi = 0.8 * clear_at(fine, 5)
    temp = 15 + 10 * np.sin(np.arange(len(fine)) * 2 * np.pi / 288)
    return pd.DataFrame({"ghi": ghi, "temp_air": temp, "wind_speed": 2.0}, index=fine)


def rows_of(table: pd.DataFrame) -> list[tuple[pd.Timestamp, float, float, float]]:
    columns = (table[name].tolist() for name in ("ghi", "temp_air", "wind_speed"))
    return list(zip(pd.DatetimeIndex(table.index), *columns, strict=True))


def epw(path: Path, hourly: pd.DataFrame | None = None, zone: float = 8.0) -> Path:
    head = [
        f"LOCATION,Test,JX,CHN,TEST,000000,28.3,115.2,{zone},50.0",
        *["COMMENTS"] * 6,
        "DATA PERIODS,1,1,Data,Sun,1/1,12/31",
    ]
    rows = [
        f"1994,{t.month},{t.day},{t.hour + 1},60,x,{temp!r},0,50,101300,0,0,0,{ghi!r},0,{0.4 * ghi!r}"
        f",0,0,0,0,0,{wind!r}" + ",0" * 13
        for t, ghi, temp, wind in rows_of(truth(60) if hourly is None else hourly)
    ]
    path.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    return path


def tmy3(path: Path, hourly: pd.DataFrame | None = None) -> Path:
    head = [
        "999999,TEST,JX,8.0,28.3,115.2,50",
        "Date (MM/DD/YYYY),Time (HH:MM),GHI (W/m^2),DHI (W/m^2),Dry-bulb (C),Wspd (m/s)",
    ]
    rows = [
        f"{t:%m/%d}/1994,{t.hour + 1:02d}:00,{ghi!r},{0.4 * ghi!r},{temp!r},{wind!r}"
        for t, ghi, temp, wind in rows_of(truth(60) if hourly is None else hourly)
    ]
    path.write_text("\n".join([*head, *rows]) + "\n", encoding="utf-8")
    return path


def pvgis_tmy(path: Path, late_hours: float = 0.1761) -> Path:
    """PVGIS values are momentary, in UTC: 0.8 of the clear sky at each full hour plus the offset."""
    utc = pd.date_range("2026-01-01", "2027-01-01", freq="1h", inclusive="left")
    # Local 8 h ahead of UTC; `clear_at` of a zero-length interval is the moment itself.
    moment = pd.DatetimeIndex(utc + pd.Timedelta(hours=8 + late_hours)).round("s")
    ghi = 0.8 * clear_at(moment, 0)
    head = [
        "Latitude (decimal degrees): 28.300",
        "Longitude (decimal degrees): 115.200",
        "Elevation (m): 50.0",
    ]
    head += [
        f"Irradiance Time Offset (h): {late_hours}",
        "month,year",
        *[f"{m},{2004 + m}" for m in range(1, 13)],
    ]
    head += ["time(UTC),T2m,RH,G(h),Gb(n),Gd(h),IR(h),WS10m,WD10m,SP"]
    rows = [
        f"{2004 + t.month}{t:%m%d:%H%M},15.0,50.0,{g!r},0.0,{g!r},300.0,2.0,0.0,101300.0"
        for t, g in zip(utc, ghi.tolist(), strict=True)
    ]
    path.write_text(
        "\r\n".join([*head, *rows, "", "T2m: 2-m air temperature (degree Celsius)"]) + "\r\n",
        encoding="utf-8",
    )
    return path


def pvgis_hourly(path: Path, slope: int = 0) -> Path:
    utc = pd.date_range("2025-12-30", "2026-01-05", freq="1h") + pd.Timedelta(minutes=10)
    ghi = 0.8 * clear_at(pd.DatetimeIndex(utc + pd.Timedelta(hours=8)), 0)
    head = [
        "Latitude (decimal degrees):\t28.300",
        "Longitude (decimal degrees):\t115.200",
        "Elevation (m):\t50",
    ]
    head += ["Radiation database:\tPVGIS-ERA5", "", "", f"Slope: {slope} deg.", "Azimuth: 0 deg."]
    head += ["time,Gb(i),Gd(i),Gr(i),H_sun,T2m,WS10m,Int"]
    rows = [
        f"{t:%Y%m%d:%H%M},{0.6 * g!r},{0.4 * g!r},0.0,0.0,15.0,2.0,0"
        for t, g in zip(utc, ghi.tolist(), strict=True)
    ]
    path.write_text("\n".join([*head, *rows, "", "Int: 1 means reconstructed"]) + "\n", encoding="utf-8")
    return path


def csv(
    path: Path, table: pd.DataFrame, head: str = "time,ghi [W/m2],temp_air [degC],wind_speed [m/s]"
) -> Path:
    rows = [f"{t:%Y-%m-%d %H:%M},{ghi!r},{temp!r},{wind!r}" for t, ghi, temp, wind in rows_of(table)]
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("weather")


@pytest.mark.parametrize("write", [epw, tmy3, csv])
def test_hourly_files_keep_each_hour_and_follow_the_sun(write: Callable[..., Path], folder: Path) -> None:
    """Labels taken for starts instead of ends would move the sun by an hour and fail the second check."""
    weather = read_weather(write(folder / write.__name__, truth(60)), SITE, YEAR)
    ghi = weather["ghi_w_per_m2"].to_numpy()
    assert np.abs(ghi.reshape(-1, 4).mean(axis=1) - truth(60)["ghi"].to_numpy()).max() < 1e-9 * 1000
    assert ghi.sum() / 4 == pytest.approx(truth(60)["ghi"].sum(), rel=1e-9)
    exact = truth(15)
    assert np.abs(ghi - exact["ghi"].to_numpy()).max() < 6.0  # W/m2; an hour's step is a hundred
    inner = slice(2, -2)  # beyond the first and last middle of an hour there is nothing to draw a line to
    error = weather["temp_air_c"].to_numpy() - exact["temp_air"].to_numpy()
    assert np.abs(error[inner]).max() < 0.15
    assert (weather["wind_speed_m_per_s"] == 2.0).all()
    if write is not csv:
        diffuse = weather["dhi_w_per_m2"].to_numpy()[ghi > 100] / ghi[ghi > 100]
        assert np.median(diffuse) == pytest.approx(0.4, abs=1e-9)


@pytest.mark.parametrize("write", [pvgis_tmy, pvgis_hourly])
def test_pvgis_moments_are_put_where_the_sun_was(write: Callable[..., Path], folder: Path) -> None:
    """UTC left unshifted would be eight hours off; ten minutes past ignored would tilt every day."""
    times = YEAR if write is pvgis_tmy else TWO_DAYS
    weather = read_weather(write(folder / write.__name__), SITE, times)
    exact = 0.8 * clear_at(times, 15)
    ghi = weather["ghi_w_per_m2"].to_numpy()
    assert ghi.sum() == pytest.approx(exact.sum(), rel=0.01)
    assert np.abs(ghi - exact).max() < 40.0
    morning = np.asarray(times.hour < 12)
    assert ghi[morning].sum() == pytest.approx(exact[morning].sum(), rel=0.01)


def test_pvgis_of_a_tilted_plane_is_refused(folder: Path) -> None:
    with pytest.raises(InputError, match=r"slope = 30 deg\.: must be 0"):
        read_weather(pvgis_hourly(folder / "tilted.csv", slope=30), SITE, TWO_DAYS)


@pytest.mark.parametrize(("line", "said"), [("Slope: - deg.", "-"), ("Mounting: two-axis", "missing")])
def test_pvgis_of_a_tracker_is_refused(line: str, said: str, folder: Path) -> None:
    """Its plane follows the sun; it was read as if it were level."""
    path = pvgis_hourly(folder / "tracker.csv")
    path.write_text(path.read_text(encoding="utf-8").replace("Slope: 0 deg.", line), encoding="utf-8")
    with pytest.raises(InputError, match=f"slope = {said}.*: must be 0 deg., that is level irradiance"):
        read_weather(path, SITE, TWO_DAYS)


@pytest.mark.parametrize("name", ["CHN_JX_Nanchang.586060_TMYx.epw", "CHN_Jiangxi.Nanchang.586060_CSWD.epw"])
def test_real_epw_keeps_every_hour_and_the_noon(name: str) -> None:
    from pvlib.iotools import read_epw

    if not (DATA / name).exists():
        pytest.skip("development data not there")
    table, _ = read_epw(DATA / name)
    weather = read_weather(DATA / name, SITE, YEAR)
    ghi = weather["ghi_w_per_m2"].to_numpy()
    assert np.abs(ghi.reshape(-1, 4).mean(axis=1) - table["ghi"].to_numpy()).max() < 1e-9 * 1000
    assert ghi.sum() / 4 == pytest.approx(table["ghi"].sum(), rel=1e-9)
    assert (weather["dhi_w_per_m2"] <= weather["ghi_w_per_m2"] + 1e-9).all()
    # The mean day's centre of light is near the mean solar noon. The CSWD record itself is 0.45 h late, so
    # this only catches a shift by an hour; the made-up years are the fine test.
    hour = np.arange(35040) % 96 / 4 + 0.125
    clear = clear_at(YEAR, 15)
    assert (ghi @ hour) / ghi.sum() == pytest.approx((clear @ hour) / clear.sum(), abs=0.5)


def test_solar_noon_is_within_a_quarter_hour_of_the_sun(folder: Path) -> None:
    weather = read_weather(epw(folder / "noon.epw"), SITE, YEAR)
    zenith = sun_position(YEAR, SITE, 15)["zenith"].to_numpy().reshape(-1, 96)
    light = weather["ghi_w_per_m2"].to_numpy().reshape(-1, 96)
    assert np.abs(light.argmax(axis=1) - zenith.argmin(axis=1)).max() <= 1


def test_a_typical_year_repeats_28_february_in_a_leap_year(folder: Path) -> None:
    leap = pd.date_range("2028-01-01", "2029-01-01", freq="15min", inclusive="left")
    ghi = read_weather(epw(folder / "leap.epw"), SITE, leap)["ghi_w_per_m2"]
    days = ghi.to_numpy().reshape(-1, 96).sum(axis=1)
    assert days[59] == pytest.approx(days[58], rel=1e-9)
    assert days[60] / 4 == pytest.approx(truth(60)["ghi"].loc["2026-03-01"].sum(), rel=1e-9)


def test_an_epw_of_another_zone_is_shifted(folder: Path) -> None:
    """The same moments written in UTC+7 give the same weather."""
    earlier = pd.DatetimeIndex(truth(60).index) - pd.Timedelta(hours=1)
    shifted = truth(60).set_axis(earlier.where(earlier.year == 2026, earlier + pd.DateOffset(years=1)))
    weather = read_weather(epw(folder / "seven.epw", shifted.sort_index(), zone=7.0), SITE, YEAR)
    pd.testing.assert_frame_equal(weather, read_weather(epw(folder / "eight.epw"), SITE, YEAR), atol=1e-9)


@settings(
    max_examples=15,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.floats(0, 1400), min_size=48, max_size=48))
def test_any_hourly_irradiance_is_kept(tmp_path: Path, values: list[float]) -> None:
    """Even more light at dawn than a clear sky has room for."""
    table = truth(60).iloc[:48].assign(ghi=values)
    table.loc[(table.index.hour < 7) | (table.index.hour > 17), "ghi"] = 0.0  # the sun is down
    values = table["ghi"].tolist()
    ghi = read_weather(csv(tmp_path / "any.csv", table), SITE, TWO_DAYS)["ghi_w_per_m2"].to_numpy()
    assert ghi.reshape(-1, 4).mean(axis=1) == pytest.approx(np.asarray(values), rel=1e-9, abs=1e-9)
    assert (ghi >= 0).all()


@cache
def quarters() -> pd.DataFrame:
    return truth(15).iloc[:192]


def test_quarter_hours_are_taken_as_they_are(tmp_path: Path) -> None:
    weather = read_weather(csv(tmp_path / "q.csv", quarters()), SITE, TWO_DAYS[7:100])
    assert (weather["ghi_w_per_m2"].to_numpy() == quarters()["ghi"].to_numpy()[7:100]).all()
    assert (weather["temp_air_c"].to_numpy() == quarters()["temp_air"].to_numpy()[7:100]).all()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk"])
def test_chinese_headers_and_other_units(tmp_path: Path, encoding: str) -> None:
    other = quarters().assign(
        ghi=quarters().ghi / 1000, temp_air=quarters().temp_air * 1.8 + 32, wind_speed=7.2
    )
    path = csv(tmp_path / "cn.csv", other, "时间,总辐射（kW/㎡）,气温（℉）,风速 [km/h]")
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030" if encoding == "gbk" else encoding))
    weather = read_weather(path, SITE, TWO_DAYS)
    assert weather["ghi_w_per_m2"].to_numpy() == pytest.approx(quarters()["ghi"].to_numpy(), rel=1e-12)
    assert weather["temp_air_c"].to_numpy() == pytest.approx(quarters()["temp_air"].to_numpy(), rel=1e-9)
    assert weather["wind_speed_m_per_s"].to_numpy() == pytest.approx(2.0, rel=1e-12)


def test_kelvin_and_this_projects_own_names(tmp_path: Path) -> None:
    warm = quarters().assign(temp_air=quarters().temp_air + 273.15)
    path = csv(tmp_path / "k.csv", warm, "time,ghi_w_per_m2,temp_air [K],wind_speed_m_per_s")
    weather = read_weather(path, SITE, TWO_DAYS)
    assert weather["temp_air_c"].to_numpy() == pytest.approx(quarters()["temp_air"].to_numpy(), abs=1e-9)


def test_times_with_an_offset_are_moved_to_local_standard_time(tmp_path: Path) -> None:
    path = tmp_path / "utc.csv"
    utc = pd.DatetimeIndex(quarters().index) - pd.Timedelta(hours=8)
    rows = [
        f"{t:%Y-%m-%dT%H:%M}:00Z,{g!r},10,2" for t, g in zip(utc, quarters()["ghi"].tolist(), strict=True)
    ]
    path.write_text(
        "\n".join(["time;ghi [W/m^2];temp [C];wind [m/s]".replace(";", ","), *rows]), encoding="utf-8"
    )
    weather = read_weather(path, SITE, TWO_DAYS)
    assert (weather["ghi_w_per_m2"].to_numpy() == quarters()["ghi"].to_numpy()).all()


def test_diffuse_alone_gives_direct_by_closure(tmp_path: Path) -> None:
    path = tmp_path / "dhi.csv"
    rows = [
        f"{t:%Y-%m-%d %H:%M},{g!r},{0.3 * g!r},10,2"
        for t, g in zip(quarters().index, quarters()["ghi"].tolist(), strict=True)
    ]
    path.write_text(
        "\n".join(["time,ghi [W/m2],dhi [W/m2],temp_air [C],wind_speed [m/s]", *rows]), encoding="utf-8"
    )
    weather = read_weather(path, SITE, TWO_DAYS)
    zenith = np.radians(sun_position(TWO_DAYS, SITE, 15)["zenith"].to_numpy())
    high = quarters()["ghi"].to_numpy() > 100
    beam = (weather["dni_w_per_m2"].to_numpy() * np.cos(zenith))[high]
    assert beam == pytest.approx(0.7 * quarters()["ghi"].to_numpy()[high], rel=1e-9)


def broken(change: Callable[[list[str]], list[str]]) -> Callable[[Path], Path]:
    def write(path: Path) -> Path:
        lines = csv(path, quarters()).read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join(change(lines)) + "\n", encoding="utf-8")
        return path

    return write


def cell(line: int, column: int, text: str) -> Callable[[Path], Path]:
    """A good file with one cell replaced; `line` as an editor counts, so the header is 1."""

    def change(lines: list[str]) -> list[str]:
        cells = lines[line - 1].split(",")
        cells[column] = text
        return [*lines[: line - 1], ",".join(cells), *lines[line:]]

    return broken(change)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (cell(1, 1, "ghi [BTU/h]"), r"column 'ghi \[BTU/h\]': unknown unit 'BTU/h': must be \[w/m2"),
        (cell(1, 1, "ghi"), "column 'ghi': no unit"),
        (cell(1, 2, "humidity [-]"), "no column 'temp_air'"),
        (cell(1, 0, "when"), "no column 'time'; columns found: when, ghi"),
        (cell(7, 1, "-5"), r"row 7: ghi = -5: must be 0 to 1500 W/m2"),
        (cell(8, 1, "1501"), "row 8: ghi = 1501: must be 0 to 1500"),
        (cell(9, 1, ""), "row 9: ghi = missing: must be"),
        (cell(9, 1, "n/a"), "row 9: ghi = "),
        (cell(9, 1, "sunny"), "row 9: ghi = sunny: must be"),
        (cell(10, 2, "61"), "row 10: temp_air = 61: must be -60 to 60 degC"),
        (cell(10, 2, "-61"), "row 10: temp_air = -61"),
        (cell(11, 3, "76"), "row 11: wind_speed = 76: must be 0 to 75 m/s"),
        (cell(11, 3, "-1"), "row 11: wind_speed = -1"),
        (cell(12, 0, "yesterday"), "row 12: time = yesterday: must be like 2026-01-31 13:45"),
        (cell(12, 0, "2026-02-30 00:00"), "row 12: time = 2026-02-30 00:00: must be like"),
        (cell(12, 0, ""), "row 12: time = missing"),
        (cell(12, 0, "2026-01-01 02:15"), "time = 2026-01-01 02:15:00: is there twice"),
        (broken(lambda lines: lines[:20] + lines[23:]), "row 21: time = 2026-01-01 05:30:00: rows are miss"),
        (cell(20, 0, "2026-01-01 04:31"), "the step must be 0 days 00:15:00"),
        (broken(lambda lines: lines[:1] + lines[1::2]), "step is 0 days 00:30:00: must be 15 minutes or"),
        (broken(lambda lines: lines[:-1]), r"covers 2026-01-01 00:00:00 to 2026-01-02 23:45:00: must cover"),
        (broken(lambda lines: lines[:1]), "has 0 rows"),
    ],
)  # fmt: skip
def test_every_bad_table_gets_its_message(
    write: Callable[[Path], Path], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message) as error:
        read_weather(write(tmp_path / "bad.csv"), SITE, TWO_DAYS)
    assert "bad.csv" in str(error.value)


def test_quarter_hours_off_the_grid_are_refused(tmp_path: Path) -> None:
    late = quarters().set_axis(pd.DatetimeIndex(quarters().index) + pd.Timedelta(minutes=5))
    with pytest.raises(InputError, match="quarter-hours start at 2026-01-01 00:05:00: must start like"):
        read_weather(csv(tmp_path / "late.csv", late), SITE, TWO_DAYS[1:])


def test_all_problems_are_reported_at_once(tmp_path: Path) -> None:
    def change(lines: list[str]) -> list[str]:
        lines[0] = "time,ghi [W/m2],temp_air [degC],wind_speed [furlong/h]"
        for n in range(5, 15):
            lines[n] = lines[n].replace(",0.0,", ",-7,", 1)
        return [*lines[:50], lines[50], *lines[50:]]

    with pytest.raises(InputError) as error:
        read_weather(broken(change)(tmp_path / "bad.csv"), SITE, TWO_DAYS)
    text = str(error.value)
    for part in ("furlong/h", "ghi = -7", "is there twice"):
        assert part in text, part
    assert text.count("ghi = -7") == 3
    assert "ghi: 7 more rows like this" in text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"  \n\n", "is empty"),
        (b"time,ghi [W/m2]\n\xff\xfe\x00\x81", "neither UTF-8 nor GBK"),
        (b"LOCATION,only,a,header", "row 1: column 9, the time zone = missing: must be a number of hours"),
        (b"Latitude (decimal degrees): 28.3\nnothing else\n", "no row that begins with 'time'"),
        (b"hello", "no column 'time'; columns found: 1, which is no table"),
    ],
)
def test_unreadable_content(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "bad.csv").write_bytes(content)
    with pytest.raises(InputError, match=message):
        read_weather(tmp_path / "bad.csv", SITE, TWO_DAYS)


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    for path, message in ((tmp_path / "none.csv", "none.csv: no such file"), (tmp_path, "is a directory")):
        with pytest.raises(InputError, match=message):
            read_weather(path, SITE, TWO_DAYS)


def test_missing_codes_of_epw_are_refused(folder: Path) -> None:
    bad = truth(60).copy()
    bad.iloc[100] = [9999.0, 99.9, 999.0]
    with pytest.raises(InputError) as error:
        read_weather(epw(folder / "codes.epw", bad), SITE, YEAR)
    assert [problem.split(":")[0] for problem in error.value.problems] == [
        "codes.epw row 109",
        "codes.epw row 109",
        "codes.epw row 109",
        "codes.epw row 109",
    ]


def test_half_a_typical_year_is_refused_and_a_whole_csv_may_be_declared_typical(folder: Path) -> None:
    with pytest.raises(InputError, match="typical year of 4000 rows"):
        read_weather(epw(folder / "half.epw", truth(60).iloc[:4000]), SITE, YEAR)
    other = pd.date_range("2031-06-01", periods=96, freq="15min")
    path = csv(folder / "whole.csv", truth(60))
    with pytest.raises(InputError, match="or be declared a typical year"):
        read_weather(path, SITE, other)
    ghi = read_weather(path, SITE, other, typical=True)["ghi_w_per_m2"]
    assert ghi.sum() / 4 == pytest.approx(truth(60)["ghi"].loc["2026-06-01"].sum(), rel=1e-9)


def test_times_must_be_quarter_hours(folder: Path) -> None:
    for times in (YEAR[:0], YEAR[::2], YEAR[[0, 1, 3]]):
        with pytest.raises(InputError, match="times: must be consecutive quarter-hours"):
            read_weather(folder / "whole.csv", SITE, times)


# --- standard formats damaged, and clocks that disagree with the sun


def damaged(write: Callable[..., Path], line: int, column: int, text: str) -> Callable[[Path], Path]:
    """A file of a standard format with one cell replaced; `line` as an editor counts."""

    def change(path: Path) -> Path:
        lines = write(path).read_text(encoding="utf-8").splitlines()
        cells = lines[line - 1].split(",")
        cells[column] = text
        lines[line - 1] = ",".join(cells)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return path

    return change


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (damaged(epw, 20, 13, "bright"), r"bad row 20: ghi \(column 14\) = bright: must be 0 to 1500 W/m2"),
        (damaged(epw, 20, 6, ""), r"bad row 20: temp_air \(column 7\) = missing: must be -60 to 60"),
        (damaged(epw, 20, 1, "13"), r"bad row 20: time = 1994-13-1 hour 12: must be a day"),
        (damaged(epw, 20, 3, "25"), r"bad row 20: time = 1994-1-1 hour 25: must be a day"),
        (damaged(epw, 20, 0, "MMXX"), "bad row 20: time = MMXX-1-1 hour 12: must be a day"),
        (damaged(epw, 20, 2, "1.5"), r"bad row 20: time = 1994-1-1.5 hour 12: must be a day"),
        (damaged(epw, 1, 8, "east"), "bad: row 1: column 9, the time zone = east: must be a number of hours"),
        (damaged(epw, 1, 8, "1e9"), "the time zone = 1e9: must be a number of hours, -14 to 14"),
        (damaged(tmy3, 20, 2, "bright"), r"bad row 20: ghi \(GHI \(W/m\^2\)\) = bright: must be 0 to 1500"),
        (damaged(tmy3, 20, 0, "02/30/1994"), "bad row 20: time = 02/30/1994 18:00: must be a day"),
        (damaged(tmy3, 20, 1, "noon"), "bad row 20: time = 01/01/1994 noon: must be a day"),
        (damaged(tmy3, 2, 1, "Clock"), r"bad row 2: no column Time \(HH:MM\)"),
        (damaged(pvgis_tmy, 40, 3, "bright"), r"bad row 40: ghi \(G\(h\)\) = bright: must be 0 to 1500"),
        (damaged(pvgis_tmy, 40, 0, "20050132:0000"), r"bad row 40: time\(UTC\) = 20050132:0000: must"),
        (damaged(pvgis_tmy, 4, 0, "Irradiance Time Offset (h): x"), r"Irradiance Time Offset \(h\) = x"),
        (damaged(pvgis_hourly, 15, 1, "bright"), r"bad row 15: Gb\(i\) = bright: must be a number"),
        (damaged(pvgis_hourly, 15, 5, "?"), r"bad row 15: temp_air \(T2m\) = \?: must be -60 to 60"),
    ],
)  # fmt: skip
def test_a_damaged_standard_file_names_row_and_column(
    write: Callable[[Path], Path], message: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=message):
        read_weather(write(tmp_path / "bad"), SITE, YEAR)


def test_a_typical_february_of_a_leap_year(folder: Path) -> None:
    """TMY3 labels the last hour of 28 February 24:00, which in a leap year is no hour of March."""
    path = tmy3(folder / "leap_february")
    text = path.read_text(encoding="utf-8")
    path.write_text("\n".join(r.replace("/1994", "/1996") if r[:2] == "02" else r for r in text.split("\n")))
    expected = read_weather(tmy3(folder / "common_february"), SITE, YEAR)
    pd.testing.assert_frame_equal(read_weather(path, SITE, YEAR), expected)


def test_a_clock_that_disagrees_with_the_sun_is_refused(folder: Path) -> None:
    """The same hours in the zone of Greenwich put noon in the evening; an hour early is seen as well."""
    with pytest.raises(InputError, match="must be 20 W/m2 or less, because the sun is below") as caught:
        read_weather(epw(folder / "utc", zone=0.0), SITE, YEAR)
    assert "the light of the mean day is centred 8.0 h after the sun" in str(caught.value)
    with pytest.raises(InputError, match=r"centred 1\.0 h before the sun at the site: must be within"):
        read_weather(epw(folder / "early", zone=9.0), SITE, YEAR)


def test_a_zone_that_changes_for_good_is_no_standard_time() -> None:
    """Almaty went from UTC+6 to UTC+5 on 1 March 2024, which is no summer time."""
    site = Site(latitude_deg=43.2, longitude_deg=76.9, timezone="Asia/Almaty")
    (problem,) = site.summer_time_problems(2024)
    assert "Asia/Almaty: changes its clock in 2024" in problem
    assert site.summer_time_problems(2025) == []
