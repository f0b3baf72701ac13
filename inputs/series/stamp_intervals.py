"""Whether stamps stand at the starts or at the ends of their intervals, told by the stamps themselves."""

from typing import NamedTuple

import numpy as np

from parkdispatch.inputs.series.series_reading import Stamps

DAY = np.timedelta64(24 * 3600, "s")
NO_TIME = np.timedelta64(0, "s")


class StampPosition(NamedTuple):
    """Where stamps stand, and the key of the words that say why; a problem where that cannot be told."""

    stamps: Stamps
    why: str
    problem: str = ""


def with_last_midnights(times: np.ndarray, step: np.timedelta64) -> tuple[np.ndarray, int]:
    """The times with each midnight a day later that follows the last interval of its own date, and how many.

    Some meters write the end of a day as 0:00 of the same day: 23:45, then 0:00 with the date of 23:45.
    """
    if len(times) < 2:
        return times, 0
    at_midnight = times == times.astype("datetime64[D]")
    falls = np.concatenate([[False], times[1:] - times[:-1] == step - DAY])
    same_day = at_midnight & falls
    return np.where(same_day, times + DAY, times), int(same_day.sum())


def stamp_position(
    times: np.ndarray,
    step: np.timedelta64,
    given: Stamps | None,
    of_header: Stamps | None,
    *,
    told_end: str = "",
) -> StampPosition:
    """Where stamps stand: as given, as the header says, or as whole days tell.

    `told_end` is the key of the words for a stamp that only an end can have, such as 24:00. Where nothing
    tells, stamps are starts, which is said.
    """
    if given is not None:
        return StampPosition(given, "given")
    if of_header is not None:
        return StampPosition(of_header, "header")
    first, last = times[0], times[-1]
    if told_end:
        if _of_day(first) == NO_TIME:  # both 0:00 and 24:00 of one day
            return StampPosition("start", "", _both_ends(first, last))
        return StampPosition("end", told_end)
    start_says = int(_of_day(first) == NO_TIME) + int(_of_day(last) == DAY - step)
    end_says = int(_of_day(first) == step) + int(_of_day(last) == NO_TIME)
    if len(times) == 1:
        return StampPosition("start", "one_row")
    if start_says > end_says:
        return StampPosition("start", "whole_days" if start_says == 2 else "midnight")
    if end_says == 2:
        return StampPosition("end", "whole_days")
    if start_says == end_says == 0:
        return StampPosition("start", "assumed")
    return StampPosition("start", "", _both_ends(first, last))


def _of_day(moment: np.datetime64) -> np.timedelta64:
    return np.timedelta64(moment - moment.astype("datetime64[D]"))


def _both_ends(first: np.datetime64, last: np.datetime64) -> str:
    shown = [str(moment.astype("datetime64[m]")).replace("T", " ") for moment in (first, last)]
    return (
        f"stamps from {shown[0]} to {shown[1]} may be starts or ends of their intervals: `stamps` must"
        " say which,"
        " start or end"
    )
