"""The decision of a size study in plain words: each case by hand, in both languages."""

from dataclasses import replace

import pytest

from parkdispatch.models.finance.sizing_section import PresentPrice
from parkdispatch.results.sizing.decision import (
    decision,
    reported_choice,
    verdict,
)
from parkdispatch.results.sizing.decision_words import paragraph
from parkdispatch.results.sizing.loss_regions import loss_regions
from parkdispatch.results.sizing.present_price import present_npv_yuan
from parkdispatch.results.sizing.sizing_results import NEVER, Choice, SizeStudy
from parkdispatch.results.wording.languages import LANGS
from parkdispatch.results.wording.words import load_words
from tests.support.size_studies import (
    STUDIES,
    asked,
    best_given,
    cash_of,
    given,
    made,
    offered,
    project,
    risk_given,
    surface_given,
    valued,
    when_given,
)

A, B = (25.0, 50.0), (48.3, 106.4)
GOOD_A, GOOD_B = valued("offer_1", A, 41.4e6, 1.2, 2.29), valued("offer_2", B, 35.8e6, 1.2, 1.64)
POOR_A, POOR_B = valued("offer_1", A, -30.7e6, 2.394, 1.61), valued("offer_2", B, -80e6, 2.394, 1.2)
DOUBTS = {
    "midday valley": [0.0] * 3 + [1.0] * 7,  # lost in the three without it, or one in 120 by chance
    "peak-valley spread": [1.0, 0.9, 1.1, 1.0, 1.05, 0.95, 1.0, 0.98, 1.02, 1.0],
}
LOSES_THREE = {
    "never": [0.0] * 10,
    "offer_1": [-6e6, -2e6, -1e6] + [50e6] * 7,
    "offer_2": [-9e6] * 3 + [40e6] * 7,
}


def said(study: SizeStudy, lang: str = "en") -> str:
    return paragraph(study, load_words(lang, "size"))


def keys(study: SizeStudy) -> list[str]:
    return [statement.key for statement in decision(study)]


def test_build_now() -> None:
    study = given(GOOD_A, GOOD_B, best=best_given(A, 8.5e6), risk=risk_given(LOSES_THREE, DOUBTS))
    assert said(study) == (
        "Build 25 MW / 50 MWh now: its NPV after income tax is 41.4 million yuan. 25 MW / 50 MWh is"
        " profitable up to a price of 2.29 yuan/Wh; it costs 1.20 yuan/Wh. Co-optimisation gives the same"
        " size: with capital as an annuity it lowers the cost of the first year by 8.5 million yuan. Built"
        " now, 25 MW / 50 MWh loses money in 30% of 10 scenarios, mostly where the midday valley disappears."
        " In the worst 10% of them it loses 6.0 million yuan on average. Of the choices built now, the"
        " expected value and the minimax regret choose 25 MW / 50 MWh; the worst case and the mean of the"
        " worst cases (CVaR) choose no increment."
    )
    assert said(study, "zh") == (
        "建议现在建设 25 MW / 50 MWh：全寿命期净现值（所得税后）4,140 万元。25 MW / 50 MWh 的价格不超过"
        " 2.29 元/Wh 时可以盈利，目前为 1.20 元/Wh。协同优化的规模与此相同：首年总费用比不建少 850 万元（投"
        "资按年金计）。现在建设，25 MW / 50 MWh 在 10 个情景中有 30% 亏损，多出现在午间低谷取消时。最差的"
        " 10% 情景中平均亏损 600 万元。在现在建设的各方案中，按期望值和最小后悔值选择 25 MW / 50 MWh；按最"
        "坏情景和最差情景均值（条件风险价值）选择不建。"
    )


