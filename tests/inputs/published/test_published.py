"""The published figures as data: every one of them, with the numbers as published."""

import re

import pytest
from pydantic import ValidationError

from parkdispatch.inputs.published.published_figures import Figure, Published, read_published
from tests.support.cases.published_plan import PLAN

TARGETS = [
    "arbitrage", "demand_response", "absorption", "project_irr", "project_payback", "equity_irr",
    "equity_payback",
]  # fmt: skip
FACTORS = {
    "coal_today": 302.4, "coal_2020": 305.5, "calorific": 122.9, "jiangxi_2023": 0.5836,
    "jiangxi_2022": 0.5752, "national_2023": 0.5306, "national_2022": 0.5366, "fossil_2023": 0.8273,
    "coal_benchmark": 0.4143, "central_china_margin": 0.8587,
}  # fmt: skip


def test_every_figure_of_the_plan_is_there_as_published() -> None:
    plan = read_published("gaoan-pilot-plan")
    assert {figure.key: figure.value for figure in plan.figure} == PLAN
    assert [figure.key for figure in plan.targets] == TARGETS
    assert {figure.within for figure in plan.targets} == {0.005}
    assert plan["irradiation"] == 4629.92
    with pytest.raises(KeyError):
        plan["irradiance"]


def test_the_factors_are_there() -> None:
    factors = read_published("factors")
    assert {figure.key: figure.value for figure in factors.figure} == FACTORS
    assert factors.targets == ()


def test_every_figure_says_where_it_stands_and_has_two_names() -> None:
    for figure in (*read_published("gaoan-pilot-plan").figure, *read_published("factors").figure):
        assert len(figure.says) > 20, figure.key
        assert re.search("[\u4e00-\u9fff]", figure.says_zh), figure.key
        assert any("\u4e00" <= letter <= "\u9fff" for letter in figure.name_zh), figure.key
        assert not any("\u4e00" <= letter <= "\u9fff" for letter in figure.name), figure.key


def test_the_sentence_has_the_number() -> None:
    """As it is written there: 5.0273 million t is 5,027,300 t, 1,500 million yuan 150,000 x 10^4."""
    written = {
        "pv_energy": "2.8 x 10^8", "pv_investment": "1,500 million", "co2_all": "5.0273 million",
        "storage_investment": "239.40 million", "project_irr": "5.17 %", "equity_irr": "12.2 %",
        "wind_energy": "15.00", "phase_power": "25 MW", "phase_energy": "50 MWh",
    }  # fmt: skip
    for figure in read_published("gaoan-pilot-plan").figure:
        number = f"{figure.value:,.10g}" if figure.value != 4629.92 else "4629.92"
        assert written.get(figure.key, number) in figure.says, figure.key


def test_a_figure_twice_or_without_a_known_unit_is_refused() -> None:
    figure = {
        "key": "a",
        "name": "A",
        "name_zh": "甲",
        "unit": "mw",
        "value": 1.0,
        "says": "A is 1.",
        "says_zh": "甲为1。",
    }
    with pytest.raises(ValidationError, match="a is there twice"):
        Published.model_validate({"name": "x", "title": "X", "title_zh": "X", "figure": [figure, figure]})
    with pytest.raises(ValidationError, match="unit"):
        Figure.model_validate({**figure, "unit": "kW"})
