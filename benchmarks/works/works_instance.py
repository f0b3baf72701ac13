"""The instance `works` as plain numbers: two buses, so small that every peer has words for all of it.

min   hours x sum(buy x import - sell x export + wear x discharge + running x on + fuel x power)
      + sum(start cost x starts)
with  at the works:  import - export + power + (1 - loss) x forward - backward = load
      at the yard:   pv + discharge - charge + (1 - loss) x backward - forward = 0
      energy = kept x energy before + eta_charge x hours x charge - hours / eta_discharge x discharge
      least x on <= power <= rated x on, starts >= on - on before, off at first; on, starts binary
      energy at the end >= final, and each variable within its bounds

Exclusive pairs pay nobody: prices are above zero, selling pays less than buying costs, PV may be curtailed,
and the unit's least power is below every load. So who has no words for them finds the same optimum.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.instance import Array, Store, read_fields, save_fields

WORKS = "works"


@dataclass(frozen=True)
class Unit:
    """A unit that is on or off. Its fuel is linear in its power while it is on."""

    rated_mw: float
    least_mw: float
    running_yuan_per_h: float  # while it is on, whatever its power
    fuel_yuan_per_mwh: float  # of its energy besides
    start_yuan: float


@dataclass(frozen=True)
class Works:
    """Arrays have the shape (intervals,)."""

    name: str
    horizon: str
    hours: float
    import_limit_mw: float
    export_limit_mw: float
    forward_limit_mw: float  # from the yard to the works
    backward_limit_mw: float
    loss: float  # [-] share of what is sent, either way
    stores: tuple[Store, ...]  # one, at the yard
    unit: Unit  # at the works
    times: NDArray[np.datetime64]  # local starts of the intervals
    load_mw: Array  # at the works
    pv_mw: Array  # available at the yard; what is not taken is curtailed
    buy_yuan_per_mwh: Array
    sell_yuan_per_mwh: Array

    def __len__(self) -> int:
        return len(self.load_mw)

    @property
    def store(self) -> Store:
        """The only one."""
        (store,) = self.stores
        return store

    def save(self, path: Path) -> None:
        save_fields(self, path)

    def check(self) -> None:
        """Raise ValueError where an exclusive pair could pay, so that peers would have other problems."""
        pays = {
            "selling pays what buying costs": (self.sell_yuan_per_mwh >= self.buy_yuan_per_mwh).any(),
            "a price is below zero": (self.sell_yuan_per_mwh < 0).any(),
            "the unit's least power is above a load": self.unit.least_mw > self.load_mw.min(),
        }
        if wrong := [line for line, is_so in pays.items() if is_so]:
            raise ValueError(f"{self.name}, {self.horizon}: {'; '.join(wrong)}")


def load_works(path: Path) -> Works:
    """The instance in a file."""
    fields = read_fields(path)
    fields["stores"] = tuple(Store(**store) for store in fields["stores"])
    fields["unit"] = Unit(**fields["unit"])
    return Works(**fields)
