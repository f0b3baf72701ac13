"""A case file with every mistake a park of many devices can have: all are told at once, in Chinese too."""

import re
from pathlib import Path

import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.interfaces.translations.catalogue import translated_message
from parkdispatch.models.errors import InputError
from tests.support.typed_commands import Run

HEAD = """
name = "bad"
tariff = "jiangxi-2026"
[site]
latitude_deg = 28.3
longitude_deg = 115.2
[calendar]
year = 2026
plan_date = 2026-01-14
[device.grid]
kind = "grid"
bus = "110kV"
voltage_kv_level = "110kV"
import_limit_mw = 60.0
export_limit_mw = 20.0
blackouts = [{ begin = 2026-01-14T12:00:00, end = 2026-01-14T10:00:00 }]
[device.works]
kind = "load"
bus = "10kV"
annual_energy_mwh = 150_000.0
"""

LONELY = "no other device is on it, must be a bus that another one has"
# what is wrong, and the beginning of the line that says so
MISTAKES = {
    "times that exclude each other": ("", "`device.grid.blackouts[0].end` = 2026-01-14 10:00:00: must be "),
    "a link to itself": (
        """
        [device.loop]
        kind = "link"
        bus = "10kV"
        to_bus = "10kV"
        forward_limit_mw = 5.0
        backward_limit_mw = 5.0
        """,
        "`device.loop.to_bus` = '10kV': must be another bus",
    ),
    "a bus that nothing connects": (
        """
        [device.lonely]
        kind = "battery"
        bus = "island"
        power_mw = 2.0
        energy_mwh = 4.0
        soc_min = 0.9
        soc_max = 0.2
        """,
        "`device.lonely.bus` = 'island': no other device is on it",
    ),
    "minimum above maximum": ("", "`device.lonely.soc_min` = 0.9 is above soc_max = 0.2"),
    "a window shorter than its energy needs": (
        """
        [device.mills]
        kind = "shiftable_load"
        bus = "10kV"
        daily_energy_mwh = 100.0
        machine_mw = 2.0
        machines = 2
        window = "22:00-02:00"
        """,
        "`device.mills.daily_energy_mwh` = 100: must be in [0, 16]",
    ),
    "a carrier mismatch": (
        """
        [device.dryer]
        kind = "load"
        bus = "heat"
        carrier = "heat"
        annual_energy_mwh = 1000.0
        [device.pipe]
        kind = "link"
        bus = "heat"
        to_bus = "10kV"
        carrier = "heat"
        forward_limit_mw = 5.0
        backward_limit_mw = 5.0
        """,
        "bus '10kV': must carry one of electricity by `device.works.bus`",
    ),
    "a rule beside a wrong field": (
        """
        [device.unit]
        kind = "generator"
        bus = "10kV"
        rated_mw = 4.0
        min_load_share = 1.5
        fuel_price_yuan_per_mwh = 300.0
        efficiency_points = [[0.5, 0.38], [0.4, 0.42]]
        """,
        "`device.unit.efficiency_points` = [[0.5, 0.38], [0.4, 0.42]]: shares of rated power must ascend",
    ),
    "a wrong field beside a rule": ("", "`device.unit.min_load_share` = 1.5: must be in [0, 1]"),
    "a rule of a list's entry beside its wrong field": (
        """
        [device.polishing]
        kind = "interruptible_load"
        bus = "10kV"
        annual_energy_mwh = 20_000.0
        steps = [{ power_mw = 1.0, share = 0.5, price_yuan_per_mwh = 300.0, max_hours_per_day = 30.0 }]
        """,
        "`device.polishing.steps[0]`: must have not both `power_mw` and `share`",
    ),
    "a wrong field of that entry": ("", "`device.polishing.steps[0].max_hours_per_day` = 30.0: must be in"),
    "a rule beside a wrong entry": (
        """
        [device.orders]
        kind = "shiftable_load"
        bus = "10kV"
        machine_mw = 2.0
        machines = 2
        min_power_mw = 5.0
        orders = [{ begin = 2026-01-14T12:00:00, end = 2026-01-14T10:00:00, energy_mwh = 3.0 }]
        """,
        "`device.orders.min_power_mw` = 5: must be at most 4, the largest power",
    ),
    "a machine of two drives": (
        """
        [device.absorber]
        kind = "absorption_chiller"
        bus = "10kV"
        cold_bus = "10kV"
        heat_bus = "heat"
        gas_bus = "gas"
        fuel_price_yuan_per_mwh = 300.0
        rated_cold_mw = 2.0
        cop = 0.7
        cop_by_air_temperature = [[20, 0.8], [40, 0.6]]
        """,
        "`device.absorber.heat_bus` = 'heat' and gas_bus = 'gas' and fuel_price_yuan_per_mwh = 300: must be",
    ),
    "what enters where it leaves": ("", "`device.absorber`: bus and cold_bus = '10kV': must be different"),
    "two ways to tell a number": ("", "`device.absorber`: cop and cop_by_air_temperature are given: must be"),
    "a bus of a device with mistakes": ("", "`device.absorber.gas_bus` = 'gas': no other device is on it"),
    "that entry": ("", "`device.orders.orders[0].end` = 2026-01-14 10:00:00: must lie after the begin"),
}  # fmt: skip


