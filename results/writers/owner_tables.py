"""The owners of a park as tables and as a part of `summary.json`."""

from typing import Any

import pandas as pd

from parkdispatch.results.finance.owner_flows import OwnerStudy
from parkdispatch.results.finance.returns import years_or_never


def owners_table(owners: OwnerStudy) -> pd.DataFrame:
    """One row per owner and one of the park: NPV, IRR, payback, and what is lost if another leaves."""
    rows = [
        {
            "owner": flow.owner,
            "npv_yuan": flow.npv_yuan,
            "irr": flow.irr,
            "payback_years": years_or_never(flow.payback.from_construction_years),
            "payback_first_years": flow.payback.relapsed_years,
            **{
                f"loss_if_{other.owner}_leaves_yuan": flow.loss_yuan.get(other.owner)
                for other in owners.flows
                if other.loss_yuan
            },
        }
        for flow in owners.flows
    ]
    return pd.DataFrame(rows).set_index("owner")


def owner_flows_table(owners: OwnerStudy) -> pd.DataFrame:
    """One row per transfer with payer and payee, then one per owner and the park; by year [yuan]."""
    rows = [
        {"flow": transfer.key, "payer": transfer.payer, "payee": transfer.payee, **_years(transfer.yuan)}
        for transfer in owners.transfers
    ]
    rows += [
        {"flow": "total", "payer": "", "payee": flow.owner, **_years(flow.yuan)} for flow in owners.flows
    ]
    return pd.DataFrame(rows).set_index("flow")


def _years(yuan: Any) -> dict[str, float]:
    return {f"year {year}": float(value) for year, value in enumerate(yuan)}


def owners_json(owners: OwnerStudy) -> dict[str, Any]:
    """NPV, IRR, paybacks and losses by owner, and of the park; null where a measure does not exist."""
    return {
        flow.owner: {
            "npv_yuan": flow.npv_yuan,
            "irr": flow.irr,
            "payback_years": flow.payback.from_construction_years,
            "payback_first_years": flow.payback.relapsed_years,
            "loss_if_leaves_yuan": dict(flow.loss_yuan),
        }
        for flow in owners.flows
    }
