"""One problem as plain numbers, so that every peer is written from the same data and knows nothing of ours.

min   hours x sum(buy x import - sell x export + wear x discharge) + sum over months(demand price x peak)
with  import - export + pv + sum(discharge - charge) = load + the batteries' auxiliary draw
      energy = kept x energy before + eta_charge x hours x charge - hours / eta_discharge x discharge
      import <= peak of its month, energy at the end >= final, and each variable within its bounds
and, in the instance `gaoan`, not both of import and export, nor of charge and discharge, above zero.

This module needs numpy alone; making an instance needs the project (`benchmarks.make`), reading one does not.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from parkdispatch.models.device import Device

    # an instance in this project's words: devices by name, times, and series by device and name
    Declared = tuple[Mapping[str, Device], pd.DatetimeIndex, dict[tuple[str, str], NDArray[np.float64]]]

Array = NDArray[np.float64]
GAP = 1e-6  # [-] asked of every solver with binaries; HiGHS's own default, 1e-4, would hide a difference
EQUAL = 1e-6  # [-] by which two optima may differ


@dataclass(frozen=True)
class Store:
    """A battery: AC power both ways, energy in the cells."""

    name: str
    power_mw: float
    lowest_mwh: float
    highest_mwh: float
    initial_mwh: float
    final_mwh: float  # at least this at the end
    eta_charge: float
    eta_discharge: float
    kept: float  # [-] share of the stored energy left after one interval
    auxiliary_mw: float  # drawn always
    wear_yuan_per_mwh: float  # of energy discharged


@dataclass(frozen=True)
class Instance:
    """Arrays have the shape (intervals,), `demand_yuan_per_mw` the shape (months,)."""

    name: str
    horizon: str
    hours: float
    import_limit_mw: float
    export_limit_mw: float
    stores: tuple[Store, ...]
    times: NDArray[np.datetime64]  # local starts of the intervals
    month: NDArray[np.int64]  # number of the month each interval lies in, from zero
    load_mw: Array
    pv_mw: Array  # available; what is not taken is curtailed
    buy_yuan_per_mwh: Array
    sell_yuan_per_mwh: Array
    demand_yuan_per_mw: Array  # of the highest import of each month

    def __len__(self) -> int:
        return len(self.load_mw)

    @property
    def drawn_mw(self) -> Array:
        """What the park takes whatever is decided."""
        return self.load_mw + sum(store.auxiliary_mw for store in self.stores)

    def save(self, path: Path) -> None:
        save_fields(self, path)


def load(path: Path) -> Instance:
    fields = read_fields(path)
    fields["stores"] = tuple(Store(**store) for store in fields["stores"])
    return Instance(**fields)


def save_fields(instance: Any, path: Path) -> None:
    """Write an instance's arrays as such, and its other fields as JSON."""
    arrays = {name: value for name, value in vars(instance).items() if isinstance(value, np.ndarray)}
    plain = {name: value for name, value in asdict(instance).items() if name not in arrays}
    np.savez(path, plain=np.array(json.dumps(plain)), **arrays)


def read_fields(path: Path) -> dict[str, Any]:
    """The fields of an instance; declarations within it are tables."""
    with np.load(path) as file:
        plain: dict[str, Any] = json.loads(str(file["plain"]))
        return plain | {name: file[name] for name in file.files if name != "plain"}


def name_of(path: Path) -> str:
    """The name of the instance in a file."""
    with np.load(path) as file:
        return str(json.loads(str(file["plain"]))["name"])


def file_of(folder: Path, name: str, horizon: str) -> Path:
    """Where an instance lies in a folder of them."""
    return folder / f"{name}-{horizon.replace(' ', '-')}.npz"
