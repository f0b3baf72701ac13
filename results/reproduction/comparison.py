"""The table of published figures beside those computed here: its rows, their words, and its file.

A row says which figure it is, what was published, what is computed, and the assumptions that rests on. Its
sentences are in `templates/reproduce.LANG.toml`, its numbers filled in; figures are rounded only there.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from parkdispatch.inputs.published.published_figures import Published, Unit
from parkdispatch.results.views.words import load_words

View = Literal["own_arithmetic", "pv", "replicated", "today"]
VIEWS: tuple[View, ...] = get_args(View)
Verdict = Literal["follows", "does_not_follow", "reproduced", "not_reproduced", "near", "far", "implied"]
NOTHING = 5e-13  # [-] a deviation that is rounding
COLUMNS = ("view", "figure", "unit", "published", "computed", "deviation", "rests_on")
DIGITS: Mapping[str, int] = {  # after the point, of a unit's figures; percent counts as such
    "pieces": 0, "t": 0, "tce": 0, "hours": 1, "share": 2, "kg_per_kwh": 4, "yuan_per_kwh": 4, "mwp": 3,
    "yuan_per_kwh_rated": 0, "yuan_per_w": 3, "t_per_tce": 3, "gce_per_kwh": 1,
}  # fmt: skip


@dataclass(frozen=True)
class ComparisonRow:
    """One figure. `key` names its words, `numbers` fill them in, `figures` are the published ones in it."""

    view: View
    key: str
    unit: Unit
    published: float | None  # none: nobody published it
    computed: float | None  # none: it does not exist, such as a payback that never comes
    verdict: Verdict
    numbers: Mapping[str, Any] = field(default_factory=dict)  # also ranges and texts, see `_filled`
    figures: tuple[str, ...] = ()

    @property
    def deviation(self) -> float | None:
        """Computed over published less one [-]; none where there is nothing to compare with."""
        return None if self.computed is None or not self.published else self.computed / self.published - 1.0


@dataclass(frozen=True)
class RowInWords:
    """A row in the words of one language."""

    row: ComparisonRow
    view: str
    figure: str
    unit: str
    rests_on: str
    cannot: str  # why it cannot be reproduced, in one plain sentence; empty where it is


def comparison_in_words(rows: Iterable[ComparisonRow], plan: Published, lang: str) -> list[RowInWords]:
    """The rows in words. A row without a name of its own has that of its published figure."""
    words = load_words(lang, "reproduce")["reproduce"]
    return [_told(row, plan, words, lang) for row in rows]


def _told(row: ComparisonRow, plan: Published, words: Mapping[str, Any], lang: str) -> RowInWords:
    said = words["rows"][row.key]
    filled = _filled(row, plan, words, lang)
    return RowInWords(
        row=row,
        view=str(words["views"][row.view]),
        figure=str(said.get("figure", "{name}")).format(**filled),
        unit=str(words["units"][row.unit]),
        rests_on=str(said["rests_on"]).format(**filled),
        cannot=str(said.get("cannot", "")).format(**filled),
    )


def _filled(row: ComparisonRow, plan: Published, words: Mapping[str, Any], lang: str) -> dict[str, Any]:
    """What a row's sentences may name: its numbers, its published figure, ranges and paths in words."""
    own = plan.of(row.figures[0]) if row.figures else None
    name = "" if own is None else own.name_zh if lang == "zh" else own.name
    found = {"name": name, "published": row.published, "computed": row.computed, **row.numbers}
    if lang == "zh":
        found |= {key.removesuffix("_zh"): text for key, text in row.numbers.items() if key.endswith("_zh")}
    if "path" in found:
        found["path"] = path_words(found["path"], words)
    for key in ("range", "set"):
        if key in found:
            low, high = (shown(x, row.unit) for x in found[key])
            found[key] = str(words["from_to"]).format(low=low, high=high)
    if "calibrated" in found:
        found["calibrated"] = str(words["comma"]).join(
            str(words["one_calibrated"]).format(
                name=path_words(one.path, words), value=shown(value, one.unit),
                low=shown(one.low, one.unit), high=shown(one.high, one.unit),
            )
            for one, value in found["calibrated"]
        )  # fmt: skip
    return found


def path_words(path: str, words: Mapping[str, Any]) -> str:
    """What a number of the case is called; the path itself where nobody named it."""
    return str(words["paths"].get(path.replace(".", "_"), path))


def shown(value: float | None, unit: str) -> str:
    """A figure of that unit as people read it; shares in percent."""
    if value is None:
        return ""
    if unit == "years" and value == round(value):
        return f"{value:.0f}"
    digits = DIGITS.get(unit, 2)
    return f"{value:.{digits}%}" if unit == "share" else f"{value:,.{digits}f}"


def shown_deviation(row: ComparisonRow) -> str:
    """The deviation in percent, signed."""
    if row.deviation is None:
        return ""
    return "0" if abs(row.deviation) < NOTHING else f"{row.deviation:+.2%}"


def csv_text(told: Sequence[RowInWords]) -> str:
    """The table as a CSV file has it, nothing rounded; the deviation is a fraction."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in told:
        row = one.row
        numbers = ["" if x is None else repr(float(x)) for x in (row.published, row.computed, row.deviation)]
        writer.writerow([one.view, one.figure, one.unit, *numbers, one.rests_on])
    return text.getvalue()
