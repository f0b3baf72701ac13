"""What is wrong with phases, waiting, correlations and replacement is said in Chinese."""

from pathlib import Path

import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.interfaces.translations.catalogue import translated_message
from parkdispatch.models.errors import InputError
from tests.support.small_case import add, write_case

MONEY = "\n[finance]\ninvestment_yuan = 20000000.0\n"
SIZING = """
[sizing]
device = "battery_1"
power_mw = { min = 0.0, max = 20.0, step = 10.0 }
duration_hours = { min = 1.0, max = 2.0, step = 1.0 }
price = { yuan_per_kwh = 1000.0 }
doubt = [
    { name = "a", fields = ["sizing.price_multiple"], kind = "uniform", low = 0.5, high = 1.1 },
    { name = "b", fields = ["sizing.paths.load"], kind = "uniform", low = -0.02, high = 0.02 },
    { name = "c", fields = ["tariff.spread"], kind = "uniform", low = 0.7, high = 1.2 },
]
"""
PHASE = '[[phases.phase]]\nname = "{}"\ndevices = ["battery_{}"]\ncommissioned = {}\n{}\n'
RANK = '[[sizing.correlation]]\ndoubts = ["{}", "{}"]\nrank = {}\n'
BAD = {
    "years": PHASE.format("one", 1, 1, ""),
    "falling": PHASE.format("one", 1, 3, "") + PHASE.format("two", 2, 2, ""),
    "no battery": PHASE.format("one", 9, 0, ""),
    "shares": PHASE.format("one", 1, 0, "modular_share = 0.4"),
    "known": SIZING + '[sizing.wait]\nyears = 2\nknown = ["z"]\n',
    "impossible": SIZING
    + RANK.format("a", "b", 1.0)
    + RANK.format("b", "c", 1.0)
    + RANK.format("a", "c", -1.0),
    "twice": SIZING + RANK.format("a", "b", 0.1) + RANK.format("b", "a", 0.1),
    "health": '[finance.replacement]\nmode = "augmentation"\naugmented_health = 0.5\n',
    "mode": '[finance.replacement]\nmode = "renewal"\n',
    "a list": "[yearly_changes]\nload = true\n",
}


@pytest.mark.parametrize("tables", BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_in_chinese(tables: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load_case(str(write_case(tmp_path, add(MONEY + tables))))
    assert [line for line in caught.value.problems if translated_message(line, "zh") == line] == []
