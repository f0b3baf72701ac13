"""Export files of different makes: read right, or refused by name; nothing is guessed silently."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from parkdispatch.inputs.series.series_file import ReadSeries, read_series
from parkdispatch.inputs.series.series_reading import ReadingOptions, file_reference
from parkdispatch.models.device import power_spec
from parkdispatch.models.errors import InputError
from tests.support.files.exports import EXPORTS, HOURLY_MW, LOAD_MW, STARTS, refused, text
from tests.support.paths import DEVELOPMENT_DATA

POWER = power_spec("Demand")


def read(folder: Path, reference: str, content: bytes, hours: float = 0.25, **options: object) -> ReadSeries:
    file, sheet, column = file_reference(reference)
    (folder / file).write_bytes(content)
    given = ReadingOptions(sheet, column, timezone="Asia/Shanghai", **options)  # type: ignore[arg-type]
    return read_series(folder / file, POWER, STARTS, hours, given)


def test_there_are_twenty_makes() -> None:
    assert len(EXPORTS) >= 20


@pytest.mark.parametrize("make", EXPORTS)
def test_an_export_is_read_right(make: str, tmp_path: Path) -> None:
    found = read(tmp_path, *EXPORTS[make]())
    assert found.values == pytest.approx(LOAD_MW, abs=1e-4)


def test_a_real_export_of_a_year_is_read_right(tmp_path: Path) -> None:
    """Energy of quarter-hours, stamped at their ends, each day's last written 0:00 of the same day."""
    path = DEVELOPMENT_DATA / "load" / "steel_plant_15min_2018.csv"
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the checkout")
    times = pd.date_range("2018-01-01", "2019-01-01", freq="15min", inclusive="left")
    found = read_series(path, POWER, times, 0.25, ReadingOptions(column="usage_kwh"))
    assert (found.values[0], found.values[95]) == pytest.approx((3.17 / 250, 3.42 / 250))
    assert found.values.sum() / 4 * 1000 == pytest.approx(pd.read_csv(path)["usage_kwh"].sum())
    assert (found.reading.stamps, found.reading.why) == ("end", "same_day_midnight")


@pytest.mark.parametrize("make", refused())
def test_an_export_that_can_be_read_in_two_ways_is_refused_by_name(make: str, tmp_path: Path) -> None:
    reference, content, said = refused()[make]
    with pytest.raises(InputError) as caught:
        read(tmp_path, reference, content)
    assert said in str(caught.value)
    assert all(line.startswith(reference) for line in caught.value.problems)


@pytest.mark.parametrize(
    ("make", "stamps", "why"),
    [
        ("ems_gbk_with_titles", "end", "at_24"),
        ("meter_energy_of_each_interval", "end", "same_day_midnight"),
        ("ends_as_seconds_before_midnight", "end", "whole_days"),
        ("scada_with_quality", "start", "whole_days"),
        ("intervals_written_as_ranges", "start", "ranges"),
    ],
)
def test_where_stamps_stand_is_told(make: str, stamps: str, why: str, tmp_path: Path) -> None:
    reading = read(tmp_path, *EXPORTS[make]()).reading
    assert (reading.stamps, reading.why) == (stamps, why)
    assert (reading.first, reading.end, reading.minutes) == ("2026-07-15 00:00", "2026-07-16 00:00", 15.0)


def test_stamps_that_do_not_tell_are_what_is_said_of_them(tmp_path: Path) -> None:
    name, content, _ = refused()["both ends of the day"]
    starts = read(tmp_path, name, content, stamps="start")
    assert starts.values.tolist() == LOAD_MW.tolist()
    assert starts.reading.why == "given"
    rows = [
        [f"{t + pd.Timedelta(minutes=15):%Y-%m-%d %H:%M}", mw] for t, mw in zip(STARTS, LOAD_MW, strict=True)
    ]
    ends = text([["time", "load [MW]"], ["2026-07-15 00:00", 1], *rows]).encode()
    assert read(tmp_path, name, ends, stamps="end").values.tolist() == LOAD_MW.tolist()


def test_hourly_values_stand_for_the_quarter_hours_in_them(tmp_path: Path) -> None:
    """As power they are held; as energy of an hour they are not four times as much."""
    hours = STARTS[::4]
    for header, factor in (("load [MW]", 1.0), ("energy [kWh]", 1000.0)):
        rows = [[f"{t:%Y-%m-%d %H:%M}", mw * factor] for t, mw in zip(hours, HOURLY_MW, strict=True)]
        found = read(tmp_path, "hourly.csv", text([["time", header], *rows]).encode())
        assert found.values == pytest.approx(np.repeat(HOURLY_MW, 4))
        assert ("held", "15") in found.reading.notes


GAPPED = [[f"{t:%Y-%m-%d %H:%M}", mw] for t, mw in zip(STARTS, LOAD_MW, strict=True)]
GAPPED[10][1] = "--"
GAPPED[30:32] = []


def test_gaps_are_filled_only_if_asked_and_only_short_ones(tmp_path: Path) -> None:
    content = text([["time", "load [MW]"], *GAPPED]).encode()
    for most in (0, 1):
        with pytest.raises(InputError) as caught:
            read(tmp_path, "gap.csv", content, fill_gaps=most)
        said = str(caught.value)
        assert "gap.csv row 32: time = 2026-07-15 08:00: rows are missing before it" in said
        assert ("gap.csv row 12: load [MW] = --: must be a number" in said) == (most == 0)
    found = read(tmp_path, "gap.csv", content, fill_gaps=2)
    assert found.reading.filled == 3
    expected = LOAD_MW.copy()
    expected[10] = (LOAD_MW[9] + LOAD_MW[11]) / 2
    expected[30:32] = LOAD_MW[29] + (LOAD_MW[32] - LOAD_MW[29]) * np.array([1, 2]) / 3
    assert found.values == pytest.approx(expected)


def test_values_of_bad_quality_are_gaps(tmp_path: Path) -> None:
    rows = [[f"{t:%Y-%m-%d %H:%M}", mw, "正常"] for t, mw in zip(STARTS, LOAD_MW, strict=True)]
    rows[20][1:] = [0.0, "坏数据"]
    content = text([["时间", "负荷(MW)", "质量码"], *rows]).encode("gbk")
    with pytest.raises(InputError, match=r"row 22: 负荷\(MW\) = 0.0: must be a number"):
        read(tmp_path, "q.csv", content)
    found = read(tmp_path, "q.csv", content, fill_gaps=1)
    assert found.values[20] == pytest.approx((LOAD_MW[19] + LOAD_MW[21]) / 2)


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ("ems.xlsx", ("ems.xlsx", None, None)),
        ("ems.xlsx#负荷(MW)", ("ems.xlsx", None, "负荷(MW)")),
        ("a/ems.XLSX#Sheet2!负荷", ("a/ems.XLSX", "Sheet2", "负荷")),
        ("ems.xlsx#Sheet2!", ("ems.xlsx", "Sheet2", None)),
        ("1#站.csv#1#主变 有功", ("1#站.csv", None, "1#主变 有功")),
        ("day.csv#a!b", ("day.csv", None, "a!b")),
        ("folder#1/load", ("folder#1/load", None, None)),
    ],
)
def test_a_reference_names_file_sheet_and_column(reference: str, expected: tuple[str, ...]) -> None:
    assert tuple(file_reference(reference)) == expected
