"""The phases of a storage in words, as a table of page, screen and workbook."""

from collections.abc import Mapping, Sequence
from typing import Any

from parkdispatch.models.finance.phases import BuildPhase
from parkdispatch.models.units import YUAN_PER_WAN
from parkdispatch.results.finance.phase_study import PhaseStudy
from parkdispatch.results.wording.payback_words import payback_text
from parkdispatch.results.wording.words import format_number

PROJECT = "project_after_tax"
Words = Mapping[str, Any]


def phase_name(phase: BuildPhase, words: Words) -> str:
    """The name of a phase in the language of the words."""
    return (phase.name_zh if words["lang"] == "zh" else "") or phase.name.replace("_", " ")


def phase_rows(phases: Sequence[PhaseStudy], total_npv_yuan: float, words: Words) -> dict[str, Any]:
    """Heads, a row for each phase and the total; money in 10^4 yuan."""
    text, none = words["phases"], str(words["phases"]["none"])
    rows = []
    for phase in phases:
        returns = phase.cash.returns[PROJECT]
        payback = returns.static_payback
        rows.append(
            [
                phase_name(phase.phase, words),
                str(text["years"]).format(first=phase.phase.commissioned + 1, last=phase.last_year),
                _wan(phase.cash.finance.investment_yuan),
                _wan(phase.npv_yuan),
                none if returns.irr.value is None else f"{returns.irr.value:z.2%}",
                payback_text(payback.from_construction_years, payback.relapsed_years, words),
                ", ".join(map(str, phase.lifetime.replaced_years)) or none,
            ]
        )
    investment_yuan = sum(phase.cash.finance.investment_yuan for phase in phases)
    total = [words["page"]["total"], "", _wan(investment_yuan), _wan(total_npv_yuan), "", "", ""]
    heads = [text[key] for key in ("name", "service", "investment", "npv", "irr", "payback", "replaced")]
    return {"heads": heads, "rows": rows, "total": total}


def _wan(yuan: float) -> str:
    return format_number(yuan / YUAN_PER_WAN)
