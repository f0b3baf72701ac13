"""Units of series: how people write them in headers, and their factors to the unit of a series."""

import re
import unicodedata
from typing import NamedTuple

from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.inputs.series.text_tables import heading, plain_unit
from parkdispatch.models.device import SeriesSpec

FACTORS = {  # to the unit of the series, by that unit and the unit in the header
    "MW": {
        "mw": 1.0, "kw": 1e-3, "gw": 1e3, "w": 1e-6, "兆瓦": 1.0, "千瓦": 1e-3, "万千瓦": 10.0, "万kw": 10.0,
        "瓦": 1e-6,
    },
    "MWh": {
        "mwh": 1.0, "kwh": 1e-3, "gwh": 1e3, "兆瓦时": 1.0, "千瓦时": 1e-3, "度": 1e-3, "万千瓦时": 10.0,
        "万kwh": 10.0, "kw·h": 1e-3, "mw·h": 1.0, "kw.h": 1e-3, "mw.h": 1.0, "wh": 1e-6, "兆瓦小时": 1.0,
        "千瓦小时": 1e-3,
    },
    "yuan/MWh": {
        "yuan/mwh": 1.0,
        "yuan/kwh": 1e3,
        "元/mwh": 1.0,
        "元/兆瓦时": 1.0,
        "元/kwh": 1e3,
        "元/千瓦时": 1e3,
        "元/度": 1e3,
    },
    "yuan/MW/month": {"yuan/mw/month": 1.0, "yuan/kw/month": 1e3, "元/kw/月": 1e3, "元/千瓦/月": 1e3},
    "t/MWh": {
        "t/mwh": 1.0, "kg/kwh": 1.0, "g/kwh": 1e-3, "tco2/mwh": 1.0, "kgco2/kwh": 1.0, "gco2/kwh": 1e-3,
        "吨/兆瓦时": 1.0, "千克/千瓦时": 1.0,
    },
    "1": {"1": 1.0, "-": 1.0, "": 1.0},
}  # fmt: skip
# others that stand in exports beside the values: a row or a header with one is understood, not taken
OTHER_UNITS = (
    "mvar", "kvar", "var", "kvarh", "mvarh", "kv", "v", "a", "ka", "kva", "mva", "hz", "%", "℃", "degc", "°c",
    "-", "/", "m3", "t", "gj", "pa", "kpa", "mpa", "w/m2", "m/s",
)  # fmt: skip
KNOWN = sorted({unit for units in FACTORS.values() for unit in units if unit} | {*OTHER_UNITS}, key=len)
# a unit at the end of a header without brackets: `usage_kwh`, `负荷MW`, `load, MW`; longest first
TRAILING = re.compile(
    rf"(.*?)(?:[\s_/,:]+|(?<=[^\x00-\x7f]))({'|'.join(re.escape(u) for u in reversed(KNOWN) if len(u) > 1)})",
    re.IGNORECASE,
)


class UnitFactor(NamedTuple):
    """The factor from a unit to that of a series; `per_interval`: energy of an interval, for a power."""

    unit: str
    factor: float
    per_interval: bool = False


def folded(text: str) -> str:
    """Text with full-width letters, digits and brackets as half-width ones, blanks collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).split())


def label_and_unit(header: str) -> tuple[str, str | None]:
    """Label, in lower case, and unit of a column header, in brackets or at its end; None if it has none."""
    label, unit = heading(folded(header))
    if unit is None and (parts := TRAILING.fullmatch(folded(header))) and parts[1].strip():
        return parts[1].strip(" _/,:").lower(), parts[2]
    return label, unit


def is_unit(text: str) -> bool:
    """Whether a text is a unit that stands in exports, with or without brackets."""
    return plain_unit(folded(text).strip("[]()")) in KNOWN


def unit_factor(unit: str | None, spec: SeriesSpec) -> UnitFactor | None:
    """The factor from a unit to that of a series; None if it is not one of its units.

    The energy of an interval serves for a power.
    """
    plain = plain_unit(folded(unit or ""))
    if (factor := FACTORS[spec.unit].get(plain)) is not None:
        return UnitFactor(unit or "", factor)
    if spec.unit == "MW" and (factor := FACTORS["MWh"].get(plain)) is not None:
        return UnitFactor(unit or "", factor, per_interval=True)
    return None


def unit_problem(name: str, header: str, unit: str | None, spec: SeriesSpec) -> str:
    """What is wrong with the unit of a column."""
    known = ", ".join(f"[{known}]" for known in FACTORS[spec.unit])
    if spec.unit == "MW":
        known += ", or energy of each interval such as [kwh]"
    if unit is None:
        return (
            f"{name}: column '{quoted(header)}': no unit: must be one of {known}; write it in the header, or"
            f" name the column with it: `{quoted(name)}#{quoted(header)} [{spec.unit}]`"
        )
    return f"{name}: column '{quoted(header)}': unknown unit '{quoted(unit)}': must be one of {known}"
