"""Invalid sizing inputs on the command line: all reported at once, no file written."""

from pathlib import Path

import pytest

from parkdispatch.inputs.loader import load_case
from tests.support.small_case import Damage, add, write_case
from tests.support.typed_commands import Run

FINANCE = "\n[finance]\ninvestment_yuan = 20000000.0\n"
SIZING = """
[sizing]
device = "battery_1"
power_mw = { min = 0.0, max = 20.0, step = 10.0 }
duration_hours = { min = 1.0, max = 2.0, step = 1.0 }
price = { yuan_per_kwh = 1000.0 }
"""
OFFER = '[[sizing.offer]]\nname = "x"\npower_mw = 10.0\nenergy_mwh = 20.0\n'


def with_sizing(old: str = "", new: str = "", more: str = "", money: str = FINANCE) -> tuple[Damage, ...]:
    assert old in SIZING
    return (add(money + SIZING.replace(old, new) + more),)


BAD: dict[str, tuple[tuple[Damage, ...], tuple[str, ...]]] = {
    "no finance": (
        with_sizing(money=""),
        ("`finance` is missing: must be given, because `sizing` asks what a size returns",),
    ),
    "impossible bounds": (
        with_sizing("min = 0.0, max = 20.0, step = 10.0", "min = 30.0, max = 20.0, step = 10.0"),
        ("`sizing.power_mw.min` = 30 must be below max = 20",),
    ),
    "a step too small": (
        with_sizing("max = 20.0, step = 10.0", "max = 20.0, step = 0.001"),
        ("`sizing.power_mw.step` = 0.001: makes more than 101 of 0 to 20, must be at least 0.2",),
    ),
    "below zero": (
        with_sizing("min = 0.0, max = 20.0", "min = -5.0, max = 20.0"),
        ("`sizing.power_mw.min` = -5.0: must be in [0, 100000]",),
    ),
    "no duration": (
        with_sizing("min = 1.0, max = 2.0, step = 1.0", "min = 0.0, max = 2.0, step = 1.0"),
        ("`sizing.duration_hours.min` = 0: must be above 0, because a battery without energy is none",),
    ),
    "an unknown device": (
        with_sizing('"battery_1"', '"batery_1"'),
        ("`sizing.device` = 'batery_1': must be a battery of the case", "did you mean `battery_1`?"),
    ),
    "a device that stores nothing": (
        with_sizing('"battery_1"', '"pv"'),
        ("`sizing.device` = 'pv': must be a battery of the case: battery_1",),
    ),
    "an offer without a price": (
        with_sizing(more=OFFER),
        (
            "`sizing.offer[0]`",
            "investment_yuan, yuan_per_wh: must be one of them, because an offer has a price",
        ),
    ),
    "an offer with two prices": (
        with_sizing(more=OFFER + "investment_yuan = 1e6\nyuan_per_wh = 1.0\n"),
        ("investment_yuan and yuan_per_wh: must be one of them, not both",),
    ),
    "half a module": (
        with_sizing(more=OFFER + "yuan_per_wh = 1.0\nmodules = 0\n"),
        ("`sizing.offer[0].modules` = 0: must be",),
    ),
    "two offers of a name": (
        with_sizing(more=(OFFER + "yuan_per_wh = 1.0\n") * 2),
        ("offer: 'x' is the name of several, must be of one",),
    ),
    "a number that is not there": (
        with_sizing(more='[sizing.standing]\n"device.battery_1.state_of_helth" = 0.9\n'),
        ("`sizing.standing`", "no such field as `state_of_helth`"),
    ),
    "nothing known later": (  # left out is all of them, an empty list would be none
        with_sizing(more="[sizing.wait]\nyears = 2\nknown = []\n"),
        ("`sizing.wait.known` = []: must have at least 1 entries, not 0",),
    ),
    "a path in percent": (
        with_sizing(more="[sizing.paths]\nbattery_price = -6\n"),
        ("`sizing.paths.battery_price` = -6: must be",),
    ),
    "a path of prices that are the user's own": (
        (
            *with_sizing(more="[sizing.paths]\npurchase_price = 0.02\n"),
            add('[series."grid.purchase_price_yuan_per_mwh"]\nfile = "load.csv"\n'),
        ),
        ("`sizing.paths.purchase_price` = 0.02: must be 0, because the prices of `grid` are read from",),
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_sizing_exits_2_and_writes_nothing(
    name: str, typed: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    damages, said = BAD[name]
    path = write_case(tmp_path, *damages)
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    code, out, err = typed("check", path)
    assert (code, out) == (2, ""), out
    assert [words for words in said if words not in err] == [], err
    assert all(line.startswith("input: ") for line in err.splitlines())
    assert sorted(tmp_path.rglob("*")) == before


def test_a_good_question_is_good(tmp_path: Path) -> None:
    """Checks that the unmodified case is valid."""
    case = load_case(str(write_case(tmp_path, *with_sizing(more=OFFER + "yuan_per_wh = 1.0\n"))))
    assert case.sizing is not None
    assert case.sizing.offer[0].price_yuan == 20e6


def test_all_of_it_comes_together(typed: Run, tmp_path: Path) -> None:
    path = write_case(
        tmp_path, *with_sizing('"battery_1"', '"x"', more='[sizing.standing]\n"a.b" = 1\n', money="")
    )
    code, _, err = typed("check", path)
    assert code == 2
    told = ("`sizing.device` = 'x'", "`finance` is missing", "`sizing.standing`: 'a.b' = 1")
    assert [words for words in told if words not in err] == [], err
