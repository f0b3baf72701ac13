"""`regret.html`: what forecasts that err cost, by cause and by month."""

from collections.abc import Mapping
from typing import Any

from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.html.page import render
from parkdispatch.results.settlement.day_settlement import DayMoney
from parkdispatch.results.settlement.forecast_regret import ForecastRegret
from parkdispatch.results.views import plain_charts
from parkdispatch.results.views.regret_tables import (
    cause_rows,
    month_heads,
    month_rows,
    regret_sentence,
    regret_title,
    run_lines,
    total_row,
)
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.words import Card, format_money, load_words


def regret_html(regret: ForecastRegret, lang: Lang = "en") -> str:
    """Render the page. The same input gives the same bytes; figures are rounded only here."""
    words = load_words(lang, "regret")
    text = words["regret"]
    causes = cause_rows(regret, words)
    steps = [(name, money.total / YUAN_PER_WAN) for name, money in causes]
    legend = (text["more"], text["less"], text["all"])
    causes_chart = plain_charts.step_chart("causes", steps, text["all"], legend, words["page"]["wan"], 2)
    causes_chart["colours"] = {
        "up": plain_charts.RED,
        "down": plain_charts.GREEN,
        "total": plain_charts.BLUE,
    }
    figures = [causes_chart]
    if regret.without is not None:
        figures.append(_saved(regret, words))
    return render(
        "regret.html.j2",
        words,
        data={"figures": figures},
        title=regret_title(regret, words),
        cards=_cards(regret, words),
        lines=run_lines(regret, words),
        sentence=regret_sentence(regret, words),
        cause_heads=[text["cause"], text["energy"], text["demand"], text["total"]],
        causes=[[name, *_cells(money)] for name, money in causes],
        cause_total=[text["all"], *_cells(regret.lost)],
        month_heads=month_heads(words),
        months=month_rows(regret),
        month_total=total_row(regret, words),
        has_saving=regret.without is not None,
    )


def _cells(money: DayMoney) -> list[str]:
    return [f"{yuan:z,.0f}" for yuan in (money.energy, money.peak, money.total)]


def _cards(regret: ForecastRegret, words: Mapping[str, Any]) -> list[Card]:
    text, cards = words["regret"], []
    if regret.kept is not None and regret.without is not None:
        possible = " ".join(format_money((regret.without - regret.foresight).total, words)[:2])
        cards.append(
            Card(text["kept"], f"{regret.kept:z.1%}", "", [text["kept_of"].format(possible=possible)])
        )
    cards.append(Card(text["cost"], *format_money(regret.operated.total, words)))
    cards.append(Card(text["lost"], *format_money(regret.lost.total, words)))
    return cards


def _saved(regret: ForecastRegret, words: Mapping[str, Any]) -> dict[str, Any]:
    """Saving by month with foresight and as operated."""
    text = words["regret"]

    def saved(name: str) -> list[float | None]:
        return [
            None if month.without is None else (month.without - getattr(month, name)).total / YUAN_PER_WAN
            for month in regret.months
        ]

    series = [
        (text["foresight"], saved("foresight"), plain_charts.GREY),
        (text["operated"], saved("operated"), plain_charts.GREEN),
    ]
    labels = [month.name for month in regret.months]
    return plain_charts.bar_chart("saved", labels, series, words["page"]["wan"], 1)
