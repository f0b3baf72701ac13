"""What a bill is made of: its lines, and what it needs to know of the connection."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from parkdispatch.models.tariff.demand_rules import Election
from parkdispatch.models.tariff.tariff_tables import Scheme


class Connection(Protocol):
    """What the bill needs to know of a grid connection; `parkdispatch.models.network.grid.Grid` is one."""

    @property
    def voltage_kv_level(self) -> str:
        """Key of the tariff's `voltages`."""

    @property
    def scheme(self) -> Scheme:
        """Two-part or single-part."""

    @property
    def sale_price_yuan_per_kwh(self) -> float:
        """Price of surplus sold."""

    @property
    def peak_so_far_mw(self) -> float:
        """Highest 15-minute average import of the first month before the horizon [MW]."""

    @property
    def demand_election(self) -> Election:
        """How demand is paid for under a two-part tariff."""

    @property
    def contracted_demand_mw(self) -> Sequence[float] | None:
        """Contracted demand by month of the year [MW]; none unless elected."""

    @property
    def transformer_kva(self) -> float | None:
        """Capacity of the transformers [kVA]; none where it is not known."""

    @property
    def power_factor(self) -> float | None:
        """Of every month, as metered [-]; none means at the tariff's standard."""


class BillLine(NamedTuple):
    """One line of a bill: `yuan` is quantity x price."""

    month: str  # "2026-03"
    charge: str  # what for: "purchased_energy", "demand", ...
    period: str  # "peak", ...; "all" where the price does not depend on it
    quantity: float
    unit: str  # of the quantity
    price_yuan: float  # per unit
    yuan: float
