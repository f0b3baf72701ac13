"""A series given in memory, such as a forecast of tonight, instead of in a file."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from parkdispatch.inputs.messages.quoted import quoted
from parkdispatch.inputs.series.interval_values import TIME_FORMAT
from parkdispatch.inputs.series.series_units import FACTORS
from parkdispatch.inputs.series.text_tables import heading, plain_unit
from parkdispatch.models.device import Array, SeriesSpec
from parkdispatch.models.errors import InputError

NO_NUMBERS = "bcmM"  # kinds of true or false, of complex numbers and of times, which convert without a word


@dataclass(frozen=True, eq=False)
class SeriesValues:
    """Values by the local start of each interval. The name may state the unit: `load [kW]`; else MW.

    Stamps with a time zone are converted to that of the site when they are read. `argument` names what the
    values were given as.
    """

    values: pd.Series
    argument: str

    def read(self, spec: SeriesSpec, times: pd.DatetimeIndex, hours: float, timezone: str) -> Array:
        """The values at `times`, shape (intervals,), in the unit of `spec`.

        Raises InputError with what is wrong: the index, the unit, missing intervals or values.
        """
        factor, index = self._factor(spec), self._index(timezone)
        if index.has_duplicates:
            twice = index[index.duplicated()][0]
            raise self._error(f"has {twice:{TIME_FORMAT}} twice, must have each interval once")
        position = index.get_indexer(times)
        if (position < 0).any():
            missing = times[position < 0]
            end = times[-1] + pd.Timedelta(hours=hours)
            raise self._error(
                f"must cover {times[0]:{TIME_FORMAT}} to {end:{TIME_FORMAT}} in steps of {hours * 60:.15g}"
                f" minutes; {len(missing)} of these {len(times)} intervals are missing, the first"
                f" {missing[0]:{TIME_FORMAT}}"
            )
        if self.values.dtype.kind in NO_NUMBERS:
            raise self._error(f"holds {self.values.dtype}, must hold numbers")
        numbers = pd.to_numeric(self.values, errors="coerce").to_numpy(dtype=np.float64)[position] * factor
        if not np.isfinite(numbers).all():
            first = times[~np.isfinite(numbers)][0]
            raise self._error(f"at {first:{TIME_FORMAT}}: is no number, must be one in every interval")
        return np.asarray(numbers)

    def digest_content(self) -> list[object]:
        """What a digest of a case says of the values."""
        return [str(self.values.name), [str(stamp) for stamp in self.values.index], self.values.tolist()]

    def _error(self, problem: str) -> InputError:
        return InputError(f"argument `{self.argument}`: {problem}")

    def _factor(self, spec: SeriesSpec) -> float:
        """Factor from the unit the name states to that of `spec`; 1 where it states none."""
        _, unit = heading(str(self.values.name or ""))
        if not unit:
            return 1.0
        known = FACTORS.get(spec.unit, {})
        factor = known.get(plain_unit(unit))
        if factor is None:
            raise self._error(f"has the unit [{quoted(unit)}], must be one of {', '.join(known)}")
        return factor

    def _index(self, timezone: str) -> pd.DatetimeIndex:
        """Local starts of the intervals, without a time zone."""
        index = self.values.index
        if not isinstance(index, pd.DatetimeIndex):
            raise self._error("must be indexed by the starts of its intervals (a DatetimeIndex)")
        if index.hasnans:
            raise self._error("has a stamp that is no time, must have one for each value")
        return index if index.tz is None else index.tz_convert(timezone).tz_localize(None)
