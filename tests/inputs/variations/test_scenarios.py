"""Scenarios follow each doubt's distribution, and a table of one's own says all that is wrong with it."""

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.variations.changes import value_at
from parkdispatch.inputs.variations.scenarios import (
    case_of_scenario,
    draw_scenarios,
    quantile,
    read_scenarios,
)
from parkdispatch.models.device import Array
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import Sizing, Uncertainty

SHARES = (np.arange(1000) + 0.5) / 1000


@cache
def gaoan() -> Case:
    return load_case("gaoan")


def sizing() -> Sizing:
    sizing = gaoan().sizing
    assert sizing is not None
    return sizing


def doubt(**given: object) -> Uncertainty:
    return Uncertainty.model_validate({"name": "d", "fields": ["tariff.spread"], **given})


def test_a_longer_table_begins_with_the_shorter_one() -> None:
    """Growing a study must keep what was computed: 37 scenarios are the first of 500."""
    many, few = draw_scenarios(sizing(), 500, 1), draw_scenarios(sizing(), 37, 1)
    assert list(many) == [d.name for d in sizing().doubt]
    pd.testing.assert_frame_equal(many.iloc[:37], few)
    pd.testing.assert_frame_equal(draw_scenarios(sizing(), 1, 1), few.iloc[:1])
    assert not draw_scenarios(sizing(), 37, 2).equals(few), "the seed changes nothing"


def test_the_columns_are_drawn_apart() -> None:
    apart = sizing().model_copy(update={"correlation": ()})
    ranks = draw_scenarios(apart, 512, 1).rank().corr().to_numpy() - np.eye(len(apart.doubt))
    assert np.abs(ranks).max() < 0.1


def test_what_the_built_in_case_says_moves_together_does() -> None:
    """Prices of batteries and of cells at 0.7; a choice of two values has less than the 0.3 asked for it.

    Its values stand in the case as 1, 0: were they taken in that order, they would fall as the spread rises.
    """
    table = draw_scenarios(sizing(), 1024, 1).corr("spearman")
    cells = "replacement of the cells at their end of life, yuan"
    assert table.loc["battery price", cells] == pytest.approx(0.7, abs=0.02)
    assert table.loc["load growth a year", "demand price"] == pytest.approx(-0.3, abs=0.03)
    assert 0.1 < table.loc["peak-valley spread", "midday valley"] < 0.3


@pytest.mark.parametrize(
    ("given", "reference"),
    [
        ({"kind": "uniform", "low": -2.0, "high": 6.0}, stats.uniform(-2.0, 8.0)),
        ({"kind": "triangular", "low": 1.0, "mode": 2.0, "high": 5.0}, stats.triang(0.25, 1.0, 4.0)),
        ({"kind": "triangular", "low": 1.0, "high": 5.0}, stats.triang(0.5, 1.0, 4.0)),
        ({"kind": "triangular", "low": 1.0, "mode": 1.0, "high": 5.0}, stats.triang(0.0, 1.0, 4.0)),
        ({"kind": "triangular", "low": 1.0, "mode": 5.0, "high": 5.0}, stats.triang(1.0, 1.0, 4.0)),
        ({"kind": "normal", "mean": 3.0, "std": 2.0}, stats.norm(3.0, 2.0)),
        ({"kind": "normal", "mean": 3.0, "std": 2.0, "low": 2.0}, stats.truncnorm(-0.5, np.inf, 3.0, 2.0)),
        ({"kind": "normal", "mean": 3.0, "std": 2.0, "low": 0.0, "high": 4.0},
         stats.truncnorm(-1.5, 0.5, 3.0, 2.0)),
    ],
)  # fmt: skip
def test_a_quantile_is_where_that_share_lies(given: dict[str, object], reference: Any) -> None:
    """Put back into the distribution function of another hand, each value gives its share."""
    values: Array = quantile(doubt(**given), SHARES)
    assert reference.cdf(values) == pytest.approx(SHARES, abs=1e-9)
    assert (np.diff(values) > 0).all()


def test_a_triangle_by_hand() -> None:
    """From 0 to 10 with its top at 2, a fifth lies below 2, and half below 10 - sqrt(40)."""
    uncertainty = doubt(kind="triangular", low=0.0, mode=2.0, high=10.0)
    assert quantile(uncertainty, np.array([0.2, 0.5])) == pytest.approx([2.0, 10.0 - 40.0**0.5])


