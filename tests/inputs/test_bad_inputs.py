"""Everything a careless user would do to a case, and what he is told.

The message must name the field or the row of the file, the value found there and what is allowed, and there
must be no other message beside it.
"""

import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.prepare import day_times, prepare, year_times
from parkdispatch.inputs.variations.overrides import with_overrides
from parkdispatch.interfaces.translations.catalogue import translated_message
from parkdispatch.models.errors import InputError
from tests.support import bad_files, bad_inputs
from tests.support.bad_files import WITH_WEATHER
from tests.support.bad_inputs import Bad
from tests.support.paths import ROOT
from tests.support.small_case import add, row, swap, write_case

FIELD_OR_ROW = r"`[^`]+`|\.csv row \d+: |\.csv: |\.toml: (line|is nested|has)|device '"
ALLOWED = (  # what is allowed, or in its place what speaks for itself
    r"must|no such (file|key)|not TOML|overlaps|is above|have no price|cannot be|not in pvlib|more rows"
    r"|rows are missing|the case has none|needs it|needed|can give here|write for example"
)
ALL = [*bad_inputs.ALL, *bad_files.ALL]


def problems_of(folder: Path, bad: Bad) -> list[str]:
    """What is said of it, by whichever step finds it."""
    path = write_case(folder, *bad.damages)
    with pytest.raises(InputError) as caught:
        park = load_case(str(path), bad.variant)
        prepare(park, day_times(park, park.calendar.plan_date))
    return caught.value.problems


@pytest.mark.parametrize("bad", ALL, ids=[bad.id for bad in ALL])
def test_bad_input_is_explained(bad: Bad, tmp_path: Path) -> None:
    problems = problems_of(tmp_path, bad)
    text = "\n".join(problems)
    assert [word for word in bad.words if word not in text] == [], text
    assert len(problems) == bad.count, text
    for line in problems:
        assert "\n" not in line
        assert re.search(FIELD_OR_ROW, line), line
        assert re.search(ALLOWED, line), line
        assert translated_message(line, "zh") != line, "has no words in Chinese"


def test_numbers_in_messages_are_told_from_their_limits() -> None:
    """`:g` keeps six digits: "soc_min = 0.9 is above soc_max = 0.9"."""
    rounding = re.compile(r":(\.[0-6])?g\}")
    assert [
        f"{path.name}: {line.strip()}"
        for layer in ("models", "inputs")
        for path in (ROOT / layer).rglob("*.py")
        for line in path.read_text(encoding="utf-8").splitlines()
        if rounding.search(line)
    ] == []


def test_ids_are_unique_and_many() -> None:
    assert len({bad.id for bad in ALL}) == len(ALL) >= 60


def test_the_good_case_is_good(tmp_path: Path) -> None:
    """Else the tests above would prove nothing."""
    good = load_case(str(write_case(tmp_path)))
    prepared = prepare(good, day_times(good, good.calendar.plan_date))
    assert prepared.series["load", "demand_mw"].max() == pytest.approx(120.0)
    assert prepared.series["pv", "available_mw"].max() == pytest.approx(60.0)
    (tmp_path / "w").mkdir()
    clouded = load_case(str(write_case(tmp_path / "w", *WITH_WEATHER)))
    assert prepare(clouded, day_times(clouded, clouded.calendar.plan_date))


# --- several at once


def test_everything_wrong_in_case_tariff_series_and_weather_comes_together(tmp_path: Path) -> None:
    damages = (
        *WITH_WEATHER,
        swap("eta_charge = 0.94", "eta_charge = 94"),
        swap("= 28.3", "= 128.3"),
        swap("= 2026-07-15", "= 2027-07-15"),
        swap("[device.battery_1]", '[device."Battery 1"]'),
        swap('"01:00-06:00"', '"01:00-18:00"', "own.toml"),
        row("load.csv", 5, "2026-07-15 00:45,-3"),
        row("load.csv", 9, "soon,3"),
    )
    said = (
        '`device."Battery 1".eta_charge` = 94',
        "`site.latitude_deg` = 128.3",
        "`calendar.plan_date` = 2027-07-15",
        "device 'Battery 1'",
        "`day[1].hours[0]`",
        "load.csv row 5",
        "load.csv row 9",
    )
    problems = problems_of(tmp_path, Bad("", damages, said))
    assert len(problems) == len(said)
    assert all(any(word in line for line in problems) for word in said), problems


def test_case_and_weather_file(tmp_path: Path) -> None:
    damages = (
        *WITH_WEATHER,
        swap("soc_min = 0.1", "soc_min = 0.95"),
        row("w.csv", 5, "2026-07-15 00:45,x,1,1"),
    )
    problems = problems_of(tmp_path, Bad("", damages, ()))
    assert [line.split(" = ")[0] for line in problems] == ["`device.battery_1.soc_min`", "w.csv row 5: ghi"]


def test_two_series_and_the_weather(tmp_path: Path) -> None:
    damages = (*WITH_WEATHER, row("load.csv", 5, "x,1"), row("w.csv", 5, "2026-07-15 00:45,x,1,1"))
    problems = problems_of(tmp_path, Bad("", damages, ()))
    assert [line.split(": ")[0] for line in problems] == ["load.csv row 5", "w.csv row 5"]


