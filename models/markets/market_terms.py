"""What rules of markets have in common: the days from which and until which they hold."""

from datetime import date
from typing import Protocol, runtime_checkable

import numpy as np
import pandas as pd

from parkdispatch.models.device import Array, Seen, SeriesSpec

IN_FORCE = SeriesSpec(title="1 while the rule holds", unit="1", lower=0.0, upper=1.0, internal=True)


@runtime_checkable
class PricesNetImport(Protocol):
    """A market in which another MWh of the park's net import has a price beside the connection's."""

    def net_import_price_yuan_per_mwh(self, seen: Seen) -> Array:
        """That price, of shape (intervals,)."""


def in_force(times: pd.DatetimeIndex, first: date | None, last: date | None) -> Array:
    """1 from the first to the last day, included, else 0, (intervals,); None: no such limit."""
    holds = np.ones(len(times), dtype=bool)
    if first is not None:
        holds &= np.asarray(times >= pd.Timestamp(first))
    if last is not None:
        holds &= np.asarray(times < pd.Timestamp(last) + pd.Timedelta(days=1))
    return holds.astype(np.float64)


def ordered_days(first: date | None, last: date | None) -> None:
    """Raise ValueError where the last day lies before the first."""
    if first is not None and last is not None and last < first:
        raise ValueError(f"last_day = {last}: must not lie before `first_day`, {first}")


def words_of(
    kind: str, english: str, chinese: str, **sections: dict[str, tuple[str, str]]
) -> dict[str, dict[str, dict[str, str]]]:
    """Words of a kind of device: its name, and by section and key the English and the Chinese word."""
    return {
        lang: {
            "devices": {kind: name},
            **{
                section: {key: texts[number] for key, texts in entries.items()}
                for section, entries in sections.items()
            },
        }
        for number, (lang, name) in enumerate((("en", english), ("zh", chinese)))
    }
