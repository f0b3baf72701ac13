"""The tables of a span on forecasts, as data: screen, page and workbook show the same."""

from collections.abc import Mapping, Sequence
from typing import Any

from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.settlement.day_settlement import DayMoney
from parkdispatch.results.settlement.forecast_regret import ForecastRegret
from parkdispatch.results.wording.sentences import failed_sentences

Words = Mapping[str, Any]


def regret_title(regret: ForecastRegret, words: Words) -> str:
    """The title, in the words of `regret.LANG.toml`."""
    return str(words["regret"]["title"]).format(
        title=regret.title,
        first=regret.first,
        last=regret.last,
        forecast=words["regret_forecast"][regret.forecast],
    )


def regret_sentence(regret: ForecastRegret, words: Words) -> str:
    """What was lost, and the part of each cause."""
    text, causes = words["regret"], words["regret_cause"]
    parts = [
        text["part"].format(cause=causes[cause], yuan=f"{money.total:z,.0f}")
        for cause, money in regret.losses.items()
    ]
    separator = "，" if words["lang"] == "zh" else ", "
    return str(text["sentence"]).format(lost=f"{regret.lost.total:z,.0f}", parts=separator.join(parts))


def cause_rows(regret: ForecastRegret, words: Words) -> list[tuple[str, DayMoney]]:
    """Name and money of each cause."""
    return [(words["regret_cause"][cause], money) for cause, money in regret.losses.items()]


def month_heads(words: Words) -> list[str]:
    """The heads of the table by month."""
    names = ("month", "operated", "foresight", "without", "share", "peak", "peak_foresight", "peak_without")
    return [words["regret"][name] for name in names]


def month_rows(regret: ForecastRegret) -> list[list[str]]:
    """The cells of the table by month: money in 10^4 yuan, shares, highest imports [MW]."""
    return [
        [
            month.name,
            *_money_cells(month.operated, month.foresight, month.without),
            _share(month.kept),
            *(_number(mw, 1) for mw in (month.peak_mw, month.foresight_peak_mw, month.without_peak_mw)),
        ]
        for month in regret.months
    ]


def total_row(regret: ForecastRegret, words: Words) -> list[str]:
    """The last row of that table."""
    money = _money_cells(regret.operated, regret.foresight, regret.without)
    return [words["regret"]["all"], *money, _share(regret.kept), "", "", ""]


def run_lines(regret: ForecastRegret, words: Words) -> list[str]:
    """How the plans were proven, and what gave way."""
    text = words["regret"]
    separator = "、" if words["lang"] == "zh" else ", "
    lines = [
        text["plans" if regret.hours else "plans_always"].format(
            plans=f"{regret.plans:,}",
            hours=separator.join(clock(hour) for hour in regret.hours),
            proven=f"{regret.proven:,}",
            gap=f"{regret.largest_gap:.1e}",
            foresight_gap=f"{regret.foresight_gap:.1e}",
        )
    ]
    if hedge := regret.facts.get("hedge"):
        weight, level = hedge["risk"]["weight"], hedge["risk"]["level"]
        lines.append(text["hedged"].format(paths=hedge["paths"], weight=weight, tail=1.0 - level))
    lines += failed_sentences(regret.failed, {"days": regret.asked_days}, regret.first.year, words)
    if regret.gave_way:
        lines.append(text["gave_way"].format(intervals=f"{regret.gave_way:,}"))
    if regret.missing_mwh > 1e-3:
        lines.append(text["missing"].format(mwh=f"{regret.missing_mwh:,.3f}"))
    lines += [
        text["broken"].format(
            limit=f"{broken.device}.{broken.name}",
            period=broken.period,
            used=f"{broken.used:,.3f}",
            over=f"{broken.over:,.3f}",
        )
        for broken in regret.broken
    ]
    return lines


def clock(hour: float) -> str:
    """An hour of a day as 14:00."""
    minutes = round(60 * hour)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def _money_cells(*amounts: DayMoney | None) -> Sequence[str]:
    return [_number(None if money is None else money.total / YUAN_PER_WAN, 2) for money in amounts]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:z,.{digits}f}"


def _share(share: float | None) -> str:
    return "" if share is None else f"{share:z.1%}"
