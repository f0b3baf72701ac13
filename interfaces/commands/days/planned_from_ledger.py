"""What `plan` takes from a ledger, says of it, and records there."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from parkdispatch.interfaces.commands.days.ledger_options import author, opened

if TYPE_CHECKING:
    import pandas as pd

    from parkdispatch.inputs.case import Case
    from parkdispatch.inputs.variations.operator_orders import TimedOrder
    from parkdispatch.operations.ledger.day_state import DayState
    from parkdispatch.operations.ledger.ledger_store import Author, Ledger
    from parkdispatch.results.wording.languages import Lang
    from parkdispatch.studies.dispatch import DispatchRun

Soc = float | dict[str, float] | None


@dataclass(frozen=True)
class KnownDay:
    """A plan's beginning as its ledger knows it, with what the user typed, which goes before the ledger's."""

    ledger: "Ledger"
    state: "DayState"
    author: "Author"
    case: "Case"  # with outages, and with peaks so far unless one was typed
    soc: Soc  # of the ledger, and as typed
    typed_soc: frozenset[str]  # batteries of which one was typed
    peak_is_typed: bool
    peak_is_known: bool  # of every connection that pays for demand

    def record(self, run: "DispatchRun", orders: "Sequence[TimedOrder]" = ()) -> tuple[int, bool]:
        """Record a plan of the day it begins on, with its orders. Returns its version, and if it is new."""
        from parkdispatch.operations.desk.stored_orders import stored_orders
        from parkdispatch.operations.ledger.plan_basis import plan_basis
        from parkdispatch.operations.ledger.plan_versions import add_plan

        basis = plan_basis(run.case, self.state, stored_orders(orders))
        return add_plan(self.ledger, run.case, run.solution, self.author, basis)

    def show(self, console: Console, lang: "Lang", recorded: tuple[int, bool]) -> None:
        """Print what was taken from the ledger, and which version of the day's plan this is."""
        from parkdispatch.results.wording.words import load_words

        words = load_words(lang, "ledger")
        for line in self._taken(words["from_ledger"]):
            console.print(Text(line), style="dim", soft_wrap=True)
        version, is_new = recorded
        text = words["ledger"]["plan_new" if is_new else "plan_same"]
        line = text.format(version=version, day=self.state.begin.date(), by=self.author.name)
        console.print(Text(line), soft_wrap=True)

    def _taken(self, words: Mapping[str, str]) -> Iterator[str]:
        """A sentence for each thing that the ledger says of the day."""
        state = self.state
        for name in (name for name in self.case.batteries if name not in self.typed_soc):
            key = "soc_unknown"
            if name in state.soc:
                key = "soc_measured" if state.is_measured[name] else "soc_planned"
            yield words[key].format(device=name, soc=f"{state.soc.get(name, 0.0):.4g}")
        peaks = {} if self.peak_is_typed else state.peak_so_far_mw
        for name, peak_mw in peaks.items():
            missing = state.missing_intervals[name]
            key = "peak_missing" if missing else "peak"
            yield words[key].format(device=name, peak=f"{peak_mw:.6g} MW", missing=missing)
        for item in state.outages:
            span = {"begin": f"{item.begin:%Y-%m-%d %H:%M}", "end": f"{item.end:%Y-%m-%d %H:%M}"}
            yield words["outage"].format(device=item.device, share=f"{item.power_share:.0%}", **span)


def known_day(
    address: str | None,
    by: str | None,
    case: "Case",
    times: "pd.DatetimeIndex | None",
    soc: Soc,
    peak_so_far_mw: float | None,
) -> KnownDay | None:
    """What the ledger knows when a plan begins; None where no ledger is used, or no time known.

    Raises InputError.
    """
    if address is None or times is None:
        return None
    ledger = opened(address)
    from parkdispatch.operations.ledger.day_state import day_state

    state = day_state(ledger, case, times[0])
    known = state.case(case)
    peaks_known = False
    if peak_so_far_mw is None:
        known = state.with_peaks(known)
        paying = {name for name, device in case.devices.items() if device.pays_for_demand}
        peaks_known = bool(paying) and paying <= state.peak_so_far_mw.keys()
    typed = frozenset(case.batteries if isinstance(soc, float) else soc or ())
    merged = soc if isinstance(soc, float) else {**state.soc, **(soc or {})} or None
    return KnownDay(ledger, state, author(by), known, merged, typed, peak_so_far_mw is not None, peaks_known)