def test_build_later() -> None:
    """In the third year of four, from 2026 on; now nothing pays, which the co-optimisation says too."""
    when = when_given({"offer_1": [-30.7e6, -9e6, 4.2e6, 3e6], "offer_2": [-80e6, -60e6, -40e6, -20e6]})
    study = given(POOR_A, POOR_B, when=when, best=best_given((0.0, 0.0), 0.0))
    assert said(study) == (
        "Build 25 MW / 50 MWh at a price below 1.61 yuan/Wh; the case has it at 2.39 yuan/Wh. Do not build"
        " now; build 25 MW / 50 MWh in 2028: its NPV is 4.2 million yuan, discounted to today, against a"
        " loss of 30.7 million yuan if built now. Co-optimisation agrees: with capital as an annuity, no"
        " size lowers the cost of the first year."
    )
    assert said(study, "zh") == (
        "25 MW / 50 MWh 的价格低于 1.61 元/Wh 时可以建设，算例价格为 2.39 元/Wh。现在不宜建设，建议 2028"
        " 年建设 25 MW / 50 MWh：折算到今天的净现值为 420 万元，现在建设则亏损 3,070 万元。协同优化与此一致："
        "投资按年金计，没有任何规模能降低首年总费用。"
    )
    sure = replace(study, when=when_given({"offer_1": [-30.7e6, 1e6, 2e6, 4.2e6]}))
    assert (
        "At the case's price do not build now: 25 MW / 50 MWh loses 30.7 million yuan. Building is profitable"
        " from 2027 on. The NPV, 4.2 million yuan discounted to today, is highest in 2029, the last year"
        " examined: that recommends no year."
    ) in said(sure)
    assert "in 2029: its NPV" not in said(sure)
    unsure = replace(study, when=when_given({"offer_1": [-30.7e6, 1e6, -2e6, 4.2e6]}))
    assert "Building is profitable from" not in said(unsure), "not in every year after"
    at_once = replace(study, surface=surface_given([[0.0, 0.0], [181_830.0, -2e6]]))
    assert (
        "At the general unit price 10 MW / 10 MWh is already profitable now, with an NPV of 181,830 yuan."
        in said(at_once)
    )


def test_build_later_though_it_pays_now() -> None:
    study = given(GOOD_A, when=when_given({"offer_1": [41.4e6, 45e6]}))
    assert said(study) == (
        "Build 25 MW / 50 MWh in 2027 rather than now: its NPV is 45.0 million yuan, discounted to today,"
        " against 41.4 million yuan if built now. The NPV, 45.0 million yuan discounted to"
        " today, is highest in 2027, the last year examined: that recommends no year."
        " 25 MW / 50 MWh is profitable up to a price of 2.29 yuan/Wh; it costs 1.20 yuan/Wh."
    )
    equal = given(GOOD_A, when=when_given({"offer_1": [41.4e6, 41.4e6]}))
    assert keys(equal)[0] == "build_now", "of equal years the earliest"


def test_never_build() -> None:
    """What loses least now is not what would lose least later, and the first to pay is told by its price."""
    study = given(
        POOR_A,
        POOR_B,
        when=when_given({"offer_1": [-30.7e6, -29e6], "offer_2": [-80e6, -28e6]}),
        surface=surface_given([[0.0, 0.0], [-1e6, -2e6], [-2e6, -9e6]]),
        best=best_given((12.04, 20.0), 250_000.0),
    )
    assert said(study) == (
        "Build 25 MW / 50 MWh at a price below 1.61 yuan/Wh; the case has it at 2.39 yuan/Wh."
        " Do not build at the case's price: the best choice, 25 MW / 50 MWh, has an NPV of -30.7 million"
        " yuan."
        " None of the 4 sizes examined has a positive NPV. No year of commissioning up to 2027 is"
        " profitable: the smallest loss is that of 48.3 MW / 106.4 MWh in 2027, 28.0 million yuan discounted"
        " to today."
        " Co-optimisation gives a different size, 12.04 MW / 20 MWh: with capital as an annuity it lowers"
        " the cost of the first year by 250,000 yuan. Co-optimisation considers the first year only and any"
        " size; the NPV includes all years with ageing, operating costs, tax and residual value."
    )
    assert said(study, "zh").startswith(
        "25 MW / 50 MWh 的价格低于 1.61 元/Wh 时可以建设，算例价格为 2.39 元/Wh。"
        "按算例价格不宜建设：最好的方案 25 MW / 50 MWh 全寿命期亏损 3,070 万元。所考察的 4 个规模净现值均不"
        "为正。到 2027 年为止，任何一年建设也不能盈利：亏损最小的是 2027 年建设 48.3 MW / 106.4 MWh，"
        "折算到今天亏损 2,800 万元。"
    )
    decided = verdict(study)
    assert decided
    assert (decided.build, decided.choice.key, decided.year) == (False, "offer_2", 1)


def test_a_size_of_the_surface_that_nobody_offers() -> None:
    surface = surface_given([[0.0, 0.0], [1e6, 2e6], [-2e6, -9e6]])
    study = given(POOR_A, surface=surface, best=best_given((12.0, 20.0), 250_000.0))
    assert keys(study) == ["build_now", "not_on_offer", "pays_below", "best_near"]
    assert said(study).startswith(
        "Build 10 MW / 20 MWh now: its NPV after income tax is 2.0 million yuan. No offer has this size; it"
        " is valued at the general unit price. Build 25 MW / 50 MWh at a price below"
    )
    good = given(GOOD_A, surface=surface_given([[0.0], [60e6]]))
    assert keys(good) == ["build_now", "not_on_offer", "best_offer", "pays_up_to"]
    assert "Among the offers, 25 MW / 50 MWh has the highest NPV, 41.4 million yuan." in said(good)


