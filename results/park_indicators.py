"""Indicators of the pilot rules for a park: own use, share of green power, curtailment, CO2.

With "own use" = renewable output less export, all exports counted as renewable,

    self-use share    = own use / what sun and wind could give       自发自用率
    green share       = own use / consumption                         绿电占比
    curtailed share   = (could give - output) / could give            弃电率; 1 less it: 消纳率

over the horizon, as the yearly rules of `models/network/park_rules.py` count them. What a storage loses
counts as own use. CO2 is that of the energy bought, at the factor of each connection, and of fuels burnt.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.vocabulary import Amount
from parkdispatch.results.solution import park_amounts

AMOUNTS: tuple[Amount, ...] = (
    "renewable_available_mwh", "renewable_output_mwh", "export_mwh", "consumption_mwh", "co2_t",
)  # fmt: skip


@dataclass(frozen=True)
class ParkIndicators:
    """Energy of a horizon by which the shares are computed [MWh], and its CO2 [t]."""

    amounts: Mapping[str, float]  # by the names of `AMOUNTS`

    @classmethod
    def of(cls, solution: xr.Dataset, case: Case) -> "ParkIndicators":
        """The indicators of a dispatch."""
        totals = park_amounts(solution, case)
        return cls({amount: totals[amount] for amount in AMOUNTS})

    @classmethod
    def total(cls, parts: Iterable["ParkIndicators"]) -> "ParkIndicators":
        """The indicators of several horizons together, such as the years of a lifetime."""
        listed = list(parts)
        return cls({amount: sum(part.amounts[amount] for part in listed) for amount in AMOUNTS})

    @property
    def own_use_mwh(self) -> float:
        """Renewable output that is not exported [MWh]; not below zero where a storage exports grid energy."""
        return max(0.0, self.amounts["renewable_output_mwh"] - self.amounts["export_mwh"])

    @property
    def self_use_share(self) -> float | None:
        """Own use over what sun and wind could give [-]; None without any."""
        return _share(self.own_use_mwh, self.amounts["renewable_available_mwh"])

    @property
    def green_share(self) -> float | None:
        """Own use over consumption [-]; None without consumption."""
        return _share(self.own_use_mwh, self.amounts["consumption_mwh"])

    @property
    def curtailed_share(self) -> float | None:
        """What sun and wind could give and do not, over what they could [-]; None without any."""
        available_mwh = self.amounts["renewable_available_mwh"]
        return _share(max(0.0, available_mwh - self.amounts["renewable_output_mwh"]), available_mwh)

    @property
    def emissions_t_co2(self) -> float:
        """CO2 of energy bought and fuels burnt [t]."""
        return self.amounts["co2_t"]

    @property
    def json(self) -> dict[str, float | None]:
        """The entry `indicators` of `summary.json`: shares as fractions, null where they have no base."""
        curtailed = self.curtailed_share
        return {
            "self_use_share": self.self_use_share,
            "green_share": self.green_share,
            "curtailed_share": curtailed,
            "absorbed_share": None if curtailed is None else 1.0 - curtailed,
            "emissions_t_co2": self.emissions_t_co2,
        }


def _share(part_mwh: float, whole_mwh: float) -> float | None:
    return part_mwh / whole_mwh if whole_mwh > 0 else None
