"""The ledger from Python: `parkdispatch.ledger`."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from parkdispatch.interfaces.api.dates import day_of
from parkdispatch.interfaces.api.named_cases import CaseOrName, loaded
from parkdispatch.interfaces.commands.days.ledger_options import author, opened
from parkdispatch.models.errors import InputError
from parkdispatch.studies.solve_options import Progress, SolveContext, SolveOptions, ignore_progress

if TYPE_CHECKING:
    from parkdispatch.interfaces.api.dispatch_api import Plan
    from parkdispatch.operations.ledger.day_state import DayState
    from parkdispatch.operations.ledger.measurements import Delivery
    from parkdispatch.results.settlement.day_settlement import Settlement


class ParkLedger:
    """A ledger: what was measured, planned and sent. Each method reads, or writes all or nothing."""

    def __init__(self, address: str | Path, by: str | None = None) -> None:
        self._ledger, self._by = opened(str(address)), by

    def init(self, case: CaseOrName) -> None:
        """Make the ledger where there is none, and add the site of a case with its tariff."""
        from parkdispatch.operations.ledger.sites import add_site
        from parkdispatch.results.io.provenance import versions

        who = author(self._by)
        self._ledger.make(who, versions()["parkdispatch"])
        add_site(self._ledger, loaded(case), who)

    def import_file(
        self,
        case: CaseOrName,
        path: str | Path,
        columns: Sequence[str],
        quality: str = "measured",
        stamps: str | None = None,
    ) -> "list[Delivery]":
        """Bring the columns of a file in, such as `load`, `soc:battery_1` or `pv=PV total [kW]`.

        `stamps`, "start" or "end", says where stamps stand if the file does not tell.
        """
        from parkdispatch.operations.ledger.measurements import import_file

        return import_file(self._ledger, loaded(case), Path(path), columns, author(self._by), quality, stamps)

    def record(self, case: CaseOrName, what: str, value: float, at: datetime | str) -> "Delivery":
        """Record one value that was read at a local moment, such as `soc:battery_1` or `peak`."""
        from parkdispatch.operations.ledger.measurements import record_value

        try:
            instant = pd.Timestamp(at)
        except ValueError:
            raise InputError(
                f"argument `at` = {at}: must be a local moment such as 2026-07-15 18:30"
            ) from None
        return record_value(self._ledger, loaded(case), what, value, instant, author(self._by))

    def measured(self, case: CaseOrName, what: str, first: str | date, last: str | date) -> pd.DataFrame:
        """What is in force from `first` to `last`: columns `value`, `quality`, `version`."""
        from parkdispatch.operations.ledger.measurements import measured_values
        from parkdispatch.operations.ledger.quantities import measured_quantity
        from parkdispatch.operations.ledger.sites import site_of

        known = loaded(case)
        of = measured_quantity(known, what)
        with self._ledger.reading() as connection:
            number = site_of(connection, known).number
            return measured_values(connection, number, of, pd.Timestamp(first), pd.Timestamp(last))

    def state(self, case: CaseOrName, day: date | str) -> "DayState":
        """What is known when a day begins: state of charge, the month's peak so far, outages."""
        from parkdispatch.operations.ledger.day_state import day_state

        return day_state(self._ledger, loaded(case), day_of("day", day))

    def add_plan(self, plan: "Plan", basis: Mapping[str, object] | None = None) -> int:
        """Record a plan as the next version of its day, and return the version."""
        from parkdispatch.operations.ledger.day_state import day_state
        from parkdispatch.operations.ledger.plan_basis import plan_basis
        from parkdispatch.operations.ledger.plan_versions import add_plan

        case, day = plan.case, plan.table.index[0].date()
        known = basis if basis is not None else plan_basis(case, day_state(self._ledger, case, day))
        return add_plan(self._ledger, case, plan.dataset, author(self._by), known)[0]

    def send(self, case: CaseOrName, day: date | str, version: int, instead_of: int | None = None) -> None:
        """Mark a version as sent; InputError where another one was sent and `instead_of` does not name it."""
        from parkdispatch.operations.ledger.plan_versions import send_plan

        send_plan(self._ledger, loaded(case), day_of("day", day), version, author(self._by), instead_of)

    def settle(
        self,
        case: CaseOrName,
        day: date | str,
        *,
        time_limit_s: float = 60.0,
        progress: Progress = ignore_progress,
    ) -> "Settlement":
        """Settle a day by what the ledger has, and record it as the next version if anything has changed."""
        from parkdispatch.operations.settlement.settlement_store import settle_from_ledger

        context = SolveContext(SolveOptions(time_limit_s=time_limit_s, smooth=True), progress)
        settled_day = day_of("day", day)
        return settle_from_ledger(self._ledger, loaded(case), settled_day, context, author(self._by))[0]

    def tables(self) -> dict[str, pd.DataFrame]:
        """Every table as it is."""
        from parkdispatch.operations.ledger.ledger_summary import ledger_tables

        return ledger_tables(self._ledger)


def ledger(address: str | Path = "ledger.sqlite", *, by: str | None = None) -> ParkLedger:
    """Open a ledger at the path of a SQLite file, or at a URL such as postgresql://user@host/park.

    Args:
        address: the file or URL; it need not be there before `init`.
        by: who writes; None: who is logged in.

    Raises:
        InputError: where the extra `ledger` is not installed, or the address is none.

    """
    return ParkLedger(address, by)