@pytest.mark.parametrize(
    ("npv", "chosen"),
    [
        ({"never": [0.0] * 10, "offer_1": [1e6] * 10, "offer_2": [4e6] * 9 + [0.5e6]},
         "the expected value and the minimax regret choose 48.3 MW / 106.4 MWh; the worst case and the mean"
         " of the"
         " worst cases (CVaR) choose 25 MW / 50 MWh."),
        ({"never": [0.0] * 10, "offer_1": [5e6] * 10, "offer_2": [4e6] * 10},
         "expected value, CVaR, worst case and regret all choose 25 MW / 50 MWh."),
    ],
)  # fmt: skip
def test_ways_of_choosing_that_differ_are_told(npv: dict[str, list[float]], chosen: str) -> None:
    assert said(given(GOOD_A, GOOD_B, risk=risk_given(npv, DOUBTS))).endswith(chosen)


def test_how_often_it_loses() -> None:
    never, always = [1e6] * 10, [-1e6] * 10
    for npv_yuan, words in (
        (
            never,
            "loses money in none of 10 scenarios. Even in the worst 10% of them its mean NPV is 1.0 million",
        ),
        (always, "loses money in all of 10 scenarios. In the worst 10% of them it loses 1.0 million yuan"),
    ):
        assert words in said(
            given(GOOD_A, risk=risk_given({"never": [0.0] * 10, "offer_1": npv_yuan}, DOUBTS))
        )


def test_where_it_loses_is_told_only_where_chance_would_not_show_it() -> None:
    """Two of ten lost without the valley may be chance (1 in 15); then no place is named."""
    npv_yuan = [-1e6, -1e6] + [1e6] * 8
    risk = risk_given({"never": [0.0] * 10, "offer_1": npv_yuan}, {"midday valley": [0.0] * 3 + [1.0] * 7})
    assert loss_regions(risk, "offer_1") == ()
    assert "loses money in 20% of 10 scenarios. In the worst" in said(given(GOOD_A, risk=risk))
    (region,) = loss_regions(risk_given(LOSES_THREE, DOUBTS), "offer_1")
    assert (region.name, region.side, region.value, region.loss_share, region.of_losses) == (
        "midday valley",
        "is",
        0,
        1,
        1,
    )
    assert region.chance == pytest.approx(1 / 120)


def test_where_a_doubt_lies_is_told_by_its_middle() -> None:
    spread = [0.7 + 0.01 * number for number in range(20)]
    ghi = [4400.0 + 10 * number for number in range(20)]
    income = [0.1 * number for number in range(20)]
    npv_yuan = {"never": [0.0] * 20, "offer_1": [-1e6] * 9 + [1e6] * 11}
    for name, values, words in (
        ("peak-valley spread", spread, "mostly where peak-valley spread is below 0.795."),
        ("irradiation, MJ/m² a year", ghi, "mostly where irradiation, MJ/m² a year is below 4,495."),
        ("income of demand response", income,
         "mostly where income of demand response is below 0.95 times the value of the case."),
    ):  # fmt: skip
        assert words in said(given(GOOD_A, risk=risk_given(npv_yuan, {name: values})))
    high = risk_given(
        {"never": [0.0] * 20, "offer_1": npv_yuan["offer_1"][::-1]}, {"peak-valley spread": spread}
    )
    assert "多出现在峰谷价差高于 0.795 时" in said(given(GOOD_A, risk=high), "zh")


def test_what_is_not_proven_is_told() -> None:
    open_years = given(valued("offer_1", A, 41.4e6, 1.2, 2.29, gap=3e-5))
    assert said(open_years).endswith(
        "Not every dispatched year is proven optimal: the largest gap is 3.00e-05."
    )
    open_best = given(best=best_given((12.0, 20.0), 250_000.0, gap=0.002))
    assert said(open_best) == (
        "The cost of the first year, with capital as an annuity, is lowest with 12 MW / 20 MWh: 250,000 yuan"
        " less than without it. The co-optimised size is not proven optimal: its gap is 0.200%, at most"
        " 999,500 yuan a year."
    )
    assert said(open_best, "zh").endswith("协同优化的规模尚未证明最优：间隙为 0.200%，每年至多 100 万元。")
    met = given(best=best_given((12.0, 20.0), 250_000.0, gap=9e-7))
    assert said(met).endswith(
        "Proven: no size and no dispatch lowers the cost of the first year by more than another 450 yuan."
        " It covers what the optimizer prices: the 90 % demand price of full use only in months that reach it"
        " whatever is dispatched."
    )
    assert keys(given(best=best_given((12.0, 20.0), 250_000.0, gap=9e-9))) == ["best_alone"]


