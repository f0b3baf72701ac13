"""Owners of a park and what they pay one another, in words."""

from collections.abc import Mapping, Sequence
from typing import Any

from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.owners.owner_flows import OwnerFlow
from parkdispatch.results.owners.transfers import OWNERS
from parkdispatch.results.wording.payback_words import payback_text
from parkdispatch.results.wording.words import format_number


def owner_name(owner: str, words: Mapping[str, Any]) -> str:
    """An owner, the park or what is outside of it."""
    return str(words["owners"]["names"][owner])


def transfer_name(key: str, words: Mapping[str, Any]) -> str:
    """What a transfer is for."""
    return str(words["owners"]["transfers"][key])


def owner_rows(flows: Sequence[OwnerFlow], words: Mapping[str, Any]) -> dict[str, Any]:
    """Heads and rows: each owner with NPV, IRR, payback and losses if another leaves; money in 10^4 yuan.

    `flows` are those of a study of owners, before or after tax.
    """
    text = words["owners"]
    heads = [text["owner"], text["npv_wan"], text["irr"], text["payback"]]
    heads += [str(text["if_leaves"]).format(owner=owner_name(owner, words)) for owner in OWNERS]
    rows = []
    for flow in flows:
        losses = (
            format_number(flow.loss_yuan[owner] / YUAN_PER_WAN) if owner in flow.loss_yuan else ""
            for owner in OWNERS
        )
        rows.append(
            [
                owner_name(flow.owner, words),
                format_number(flow.npv_yuan / YUAN_PER_WAN),
                str(text["none"]) if flow.irr is None else f"{flow.irr:z.2%}",
                payback_text(flow.payback.from_construction_years, flow.payback.relapsed_years, words),
                *losses,
            ]
        )
    return {"heads": heads, "rows": rows}
