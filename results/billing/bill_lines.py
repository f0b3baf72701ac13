"""The lines of a bill, and the properties of the grid connection that billing needs."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol, runtime_checkable

from parkdispatch.models.network.connection_series import PeriodPrices
from parkdispatch.models.tariff.demand_rules import Election
from parkdispatch.models.tariff.tariff_tables import Scheme


@runtime_checkable
class Connection(Protocol):
    """The properties of a grid connection that billing needs; `models.network.grid.Grid` has them.

    A connection of a user's own kind that has them too is billed likewise.
    """

    @property
    def voltage_kv_level(self) -> str:
        """Voltage level: a key of the tariff's `voltages`."""

    @property
    def scheme(self) -> Scheme:
        """Pricing scheme: two-part or single-part."""

    @property
    def sale_price_yuan_per_kwh(self) -> float | PeriodPrices:
        """Price of surplus energy sold [yuan/kWh], or one for each period of the tariff."""

    @property
    def peak_so_far_mw(self) -> float:
        """Highest 15-minute average import of the first month up to the start of the horizon [MW]."""

    @property
    def demand_election(self) -> Election:
        """The elected basis of the basic charge under a two-part tariff."""

    @property
    def contracted_demand_mw(self) -> Sequence[float] | None:
        """Contracted demand by calendar month [MW]; None unless elected."""

    @property
    def transformer_kva(self) -> float | None:
        """Transformer capacity [kVA]; None where unknown."""

    @property
    def power_factor(self) -> float | None:
        """Metered power factor of every month [-]; None: at the tariff's standard."""


class BillLine(NamedTuple):
    """One line of a bill: `yuan` = `quantity` x `price_yuan`."""

    month: str  # "2026-03"
    charge: str  # "purchased_energy", "demand", ...
    period: str  # "peak", ...; "all" where the price does not depend on the period
    quantity: float
    unit: str  # of the quantity
    price_yuan: float  # per unit
    yuan: float
    given: bool = False  # at a price that the user gives as a series
    reduced: bool = False  # a discount that the optimizer's demand price has already
