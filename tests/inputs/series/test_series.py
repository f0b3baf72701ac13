"""Series files as people have them: every way of writing the same numbers gives the same numbers."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parkdispatch.inputs.series import number_cells, stamp_formats
from parkdispatch.inputs.series.number_cells import read_numbers
from parkdispatch.inputs.series.series_file import read_series, series_problems
from parkdispatch.inputs.series.series_reading import ReadingOptions
from parkdispatch.inputs.series.series_units import FACTORS
from parkdispatch.inputs.series.stamp_formats import parse_stamps
from parkdispatch.inputs.weather.weather_files import weather_problems
from parkdispatch.inputs.weather.weather_forecasts import read_weather_forecasts
from parkdispatch.interfaces.translations.catalogue import translated_message
from parkdispatch.models.device import SeriesSpec
from parkdispatch.models.errors import InputError
from parkdispatch.models.registry import any_device
from parkdispatch.models.site import Site

POWER = SeriesSpec(title="Demand", unit="MW", lower=0.0)
TIMES = pd.date_range("2026-07-15", periods=8, freq="15min")
VALUES = [90.125, 0.0, 1.5, 2.0, 120.75, 3.25, 4.0, 5.5]
PLAIN = "time,load [MW]\n" + "".join(f"{t:%Y-%m-%d %H:%M},{v}\n" for t, v in zip(TIMES, VALUES, strict=True))


def read(
    folder: Path, content: str | bytes, column: str | None = None, spec: SeriesSpec = POWER
) -> list[float]:
    path = folder / "load.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_series(path, spec, TIMES, 0.25, ReadingOptions(column=column)).values.tolist()


def quoted(text: str) -> str:
    return "\n".join(",".join(f'"{cell}"' for cell in row.split(",")) for row in text.splitlines())


@pytest.mark.parametrize(
    "written",
    [
        PLAIN,
        PLAIN.encode("utf-8-sig"),  # as Excel saves CSV UTF-8
        PLAIN.encode("utf-16"),  # as Excel saves Unicode text
        PLAIN.replace("time,load [MW]", "时间,负荷(兆瓦)").encode("gbk"),
        PLAIN.replace("time,load [MW]", "日期，负荷（MW）".replace("，", ",")).encode("gbk"),
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", " , "),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        PLAIN.replace("2026-07-15 0", "2026/7/15 "),  # as Excel shows it
        PLAIN.replace("15 0", "15T0"),
        "\n".join(line if n == 0 else line.replace(",", ":00,") for n, line in enumerate(PLAIN.splitlines())),
        PLAIN.replace("2026-07-15 00:00", "2026-07-15"),  # midnight as Excel shows it
        quoted(PLAIN),
        "\n\n" + PLAIN + "\n\n",
        PLAIN.replace("\n", ",,\n") + ",,,\n,,\n",  # what Excel leaves beside and below a table
        PLAIN.replace("load [MW]", "Load[ mw ]"),
        PLAIN.rstrip("\n"),
    ],
)
def test_however_it_is_written_it_is_the_same(written: str | bytes, tmp_path: Path) -> None:
    assert read(tmp_path, written) == VALUES


@pytest.mark.parametrize(
    ("unit", "factor"),
    [("kW", 1e3), ("千瓦", 1e3), ("万千瓦", 0.1), ("GW", 1e-3), ("W", 1e6), ("兆瓦", 1.0), ("MW", 1.0)],
)
def test_units_are_converted(unit: str, factor: float, tmp_path: Path) -> None:
    rows = "".join(f"{t:%Y-%m-%d %H:%M},{v * factor!r}\n" for t, v in zip(TIMES, VALUES, strict=True))
    assert read(tmp_path, f"time,load [{unit}]\n{rows}") == pytest.approx(VALUES, rel=1e-12)


@pytest.mark.parametrize(
    ("unit", "written", "inside"),
    [
        ("yuan/MWh", "yuan/kWh", 1000.0),
        ("yuan/MWh", "元/千瓦时", 1000.0),
        ("yuan/MWh", "元/MWh", 1.0),
        ("yuan/MW/month", "元/千瓦/月", 1000.0),
        ("1", "-", 1.0),
    ],
)
def test_prices_are_converted(unit: str, written: str, inside: float, tmp_path: Path) -> None:
    spec = SeriesSpec(title="Price", unit=unit)
    assert read(tmp_path, PLAIN.replace("MW", written), spec=spec) == [v * inside for v in VALUES]


def test_every_series_of_every_device_can_be_read_in_its_own_unit() -> None:
    kinds = any_device().__origin__.__args__
    specs = [spec for kind in kinds for spec in kind.series_specs.values() if not spec.internal]
    assert specs
    for spec in specs:
        assert FACTORS[spec.unit][spec.unit.lower()] == 1.0


@pytest.mark.parametrize("column", ["load", "LOAD", "load [MW]", "Load [MW]"])
def test_a_column_is_chosen_by_label_or_header(column: str, tmp_path: Path) -> None:
    rows = PLAIN.splitlines()
    other = "\n".join([f"{rows[0]},wind [MW]", *(f"{line},7" for line in rows[1:])])
    if column == "Load [MW]":
        with pytest.raises(InputError, match="no column 'Load"):
            read(tmp_path, other, column)
        return
    assert read(tmp_path, other, column) == VALUES


def test_one_label_in_two_units_is_told_apart_by_the_header(tmp_path: Path) -> None:
    rows = PLAIN.splitlines()
    both = "\n".join([f"{rows[0]},load [kW]", *(f"{line},7000" for line in rows[1:])])
    assert read(tmp_path, both, "load [kW]") == [7.0] * 8
    assert read(tmp_path, both, "load [MW]") == VALUES
    with pytest.raises(InputError, match=r"2 columns 'load': must be one of load \[MW\], load \[kW\]"):
        read(tmp_path, both, "load")


def test_a_file_may_hold_more_than_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text(PLAIN)
    assert read_series(tmp_path / "load.csv", POWER, TIMES[3:5], 0.25).values.tolist() == VALUES[3:5]


@pytest.mark.parametrize("minutes", [1, 5, 30, 60])
def test_the_step_is_that_of_the_case(minutes: int, tmp_path: Path) -> None:
    times = pd.date_range("2026-02-28 22:00", periods=6, freq=f"{minutes}min")
    rows = "".join(f"{t:%Y-%m-%d %H:%M},{n}\n" for n, t in enumerate(times))
    (tmp_path / "load.csv").write_text("time,load [MW]\n" + rows)
    assert read_series(tmp_path / "load.csv", POWER, times, minutes / 60).values.tolist() == [
        0,
        1,
        2,
        3,
        4,
        5,
    ]


def test_a_step_that_neither_divides_that_of_the_case_nor_is_a_multiple_is_refused(tmp_path: Path) -> None:
    times = pd.date_range("2026-02-28", periods=144, freq="10min")
    (tmp_path / "load.csv").write_text("time,load [MW]\n" + "".join(f"{t},1\n" for t in times))
    problems = series_problems(tmp_path / "load.csv", POWER, 0.25)
    assert problems == [
        "load.csv: step is 10 minutes: must be 15 minutes, the interval of the case, or divide it, or"
        " be a multiple"
        " of it up to 60 minutes"
    ]


def test_one_row_has_no_step_to_be_wrong(tmp_path: Path) -> None:
    (tmp_path / "load.csv").write_text("\n".join(PLAIN.splitlines()[:2]))
    assert read_series(tmp_path / "load.csv", POWER, TIMES[:1], 0.25).values.tolist() == VALUES[:1]


def test_upper_limits_are_kept(tmp_path: Path) -> None:
    spec = SeriesSpec(title="Share", unit="1", lower=0.0, upper=1.0)
    with pytest.raises(InputError, match=r"row 2: load \[-\] = 90.125: must be a number from 0 to 1 1"):
        read(tmp_path, PLAIN.replace("MW", "-"), spec=spec)


@pytest.mark.parametrize(
    ("damage", "lines"),
    [
        (lambda rows: rows, []),
        (lambda rows: ["", *rows[:4], "soon,1", *rows[5:]], ["load.csv row 6"]),
        (lambda rows: [*rows[:4], "", *rows[4:]], []),
        (lambda rows: [*rows[:4], ",", *rows[5:]], ["load.csv row 6"]),
        (lambda rows: [*rows[:4], *rows[5:7], "x,-1", *rows[8:]], [f"load.csv row {n}" for n in (7, 7, 5)]),
    ],
)
def test_rows_are_numbered_as_an_editor_does(
    damage: Callable[[list[str]], list[str]], lines: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "load.csv"
    path.write_text("\n".join(damage(PLAIN.splitlines())))
    assert [line.split(": ")[0] for line in series_problems(path, POWER, 0.25)] == lines


def test_an_unreadable_time_does_not_also_count_as_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_text(PLAIN.replace("2026-07-15 00:30", "soon").replace("2026-07-15 01:00", "later"))
    assert len(series_problems(path, POWER, 0.25)) == 2


def test_only_the_first_of_many_rows_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_text(PLAIN.replace(",", ",-").replace("-load", "load").replace("-0.0", "0"))
    problems = series_problems(path, POWER, 0.25)
    assert [line.split(":")[0] for line in problems[:3]] == [
        "load.csv row 2",
        "load.csv row 4",
        "load.csv row 5",
    ]
    assert problems[3:] == ["load.csv: load [MW]: 4 more rows like this"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(st.floats(0, 1e6), min_size=8, max_size=8),
    separator=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "gbk"]),
    ending=st.sampled_from(["\n", "\r\n"]),
)
def test_any_numbers_come_back_as_they_were(
    tmp_path: Path, values: list[float], separator: str, encoding: str, ending: str
) -> None:
    rows = [f"{t:%Y-%m-%d %H:%M}{separator}{v!r}" for t, v in zip(TIMES, values, strict=True)]
    text = ending.join([f"时间{separator}负荷 [MW]", *rows])
    assert read(tmp_path, text.encode(encoding)) == values


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    content=st.one_of(
        st.binary(max_size=200),
        st.text('time,load[MW]; \n"2026-07150:\t。', max_size=200).map(str.encode),
    )
)
def test_no_content_breaks_the_reader(tmp_path: Path, content: bytes) -> None:
    """Whatever the file holds, it is read or its problems are told."""
    try:
        read(tmp_path, content)
    except InputError as error:
        assert all(line.startswith("load.csv") for line in error.problems)


def test_a_year_is_read_in_the_blink_of_an_eye(tmp_path: Path) -> None:
    times = pd.date_range("2026-01-01", "2027-01-01", freq="15min", inclusive="left")
    table = pd.DataFrame({"load [MW]": np.arange(len(times)) / 7}, index=pd.Index(times, name="time"))
    table.to_csv(tmp_path / "load.csv")
    power_mw = read_series(tmp_path / "load.csv", POWER, times, 0.25).values
    assert np.array_equal(power_mw, np.arange(len(times)) / 7)


def test_a_second_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_bytes("\ufefftime,load [MW]\n2026-07-15 00:00,1\n".encode("utf-16"))
    assert read_series(path, POWER, pd.DatetimeIndex(["2026-07-15"]), 0.25).values.tolist() == [1.0]


@pytest.mark.parametrize("first", ['"sep=;"', "SEP=;", "sep=; ", "sep=;;"])
def test_a_first_line_of_another_spelling(first: str, tmp_path: Path) -> None:
    path = tmp_path / "load.csv"
    path.write_text(f"{first}\r\ntime;load [MW]\r\n2026-07-15 00:00;1\r\n")
    assert read_series(path, POWER, pd.DatetimeIndex(["2026-07-15"]), 0.25).values.tolist() == [1.0]


@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_a_first_line_that_states_the_separator(separator: str, tmp_path: Path) -> None:
    """As Excel writes it; rows are counted on as an editor does."""
    rows = ["time,load [MW]", "2026-07-15 00:00,1", "2026-07-15 00:15,2", "2026-07-15 00:30,x"]
    path = tmp_path / "load.csv"
    path.write_text("\n".join([f"sep={separator}", *(row.replace(",", separator) for row in rows[:3])]))
    spec = SeriesSpec(title="", unit="MW", lower=0.0)
    times = pd.date_range("2026-07-15", periods=2, freq="15min")
    assert read_series(path, spec, times, 0.25).values.tolist() == [1.0, 2.0]
    path.write_text("\n".join([f"sep={separator}", *(row.replace(",", separator) for row in rows)]))
    with pytest.raises(InputError, match="load.csv row 5: load"):
        read_series(path, spec, times, 0.25)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("root:hidden:0\nbin:hidden:1\n", "columns found: 1, which is no table"),
        ("user,hidden\nroot,hidden\n", "columns found: 2, none with a unit"),
        ("[hidden]\nword = 1\n", "columns found: 1, which is no table"),
        ("when,load [MW]\n2026-07-15,1\n", "columns found: when, load [MW]"),
    ],
)
def test_the_first_line_of_a_file_that_is_no_series_is_not_repeated(
    content: str, said: str, tmp_path: Path
) -> None:
    """It may be any file of the machine: a list of passwords has columns too."""
    path, site = tmp_path / "f.csv", Site(latitude_deg=28.3, longitude_deg=115.2)
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        read_weather_forecasts(path)
    of_series = series_problems(path, POWER, 0.25, ReadingOptions())
    for problems in (of_series, weather_problems(path, site), refused.value.problems):
        text = "\n".join(problems)
        assert said in text
        assert "hidden" not in text
        assert all(translated_message(line, "zh") != line for line in problems)


def test_a_file_that_changed_is_read_again(tmp_path: Path) -> None:
    """Also within a moment, and where it is as long as it was; what has not changed is parsed once."""
    assert read(tmp_path, PLAIN) == VALUES
    assert read(tmp_path, PLAIN.replace("90.125", "90.126")) == [90.126, *VALUES[1:]]
    assert read(tmp_path, PLAIN) == VALUES


USUAL_AND_OTHER_STAMPS = (
    "2026-07-15 10:15", "1600-01-01 00:00", "9999-01-01 00:00", "2026-07-15 24:00", "2026-02-30 10:15",
    "2026-7-15  10:15", "2026-07-15T10:15", "2026/07/15 10:15", "2026-07-15 1:15 ", "2026-12-31 23:59",
)  # fmt: skip


@given(st.lists(st.sampled_from(USUAL_AND_OTHER_STAMPS), min_size=1, max_size=4))
def test_usual_stamps_are_read_as_the_patterns_tell(cells: list[str]) -> None:
    short_cut = parse_stamps(pd.Series(cells, dtype=str))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stamp_formats, "_plain_stamps", lambda _: None)
        by_patterns = parse_stamps(pd.Series(cells, dtype=str))
    np.testing.assert_array_equal(short_cut.times, by_patterns.times)
    np.testing.assert_array_equal(short_cut.next_day, by_patterns.next_day)
    assert replace(short_cut, times=0, next_day=0) == replace(by_patterns, times=0, next_day=0)


@given(st.lists(st.text("0123456789.+-eE", max_size=6), max_size=4))
def test_usual_numbers_are_read_as_all_are(cells: list[str]) -> None:
    short_cut = read_numbers(pd.Series(cells, dtype=str))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(number_cells, "PLAIN_CHARACTERS", frozenset())
        as_all = read_numbers(pd.Series(cells, dtype=str))
    np.testing.assert_array_equal(short_cut.values, as_all.values)
    np.testing.assert_array_equal(short_cut.missing, as_all.missing)
    assert (short_cut.decimal_mark, short_cut.problem) == (as_all.decimal_mark, as_all.problem)
