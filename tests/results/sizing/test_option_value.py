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
    """At the price of 1 it earns 60 or -10, at 2 -50 or 10, as luck has it, and luck is not known then.

    The first and the third decide the others: 60 at 1, so that -10 is built, and -50 at 2. The others decide
    them: -10 at 1, and 10 at 2, so that -50 is built. (-10 - 50) / 4 = -15: four scenarios know nothing.
    Decided by the line through all of them, 25 at 1 and -20 at 2, it would be (60 - 10) / 4 = 12.5. Were luck
    known too, (60 + 10) / 4 = 17.5.
    """
    value = option_value(risk([8] * 4, [60, -10, -50, 10]), Waiting(years=5, known=("price",)), "ten")
    assert value is not None
    assert value.waiting_yuan == pytest.approx(-15.0)
    assert value.built_share == 0.5
    both = Waiting(years=5, known=("price", "luck"))
    everything = option_value(risk([8] * 4, [60, -10, -50, 10]), both, "ten")
    assert everything is not None
    assert everything.waiting_yuan == pytest.approx(17.5)


def noisy(count: int, seed: int, slope: float) -> xr.Dataset:
    """Scenarios whose NPV is a slope times a price of -1 to 1, and luck of a mean of zero."""
    draw = np.random.default_rng(seed)
    price, luck = draw.uniform(-1.0, 1.0, count), draw.normal(0.0, 10.0, count)
    figures = np.zeros((count, len(FIGURES) + 1, 1))
    figures[:, -1, 0] = slope * price + luck
    return risk_dataset([TEN], pd.DataFrame({"price": price, "luck": luck}), figures)


def test_few_scenarios_do_not_flatter_the_right() -> None:
    """A price that says nothing is worth nothing to know, in the mean of 300 studies of eight draws.

    Decided by the line through all eight, luck alone would be told as a right worth 2.0.
    """
    wait = Waiting(years=5, known=("price",))
    values = [option_value(noisy(8, seed, 0.0), wait, "ten") for seed in range(300)]
    mean = np.mean([value.waiting_yuan for value in values if value is not None])
    assert abs(mean) < 0.3


def test_what_many_scenarios_know_is_worth_what_it_is() -> None:
    """Built where a price of -1 to 1 is above zero, at 20 a unit: 20 x 1/2 x 1/2 = 5, within its error."""
    value = option_value(noisy(4096, 1, 20.0), Waiting(years=5, known=("price",)), "ten")
    assert value is not None
    assert value.waiting_yuan == pytest.approx(5.0, abs=3 * value.error_yuan)
    assert 0.1 < value.error_yuan < 0.2


def test_the_standard_error_by_hand() -> None:
    """What waiting adds to never: 60, 0, 0 and 0 of four: 15 in the mean, 30 of deviation, 15 of error."""
    value = option_value(risk([-8] * 4, [60, -10, -50, -10]), Waiting(years=5), "ten")
    assert value is not None
    assert (value.right_yuan, value.error_yuan) == (15.0, pytest.approx(15.0))


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


def test_a_wait_beyond_the_operation_is_refused(tmp_path: Path) -> None:
    path = write_sized_park(tmp_path)
    add("\n[sizing.wait]\nyears = 4\n")(tmp_path)
    said = r"`sizing.wait.years` = 4: must be at most `finance.operation_years` = 3"
    with pytest.raises(InputError, match=said):
        load_case(str(path))
