"""The table of published and computed figures: its rows, their texts, and its CSV file.

A row holds the published and the computed figure, and the assumptions that the computation rests on. Its
sentence patterns are in `templates/reproduce.LANG.toml`; figures are rounded only in the texts.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from parkdispatch.inputs.published.published_figures import Published, Unit
from parkdispatch.results.wording.words import load_words

View = Literal["own_arithmetic", "pv", "replicated", "today"]
VIEWS: tuple[View, ...] = get_args(View)
Verdict = Literal["follows", "does_not_follow", "reproduced", "not_reproduced", "near", "far", "implied"]
NOTHING = 5e-13  # [-] a smaller deviation is rounding
COLUMNS = ("view", "figure", "unit", "published", "computed", "deviation", "rests_on")
DIGITS: Mapping[str, int] = {  # decimals of a figure by unit, for shares those of the percentage
    "pieces": 0, "t": 0, "tce": 0, "hours": 1, "share": 2, "kg_per_kwh": 4, "yuan_per_kwh": 4, "mwp": 3,
    "yuan_per_kwh_rated": 0, "yuan_per_w": 3, "t_per_tce": 3, "gce_per_kwh": 1, "yuan": 0,
}  # fmt: skip


@dataclass(frozen=True)
class ComparisonRow:
    """One compared figure.

    `key` selects the sentence patterns, `numbers` are their fields, `figures` the keys of published figures.
    """

    view: View
    key: str
    unit: Unit
    published: float | None  # None: not published
    computed: float | None  # None: it does not exist, such as a payback that is never reached
    verdict: Verdict
    numbers: Mapping[str, Any] = field(default_factory=dict)  # also ranges and texts, see `_fields`
    figures: tuple[str, ...] = ()

    @property
    def deviation(self) -> float | None:
        """Computed over published less one [-]; None without a published or computed figure."""
        return None if self.computed is None or not self.published else self.computed / self.published - 1.0


@dataclass(frozen=True)
class RowInWords:
    """A row with its texts in one language."""

    row: ComparisonRow
    view: str
    figure: str
    unit: str
    rests_on: str
    cannot: str  # why the figure cannot be reproduced; empty where it can


def comparison_in_words(rows: Iterable[ComparisonRow], plan: Published, lang: str) -> list[RowInWords]:
    """The rows with their texts. A row without a name of its own takes that of its published figure."""
    words = load_words(lang, "reproduce")["reproduce"]
    return [_in_words(row, plan, words, lang) for row in rows]


def _in_words(row: ComparisonRow, plan: Published, words: Mapping[str, Any], lang: str) -> RowInWords:
    patterns = words["rows"][row.key]
    fields = _fields(row, plan, words, lang)
    return RowInWords(
        row=row,
        view=str(words["views"][row.view]),
        figure=str(patterns.get("figure", "{name}")).format(**fields),
        unit=str(words["units"][row.unit]),
        rests_on=str(patterns["rests_on"]).format(**fields),
        cannot=str(patterns.get("cannot", "")).format(**fields),
    )


def _fields(row: ComparisonRow, plan: Published, words: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """The fields of a row's sentence patterns: its numbers and figures, ranges and paths as text."""
    figure = plan.of(row.figures[0]) if row.figures else None
    name = "" if figure is None else figure.name_zh if lang == "zh" else figure.name
    fields = {"name": name, "published": row.published, "computed": row.computed, **row.numbers}
    if lang == "zh":
        fields |= {key.removesuffix("_zh"): text for key, text in row.numbers.items() if key.endswith("_zh")}
    if "path" in fields:
        fields["path"] = path_words(fields["path"], words)
    for key in ("range", "set"):
        if key in fields:
            low, high = (shown(value, row.unit) for value in fields[key])
            fields[key] = str(words["from_to"]).format(low=low, high=high)
    if "calibrated" in fields:
        fields["calibrated"] = str(words["comma"]).join(
            str(words["one_calibrated"]).format(
                name=path_words(parameter.path, words), value=shown(value, parameter.unit),
                low=shown(parameter.low, parameter.unit), high=shown(parameter.high, parameter.unit),
            )
            for parameter, value in fields["calibrated"]
        )  # fmt: skip
    return fields


def path_words(path: str, words: Mapping[str, Any]) -> str:
    """The name of a number of the case; its path where it has none."""
    return str(words["paths"].get(path.replace(".", "_"), path))


def shown(value: float | None, unit: str) -> str:
    """A figure as text in the format of its unit; shares in percent."""
    if value is None:
        return ""
    if unit == "years" and value == round(value):
        return f"{value:.0f}"
    digits = DIGITS.get(unit, 2)
    return f"{value:.{digits}%}" if unit == "share" else f"{value:,.{digits}f}"


def shown_deviation(row: ComparisonRow) -> str:
    """The deviation as signed percentage; empty where there is none."""
    if row.deviation is None:
        return ""
    return "0" if abs(row.deviation) < NOTHING else f"{row.deviation:+.2%}"


def csv_text(rows: Sequence[RowInWords]) -> str:
    """The table as CSV, figures unrounded and the deviation as a fraction."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in rows:
        figures = (row.row.published, row.row.computed, row.row.deviation)
        numbers = ["" if figure is None else repr(float(figure)) for figure in figures]
        writer.writerow([row.view, row.figure, row.unit, *numbers, row.rests_on])
    return text.getvalue()
