"""The history of a load, a PV plant or a wind farm as a ledger holds it; gaps stay gaps."""

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.operations.ledger.ledger_store import Ledger
from parkdispatch.operations.ledger.measurements import measured_values
from parkdispatch.operations.ledger.quantities import devices_with, measured_quantity
from parkdispatch.operations.ledger.sites import site_of

EVER = (pd.Timestamp(1950, 1, 1), pd.Timestamp(2200, 1, 1))


def ledger_histories(ledger: Ledger, case: Case, kinds: tuple[str, ...]) -> dict[str, pd.Series]:
    """The measured power by kind [MW], of the kinds of which the case has a device and the ledger values.

    Raises InputError where the ledger does not know the site, or the case has several devices of a kind.
    """
    named = [measured_quantity(case, kind) for kind in kinds if devices_with(case, kind)]
    histories = {}
    with ledger.reading() as connection:
        number = site_of(connection, case).number
        for measured in named:
            held = measured_values(connection, number, measured, *EVER)
            if len(held):
                histories[measured.name] = held["value"]
    return histories
