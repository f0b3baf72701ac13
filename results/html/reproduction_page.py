"""`reproduce.html`: the table of published figures by view, what cannot be reproduced, what else fits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.results.console.reproduction_screen import cannot_lines, tornado_note, width_cells
from parkdispatch.results.finance.tornado import Tornado
from parkdispatch.results.html.page import Card, load_words, render
from parkdispatch.results.reproduction.comparison import VIEWS, RowInWords, path_words, shown, shown_deviation
from parkdispatch.results.reproduction.fitting import Width
from parkdispatch.results.views.tornado_view import view


def reproduce_html(
    told: Sequence[RowInWords],
    widths: Sequence[Width],
    plan: Published,
    lang: str,
    *,
    sources: Sequence[str],
    largest_gap: float,
    corners_deviation: float,
    tornado: Tornado | None = None,
) -> str:
    """The whole page as text. The same input gives the same bytes; figures are rounded only here."""
    words = load_words(lang, "reproduce")
    own = words["reproduce"]
    title = plan.title_zh if lang == "zh" else plan.title
    bars = view(tornado, lang) if tornado else None
    return render(
        "reproduce.html.j2",
        words,
        r=own,
        title=own["title"],
        subtitle=str(own["subtitle"]).format(plan=title),
        cards=_cards(told, plan, own, lang),
        views=_views(told, own),
        cannot=cannot_lines(told),
        widths=[_width(one, own, lang) for one in widths],
        set_note=str(own["set_note"]).format(sets=widths[0].sets) if widths else "",
        dispatched=str(own["dispatched"]).format(
            gap=f"{largest_gap:.1e}", deviation=f"{corners_deviation:.1e}"
        ),
        tornado=bars,
        tornado_note=tornado_note(bars, own) if bars else "",
        said=list(dict.fromkeys(figure.says_zh if lang == "zh" else figure.says for figure in plan.figure)),
        sources=sources,
    )


@dataclass(frozen=True)
class Reproduced:
    """The table of published figures as a part of another page."""

    words: Mapping[str, Any]  # of `reproduce.LANG.toml`
    plan: str
    views: Sequence[tuple[str, Sequence[Mapping[str, str]]]]
    told: Sequence[RowInWords]


def reproduced(told: Sequence[RowInWords], plan: Published, lang: str) -> Reproduced:
    """The table in a language."""
    own = load_words(lang, "reproduce")["reproduce"]
    return Reproduced(own, plan.title_zh if lang == "zh" else plan.title, _views(told, own), told)


def _views(told: Sequence[RowInWords], words: Mapping[str, Any]) -> list[tuple[str, list[dict[str, str]]]]:
    """Rows as text, by view; views without rows are left out."""
    found = [(view, [_cells(one, words) for one in told if one.row.view == view]) for view in VIEWS]
    return [(view, rows) for view, rows in found if rows]


BAD = ("does_not_follow", "not_reproduced", "far")


def _cells(one: RowInWords, words: Mapping[str, Any]) -> dict[str, str]:
    row = one.row
    return {
        "figure": one.figure,
        "unit": one.unit if row.unit != "share" else "%",
        "published": shown(row.published, row.unit).removesuffix("%"),
        "computed": words["never"]
        if row.computed is None
        else shown(row.computed, row.unit).removesuffix("%"),
        "deviation": shown_deviation(row),
        "rests_on": one.rests_on,
        "verdict": str(words["verdicts"][row.verdict]),
        "bad": "bad" if row.verdict in BAD else "ok",
    }


def _cards(told: Sequence[RowInWords], plan: Published, words: Mapping[str, Any], lang: str) -> list[Card]:
    by_key = {one.row.key: one for one in told}
    cards = []
    targets = [by_key[f"replicated_{t.key}"] for t in plan.targets if f"replicated_{t.key}" in by_key]
    if targets:
        met = sum(one.row.verdict == "reproduced" for one in targets)
        within = shown(max(t.within or 0.0 for t in plan.targets), "share")
        worst = max(targets, key=lambda one: abs(one.row.deviation or 0.0))
        farthest = str(words["worst"]).format(name=worst.figure, deviation=shown_deviation(worst.row))
        cards.append(Card(str(words["met"]).format(within=within), f"{met} / {len(targets)}", "", [farthest]))
    if (total := by_key.get("revenue_sum")) is not None:
        missing = shown(float(total.row.numbers["missing"]), "wan")
        cards.append(Card(str(words["total_missing"]), missing, total.unit))
    if (whole := by_key.get("irr_whole")) is not None:
        of = str(words["whole_irr_of"]).format(published=shown(whole.row.published, "share"))
        cards.append(Card(str(words["whole_irr"]), shown(whole.row.computed, "share"), "", [of]))
    return cards


def _width(one: Width, words: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """A row of the range plot and of its table; places are shares of the standard range in percent."""
    low, span = one.parameter.low, one.parameter.high - one.parameter.low

    def place(value: float) -> float:
        return round(100.0 * (value - low) / span, 2) if span else 0.0

    return {
        "name": path_words(one.parameter.path, words),
        "unit": "" if one.parameter.unit == "share" else words["units"][one.parameter.unit],
        "cells": width_cells(one),
        "why": one.parameter.why_zh if lang == "zh" else one.parameter.why,
        "from": place(one.least),
        "width": max(0.6, round(place(one.most) - place(one.least), 2)),
        "at": place(one.value),
    }
