"""The study's own arithmetic, each figure worked by hand here."""

from functools import cache

import pytest

from parkdispatch.inputs.published.published_figures import Published, read_published
from parkdispatch.results.reproduction.comparison import ComparisonRow, comparison_in_words, csv_text
from parkdispatch.results.reproduction.own_arithmetic import ResponseReading, own_arithmetic
from tests.support.cases.published_plan import PLAN

READING = ResponseReading(events=60, yuan_per_kwh=4.0, mwh=41.4, rated_mwh=50.0, depth=0.9, efficiency=0.92)


def rows_of(plan: Published) -> dict[str, ComparisonRow]:
    rows = own_arithmetic(plan, read_published("factors"), READING, 20)
    assert len({row.key for row in rows}) == len(rows)
    return {row.key: row for row in rows}


@cache
def rows() -> dict[str, ComparisonRow]:
    return rows_of(read_published("gaoan-pilot-plan"))


BY_HAND = {
    # 7728.19 + 19872 + 2530.2; 1778.60 more than 28351.79
    "revenue_sum": (28351.79, 30130.39, "does_not_follow"),
    "response_one": (19872, 19872, "follows"),  # 20 x 60 x 4 x 41,400 kWh = 198,720,000 yuan
    "response_two": (19872, 19872, "follows"),  # 20 x 30 x 4 x 82,800
    "absorbed": (None, 3.0535843592, "implied"),  # 25,302,000 yuan / 20 / 0.4143 = 3,053,584 kWh
    "arbitrage_per_kwh": (None, 0.2557140494, "implied"),  # 3,864,095 yuan / (365 x 41,400 kWh)
    "phases_power": (50, 50, "follows"),
    "phases_energy": (100, 100, "follows"),
    "investment_per_kwh": (None, 2394, "implied"),  # 239.4e6 / 100,000
    "investment_per_w": (None, 4.788, "implied"),  # 239.4e6 / 50e6
    "large_power": (100, 100.05, "follows"),  # 0.05 % is rounding
    "large_energy": (200, 220.4, "does_not_follow"),
    "transformer": (None, 0.4166666667, "implied"),
    # 23940 = 1506.5195 x a: a = 15.8909 is what 20 payments of 1 are worth at 2.298 %; 7.94546 at 11.034 %
    "irr_whole": (0.0517, 0.0229790827, "does_not_follow"),
    "irr_whole_credited": (
        0.0517,
        0.0382892396,
        "does_not_follow",
    ),  # -23,940; 1,506.52 + 2,754.16; ... + 1,059.29
    "irr_half": (0.0517, 0.1103436235, "implied"),
    "payback_whole": (12.31, 16.8909327, "does_not_follow"),  # 1 + 23940 / 1506.5195
    "payback_half": (12.31, 8.9454664, "implied"),
    "irradiation": (None, 1286.0888889, "implied"),  # 4629.92 / 3.6
    "pv_rated": (300, 300.036, "follows"),
    "strings": (None, 34095, "implied"),
    "unit_power": (None, 6.00072, "implied"),
    "pv_investment": (None, 4.9994000720, "implied"),  # 1500e6 / 300.036e6
    "roof": (40, 40, "follows"),
    "both_power": (340, 340.036, "follows"),
    "pv_hours": (None, 933.2213468, "implied"),
    "both_hours": (None, 926.4705882, "implied"),
    "roof_hours": (None, 875, "implied"),  # 35,000 MWh / 40
    "park_pv_hours": (None, 1007.5358362, "implied"),
    "wind_hours": (None, 1562.5, "implied"),
    "coal_saved": (96200, 96232.5, "follows"),  # 315e6 kWh x 305.5 g
    "co2_central": (271000, 270490.5, "near"),
    "co2_per_kwh": (None, 0.8603174603, "does_not_follow"),
    "co2_per_coal": (None, 2.8170478170, "does_not_follow"),
    "pv_coal": (None, 85540, "implied"),
    "pv_co2": (None, 240888.8888889, "implied"),  # 271,000 x 280 / 315
    "electricity_share": (None, 0.1770666436, "implied"),
    "electricity_growth": (None, 0.0667048256, "implied"),  # 1.571483^(1/7)
    "electricity_supply": (None, 1338.4615385, "implied"),
    "electricity_calorific": (None, 3327.0951993, "implied"),
    "co2_supply": (259200, 718218.4615385, "does_not_follow"),
    "co2_calorific": (259200, 1785319.2839707, "does_not_follow"),
    "co2_share": (None, 0.0515584906, "implied"),
    "target_2025": (340, 340, "follows"),
    "target_2030": (None, 60, "implied"),
}


