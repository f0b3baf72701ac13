"""Finds English words in Chinese texts."""

import re
from collections.abc import Iterable

# what is the same in every language: units, names of standards, programs, the case, files and the bus
SAME = {
    "MW", "MWh", "GWh", "kWh", "kW", "kVA", "ac", "sha256", "gaoan", "Asia", "Shanghai", "JavaScript",
    "cashflow", "xlsx", "parkdispatch", "MJ", "Wp", "MWp", "MVA", "tce", "gce", "kg", "Wh",
    "kV", "Mvar", "kvar", "GB", "P10", "P50", "P90",
    "python", "pyomo", "highspy", "numba", "pvlib", "pandas", "numpy", "scipy", "xarray", "pydantic",
}  # fmt: skip


def english(text: str) -> set[str]:
    """Words of Latin letters that are not the same in every language."""
    return set(re.findall(r"[A-Za-z][A-Za-z0-9_]+", re.sub(r"\{\w*[^}]*\}|%-?[a-zA-Z]", " ", text))) - SAME


def left_in_english(texts: Iterable[str], said: set[str]) -> dict[str, set[str]]:
    """The texts, quotations aside, in which English words are left, with these."""
    words_of = {}
    for raw in texts:
        text = re.sub(r"\b[0-9a-f]{64}\b", "", raw).strip()
        if english(text) and not any(
            text.endswith(quotation) or text.startswith(quotation) for quotation in said
        ):
            words_of[text] = english(text)
    return words_of
