"""The right to wait, worked by hand: decided by what is known then, counted by what comes."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from parkdispatch.inputs.loader import load_case
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.waiting import Waiting
from parkdispatch.results.sizing.option_value import option_value
from parkdispatch.results.sizing.risk import FIGURES, risk_dataset
from parkdispatch.results.sizing.sizing_results import Choice
from tests.support.cases.sized_park import write_sized_park
from tests.support.small_case import add

TEN = Choice("ten", "ten", "", 10.0, 20.0, 1.0)
PRICE, LUCK = [1.0, 1.0, 2.0, 2.0], [5.0, 3.0, 3.0, 5.0]


def risk(now: list[float], later: list[float]) -> xr.Dataset:
    """Four scenarios of one choice in which a price and luck are in doubt."""
    figures = np.zeros((4, len(FIGURES) + 1, 1))
    figures[:, 0, 0], figures[:, -1, 0] = now, later
    return risk_dataset([TEN], pd.DataFrame({"price": PRICE, "luck": LUCK}), figures)


def test_all_is_known_then() -> None:
    """Built where it pays: 60 and 10 of four are 17.5; built anyway they would be 2.5, now 8.

    Were the losses counted too the right would be worth nothing.
    """
    value = option_value(risk([20, -4, 10, 6], [60, 10, -50, -10]), Waiting(years=5), "ten")
    assert value is not None
    assert (value.now_yuan, value.later_yuan, value.waiting_yuan) == (8.0, 2.5, 17.5)
    assert value.right_yuan == 9.5
    assert (value.built_share, value.best) == (0.5, "wait")


def test_only_the_price_is_known_then() -> None:
    """At the price of 1 it earns 60 or -10, 25 in the mean, and is built; at 2, -20 in the mean, it is not.

    (60 - 10) / 4 = 12.5. Were luck known too, (60 + 10) / 4 = 17.5 would be told.
    """
    value = option_value(risk([8] * 4, [60, -10, -50, 10]), Waiting(years=5, known=("price",)), "ten")
    assert value is not None
    assert value.waiting_yuan == pytest.approx(12.5)
    assert value.built_share == 0.5
    both = Waiting(years=5, known=("price", "luck"))
    everything = option_value(risk([8] * 4, [60, -10, -50, 10]), both, "ten")
    assert everything is not None
    assert everything.waiting_yuan == pytest.approx(17.5)


@pytest.mark.parametrize(
    ("now", "later", "best", "right"),
    [(30.0, 20.0, "build", 0.0), (-5.0, -1.0, "never", 0.0), (-5.0, 3.0, "wait", 3.0)],
)
def test_what_is_best_now(now: float, later: float, best: str, right: float) -> None:
    value = option_value(risk([now] * 4, [later] * 4), Waiting(years=5), "ten")
    assert value is not None
    assert value.best == best
    assert value.right_yuan == right


def test_without_a_later_figure_there_is_no_value() -> None:
    figures = np.zeros((4, len(FIGURES), 1))
    plain = risk_dataset([TEN], pd.DataFrame({"price": PRICE}), figures)
    assert option_value(plain, Waiting(years=5), "ten") is None


def test_an_unknown_doubt_is_refused(tmp_path: Path) -> None:
    path = write_sized_park(tmp_path)
    add('\n[sizing.wait]\nyears = 2\nknown = ["weather"]\n')(tmp_path)
    with pytest.raises(InputError, match=r"known\[0\]` = 'weather': is no doubt, must be of battery price"):
        load_case(str(path))