def test_what_was_not_computed_is_not_mentioned() -> None:
    assert keys(given(GOOD_A)) == ["build_now", "pays_up_to"]
    assert keys(given(valued("offer_1", A, 1e6))) == ["build_now"]  # no break-even price
    assert keys(given(POOR_A)) == ["pays_below", "build_never"]
    assert keys(given(surface=surface_given([[0.0], [-1e6], [-2e6]]))) == ["build_never"]
    assert said(given()) == "No part was computed from which a decision follows."
    assert said(given(), "zh") == "没有计算任何可据以决策的内容。"
    assert verdict(given()) is None


def test_a_size_of_no_more_than_rounding_is_nothing() -> None:
    study = given(POOR_A, best=best_given((0.2, 0.4), 30.0))
    assert keys(study) == ["pays_below", "build_never", "best_is_nothing"]


def test_sizes_allowed_only_above_nothing_may_all_cost_more() -> None:
    study = given(POOR_A, best=best_given((10.0, 10.0), -2e6))
    assert (
        "Among the permitted sizes 10 MW / 10 MWh has the lowest cost in the first year, still 2.0 million"
        " yuan more than without an increment" in said(study)
    )


def test_a_gift_that_does_not_pay() -> None:
    assert said(given(valued("offer_1", A, -5e6, 0.1, -0.2))).endswith(
        "It is not profitable now at any positive price."
    )


def test_two_offers_of_one_size_are_told_by_their_names() -> None:
    study = given(GOOD_A, valued("offer_3", A, 30e6, 1.3, 2.29))
    assert said(study).startswith("Build make 1 now")
    assert said(study, "zh").startswith("建议现在建设型号1：")


def test_risk_is_told_of_what_would_be_built() -> None:
    """Of the verdict's choice, or of the best offer, or of the best on average; never of nothing."""
    risk = risk_given(LOSES_THREE, DOUBTS)
    reported = reported_choice(given(GOOD_A, GOOD_B, risk=risk))
    assert reported is not None
    assert reported.key == "offer_1"
    poor = reported_choice(given(POOR_B, POOR_A, risk=risk))
    assert poor is not None
    assert poor.key == "offer_1"
    only_never = risk_given({NEVER: [0.0] * 10}, DOUBTS)
    assert reported_choice(given(GOOD_A, risk=only_never)) is None


@pytest.mark.parametrize("kind", STUDIES)
def test_no_sentence_lacks_its_words(kind: str) -> None:
    for lang in LANGS:
        text = said(made(**STUDIES[kind]), lang)
        assert "{" not in text
        assert len(text) > 150


PRESENT = PresentPrice(yuan_per_wh=0.95, date="2025-11", source="tenders", source_zh="招标")


def test_the_verdict_at_a_present_price_is_told_with_its_date_and_source() -> None:
    """At 2.394 yuan/Wh the offer loses, at 0.95 it pays; the NPV is that of the same years at that price."""
    study = given(offered(Choice("offer_1", "make 1", "型号1", 25.0, 50.0, 119.7e6), 0.9))
    (_, offer) = study.offers
    assert offer.cash and offer.lifetime and offer.cash.returns["project_after_tax"].npv_yuan < 0
    study = replace(study, sizing=asked(present_price=PRESENT))
    npv = project(cash_of(offer.lifetime, 25.0, 47.5e6 - 25e3 * 200.0)).npv_yuan  # less the station
    assert present_npv_yuan(study) == {"offer_1": pytest.approx(npv)}
    assert npv > 0
    assert "At 0.95 yuan/Wh (2025-11: tenders) build 25 MW / 50 MWh now: its NPV is" in said(study)
    assert "按 0.95 元/Wh（2025-11：招标）现在即可建设 25 MW / 50 MWh：净现值" in said(study, "zh")
    dear = replace(study, sizing=asked(present_price=PRESENT.model_copy(update={"yuan_per_wh": 5.0})))
    assert keys(dear)[2] == "present_loses"


def test_the_price_that_leads_is_that_of_an_offer() -> None:
    """What nobody offers may break even at a higher price; that is no price to buy at."""
    study = given(POOR_A, valued("best", (2.78, 8.7), -3.9e6, 2.30, 1.73))
    assert said(study).startswith("Build 25 MW / 50 MWh at a price below 1.61 yuan/Wh;")