def test_five_devices_five_mistakes(tmp_path: Path) -> None:
    damages = (
        swap('"110kV"', '"35kV"'),
        swap("annual_energy_mwh = 700000.0", "annual_energy_mwh = -1"),
        swap("module_wp = 440.0", "module_wp = 550.0"),
        swap("soc_min = 0.1", "soc_min = 10"),
        swap('column = "pv"', 'colunm = "pv"'),
    )
    problems = problems_of(tmp_path, Bad("", damages, ()))
    fields = (
        "grid`: `voltage",
        "load.annual_energy_mwh`",
        "pv.module_wp`",
        "battery_1.soc_min`",
        '".colunm`',
    )
    assert all(any(field in line for line in problems) for field in fields), problems
    assert len(problems) == 5


# --- what is said on the command line


@pytest.mark.parametrize(
    ("given", "words", "count"),
    [
        ({"soc": 95}, ("argument `soc`", "battery_1.initial_soc` = 95: must be in [0, 1]", "0.95?"), 1),
        ({"soc": -0.1}, ("argument `soc`", "= -0.1: must be in [0, 1]"), 1),
        ({"load_column": "b"}, ("argument `load_column` = b: must have a file `load` beside it",), 1),
        ({"soc": float("nan")}, ("argument `soc`", "= nan"), 1),
        ({"peak_so_far_mw": -5.0}, ("argument `peak_so_far_mw`", "= -5.0: must be in [0, 100000]"), 1),
        ({"peak_so_far_mw": float("nan")}, ("argument `peak_so_far_mw`", "= nan"), 1),
        ({"peak_so_far_mw": float("inf")}, ("argument `peak_so_far_mw`", "= inf"), 1),
        (
            {"peak_so_far_mw": 90_000},
            ("argument `peak_so_far_mw` = 90000", "150 MW", "must be in MW, not kW"),
            1,
        ),
        ({"load": Path("none.csv")}, ("argument `load` = none.csv: no such file",), 1),
        ({"pv": Path()}, ("argument `pv` = .: is a directory, must be a file",), 1),
        (
            {"soc": 95, "peak_so_far_mw": -5, "load": Path("a"), "pv": Path("b")},
            ("`soc`", "`peak_so_far_mw`", "`load`", "`pv`"),
            4,
        ),
    ],
)
def test_bad_option_is_explained(
    given: dict[str, Any], words: tuple[str, ...], count: int, tmp_path: Path
) -> None:
    good = load_case(str(write_case(tmp_path)))
    with pytest.raises(InputError) as caught:
        with_overrides(good, **given)
    text = str(caught.value)
    assert [word for word in words if word not in text] == [], text
    assert len(caught.value.problems) == count, text


def test_options_for_devices_that_are_not_there(tmp_path: Path) -> None:
    path = write_case(tmp_path, add('\n[device.load_2]\nkind = "load"\nannual_energy_mwh = 1\n'))
    bare = load_case(str(path), "without_storage")
    with pytest.raises(InputError) as caught:
        with_overrides(bare, soc=0.5, load=tmp_path / "load.csv")
    assert caught.value.problems == [
        "argument `soc` = 0.5: must be left out, because the case has no battery",
        f"argument `load` = {tmp_path / 'load.csv'}: the case has 2 devices of kind load, must have one",
    ]
    islanded = bare.with_devices({n: d for n, d in bare.devices.items() if n != "grid"})
    with pytest.raises(
        InputError, match="argument `peak_so_far_mw` = 5: must be left out, because the case has no grid"
    ):
        with_overrides(islanded, peak_so_far_mw=5)
    doubled = bare.with_devices({**bare.devices, "grid_2": bare.devices["grid"]})
    with pytest.raises(InputError, match="argument `peak_so_far_mw` = 5: .* 2 grids"):
        with_overrides(doubled, peak_so_far_mw=5)


def test_days_outside_the_year(tmp_path: Path) -> None:
    good = load_case(str(write_case(tmp_path)))
    with pytest.raises(InputError, match="argument `day` = 2025-12-31: must lie in 2026"):
        day_times(good, date(2025, 12, 31))
    with pytest.raises(InputError) as caught:
        prepare(good, year_times(good))
    assert [problem.split(":")[0] for problem in caught.value.problems] == ["load.csv", "pv.csv"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("gaaon", ("argument `case` = gaaon", "no such file", "built-in cases gaoan", "mean `gaoan`")),
        ("cas.toml", ("cas.toml: no such file", "mean `case.toml`")),
        ("folder", ("argument `case` = ", "the folder has no case.toml")),
        ("x" * 300, ("argument `case` = ", "too long")),
        ("a\0b.toml", ("cannot be read",)),
        ("/dev/zero", ("is no regular file, must be a TOML file",)),
        ("pipe.toml", ("is no regular file, must be a TOML file",)),
        ("~nobody-here/x", ("argument `case` = ", "no such file")),
    ],
)
def test_cases_that_are_not_there(
    name: str, words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_case(tmp_path)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe.toml")  # nobody writes to it: a read would wait for ever
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError) as caught:
        load_case(name)
    assert all(word in str(caught.value) for word in words), str(caught.value)