def test_nothing_is_left_unchecked() -> None:
    assert set(BY_HAND) == set(rows())


@pytest.mark.parametrize("key", BY_HAND)
def test_a_figure_worked_by_hand(key: str) -> None:
    published, computed, verdict = BY_HAND[key]
    row = rows()[key]
    assert (row.published, row.verdict) == (published, verdict)
    assert row.computed == pytest.approx(computed, rel=1e-8)
    if published is not None:
        assert row.deviation == pytest.approx(computed / published - 1, abs=1e-8)
    else:
        assert row.deviation is None


@pytest.mark.parametrize(
    ("key", "number", "value"),
    [
        ("revenue_sum", "missing", 1778.60),
        ("arbitrage_per_kwh", "yearly", 386.4095),
        ("absorbed", "share", 0.00969392),
        ("co2_supply", "implied", 0.19365517),
        ("co2_calorific", "implied", 0.07790580),
        ("electricity_supply", "mean_mw", 152.79241),
        ("pv_hours", "ratio", 0.72562709),  # 933.22 / 1286.09
        ("both_hours", "ratio", 0.72037835),
    ],
)
def test_a_number_of_a_sentence(key: str, number: str, value: float) -> None:
    assert rows()[key].numbers[number] == pytest.approx(value, rel=1e-6)


def test_every_published_figure_is_in_some_row() -> None:
    seen = {key for row in rows().values() for key in row.figures}
    assert seen >= set(PLAN) - {"equity_irr", "equity_payback"}  # these only a cash flow can tell


def test_a_plan_whose_sum_is_right_follows() -> None:
    """Had the plan added up its parts, no line would be drawn under it."""
    plan = read_published("gaoan-pilot-plan")
    figures = tuple(
        figure.model_copy(update={"value": 30130.39}) if figure.key == "revenue" else figure
        for figure in plan.figure
    )
    assert rows_of(plan.model_copy(update={"figure": figures}))["revenue_sum"].verdict == "follows"


@pytest.mark.parametrize(
    ("lang", "sentence"),
    [
        ("en", "7,728.19 + 19,872.00 + 2,530.20 = 30,130.39; the plan's total is 1,778.60 less"),
        ("zh", "7,728.19 + 19,872.00 + 2,530.20 = 30,130.39；方案合计少1,778.60"),
    ],
)
def test_the_sentences_have_the_numbers(lang: str, sentence: str) -> None:
    told = comparison_in_words(rows().values(), read_published("gaoan-pilot-plan"), lang)
    assert sentence in told[0].rests_on
    for said in told:
        assert "{" not in said.figure + said.rests_on + said.cannot
        assert said.rests_on.endswith((".", "。"))
        # one plain sentence of what cannot be reproduced for each kind that does not follow
        assert not said.cannot or said.row.verdict in ("does_not_follow", "far")


def test_the_file_has_just_these_columns_and_nothing_rounded() -> None:
    told = comparison_in_words(rows().values(), read_published("gaoan-pilot-plan"), "en")
    lines = csv_text(told).splitlines()
    assert lines[0] == "view,figure,unit,published,computed,deviation,rests_on"
    assert len(lines) == len(BY_HAND) + 1
    assert lines[1].startswith(
        'Arithmetic of the study,"Total revenue, 20 years",10⁴ yuan,28351.79,30130.39,0.0627'
    )
    assert ",,3.0535843591600287,," in lines[4]  # nothing published, so no deviation
