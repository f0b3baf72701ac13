"""`parkdispatch init`, `check` and `pv` end to end."""

import re
from pathlib import Path

import pytest

from parkdispatch.inputs.loader import case_text
from tests.support.cases.lifetime_cases import HOURLY
from tests.support.files.written_runs import PLAN_FILES
from tests.support.small_case import CASE, Damage, row, swap, write_case
from tests.support.typed_commands import Run

PEAK = ("--peak-so-far-mw", "100")


@pytest.mark.slow
def test_init_makes_what_check_and_plan_accept(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("init", "my works")
    assert ran.code == 0
    assert ran.out.count("wrote ") == 3
    assert "parkdispatch check 'my works/case.toml'" in ran.out
    ran = run("check", "my works/case.toml")
    assert ran.code == 0
    assert (
        "my works: valid. 5 devices (pv, load, battery_1, battery_2, grid), 35,040 intervals of 15" in ran.out
    )
    ran = run("plan", "my works/case.toml", *PEAK)
    assert ran.code == 0
    (folder,) = (tmp_path / "runs").iterdir()
    assert re.fullmatch(r"my works-plan-\d{8}-\d{6}", folder.name)
    assert {path.name for path in folder.iterdir()} == PLAN_FILES | {"manifest.json"}
    ran = run("init", "my works")
    assert ran.code == 2
    assert "`FOLDER` = my works: is there already and not empty" in ran.err


def test_pv_tells_the_yield(run: Run) -> None:
    ran = run("pv", "gaoan")
    assert ran.code == 0
    for words in (
        "photovoltaic yield",
        "4,629.92 MJ/m²",
        "300.036 MWp",
        "area 6",
        "Against published figures",
    ):
        assert words in ran.out


@pytest.mark.parametrize(
    ("damages", "words"),
    [
        ((), "`weather` is missing: must be given"),
        (
            (lambda folder: (folder / "case.toml").write_text(CASE.split("[device.pv]")[0]),),
            "has no plant, must have a table such as [device.pv]",
        ),
    ],
)
def test_pv_needs_a_plant_and_weather(
    damages: tuple[Damage, ...], words: str, run: Run, tmp_path: Path
) -> None:
    ran = run("pv", write_case(tmp_path, *damages))
    assert ran.code == 2
    assert words in ran.err


def test_check_lists_five_mistakes_and_those_of_the_variants(run: Run, tmp_path: Path) -> None:
    damages = (
        swap("eta_charge = 0.94", "eta_charge = 94"),
        swap("= 2026-07-15", "= 2027-07-15"),
        swap('"01:00-06:00"', '"01:00-18:00"', "own.toml"),
        swap('"load.demand_mw"', '"load.demand"'),
        row("pv.csv", 5, "2026-07-15 00:45,-3,25"),
        swap("power_mw = 40.0", "power_mw = -40.0"),
        swap('["battery_1"]', '["battery_2"]'),
    )
    ran = run("check", write_case(tmp_path, *damages))
    assert ran.code == 2
    for words in (
        "`device.battery_1.eta_charge` = 94",
        "`calendar.plan_date` = 2027-07-15",
        "tariff own.toml: `day[1].hours[0]`",
        '`series."load.demand"`',
        "pv.csv row 5: pv [MW] = -3",
        "`variant.large.device.battery_1.power_mw` = -40.0",
        "`variant.without_storage.remove` = battery_2",
    ):
        assert ran.err.count(words) == 1, ran.err
    assert len(ran.err.splitlines()) == 7
    assert all(line.startswith("input: ") for line in ran.err.splitlines())


def test_check_and_plan_agree_on_series_of_a_day(run: Run, tmp_path: Path) -> None:
    """Two days of load and sun suffice for a plan with its peak; what the year lacks is told beside."""
    path = write_case(tmp_path, *HOURLY, swap('"17:00-22:00"', '"17:30-22:00"', "own.toml"))
    ran = run("check", path)
    assert ran.code == 0
    assert "small: valid for a plan of 2026-07-15 only, given --peak-so-far-mw. 4 devices" in ran.out
    assert "for year, replay and study: load.csv: covers 2026-07-15 00:00 to 2026-07-17 00:00" in ran.err
    uneven = (
        "warning: `calendar.minutes` = 60: tariff own changes its period at 17:30, within an interval, which"
        " then has the mean price; 15 would follow it\n"
    )
    assert uneven in ran.err
    ran = run("plan", path, *PEAK, "--out", tmp_path / "out")
    assert (ran.code, ran.err) == (0, uneven)
    ran = run("plan", path, "--out", tmp_path / "no_peak")
    assert (ran.code, ran.out) == (2, "")
    assert "`--peak-so-far-mw` is missing" in ran.err
    single_part = swap('scheme = "two_part"', 'scheme = "single_part"')
    path = write_case(tmp_path, *HOURLY, single_part)
    assert "small: valid for a plan of 2026-07-15 only. 4 devices" in run("check", path).out
    assert run("plan", path, "--out", tmp_path / "no_demand").code == 0
    ran = run("check", write_case(tmp_path, *HOURLY, swap("= 2026-07-15", "= 2026-07-20")))
    assert (ran.code, ran.out) == (2, "")


def test_check_warns_of_what_cannot_matter(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    text = case_text("gaoan").replace("cost_yuan = 0.0", "cost_yuan = 1e7")
    text = text.replace('trigger = "end_of_life" ', 'trigger = "year"\nyear = 25 ')
    path.write_text(text, encoding="utf-8")
    ran = run("check", path)
    assert ran.code == 0
    assert ran.err.count("warning: ") == 1
    assert "warning: `finance.replacement.year` = 25: lies at the end of the 20-year horizon" in ran.err
    path.write_text(text.replace("year = 25 ", "year = 0 "), encoding="utf-8")
    ran = run("check", path)
    assert (ran.code, ran.out) == (2, "")
    assert "`finance.replacement.year` = 0: must be in [1, 60]" in ran.err


def test_check_looks_at_a_weather_file_that_no_device_reads(run: Run, tmp_path: Path) -> None:
    """A case without it says nothing of it."""
    path = write_case(tmp_path)
    assert "weather" not in run("check", path).err
    path.write_text(path.read_text("utf-8") + '\n[weather]\nfile = "w.csv"\n', encoding="utf-8")
    ran = run("check", path)
    assert ran.code == 0
    assert "warning: `weather.file`: cannot matter, because no device computes a series from" in ran.err
    assert "w.csv: no such file" in ran.err


def test_escape_sequences_of_a_file_do_not_reach_the_terminal(run: Run, tmp_path: Path) -> None:
    ran = run("check", write_case(tmp_path, row("load.csv", 5, "2026-07-15 00:45,\x1b[31m9")))
    assert "load.csv row 5: load [MW] = ?[31m9: must be a number" in ran.err
    assert "\x1b" not in ran.err
