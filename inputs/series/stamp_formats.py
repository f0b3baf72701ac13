"""Stamps as people and programs write them: dates, times of day, offsets from UTC, serial days of Excel."""

import re
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from parkdispatch.inputs.series.text_tables import YEARS

CLOCK = (
    r"(?P<hour>\d{1,2})[:时点](?P<minute>\d{1,2})?(?:[:分](?P<second>\d{1,2}(?:\.\d+)?)?秒?)?分?"
    r" ?(?P<half>[AP]M)?"
)
ZONE = r" ?(?P<zone>Z|UTC|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?)?"
UNTIL = r"(?: ?[-~至到—–] ?(?:\d{4}\D\d{1,2}\D\d{1,2}日?[ T])?(?P<until>\d{1,2}:\d{2})(?::\d{2})?)"
DATES = {
    "year first": r"(?P<year>\d{4})[-/.年](?P<month>\d{1,2})[-/.月](?P<day>\d{1,2})日?",
    "compact": r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})",
    "dots": r"(?P<day>\d{1,2})\.(?P<month>\d{1,2})\.(?P<year>\d{4})",
    "slashes": r"(?P<first>\d{1,2})[/-](?P<other>\d{1,2})[/-](?P<year>\d{4})",
    "month word": r"(?P<day>\d{1,2})[- ](?P<word>[A-Z]{3})[- ,](?P<year>\d{4}|\d{2})",
}
PATTERNS = {
    **{name: rf"{date}(?:[ T,]*{CLOCK})?{ZONE}" for name, date in DATES.items()},
    "compact clock": DATES["compact"]
    + rf"[ T_]?(?P<hour>\d{{2}})(?P<minute>\d{{2}})(?P<second>\d{{2}})?{ZONE}",
    "clock": CLOCK + ZONE,
    "serial": r"(?P<serial>\d{5}(?:\.\d+)?)",
    "until": rf"{DATES['year first']}[ T]*{CLOCK}{UNTIL}",
    "clock until": CLOCK + UNTIL,
}
MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
EXCEL_DAY_ZERO = np.datetime64("1899-12-30")
SERIAL_DAYS = (20_000, 80_000)  # 1954 to 2119
HALVES = {"上午": "AM", "下午": "PM", "A.M.": "AM", "P.M.": "PM"}
NEAR_S = 1.0  # of a whole minute: 23:59:59 is written for 24:00, and serial days are rounded
PLAIN_FORMAT, PLAIN_LENGTH = "%Y-%m-%d %H:%M", 16
FIELDS = ("year", "month", "day", "first", "other", "word", "hour", "minute", "second", "half", "zone",
          "serial", "until")  # fmt: skip


@dataclass(frozen=True)
class Stamps24:
    """Stamps of shape (rows,): times without a zone, NaT where unreadable.

    `zoned`: the times are in UTC. `no_date`: they are times of day, on 1970-01-01. `next_day`: written 24:00.
    `format_name` is a key of PATTERNS. `problem` says what cannot be told.
    """

    times: np.ndarray
    format_name: str
    zoned: bool = False
    no_date: bool = False
    next_day: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=bool))
    off_calendar: bool = False  # some are on a day that the calendar does not have
    problem: str = ""


def parse_stamps(cells: pd.Series) -> Stamps24:
    """Parse a column of stamps in the one format that most of them have."""
    plain = _plain_stamps(cells)
    if plain is not None:
        return Stamps24(plain, "year first", next_day=np.zeros(len(plain), dtype=bool))
    texts = cells.str.normalize("NFKC").str.upper().str.replace(r"\s+", " ", regex=True).str.strip()
    for word, half in HALVES.items():
        texts = texts.str.replace(word, half, regex=False)
    texts = texts.str.replace(r" ([AP]M) (\d{1,2}:[\d:]+)", r" \2 \1", regex=True)  # 2026/7/15 下午 1:00
    format_name, parts = _most_frequent_format(texts)
    seen = parts.notna().any(axis=1).to_numpy()
    number = {
        name: pd.to_numeric(parts[name], errors="coerce").to_numpy(np.float64)
        for name in ("year", "month", "day", "first", "other", "hour", "minute", "second", "serial")
    }
    if format_name == "serial":
        return _serial(number["serial"])
    problem = ""
    if format_name == "slashes":
        number["day"], number["month"], problem = _told_apart(number)
    if format_name == "month word":
        words = parts["word"].map({word: n for n, word in enumerate(MONTHS, start=1)})
        number["month"] = words.to_numpy(np.float64)
        number["year"] = np.where(number["year"] < 100, number["year"] + 2000, number["year"])
    no_date = format_name.startswith("clock")
    undated = np.where(seen, np.datetime64("1970-01-01"), np.datetime64("NaT", "s"))
    days = undated if no_date else _days(number)
    clock_s, valid = _seconds_of_day(number, parts["half"])
    times = days.astype("datetime64[s]") + clock_s.astype("timedelta64[s]")
    zoned, offset_s, same_zone = _offsets(parts["zone"], seen)
    times = times - offset_s.astype("timedelta64[s]")
    times[~(valid & seen & same_zone)] = np.datetime64("NaT", "s")
    off_calendar = bool((np.isnat(days) & seen).any())
    return Stamps24(times, format_name, zoned, no_date, number["hour"] == 24, off_calendar, problem)


