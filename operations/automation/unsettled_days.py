"""The days that are to be settled, looked for anew only when the ledger has changed.

To see whether a day is settled by what the ledger has, all that a settlement needs of it is read: too much to
do every few seconds for a ledger of a year.
"""

from datetime import date, timedelta

import sqlalchemy as sa

from parkdispatch.inputs.case import Case
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.ledger_tables import delivery, outage, sending, settlement
from parkdispatch.operations.settlement.settlement_store import due_days

LOOKED_BACK = timedelta(days=40)  # a month's bill comes, and is corrected, within it


class UnsettledDays:
    """Remembers what the ledger was like when its days were looked at last."""

    def __init__(self) -> None:
        self._looked: dict[str, tuple[tuple[object, ...], tuple[date, ...]]] = {}  # by site

    def days(self, ledger: Ledger, case: Case, today: date) -> tuple[date, ...]:
        """The days of the last weeks with all that a settlement needs, not settled by that."""
        since = today - LOOKED_BACK
        mark = (since, case.sha256, *_rows(ledger))
        known = self._looked.get(case.name)
        if known is None or known[0] != mark:
            days, _ = due_days(ledger, case, since)
            known = self._looked[case.name] = (mark, tuple(days))
        return known[1]


def _rows(ledger: Ledger) -> list[int]:
    """The numbers of rows of what settlements are made of; none is ever changed or removed."""
    with ledger.reading() as connection:
        return [
            connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            for table in (delivery, outage, sending, settlement)
        ]
