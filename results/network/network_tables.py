"""Tables and sentences on the AC power flow of a dispatch, as text. Figures are rounded only here."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from parkdispatch.results.network.ac_check import AcCheck, BusVoltages, CheckedInterval, NetworkFinding
from parkdispatch.results.network.hardest_intervals import Reason
from parkdispatch.results.network.voltage_limits import VoltageLimits
from parkdispatch.results.power_scale import PowerScale
from parkdispatch.results.views.display_names import device_label

Words = Mapping[str, Any]
Table = dict[str, Any]  # arguments of `parts.table`: heads, rows, texts


def network_section(check: AcCheck | None, words: Words, scale: PowerScale) -> dict[str, Any]:
    """What a page shows: title, note, tables and sentences, and whether something is beyond its limits."""
    return {
        "title": network_title(check, words) if check else words["network"]["not_made_title"],
        "note": network_note(check, words) if check else "",
        "tables": network_tables(check, words, scale) if check else [],
        "sentences": network_sentences(check, words),
        "bad": check is None or bool(check.findings),
    }


def network_tables(check: AcCheck, words: Words, scale: PowerScale) -> list[Table]:
    """Voltages by bus, loadings by transformer, and power and losses by interval."""
    return [_voltages(check, words), _loadings(check, words), _intervals(check, words, scale)]


def network_cells(check: AcCheck) -> tuple[list[str], list[list[str | float | None]]]:
    """Heads and rows of the unrounded table by interval, as a workbook takes them."""
    table = check.table
    rows = [
        [f"{time:%Y-%m-%d %H:%M}", *(_cell(value) for value in row)]
        for time, row in zip(table.index, table.itertuples(index=False), strict=True)
    ]
    return ["time", *map(str, table.columns)], rows


def _cell(value: Any) -> str | float | None:
    if isinstance(value, str):
        return value
    return None if pd.isna(value) else float(value)


def network_sentences(check: AcCheck | None, words: Words) -> list[str]:
    """What the check found, a sentence each; that nothing was found, or that none was made."""
    text = words["network"]
    if check is None:
        return [str(text["not_made"])]
    return [_finding(finding, check, words) for finding in check.findings] or [str(text["holds"])]


def network_title(check: AcCheck, words: Words) -> str:
    """The heading of the check."""
    return str(words["network"]["title"]).format(count=len(check.intervals))


def network_note(check: AcCheck, words: Words) -> str:
    """What was computed, by what, and by which limits it is judged."""
    return str(words["network"]["note"]).format(solver=check.solver)


def _finding(finding: NetworkFinding, check: AcCheck, words: Words) -> str:
    text = words["network"]
    if finding.kind == "diverged":
        return str(text["diverged"]).format(at=finding.element)
    if finding.kind == "loading":
        seen = next(seen for seen in check.loadings if seen.transformer == finding.element)
        return str(text["overload"]).format(
            transformer=device_label(seen.transformer, words),
            loading=_share(seen.loading),
            allowed=_share(seen.allowed),
            at=_clock(seen.at, check),
        )
    seen_at = next(voltages for voltages in check.voltages if voltages.bus == finding.element)
    if seen_at.limits.span is not None:
        return str(text["bus_span"]).format(
            bus=seen_at.bus, span=_share(seen_at.span), allowed=_share(seen_at.limits.span)
        )
    return str(text["bus_between"]).format(
        bus=seen_at.bus,
        least=f"{seen_at.lowest_pu:.3f}",
        most=f"{seen_at.highest_pu:.3f}",
        allowed=_allowed(seen_at.limits, words),
    )


def _voltages(check: AcCheck, words: Words) -> Table:
    """The lowest and the highest voltage of each bus."""
    text = words["network"]

    def row(seen: BusVoltages) -> list[str]:
        voltages = (f"{seen.lowest_pu:.3f}", _clock(seen.lowest_at, check), f"{seen.highest_pu:.3f}")
        limits = (_allowed(seen.limits, words), _verdict(seen.holds, words))
        return [seen.bus, f"{seen.nominal_kv:g}", *voltages, _clock(seen.highest_at, check), *limits]

    keys = ("bus", "nominal", "lowest", "at", "highest", "at", "allowed", "verdict")
    return {"heads": [text[key] for key in keys], "rows": list(map(row, check.voltages)), "texts": (0, 6, 7)}


def _loadings(check: AcCheck, words: Words) -> Table:
    """The highest loading of each transformer."""
    text = words["network"]
    rows = [
        [
            device_label(seen.transformer, words),
            _share(seen.loading),
            _clock(seen.at, check),
            _share(seen.allowed),
            _verdict(seen.holds, words),
        ]
        for seen in check.loadings
    ]
    keys = ("transformer", "loading", "at", "allowed", "verdict")
    return {"heads": [text[key] for key in keys], "rows": rows, "texts": (0, 4)}


def _intervals(check: AcCheck, words: Words, scale: PowerScale) -> Table:
    """Import and losses of each interval, by AC power flow and as dispatched."""
    text, switches = words["network"], tuple(check.network.switches)
    largest_mw = max((sum(interval.dispatched_loss_mw.values()) for interval in check.intervals), default=0.0)

    def row(interval: CheckedInterval) -> list[str]:
        lost_mw = sum(interval.dispatched_loss_mw.values())
        supplied = reactive = loss = difference = str(text["nothing_converged"])
        if state := interval.state:
            supplied = scale.number(sum(state.supplied_mw.values()))
            reactive = scale.number(sum(state.supplied_mvar.values()))
            loss = scale.number(interval.loss_mw(switches), largest_mw)
            difference = f"{interval.loss_mw(switches) / lost_mw - 1.0:+z.1%}" if lost_mw > 0 else ""
        linear = scale.number(lost_mw, largest_mw)
        reasons = str(text["comma"]).join(_reason(reason, words) for reason in interval.reasons)
        return [_clock(interval.time, check), supplied, reactive, loss, linear, difference, reasons]

    unit = "reactive_small" if scale.small else "reactive"
    keys = ("time", "supplied", unit, "loss", "dispatched_loss", "difference", "why")
    return {"heads": [text[key] for key in keys], "rows": list(map(row, check.intervals)), "texts": (0, 6)}


def _reason(reason: Reason, words: Words) -> str:
    """Why an interval is hard, and on how many days it is harder."""
    text = words["network"]
    device = device_label(reason.device, words) if reason.device else ""
    what = str(text["reasons"][reason.kind]).format(device=device)
    if not reason.higher_days:
        return what
    return str(text["higher_days"]).format(what=what, number=reason.higher_days + 1)


def _allowed(limits: VoltageLimits, words: Words) -> str:
    """The voltages that are allowed."""
    text = words["network"]
    if limits.span is not None:
        return str(text["span"]).format(span=_share(limits.span))
    least, most = (f"{1.0 + (deviation or 0.0):.2f}" for deviation in (limits.lowest, limits.highest))
    return str(text["between"]).format(least=least, most=most)


def _verdict(holds: bool, words: Words) -> str:
    return str(words["page"]["yes" if holds else "no"])


def _share(share: float) -> str:
    return f"{share:z.1%}"


def _clock(time: pd.Timestamp, check: AcCheck) -> str:
    """The start of an interval, with its date where the check has several days."""
    one_day = len({interval.time.date() for interval in check.intervals}) == 1
    return f"{time:%H:%M}" if one_day else f"{time:%m-%d %H:%M}"
