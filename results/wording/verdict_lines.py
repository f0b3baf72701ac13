"""What leads a study's page: its storage, the verdict in three lines, two savings reconciled."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from parkdispatch.models.capacity import largest_capacity
from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.finance.cash_flow import CashFlow
from parkdispatch.results.finance.lifetime import ARBITRAGE, DEMAND
from parkdispatch.results.sizing.decision import decision, size_text
from parkdispatch.results.sizing.decision_words import sentence
from parkdispatch.results.wording.payback_words import payback_text
from parkdispatch.results.wording.words import format_money, format_number

if TYPE_CHECKING:  # a study writes the page that uses these lines
    from parkdispatch.inputs.case import Case
    from parkdispatch.results.finance.storage_study import Study
    from parkdispatch.results.sizing.sizing_results import SizeStudy

Words = Mapping[str, Any]
PROJECT = "project_after_tax"
# a line of a size study's verdict is its first statement whose key begins with one of these
SIZE_LINES = (("build_",), ("pays_", "present_"), ("option_", "loses"))
LARGEST_GAP = 0.01  # relative, that may be asked for; a year beyond it ran out of time
# relative; beyond it the bound is that of the last moment, when not even the relaxation was solved in time
# and what can rest rests (`resting_dispatch`), or the cost is near zero: only yuan say how far it is off
MEANINGFUL_GAP = 1.0
# columns of the cash flow in brief, each the sum of these lines with these signs
BRIEF: Mapping[str, Mapping[str, float]] = {
    "invested": {
        "investment": -1.0, "replacement": -1.0, "working_capital": -1.0, "working_capital_back": 1.0,
        "residual": 1.0,
    },
    "income": {"revenue": 1.0, "output_vat": 1.0},
    "running": {
        "operation_maintenance": -1.0, "insurance": -1.0, "land": -1.0, "decommissioning": -1.0,
        "auxiliary": -1.0, "auxiliary_vat": -1.0,
    },
    "taxes": {"vat_paid": -1.0, "vat_refund": 1.0, "surcharges": -1.0, "project_tax": -1.0},
}  # fmt: skip


def storage_text(case: "Case", words: Words, sized: str = "") -> str:
    """Power and energy of all batteries, or of those beside the one that is sized, and the case's variant."""
    batteries = [battery for name, battery in case.batteries.items() if name != sized]
    power_mw = sum(battery.largest_power_mw for battery in batteries)
    energy_mwh = sum(largest_capacity(battery.energy_mwh) for battery in batteries)
    key = "storage" if not sized else "beside" if batteries else "beside_none"
    text = str(words["verdict"][key]).format(size=size_text(power_mw, energy_mwh))
    return f"{text} · {words['page']['variant']} {case.variant}" if case.variant else text


def size_verdict(study: "SizeStudy", words: Words) -> tuple[list[str], list[str]]:
    """The verdict of a size study in three lines or fewer, and the sentences that say why."""
    statements = decision(study)
    leading: list[int] = []
    for keys in SIZE_LINES:
        leading += [n for n, said in enumerate(statements) if said.key.startswith(keys)][:1]
    texts = [_capitalised(sentence(statement, study, words)) for statement in statements]
    lines = [texts[number] for number in sorted(leading)] or texts[:1] or [str(words["decision"]["open"])]
    return lines, [text for number, text in enumerate(texts) if number not in leading and text not in lines]


def study_verdict(study: "Study", words: Words) -> list[str]:
    """The verdict of an economic study in three lines: whether it pays, when, and what that rests on.

    Before them stands which years ran out of time, where what follows says little.
    """
    text, cash = words["verdict"], study.cash
    returns, streams = cash.returns[PROJECT], cash.operation.revenue_yuan
    npv_yuan, payback = returns.npv_yuan, returns.static_payback
    irr = str(text["no_irr"]) if returns.irr.value is None else f"{returns.irr.value:z.2%}"
    earned = {name: float(np.sum(yuan)) for name, yuan in streams.items()}
    total_yuan = sum(earned.values())
    shares = {
        "arbitrage": earned.get(ARBITRAGE, 0.0), "demand": earned.get(DEMAND, 0.0),
        "other": total_yuan - earned.get(ARBITRAGE, 0.0) - earned.get(DEMAND, 0.0),
    }  # fmt: skip
    lines = [
        str(text["pays" if npv_yuan > 0 else "pays_not"]).format(
            npv=_money(npv_yuan, words), rate=f"{cash.finance.discount_rate:z.2%}", irr=irr,
            investment=_money(cash.finance.investment_yuan, words),
        ),
        str(text["paid_back" if payback.from_construction_years is not None else "not_paid_back"]).format(
            years=payback_text(payback.from_construction_years, payback.relapsed_years, words),
            life=len(study.lifetime.years),
        ),
    ]  # fmt: skip
    if total_yuan > 0:
        parts = {name: f"{yuan / total_yuan:z.0%}" for name, yuan in shares.items()}
        lines.append(str(text["rests_on"]).format(income=_money(total_yuan, words), **parts))
    loose = [year for year in study.lifetime.years if year.dispatched and not year.gap <= LARGEST_GAP]
    if loose:
        worst = max(loose, key=lambda year: year.gap)
        key = "unproven" if worst.gap <= MEANINGFUL_GAP else "unproven_beyond_cost"
        said = str(text[key]).format(
            years=len(loose), year=worst.year, gap=f"{worst.gap:.1%}", yuan=_money(worst.open_yuan, words)
        )
        lines.insert(0, said)
    return lines


def savings_reconciled(study: "Study", words: Words) -> str:
    """What is saved against what the bills differ by, over all years."""
    text, operation, years = words["verdict"], study.cash.operation, study.lifetime.years
    saved = sum(float(np.sum(yuan)) for yuan in operation.revenue_yuan.values())
    saved -= float(np.sum(operation.auxiliary_yuan))
    bills = sum(year.bill_without_yuan - year.bill_yuan for year in years)
    key = "savings_same" if abs(saved - bills) < 1.0 else "savings_differ"
    amounts = {"saved": saved, "bills": bills, "other": saved - bills}
    return str(text[key]).format(**{name: _money(yuan, words) for name, yuan in amounts.items()})


def brief_cash_table(cash: CashFlow, words: Words) -> dict[str, Any]:
    """The cash flow with a row for each year and few columns, which add up [10^4 yuan]."""
    text = words["verdict"]
    columns = [
        np.sum([sign * cash.values[line] for line, sign in lines.items()], axis=0) for lines in BRIEF.values()
    ]
    flow = cash.values[PROJECT]
    heads = [text[f"brief_{key}"] for key in ("year", *BRIEF, "flow", "added")]
    rows = [
        [str(int(year)), *(_whole(amount) for amount in amounts)]
        for year, *amounts in zip(cash.values["year"], *columns, flow, np.cumsum(flow), strict=True)
    ]
    total = [words["page"]["total"], *(_whole(column.sum()) for column in (*columns, flow)), ""]
    return {"heads": heads, "rows": rows, "total": total}


def _capitalised(text: str) -> str:
    """A sentence that may begin with the name of a choice, as one that stands alone."""
    return text[:1].upper() + text[1:]


def _whole(yuan: float) -> str:
    wan = yuan / YUAN_PER_WAN
    return "–" if not yuan else format_number(wan, 0 if abs(wan) >= 100 else 1)


def _money(yuan: float, words: Words) -> str:
    return " ".join(format_money(yuan, words)[:2])
