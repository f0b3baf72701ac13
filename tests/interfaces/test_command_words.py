"""Words that commands share: languages, empty arguments, help pages, and what a park lacks."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.interfaces.api.investment_api import SizingStudy
from parkdispatch.interfaces.language_codes import language
from parkdispatch.models.errors import InputError
from tests.support.paths import ROOT
from tests.support.small_case import FILES, Damage, add, pv_mw, replaced, series, swap, write_case
from tests.support.typed_commands import Run

LOAD = '[device.load]\nkind = "load"\nannual_energy_mwh = 700000.0\n'
SERIES = FILES["case.toml"].partition("[series]\n")[2].partition("[variant")[0]
PV_FIELDS = FILES["case.toml"].partition('kind = "pv"\n')[2].partition("[device.battery_1]")[0]


@pytest.mark.skipif(os.name != "posix", reason="pipes of a shell")
@pytest.mark.parametrize("words", [["--help"], ["--version"]])
def test_a_help_page_whose_reader_has_gone_ends_quietly(words: list[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    command = [sys.executable, "-m", "parkdispatch", *words]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, env=environment, check=False)
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(os.name != "posix", reason="streams of a shell")
@pytest.mark.parametrize("closed", [">&-", ">&- 2>&- <&-"])
def test_closed_streams_are_no_fault(closed: str) -> None:
    """Without them, the output of a library would land in the first file that is written."""
    command = f"{sys.executable} -m parkdispatch check gaoan {closed}"
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(["sh", "-c", command], capture_output=True, env=environment, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize(
    "code", ["zh", "ZH", "zh-CN", "zh_CN.UTF-8", "zh-Hans-CN", "zh_TW.Big5", "zh_CN.utf8@pinyin"]
)
def test_codes_of_chinese(code: str) -> None:
    assert language(code) == "zh"


@pytest.mark.parametrize("code", ["en", "en-GB", "en_US.UTF-8"])
def test_codes_of_english(code: str) -> None:
    assert language(code) == "en"


@pytest.mark.parametrize("code", ["fr", "zhx", "z", "english", "zh CN", "-zh", ""])
def test_codes_of_no_language_of_the_pages(code: str) -> None:
    with pytest.raises(
        InputError, match=r"argument `lang` = .*: must be one of en, zh, or a code such as zh-CN"
    ):
        language(code)


def test_the_api_refuses_a_language_as_the_commands_do(run: Run) -> None:
    nothing: Any = None
    with pytest.raises(InputError, match="`lang` = fr: must be one of en, zh"):
        SizingStudy(nothing).decision("fr")
    assert "`--lang` = fr: must be one of en, zh" in run("plan", "--lang", "fr", "--soc", 2).err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plan", "--out", "", "--load", " "), ["`--out` is empty", "`--load` is empty"]),
        (("plan", "--date="), ["`--date` is empty"]),
        (("check", ""), ["`argument 2` is empty"]),
        (("init", ""), ["`argument 2` is empty"]),
        (("size", "--store", ""), ["`--store` is empty"]),
    ],
)
def test_empty_arguments_are_refused_all_at_once(run: Run, words: tuple[str, ...], said: list[str]) -> None:
    ran = run(*words)
    assert ran.code == 2
    assert [line.removeprefix("input: ").partition(":")[0] for line in ran.err.splitlines()] == said


def test_a_park_without_a_load_is_told_how_one_is_written(run: Run, tmp_path: Path) -> None:
    path = write_case(tmp_path, swap(LOAD, ""), swap('"load.demand_mw" = { file = "load.csv" }\n', ""))
    assert (
        'no device draws power: a load is a table such as [device.load] with kind = "load"'
        in run("check", path).err
    )
    ran = run("plan", path, "--load", tmp_path / "load.csv")
    assert (
        'the case has 0 devices of kind load, must have one: a table [device.load] with kind = "load"'
        in ran.err
    )


def test_the_yield_of_a_plant_that_only_has_a_series_names_what_is_missing(run: Run, tmp_path: Path) -> None:
    ran = run("pv", write_case(tmp_path, swap(PV_FIELDS, "")))
    assert ran.code == 2
    assert "`device.pv.areas`, `device.pv.module`, `device.pv.module_wp`: must be given" in ran.err
    assert "`weather` is missing" in ran.err


def test_a_forecast_of_several_columns_names_its_own_option(run: Run, tmp_path: Path) -> None:
    ran = run("plan", write_case(tmp_path), "--pv", tmp_path / "pv.csv", "--peak-so-far-mw", 100)
    assert ran.code == 2
    assert "must have one column beside the time, or `--pv-column` must name one; found: pv [MW]" in ran.err


def test_a_forecast_stands_for_what_the_case_cannot_compute(run: Run, tmp_path: Path) -> None:
    """A plant without areas or a series, a load without energy or a series: the forecasts are enough."""
    bare = (swap(PV_FIELDS, ""), swap("annual_energy_mwh = 700000.0\n", ""), swap(SERIES, ""))
    path = write_case(tmp_path, *bare, replaced("sun.csv", series("time,pv [MW]", pv_mw)))
    words = (
        "plan",
        path,
        "--peak-so-far-mw",
        100,
        "--out",
        tmp_path / "out",
        "--load",
        tmp_path / "load.csv",
    )
    ran = run(*words, "--pv", tmp_path / "sun.csv")
    assert (ran.code, ran.err) == (0, "")
    ran = run(*words)
    assert ran.code == 2
    assert '`device.pv.areas` is missing: must be given, or `series."pv.available_mw"`' in ran.err
    assert "`weather` is missing: `device.pv` needs it for available_mw" in ran.err and "load" not in ran.err


def test_check_says_what_a_variant_cannot_compute(run: Run, tmp_path: Path) -> None:
    more = add('\n[variant.fields.device.field]\nkind = "pv"\n')
    ran = run("check", write_case(tmp_path, more))
    assert ran.code == 2
    assert '`device.field.areas` is missing: must be given, or `series."field.available_mw"`' in ran.err


UNUSED: list[tuple[str, str, tuple[Damage, ...]]] = [
    ("demand_free_mw", "MW", ()),
    ("peak_floor_mw", "MW", (swap('"two_part"', '"single_part"'),)),
    ("demand_price_yuan_per_mw_month", "yuan/kW/month", (swap('"two_part"', '"single_part"'),)),
]


@pytest.mark.parametrize(("name", "unit", "damages"), UNUSED)
def test_a_series_that_no_rule_uses_does_no_harm(
    run: Run, tmp_path: Path, name: str, unit: str, damages: tuple[Damage, ...]
) -> None:
    more = add(f'\n[series."grid.{name}"]\nfile = "given.csv"\n')
    given = replaced("given.csv", series(f"time,given [{unit}]", lambda _: 30.0))
    path = write_case(tmp_path, *damages, given, more)
    ran = run("plan", path, "--peak-so-far-mw", 100, "--out", tmp_path / "out")
    assert (ran.code, ran.err) == (0, "")


def test_a_file_elsewhere_names_the_option_that_trusts_it(typed: Run, tmp_path: Path) -> None:
    """From Python a variable trusts it: the command line alone knows that `--trust-paths` sets that."""
    path = write_case(tmp_path, swap('"load.csv"', '"/dev/zero"'))
    code, _, err = typed("check", path)
    assert code == 2
    assert "`--trust-paths`" in err
    with pytest.raises(InputError, match=r"trusted by variable `PARKDISPATCH_TRUST_PATHS`") as refused:
        load_case(str(path))
    assert "--" not in str(refused.value)
