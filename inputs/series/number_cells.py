"""Numbers as people and programs write them: decimal comma, separators of thousands, full-width digits."""

import re
from typing import NamedTuple

import numpy as np
import pandas as pd

from parkdispatch.inputs.series.text_tables import parse_numbers
from parkdispatch.models.device import Array

# what stands in a cell where there is no value; of these, and of empty cells, gaps may be filled
MISSING_MARKS = frozenset(
    ("", "-", "--", "---", "null", "none", "na", "n/a", "#n/a", "nan", "no data", "bad", "i/o timeout",
     "bad input", "pt created", "calc failed", "comm fail", "shutdown", "missing", "无", "无数据", "缺失",
     "空")
)  # fmt: skip
PLAIN_CHARACTERS = frozenset("0123456789.+-eE")  # of numbers that need no reading of marks
SPACES = str.maketrans("", "", " \u00a0\u202f\u2009'’")


class NumberCells(NamedTuple):
    """Values of cells, NaN where there is none; where the cell says so; which decimal mark was read."""

    values: Array
    missing: np.ndarray
    decimal_mark: str
    problem: str = ""


def read_numbers(cells: pd.Series) -> NumberCells:
    """The numbers that cells of text say, shape (rows,), with one decimal mark for all of them.

    The mark follows from the cells: the last of two different marks, a comma before other than three digits.
    `problem` says where `1,234` could be either.
    """
    if PLAIN_CHARACTERS.issuperset("".join(cells)):
        return NumberCells(parse_numbers(cells), cells.isin(MISSING_MARKS).to_numpy(), ".")
    texts = cells.str.normalize("NFKC").str.strip()
    missing = texts.str.lower().isin(MISSING_MARKS).to_numpy()
    grouped = texts.str.fullmatch(r"[+-]?\d{1,3}(?:[ \u00a0\u202f\u2009'’]\d{3})+(?:[.,]\d+)?")
    texts = texts.where(~grouped, texts.str.translate(SPACES))
    commas = texts[texts.str.contains(",", regex=False)]
    if commas.empty:
        return NumberCells(parse_numbers(texts), missing, ".")
    mark = _decimal_mark(commas)
    if mark is None:
        text = commas.iloc[0]
        problem = (
            f"{text} may be {text.replace(',', '.')} or {text.replace(',', '')}: must be told apart; write"
            " decimals with a point, 1.5, and no separator of thousands"
        )
        return NumberCells(np.full(len(texts), np.nan), missing, ",", problem)
    if mark == ",":
        plain = texts.str.replace(r"\.(?=\d{3}(?:\D|$))", "", regex=True).str.replace(",", ".", regex=False)
        of_mark = texts.str.fullmatch(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+)(?:,\d+)?(?:[eE][+-]?\d+)?")
    else:
        plain = texts.str.replace(",", "", regex=False)
        of_mark = texts.str.fullmatch(r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)(?:\.\d+)?(?:[eE][+-]?\d+)?")
    return NumberCells(parse_numbers(plain.where(of_mark, "x")), missing, mark)


def _decimal_mark(commas: pd.Series) -> str | None:
    """The decimal mark of cells with commas; None where every one can be read in two ways."""
    both = commas[commas.str.contains(".", regex=False)]
    if not both.empty:
        return "." if both.iloc[0].rfind(".") > both.iloc[0].rfind(",") else ","
    if commas.str.fullmatch(r"[+-]?\d{1,3}(?:,\d{3}){2,}").any():
        return "."
    ambiguous = commas.map(lambda text: re.fullmatch(r"[+-]?[1-9]\d{0,2},\d{3}", text) is not None)
    return None if ambiguous.all() else ","
