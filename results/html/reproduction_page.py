"""`reproduce.html`: published against computed figures, fitting ranges and the tornado."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.inputs.value_sources import SourcedValue
from parkdispatch.results.failed_tasks import FailedTask
from parkdispatch.results.finance.tornado import Tornado
from parkdispatch.results.html.page import render
from parkdispatch.results.reproduction.comparison import RowInWords, path_words, shown, shown_deviation
from parkdispatch.results.reproduction.fitting import Width
from parkdispatch.results.views.reproduction_tables import (
    irreproducible_lines,
    rows_by_view,
    tornado_note,
    width_cells,
)
from parkdispatch.results.views.tornado_view import tornado_view
from parkdispatch.results.wording.sentences import failed_sentences, source_line
from parkdispatch.results.wording.words import Card, load_words

NARROWEST_BAR = 0.6  # [%] of the standard range, so that a single value stays visible


def reproduce_html(
    rows: Sequence[RowInWords],
    widths: Sequence[Width],
    plan: Published,
    lang: str,
    *,
    sources: Sequence[SourcedValue],
    largest_gap: float,
    corners_deviation: float | None,
    tornado: Tornado | None = None,
    failed: Sequence[FailedTask] = (),
    asked: Mapping[str, int] = MappingProxyType({}),
) -> str:
    """Render the page. The same input gives the same bytes; figures are rounded only here."""
    words = load_words(lang, "reproduce")
    text = words["reproduce"]
    title = plan.title_zh if lang == "zh" else plan.title
    bars = tornado_view(tornado, lang) if tornado else None
    quotations = [figure.says_zh if lang == "zh" else figure.says for figure in plan.figure]
    return render(
        "reproduce.html.j2",
        words,
        r=text,
        title=text["title"],
        subtitle=str(text["subtitle"]).format(plan=title),
        cards=_cards(rows, plan, text, lang),
        views=rows_by_view(rows, text),
        cannot=irreproducible_lines(rows),
        widths=[_width_row(width, text, lang) for width in widths],
        set_note=str(text["set_note"]).format(sets=widths[0].sets) if widths else "",
        dispatched=""
        if corners_deviation is None
        else str(text["dispatched"]).format(gap=f"{largest_gap:.1e}", deviation=f"{corners_deviation:.1e}"),
        failed=failed_sentences(failed, asked, 0, words),
        tornado=bars,
        tornado_note=tornado_note(bars, text) if bars else "",
        quotations=list(dict.fromkeys(quotations)),
        sources=[source_line(sourced, words) for sourced in sources],
    )


def _cards(rows: Sequence[RowInWords], plan: Published, text: Mapping[str, Any], lang: str) -> list[Card]:
    """Headline figures: targets met, what is missing in the sum, and the IRR of the whole investment."""
    by_key = {row.row.key: row for row in rows}
    cards = []
    targets = [by_key[f"replicated_{t.key}"] for t in plan.targets if f"replicated_{t.key}" in by_key]
    if targets:
        met = sum(target.row.verdict == "reproduced" for target in targets)
        within = shown(max(t.within or 0.0 for t in plan.targets), "share")
        worst = max(targets, key=lambda target: abs(target.row.deviation or 0.0))
        farthest = str(text["worst"]).format(name=worst.figure, deviation=shown_deviation(worst.row))
        notes = [farthest]
        if free := sum(row.row.key == "calibrated" for row in rows):
            notes.insert(0, str(text["met_free"]).format(free=free))
        cards.append(Card(str(text["met"]).format(within=within), f"{met} / {len(targets)}", "", notes))
    if (revenue := by_key.get("revenue_sum")) is not None:
        missing = shown(float(revenue.row.numbers["missing"]), "wan")
        cards.append(Card(str(text["total_missing"]), missing, revenue.unit))
    if (whole := by_key.get("irr_whole")) is not None:
        published = str(text["whole_irr_of"]).format(published=shown(whole.row.published, "share"))
        cards.append(Card(str(text["whole_irr"]), shown(whole.row.computed, "share"), "", [published]))
    return cards


def _width_row(width: Width, text: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """A row of the range chart and of its table; positions are in percent of the standard range."""
    parameter = width.parameter
    low, span = parameter.low, parameter.high - parameter.low

    def position(value: float) -> float:
        return round(100.0 * (value - low) / span, 2) if span else 0.0

    return {
        "name": path_words(parameter.path, text),
        "unit": "" if parameter.unit == "share" else text["units"][parameter.unit],
        "cells": width_cells(width),
        "why": parameter.why_zh if lang == "zh" else parameter.why,
        "from": position(width.least),
        "width": max(NARROWEST_BAR, round(position(width.most) - position(width.least), 2)),
        "at": position(width.value),
    }
