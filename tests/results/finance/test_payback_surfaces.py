"""Payback of a flow that relapses, on every surface: both crossings, "never", and none beside a loss.

By hand: -100, 60, 60, -50, 40, 40 is 20 above zero after two years, 30 below after a replacement in the
third, and above for good in the fifth: first 1 + 100 / 60 = 2.67 years, for good 4 + 30 / 40 = 4.75 years.
"""

import numpy as np
import pytest

from parkdispatch.results.finance.returns import Payback, payback, returns, years_or_never
from parkdispatch.results.finance.tornado import Bar, BarEnd, Measures, Tornado
from parkdispatch.results.views.study_tables import construction_years_text, operation_years_text
from parkdispatch.results.views.tornado_view import tornado_view
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.study_files import _payback_json as payback_json

RELAPSING = np.array([-100.0, 60.0, 60.0, -50.0, 40.0, 40.0])
LOST = np.array([-100.0, 60.0, 60.0, -50.0, 10.0, 10.0])
NEVER_AGAIN = Measures(-1.0, None, None, None, 2.67)


def both() -> Payback:
    return payback(RELAPSING, construction_years=1)


def test_both_crossings_by_hand() -> None:
    assert both().from_construction_years == pytest.approx(4.75)
    assert both().relapsed_years == pytest.approx(1 + 100 / 60)
    assert payback(np.array([-100.0, 60.0, 60.0]), 1).relapsed_years is None


def test_a_flow_that_ends_below_zero_is_never_paid_back() -> None:
    lost = payback(LOST, 1)
    assert lost.from_construction_years is None
    assert lost.relapsed_years == pytest.approx(1 + 100 / 60)


@pytest.mark.parametrize("rate", [0.0, 0.05, 0.1, 0.12, 0.15, 0.2, 0.5])
def test_no_discounted_payback_stands_beside_a_loss_at_its_rate(rate: float) -> None:
    measures = returns(RELAPSING, rate, 1, first_year_discounted=True)
    shown = measures.discounted_payback
    if measures.npv_yuan < 0:
        assert (shown.from_construction_years, shown.first_positive_years) == (None, None)
    else:
        assert shown.from_construction_years is not None


@pytest.mark.parametrize(
    ("lang", "built", "operating", "lost"),
    [
        ("en", "4.75 (first 2.67)", "3.75 (first 1.67)", "never (first 2.67)"),
        ("zh", "4.75（首次 2.67）", "3.75（首次 1.67）", "不能回收（首次 2.67）"),
    ],
)
def test_screen_and_page_say_both(lang: str, built: str, operating: str, lost: str) -> None:
    words = load_words(lang)
    assert construction_years_text(both(), words) == built
    assert operation_years_text(both(), 1, words) == operating
    assert construction_years_text(payback(LOST, 1), words) == lost


def test_summary_has_both() -> None:
    entry = payback_json(both())
    assert entry["from_start_of_construction"] == pytest.approx(4.75)
    assert entry["first_from_start_of_construction"] == pytest.approx(1 + 100 / 60)
    assert payback_json(payback(LOST, 1))["from_start_of_construction"] is None


def test_the_tornado_has_both_as_table_and_on_a_page() -> None:
    end = BarEnd(1.0, NEVER_AGAIN, dispatched=False)
    tornado = Tornado(Measures(0.0, None, None, 4.75), (Bar("a", "a", "", 1.0, end, None),), (1,))
    (row,) = tornado.table.to_dict("records")
    assert (row["payback_years"], row["payback_first_years"]) == ("never", 2.67)
    assert tornado_view(tornado, "en").bars[0].ends[0].payback == "never (first 2.67)"


def test_a_table_says_never_in_a_word() -> None:
    assert (years_or_never(None), years_or_never(3.5)) == ("never", 3.5)
