"""When vehicles come and go: stays between an hourly profile of arrivals and one of departures.

Vehicles leave in the order in which they came. Those present at midnight are as few as the two profiles
allow, so that none leaves before it has come; a stay is thus shorter than two days.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parkdispatch.models.device import Array

SMALLEST_SHARE = 1e-12  # of a day's vehicles; less is rounding


@dataclass(frozen=True)
class Stays:
    """Groups of vehicles that come in the same interval of a day and leave at the beginning of the same.

    Arrays of shape (groups,): the share of the day's vehicles, the first interval of the stay, counted from
    the day's midnight, and the one in which they have left.
    """

    share: Array
    first: NDArray[np.int64]
    after: NDArray[np.int64]


def stays(arrivals: Array, departures: Array) -> Stays:
    """Pair arrivals with departures, each as shares of a day's vehicles by interval, (intervals of a day,).

    Vehicles come at the beginning of an interval and leave at the beginning of a later one.
    """
    count = len(arrivals)
    come = np.concatenate([[0.0], np.cumsum(arrivals)])  # before each interval, and at the end of the day
    gone = np.cumsum(departures)  # including those at the beginning of the interval
    waiting = float(max(0.0, np.max(gone - come[:-1])))  # present at midnight, from the day before
    # vehicle q of a day's arrivals leaves as vehicle q + waiting of that day's departures, or of the next's
    left = np.concatenate([gone, 1.0 + gone]) - waiting
    bounds = np.unique(np.clip(np.concatenate([come, left, [0.0, 1.0]]), 0.0, 1.0))
    share = np.diff(bounds)
    middle = bounds[:-1] + share / 2
    first = np.searchsorted(come, middle, side="right") - 1
    after = np.searchsorted(left, middle, side="left")
    kept = share > SMALLEST_SHARE
    return Stays(share[kept], np.minimum(first, count - 1)[kept], after[kept])


@dataclass(frozen=True)
class Vehicle:
    """One vehicle: its energy [MWh] when it comes and is to leave, and its limits in the meantime.

    `charge_mwh` and `discharge_mwh` are what an interval can add and take at most; `discharge_mwh` of zero
    means that nothing is fed back.
    """

    arrival_mwh: float
    departure_mwh: float
    lowest_mwh: float
    highest_mwh: float
    charge_mwh: float
    discharge_mwh: float


@dataclass(frozen=True)
class FleetBounds:
    """What a fleet has in each interval, as arrays of shape (intervals,).

    `present` vehicles; energy that comes and goes with vehicles; the least and the most that may be stored at
    the end, and what is stored if each vehicle charges evenly over its stay [MWh].
    """

    present: Array
    arriving_mwh: Array
    leaving_mwh: Array
    least_mwh: Array
    most_mwh: Array
    even_mwh: Array


def one_day(groups: Stays, vehicle: Vehicle, count: int) -> FleetBounds:
    """The bounds of a day's arrivals of one vehicle in all, over three days of `count` intervals."""
    present, arriving, leaving, least, most, even = (np.zeros(3 * count) for _ in range(6))
    for share, first, after in zip(groups.share, groups.first, groups.after, strict=True):
        length = int(after - first)
        begin = vehicle.arrival_mwh
        # who leaves too soon leaves with what the charger can give
        end = min(vehicle.departure_mwh, begin + vehicle.charge_mwh * length)
        gone, left = np.arange(1, length + 1), np.arange(length - 1, -1, -1)
        highest, lowest = (vehicle.highest_mwh, vehicle.lowest_mwh) if vehicle.discharge_mwh else (end, begin)
        upper = np.minimum(highest, begin + vehicle.charge_mwh * gone)
        lower = np.maximum(lowest, end - vehicle.charge_mwh * left)
        if vehicle.discharge_mwh:
            upper = np.minimum(upper, end + vehicle.discharge_mwh * left)
            lower = np.maximum(lower, begin - vehicle.discharge_mwh * gone)
        stay = slice(first, after)
        present[stay] += share
        arriving[first] += share * begin
        leaving[after] += share * end
        least[stay] += share * lower
        most[stay] += share * upper
        even[stay] += share * (begin + (end - begin) * gone / length)
    return FleetBounds(present, arriving, leaving, least, most, even)


def all_days(day: FleetBounds, numbers: Array, count: int) -> FleetBounds:
    """The bounds over days in succession on which so many vehicles come, (days x `count` intervals,)."""
    length = (len(numbers) + 2) * count

    def laid(pattern: Array) -> Array:
        total = np.zeros(length)
        for number, vehicles in enumerate(numbers):
            total[number * count : (number + 3) * count] += vehicles * pattern
        return total[: len(numbers) * count]

    parts = (day.present, day.arriving_mwh, day.leaving_mwh, day.least_mwh, day.most_mwh, day.even_mwh)
    return FleetBounds(*map(laid, parts))


def within_power(bounds: FleetBounds, charge_mwh: Array) -> FleetBounds:
    """The bounds if all vehicles together take no more than `charge_mwh` in each interval.

    More must be stored before hours that cannot give what is needed after them, less can be stored after
    them, and charging evenly falls behind in them.
    """
    change = bounds.arriving_mwh - bounds.leaving_mwh
    least, most, even = (array.copy() for array in (bounds.least_mwh, bounds.most_mwh, bounds.even_mwh))
    for t in range(len(least) - 2, -1, -1):
        least[t] = max(least[t], least[t + 1] - change[t + 1] - charge_mwh[t + 1])
    for t in range(1, len(most)):
        # where all have left, rounding must not leave less than nothing
        most[t] = max(0.0, min(most[t], most[t - 1] + change[t] + charge_mwh[t]))
        even[t] = max(least[t], min(even[t], even[t - 1] + change[t] + charge_mwh[t]))
    return FleetBounds(bounds.present, bounds.arriving_mwh, bounds.leaving_mwh, least, most, even)
