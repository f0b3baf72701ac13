"""Tables and sentences on the AC power flow of a dispatch, as text. Figures are rounded only here."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from parkdispatch.results.network.ac_check import AcCheck, CheckedInterval, NetworkFinding
from parkdispatch.results.network.hardest_intervals import Reason
from parkdispatch.results.network.voltage_limits import VoltageLimits
from parkdispatch.results.power_scale import PowerScale
from parkdispatch.results.wording.display_names import device_label

Words = Mapping[str, Any]
Cells = Sequence[str | float | None]  # of a row
SHARE, NOTHING = ".1%", "–"


@dataclass(frozen=True)
class NetworkTable:
    """A table of texts and unrounded numbers; `forms` says how each column is shown, "" of text.

    A number that is not there, because nothing converged, is None.
    """

    heads: Sequence[str]
    forms: Sequence[str]  # such as ".3f"
    rows: Sequence[Cells]

    @property
    def texts(self) -> tuple[int, ...]:
        """The columns of text."""
        return tuple(column for column, form in enumerate(self.forms) if not form)

    @property
    def shown(self) -> list[list[str]]:
        """The rows as people read them."""
        return [[_shown(cell, form) for cell, form in zip(row, self.forms, strict=True)] for row in self.rows]


def _shown(cell: str | float | None, form: str) -> str:
    return NOTHING if cell is None else cell if isinstance(cell, str) else format(cell, form)


def network_section(check: AcCheck | None, words: Words, scale: PowerScale) -> dict[str, Any]:
    """What a page shows: title, note, tables and sentences, and whether something is beyond its limits."""
    return {
        "title": network_title(check, words) if check else words["network"]["not_made_title"],
        "note": network_note(check, words) if check else "",
        "tables": network_tables(check, words, scale) if check else [],
        "sentences": network_sentences(check, words),
        "bad": check is None or bool(check.findings),
    }


def network_tables(check: AcCheck, words: Words, scale: PowerScale) -> list[NetworkTable]:
    """Voltages by bus, loadings by transformer, and power and losses by interval."""
    return [_voltages(check, words), _loadings(check, words), _intervals(check, words, scale)]


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


def _heads(words: Words, *keys: str) -> list[str]:
    return [str(words["network"][key]) for key in keys]


def _voltages(check: AcCheck, words: Words) -> NetworkTable:
    """The lowest and the highest voltage of each bus."""
    rows: list[Cells] = [
        [
            seen.bus,
            seen.nominal_kv,
            seen.lowest_pu,
            _clock(seen.lowest_at, check),
            seen.highest_pu,
            _clock(seen.highest_at, check),
            _allowed(seen.limits, words),
            _verdict(seen.holds, words),
        ]
        for seen in check.voltages
    ]
    heads = _heads(words, "bus", "nominal", "lowest", "at", "highest", "at", "allowed", "verdict")
    return NetworkTable(heads, ("", "g", ".3f", "", ".3f", "", "", ""), rows)


def _loadings(check: AcCheck, words: Words) -> NetworkTable:
    """The highest loading of each transformer."""
    rows: list[Cells] = [
        [
            device_label(seen.transformer, words),
            seen.loading,
            _clock(seen.at, check),
            seen.allowed,
            _verdict(seen.holds, words),
        ]
        for seen in check.loadings
    ]
    heads = _heads(words, "transformer", "loading", "at", "allowed", "verdict")
    return NetworkTable(heads, ("", SHARE, "", SHARE, ""), rows)


def _intervals(check: AcCheck, words: Words, scale: PowerScale) -> NetworkTable:
    """Import and losses of each interval, by AC power flow and as dispatched, in the unit of the scale."""
    text, switches = words["network"], tuple(check.network.switches)
    linear_mw = [sum(interval.dispatched_loss_mw.values()) for interval in check.intervals]

    def row(interval: CheckedInterval, lost_mw: float) -> Cells:
        figures: list[float | None] = [None, None, None, lost_mw * scale.per_mw, None]
        if state := interval.state:
            loss_mw = interval.loss_mw(switches)
            supplied = [sum(state.supplied_mw.values()), sum(state.supplied_mvar.values()), loss_mw, lost_mw]
            more = loss_mw / lost_mw - 1.0 if lost_mw > 0 else None
            figures = [*(power * scale.per_mw for power in supplied), more]
        reasons = str(text["comma"]).join(_reason(reason, words) for reason in interval.reasons)
        return [_clock(interval.time, check), *figures, reasons]

    power = f"z,.{scale.digits()}f"
    loss = f"z,.{scale.digits(max(linear_mw, default=0.0))}f"
    reactive = "reactive_small" if scale.small else "reactive"
    heads = _heads(words, "time", "supplied", reactive, "loss", "dispatched_loss", "difference", "why")
    rows = list(map(row, check.intervals, linear_mw))
    return NetworkTable(heads, ("", power, power, loss, loss, "+z.1%", ""), rows)


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
    return format(share, SHARE)


def _clock(time: pd.Timestamp, check: AcCheck) -> str:
    """The start of an interval, with its date where the check has several days."""
    one_day = len({interval.time.date() for interval in check.intervals}) == 1
    return f"{time:%H:%M}" if one_day else f"{time:%m-%d %H:%M}"
