"""A day of a month that is certain to reach full use has the demand price that the year has, and says so."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

import parkdispatch as pdx
from parkdispatch.inputs.full_use_prices import DEMAND_PRICE
from parkdispatch.inputs.prepare import day_times, prepare
from parkdispatch.operations.settlement.connection_money import connection_money
from parkdispatch.results.console.bill_screen import unseen_lines
from parkdispatch.results.wording.languages import LANGS, Lang
from parkdispatch.results.wording.words import load_words

SAID: dict[Lang, str] = {
    "en": "grid reaches full use in 2026-04 whatever is dispatched",
    "zh": "无论如何调度",
}


@pytest.fixture(scope="module")
def april() -> pdx.Plan:
    return pdx.plan("gaoan", day="2026-04-21", soc=0.4, peak_so_far_mw=140)


def test_its_demand_is_priced_as_in_the_year(april: pdx.Plan) -> None:
    """39,100 yuan/MW a month, of which 90 %; what the day adds above 140 MW is billed at that too."""
    assert set(april.dataset[f"grid.{DEMAND_PRICE}"].to_numpy()) == {0.9 * 39_100.0}
    peak_mw = float(april.dataset["grid.peak_mw"].max())
    added = april.money["demand_yuan"].iloc[0]
    assert peak_mw > 140.0
    assert added == pytest.approx((peak_mw - 140.0) * 0.9 * 39_100.0)


def test_a_month_that_is_not_certain_has_the_full_price() -> None:
    february = pdx.plan("gaoan", day="2026-02-10", soc=0.4, peak_so_far_mw=140)
    assert set(february.dataset[f"grid.{DEMAND_PRICE}"].to_numpy()) == {39_100.0}


@pytest.mark.parametrize("lang", LANGS)
def test_screen_and_page_say_it(april: pdx.Plan, lang: Lang, tmp_path: Path) -> None:
    summary, words = april.run.summary, load_words(lang)
    lines = list(unseen_lines(summary, words))
    assert any(SAID[lang] in line for line in lines)
    assert not any("does not show whether" in line for line in lines)
    assert SAID[lang] in april.write(tmp_path, lang)["report.html"].read_text(encoding="utf-8")


def test_a_settled_day_pays_it_by_its_prices_and_by_the_bill() -> None:
    """10 MW above the 150 that are paid for anyway: 351,900 yuan, not 391,000."""
    case = pdx.load_case("gaoan")
    grid = case.devices["grid"].model_copy(update={"peak_so_far_mw": 150.0})
    day = prepare(case.with_devices({**case.devices, "grid": grid}), day_times(case, date(2026, 4, 21)))
    priced = day.with_full_use({"2026-04": frozenset(["grid"])})
    import_mw = np.where(np.arange(96) == 40, 160.0, 100.0)
    for prepared, yuan in ((priced, 351_900.0), (day, 391_000.0)):
        assert connection_money(prepared, "grid", import_mw, np.zeros(96))[1] == pytest.approx(yuan)