@pytest.mark.parametrize("kind", ["triangular", "normal"])
def test_a_doubt_without_width_is_a_number(kind: str) -> None:
    more = {"mean": 0.0, "std": 1.0} if kind == "normal" else {}
    uncertainty = doubt(kind=kind, low=2.0, high=2.0, **more)
    assert (quantile(uncertainty, SHARES) == 2.0).all()


def test_choices_come_as_often_as_their_weights() -> None:
    uncertainty = doubt(kind="choice", values=[5.0, 7.0, 9.0], weights=[1.0, 3.0, 0.0])
    values = quantile(uncertainty, np.append(SHARES, 1.0 - 1e-17))
    assert (values == 5.0).sum() == 250 and (values == 7.0).sum() == 751
    equal = quantile(doubt(kind="choice", values=[5.0, 7.0]), SHARES)
    assert (equal == 5.0).sum() == 500
    drawn = draw_scenarios(sizing(), 1024, 1)["midday valley"]
    assert (drawn == 0.0).mean() == pytest.approx(0.2, abs=0.003)


def test_nothing_in_doubt_is_refused() -> None:
    with pytest.raises(InputError, match="`sizing.doubt` is missing"):
        draw_scenarios(sizing().model_copy(update={"doubt": ()}), 4, 1)


def test_a_world_has_what_its_row_says() -> None:
    varied = case_of_scenario(gaoan(), {"load growth a year": 0.01, "ageing of the battery": 2.0})
    assert value_at(varied, "sizing.paths.load") == 0.01
    before = value_at(gaoan(), "device.battery_2.fade_per_year")
    assert value_at(varied, "device.battery_2.fade_per_year") == pytest.approx(2 * before)
    assert case_of_scenario(gaoan(), {}) == gaoan()
    every = case_of_scenario(gaoan(), draw_scenarios(sizing(), 1, 1).iloc[0].to_dict())
    assert every.weather != gaoan().weather and every.tariff != gaoan().tariff


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    text = 'scenario,"irradiation, MJ/m² a year",battery price\n7,4500,0.5\n\n8,4700.25,1.0\n'
    scenarios = read_scenarios(written(tmp_path, text), gaoan())
    assert scenarios.to_dict("list") == {
        "irradiation, MJ/m² a year": [4500.0, 4700.25],
        "battery price": [0.5, 1.0],
    }
    assert list(scenarios.index) == [0, 1]


def test_all_that_is_wrong_with_a_table_is_said_at_once(tmp_path: Path) -> None:
    text = (
        "batery price,load growth a year,peak-valley spread,weather year\n"
        '0.5,0.01,1.0,3\n0.5,"0,02",-1.0,2.5\n0.5,5,1.0,\n'
    )
    with pytest.raises(InputError) as refused:
        read_scenarios(written(tmp_path, text), gaoan())
    lines = refused.value.problems
    said = "\n".join(lines)
    assert "mine.csv: column 'batery price': must be the name of a doubt of the case: weather year," in said
    assert "did you mean `battery price`?" in said
    assert "mine.csv row 3: load growth a year = 0,02: must be a number; write decimals" in said
    assert "mine.csv row 4: load growth a year = 5: `sizing.paths.load` = 5" in said
    assert "mine.csv row 3: peak-valley spread = -1.0: `tariff.spread` = -1: must be 0 or more" in said
    assert "mine.csv row 3: weather year = 2.5: `weather.seed` = 2.5" in said
    assert "mine.csv row 4: weather year = missing: must be a number" in said
    assert len(lines) == 6


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "mine.csv: is empty"),
        (" \n\n", "mine.csv: is empty"),
        ("battery price\n", "mine.csv: has no rows below its header"),
        ("scenario\n1\n", "mine.csv: no column of a doubt; must have one of weather year,"),
        ("battery price,battery price\n1,1\n", "2 columns have the header 'battery price'"),
    ],
)
def test_a_table_that_is_none(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError) as refused:
        read_scenarios(written(tmp_path, text), gaoan())
    assert any(said in line for line in refused.value.problems)


def test_no_such_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine\.csv: no such file"):
        read_scenarios(tmp_path / "mine.csv", gaoan())


def test_a_row_of_another_case_is_refused() -> None:
    with pytest.raises(InputError, match="'price' is no doubt of the case"):
        case_of_scenario(gaoan(), {"price": 1.0})
    with pytest.raises(InputError, match="`sizing` is missing"):
        case_of_scenario(replace(gaoan(), sizing=None), {"price": 1.0})
