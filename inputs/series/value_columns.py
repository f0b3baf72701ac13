"""The column of an export that is meant, and the quality that its source gives each value."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from parkdispatch.inputs.messages.problem_sentences import closest
from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.inputs.series.export_tables import COUNT_LABELS, time_label
from parkdispatch.inputs.series.series_units import folded, label_and_unit
from parkdispatch.inputs.series.text_tables import listed

QUALITY_WORDS = ("质量", "品质", "quality", "状态", "status", "标志", "flag", "qual", "有效性")
GOOD = frozenset(
    ("good", "ok", "g", "valid", "normal", "true", "正常", "好", "有效", "良好", "正确", "合格", "192",
    "0x00c0",
     "good, annotated", "实测", "遥测正常")
)  # fmt: skip
# words for values that must not be used
BAD = frozenset(
    ("bad", "uncertain", "questionable", "invalid", "stale", "substituted", "false", "坏", "坏数据",
    "异常", "无效",
     "可疑", "不良", "错误", "死数", "中断", "缺失", "不刷新", "越限", "非实测", "b", "u", "comm fail",
     "no data")
)  # fmt: skip
OPC_GOOD = range(192, 220)


class ChosenColumn(NamedTuple):
    """Position of a column of values, the header as it is to be read, and that of its quality."""

    position: int
    header: str
    quality: int | None


def is_quality_header(header: str) -> bool:
    """Whether a header is that of the quality of values."""
    text = folded(header).lower()
    return any(word in text for word in QUALITY_WORDS)


def chosen_column(
    name: str, headers: Sequence[str], times: Sequence[int], column: str | None, problems: list[str]
) -> ChosenColumn | None:
    """The named or only column of values; None, with a problem appended, if there is not exactly one.

    A name is the whole header, its label, or the label with the unit that the header lacks.
    """
    others = [n for n, header in enumerate(headers) if n not in times and header]
    if column is None:
        values = [
            n
            for n in others
            if not is_quality_header(headers[n]) and time_label(headers[n]) not in COUNT_LABELS
        ]
        if len(values) == 1:
            return ChosenColumn(values[0], headers[values[0]], _quality_of(values[0], headers, others))
        twice = [headers[n] for n in values if [headers[m] for m in values].count(headers[n]) > 1]
        if values and len(twice) == len(values):
            problems.append(
                f"{name}: {len(values)} columns have the header '{quoted(twice[0])}': must be one"
            )
            return None
        problems.append(
            f"{name}: must have one column beside the time, or `column` must name one; found:"
            f" {listed([headers[n] for n in values])}"
        )
        return None
    matches = _matching(column, headers, others)
    if len(matches) == 1:
        position, header = matches[0]
        return ChosenColumn(position, header, _quality_of(position, headers, others))
    allowed = "must have one beside the time"
    if others:
        allowed = f"must be one of {listed([headers[n] for n in others])}"
    if not matches:
        hint = closest(column, [label_and_unit(headers[n])[0] for n in others])
        problems.append(f"{name}: no column '{quoted(column)}': {allowed}{hint}")
    elif len({header for _, header in matches}) == 1:
        problems.append(
            f"{name}: {len(matches)} columns have the header '{quoted(matches[0][1])}': must be one"
        )
    else:
        problems.append(f"{name}: {len(matches)} columns '{quoted(column)}': {allowed}, the whole header")
    return None


def _matching(column: str, headers: Sequence[str], positions: Sequence[int]) -> list[tuple[int, str]]:
    """Columns that a name means: by whole header, else by label, else by label with a unit of its own."""
    wanted = folded(column)
    whole = [n for n in positions if folded(headers[n]) == wanted]
    if whole:
        return [(n, headers[n]) for n in whole]
    by_label = [n for n in positions if label_and_unit(headers[n])[0] == wanted.lower()]
    if by_label:
        return [(n, headers[n]) for n in by_label]
    label, unit = label_and_unit(wanted)
    bare = [n for n in positions if unit is not None and label_and_unit(headers[n]) == (label, None)]
    return [(n, f"{headers[n]} [{unit}]") for n in bare]


def _quality_of(position: int, headers: Sequence[str], positions: Sequence[int]) -> int | None:
    """The column of quality that belongs to one of values: the next one before other values."""
    for n in positions:
        if n > position:
            return n if is_quality_header(headers[n]) else None
    of_table = [n for n in positions if is_quality_header(headers[n])]
    return of_table[0] if len(of_table) == 1 and len(positions) == 2 else None


def bad_quality(name: str, header: str, cells: Sequence[str]) -> tuple[np.ndarray, str]:
    """Where a value must not be used, shape (rows,), and a problem where its codes do not tell.

    A column with one code only says nothing that matters.
    """
    texts = [folded(cell).lower() for cell in cells]
    codes = dict.fromkeys(text for text in texts if text)
    good = GOOD
    if any(code.isdigit() and int(code) in OPC_GOOD for code in codes):
        good = GOOD | {code for code in codes if code.isdigit() and int(code) in OPC_GOOD}
        bad = BAD | {code for code in codes if code.isdigit()} - good
    else:
        bad = BAD
    if len(codes) <= 1 and not bad & codes.keys():
        return np.zeros(len(texts), dtype=bool), ""
    unknown = [code for code in codes if code not in good and code not in bad]
    if unknown:
        return np.zeros(len(texts), dtype=bool), (
            f"{name}: column '{quoted(header)}': quality {', '.join(map(quoted, unknown[:5]))} is not"
            " known to be"
            " good or bad: must be words such as good and bad, or codes of OPC such as 192; or leave"
            " the column out"
            " and the values blank that must not be used"
        )
    return np.array([bool(text) and text not in good for text in texts]), ""
