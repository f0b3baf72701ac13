"""Tables of published against computed figures as text, shared by page, workbook and screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parkdispatch.inputs.published.published_figures import Published
from parkdispatch.results.reproduction.comparison import VIEWS, RowInWords, shown, shown_deviation
from parkdispatch.results.reproduction.fitting import Width
from parkdispatch.results.views.tornado_view import TornadoView
from parkdispatch.results.wording.words import load_words

NEGATIVE_VERDICTS = ("does_not_follow", "not_reproduced", "far")


@dataclass(frozen=True)
class Reproduced:
    """The table of published figures as a part of another page or workbook."""

    words: Mapping[str, Any]  # of `reproduce.LANG.toml`
    plan: str
    views: Sequence[tuple[str, Sequence[Mapping[str, str]]]]
    rows: Sequence[RowInWords]


def reproduced(rows: Sequence[RowInWords], plan: Published, lang: str) -> Reproduced:
    """Build the table of published figures in a language."""
    text = load_words(lang, "reproduce")["reproduce"]
    return Reproduced(text, plan.title_zh if lang == "zh" else plan.title, rows_by_view(rows, text), rows)


def rows_by_view(
    rows: Sequence[RowInWords], text: Mapping[str, Any]
) -> list[tuple[str, list[dict[str, str]]]]:
    """The rows as text, grouped by view; views without rows are left out."""
    grouped = [(view, [_cells(row, text) for row in rows if row.row.view == view]) for view in VIEWS]
    return [(view, cells) for view, cells in grouped if cells]


def _cells(row_in_words: RowInWords, text: Mapping[str, Any]) -> dict[str, str]:
    row = row_in_words.row
    computed = text["never"] if row.computed is None else shown(row.computed, row.unit).removesuffix("%")
    return {
        "figure": row_in_words.figure,
        "unit": row_in_words.unit if row.unit != "share" else "%",
        "published": shown(row.published, row.unit).removesuffix("%"),
        "computed": computed,
        "deviation": shown_deviation(row),
        "rests_on": row_in_words.rests_on,
        "verdict": str(text["verdicts"][row.verdict]),
        "bad": "bad" if row.verdict in NEGATIVE_VERDICTS else "ok",
    }


def irreproducible_lines(rows: Sequence[RowInWords]) -> list[str]:
    """The sentences on figures that cannot be reproduced, each once."""
    return list(dict.fromkeys(row.cannot for row in rows if row.cannot))


def width_cells(width: Width) -> list[str]:
    """Value, standard range and fitting range of a calibrated parameter, as text."""
    unit, parameter = width.parameter.unit, width.parameter
    values = (width.value, parameter.low, parameter.high, width.least, width.most)
    return [shown(value, unit) for value in values]


def tornado_note(tornado: TornadoView, text: Mapping[str, Any]) -> str:
    """A sentence that explains the bars of the tornado."""
    note = str(text["tornado_note"]).format(npv=tornado.base_npv, irr=tornado.base_irr, years=tornado.years)
    return " ".join([note, *tornado.failed])