@pytest.fixture(scope="module")
def problems(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    path = tmp_path_factory.mktemp("bad") / "case.toml"
    path.write_text(HEAD + "".join(tables for tables, _ in MISTAKES.values()), encoding="utf-8")
    with pytest.raises(InputError) as told:
        load_case(str(path))
    return list(told.value.problems)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_it_is_told_by_its_name(mistake: str, problems: list[str]) -> None:
    assert [line for line in problems if line.startswith(MISTAKES[mistake][1])], problems


def test_nothing_else_is_told(problems: list[str]) -> None:
    """What a wrong field's default would bring is no mistake."""
    expected = [line for _, line in MISTAKES.values()]
    assert [line for line in problems if not line.startswith(tuple(expected))] == [
        f"`device.grid.bus` = '110kV': {LONELY}: 10kV, heat"
    ]


def test_all_are_told_in_chinese(problems: list[str]) -> None:
    """But for names in quotes, no English word is left in them."""
    english = re.compile(r"\b(?:must|is|are|and|or|of|no|not|because|which|above)\b")
    said = {line: re.sub(r"`[^`]*`", "", translated_message(line, "zh")) for line in problems}
    assert [line for line, chinese in said.items() if english.search(chinese)] == []


@pytest.mark.parametrize(("lang", "told"), [("en", "must carry one of"), ("zh", "不得兼有")])
def test_check_tells_all_of_a_case_made_by_init(lang: str, told: str, typed: Run, tmp_path: Path) -> None:
    """Exit code 2 and every mistake once, though two variants of that case have other devices on its bus."""
    assert typed("init", tmp_path / "park").code == 0
    path = tmp_path / "park" / "case.toml"
    tables = "".join(tables for tables, _ in MISTAKES.values()).replace("10kV", "ac")
    out = "[{ begin = 2026-04-21T00:00:00, end = 2026-04-22T00:00:00 }]"
    text = path.read_text(encoding="utf-8").replace('kind = "grid"', f'kind = "grid"\nblackouts = {out}')
    path.write_text(text + tables, encoding="utf-8")
    code, _, err = typed("check", path, "--lang", lang)
    assert code == 2
    for field in (
        "loop.to_bus",
        "lonely.bus",
        "lonely.soc_min",
        "mills.daily_energy_mwh",
        "absorber.heat_bus",
    ):
        assert err.count(f"`device.{field}`") == 1, field
    assert err.count(told) == 1


def test_of_two_lonely_devices_each_is_told_the_bus_of_the_other(tmp_path: Path) -> None:
    lines = [line for line in HEAD.splitlines() if not line.startswith("blackouts")]
    (tmp_path / "case.toml").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(InputError) as told:
        load_case(str(tmp_path))
    assert told.value.problems == [
        f"`device.grid.bus` = '110kV': {LONELY}: 10kV",
        f"`device.works.bus` = '10kV': {LONELY}: 110kV",
    ]