def _plain_stamps(cells: pd.Series) -> np.ndarray | None:
    """The times of cells that are all like 2026-01-31 13:45, as most files have them; None of any others.

    What the patterns would tell too, in a twentieth of their time.
    """
    if not len(cells) or set(cells.str.len()) != {PLAIN_LENGTH}:
        return None
    times = pd.to_datetime(cells, format=PLAIN_FORMAT, errors="coerce")
    if times.isna().any() or times.dt.year.min() < YEARS[0] or times.dt.year.max() > YEARS[1]:
        return None
    return times.to_numpy().astype("datetime64[s]")


def _most_frequent_format(texts: pd.Series) -> tuple[str, pd.DataFrame]:
    """The format that most cells have, and the parts of those that have it, by the names in FIELDS."""
    sample = texts if len(texts) <= 400 else texts.iloc[:: max(1, len(texts) // 400)]
    counts = {name: int(sample.str.fullmatch(pattern).sum()) for name, pattern in PATTERNS.items()}
    if counts["serial"] and not _are_serials(sample):
        counts["serial"] = 0
    best = max(counts, key=lambda name: counts[name])
    for name in ("until", "clock until"):  # `0:00-0:15` rather than an offset, where the end moves on
        ends = sample.str.extract(f"^{PATTERNS[name]}$")["until"]
        if counts[name] and counts[name] >= counts[best] and ends.nunique() > 2:
            best = name
    parts = texts.str.extract(f"^(?:{PATTERNS[best]})$")
    return best, parts.reindex(columns=list(FIELDS))


def _are_serials(sample: pd.Series) -> bool:
    numbers = pd.to_numeric(sample, errors="coerce")
    return bool(numbers.between(*SERIAL_DAYS).mean() > 0.5)


def _serial(days: np.ndarray) -> Stamps24:
    """Serial days of Excel, to the nearest minute."""
    within = (days >= SERIAL_DAYS[0]) & (days <= SERIAL_DAYS[1])
    minutes = np.round(np.where(within, days, 0.0) * 1440).astype("timedelta64[m]")
    times = (EXCEL_DAY_ZERO.astype("datetime64[m]") + minutes).astype("datetime64[s]")
    times[~within] = np.datetime64("NaT", "s")
    return Stamps24(times, "serial", next_day=np.zeros(len(times), dtype=bool))


def _days(number: dict[str, np.ndarray]) -> np.ndarray:
    """Days of the calendar, NaT where it has none."""
    year = np.where((number["year"] >= YEARS[0]) & (number["year"] <= YEARS[1]), number["year"], np.nan)
    table = pd.DataFrame({"year": year, "month": number["month"], "day": number["day"]})
    return pd.to_datetime(table, errors="coerce").to_numpy().astype("datetime64[s]")


def _told_apart(number: dict[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, str]:
    """Day and month of `15/07/2026` or `7/15/2026`, and a problem where the file does not tell which."""
    first, other = number["first"], number["other"]
    with np.errstate(invalid="ignore"):
        day_first, month_first = bool((first > 12).any()), bool((other > 12).any())
    if not day_first and not month_first:
        steps = []
        for day, month in ((first, other), (other, first)):
            days = _days({**number, "day": day, "month": month})
            days = days[~np.isnat(days)]
            steps.append(bool(len(days)) and np.diff(days).max(initial=np.timedelta64(0, "s")) <= DAY)
        several = len(np.unique(first + 100 * other)) > 1
        day_first, month_first = (several and steps[0], several and steps[1])
        if day_first == month_first:
            example = f"{first[0]:.0f}/{other[0]:.0f}/{number['year'][0]:.0f}" if len(first) else ""
            return (
                first,
                other,
                (f"{example}: day and month cannot be told apart: must be like 2026-01-31, the year first"),
            )
    return (first, other, "") if day_first else (other, first, "")


DAY = np.timedelta64(24 * 3600, "s")


def _seconds_of_day(number: dict[str, np.ndarray], half: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Seconds since midnight, whole minutes, and where they can be: up to 24:00."""
    hour, minute, second = (np.nan_to_num(number[name]) for name in ("hour", "minute", "second"))
    is_half = half.notna().to_numpy()
    afternoon = (half == "PM").to_numpy()
    valid = (hour <= np.where(is_half, 12, 24)) & (minute < 60) & (second < 60)
    hour = np.where(is_half, hour % 12 + 12 * afternoon, hour)
    total = hour * 3600 + minute * 60 + second
    whole = np.round(total / 60) * 60
    return whole, valid & (total <= 24 * 3600) & (np.abs(total - whole) <= NEAR_S)


def _offsets(zones: pd.Series, seen: np.ndarray) -> tuple[bool, np.ndarray, np.ndarray]:
    """Whether stamps have offsets from UTC, these [s], and where they have one as the others do."""
    has_zone = zones.notna().to_numpy()
    zoned = bool(has_zone[seen].mean() > 0.5) if seen.any() else False
    if not zoned:
        return False, np.zeros(len(zones)), ~has_zone
    offsets = {zone: _offset_s(zone) for zone in zones.dropna().unique()}
    return True, np.nan_to_num(zones.map(offsets).to_numpy(np.float64)), has_zone


def _offset_s(zone: str) -> float:
    parts = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", zone)
    if parts is None:  # Z or UTC
        return 0.0
    return (-1 if parts[1] == "-" else 1) * (int(parts[2]) * 3600.0 + int(parts[3] or 0) * 60.0)
