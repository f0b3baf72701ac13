"""The owners of a park as tables and as a part of `summary.json`."""

from typing import Any

import pandas as pd

from parkdispatch.results.finance.returns import years_or_never
from parkdispatch.results.owners.owner_flows import OwnerFlow, OwnerStudy
from parkdispatch.results.owners.transfers import OWNERS


def owners_table(owners: OwnerStudy) -> pd.DataFrame:
    """One row per owner and one of the park: NPV, IRR, payback, and what is lost if another leaves.

    First before income tax and VAT paid, then the same columns after tax.
    """
    rows = [
        {"owner": before.owner, **_measures(before, ""), **_measures(after, "_after_tax")}
        for before, after in zip(owners.flows, owners.after_tax, strict=True)
    ]
    return pd.DataFrame(rows).set_index("owner")


def _measures(flow: OwnerFlow, suffix: str) -> dict[str, Any]:
    return {
        f"npv{suffix}_yuan": flow.npv_yuan,
        f"irr{suffix}": flow.irr,
        f"payback{suffix}_years": years_or_never(flow.payback.from_construction_years),
        f"payback_first{suffix}_years": flow.payback.relapsed_years,
        **{f"loss{suffix}_if_{owner}_leaves_yuan": flow.loss_yuan.get(owner) for owner in OWNERS},
    }


def owner_flows_table(owners: OwnerStudy) -> pd.DataFrame:
    """One row per transfer and tax with payer and payee, then the owners' and the park's totals [yuan].

    `total` is before, `total_after_tax` after the taxes.
    """
    rows = [
        {"flow": transfer.key, "payer": transfer.payer, "payee": transfer.payee, **_years(transfer.yuan)}
        for transfer in (*owners.transfers, *owners.taxes)
    ]
    rows += [
        {"flow": total, "payer": "", "payee": flow.owner, **_years(flow.yuan)}
        for total, flows in (("total", owners.flows), ("total_after_tax", owners.after_tax))
        for flow in flows
    ]
    return pd.DataFrame(rows).set_index("flow")


def _years(yuan: Any) -> dict[str, float]:
    return {f"year {year}": float(value) for year, value in enumerate(yuan)}


def owners_json(owners: OwnerStudy) -> dict[str, Any]:
    """NPV, IRR, paybacks and losses by owner, and of the park; null where a measure does not exist.

    Before tax, and under `after_tax` the same after it.
    """
    return {
        before.owner: {**_json(before), "after_tax": _json(after)}
        for before, after in zip(owners.flows, owners.after_tax, strict=True)
    }


def _json(flow: OwnerFlow) -> dict[str, Any]:
    return {
        "npv_yuan": flow.npv_yuan,
        "irr": flow.irr,
        "payback_years": flow.payback.from_construction_years,
        "payback_first_years": flow.payback.relapsed_years,
        "loss_if_leaves_yuan": dict(flow.loss_yuan),
    }
