"""What a settlement asks of a real day: follow set points, say what that costs. By the kind of park."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Generic, Self, TypeVar

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.prepare import Prepared
from parkdispatch.operations.settlement.day_record import DayRecord
from parkdispatch.results.settlement.day_settlement import DayMoney, DayVolumes

Points = TypeVar("Points")  # the set points of a day
Done = TypeVar("Done")  # a day as it went


@dataclass(frozen=True)
class RealDay(ABC, Generic[Points, Done]):
    """A day's real load, sources, prices and limits, from the series of a prepared case.

    `price_yuan_per_mwh` is that of energy to be bought another day.
    """

    prepared: Prepared
    grids: tuple[str, ...]  # the connections
    price_yuan_per_mwh: float

    @property
    def case(self) -> Case:
        """The case with what was real that day."""
        return self.prepared.case

    def with_series(self, prepared: Prepared) -> Self:
        """The same rules with other series, such as those that a plan was made for."""
        return replace(self, prepared=prepared)

    @abstractmethod
    def points_of(self, solution: xr.Dataset) -> Points:
        """The set points of a dispatch."""

    @abstractmethod
    def sent_points(self, record: DayRecord) -> Points:
        """The set points of the plan that was sent."""

    @abstractmethod
    def following(self, points: Points) -> Done:
        """The day as it goes when devices follow set points as far as they can."""

    @abstractmethod
    def expected(self, record: DayRecord, points: Points) -> Done:
        """The day as the plan that was sent has it."""

    @abstractmethod
    def as_metered(self, record: DayRecord, sent: Done) -> Sequence[tuple[str, Done]]:
        """The day by the devices' meters and by that of the connection, as far as there are any, with causes.

        The last of them is the day as it was; there is at least one.
        """

    @abstractmethod
    def money(self, day: Done) -> DayMoney:
        """The lines of the day. Raises SolverError where a second computation says something else."""

    @abstractmethod
    def volumes(self, day: Done) -> DayVolumes:
        """Energies of the day, and its highest import."""
