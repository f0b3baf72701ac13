"""The dispatch report: schedule, energy, costs, bill, proof and audit of a day or a year."""

from typing import Any

import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.value_sources import series_text
from parkdispatch.results.audit import PROVEN_GAP, Audit
from parkdispatch.results.html.page import render
from parkdispatch.results.network.network_tables import network_section
from parkdispatch.results.power_scale import scale_of
from parkdispatch.results.savings.daily_saving import saving_of_days
from parkdispatch.results.schedule.plan_notes import note_lines
from parkdispatch.results.solution import of_kind, times_of
from parkdispatch.results.views import report_tables as tables
from parkdispatch.results.views.device_charts import chart_data
from parkdispatch.results.views.plan_columns import interval_table
from parkdispatch.results.views.report_facts import ReportFacts
from parkdispatch.results.views.saving_view import bridge_rows, day_rows, peak_phrases
from parkdispatch.results.wording.activity_sentences import activity_row
from parkdispatch.results.wording.display_names import (
    check_label,
    device_label,
    label,
    owned,
    span_label,
)
from parkdispatch.results.wording.reading_sentences import reading_sentences
from parkdispatch.results.wording.sentences import (
    block_row,
    failed_sentences,
    full_use_sentences,
    implausible_sentences,
    proof_sentence,
    source_line,
    unchecked_sentences,
)
from parkdispatch.results.wording.size_sentences import size_sentences
from parkdispatch.results.wording.words import date_range, format_share, load_words


def report_html(solution: xr.Dataset, case: Case, audit: Audit, facts: ReportFacts, lang: str = "en") -> str:
    """Render the page. The same input gives the same bytes; figures are rounded only here."""
    scale = scale_of(solution)
    words = load_words(lang, scale=scale, devices=case.devices)
    page = words["page"]
    times, other = times_of(solution), facts.without_storage
    gap = float(solution.attrs["gap"])
    proven, verdict = gap <= PROVEN_GAP, "optimal" if gap <= PROVEN_GAP else "not_optimal"
    if facts.replayed:  # daily plans: each day is an optimum, the year is not
        proven = facts.replayed.largest_gap <= PROVEN_GAP
        verdict = "days_optimal" if proven else "days_not_optimal"
    steps = tables.waterfall(facts.steps, words) if facts.steps else None
    without = other.bills if other else {}
    saved = saving_of_days(facts.days) if facts.kind == "day" and facts.days else None
    failed = [check_label(check, words) for check in audit.checks if not check.holds]
    return render(
        "report.html.j2",
        words,
        data={
            **chart_data(solution, case, words, facts.peak_mw, other.peak_mw if other else {}),
            "figures": [steps["figure"]] if steps else [],
        },
        scripts=["report.js"],
        facts=facts,
        certain_full_use=full_use_sentences(facts.bills, words),
        when=date_range(times, words),
        count=f"{len(times):,}",
        minutes=f"{float(solution.attrs['hours']) * 60:g}",
        many_days=times[-1] - times[0] > pd.Timedelta(days=2),
        first_day=f"{times[0]:%Y-%m-%d}",
        last_day=f"{times[-1]:%Y-%m-%d}",
        order_lines=note_lines(facts.notes, words),
        cards=tables.cards(facts, words, scale),
        warnings=[*_failed_days(facts, words), *implausible_sentences(solution, case, words)],
        sound=proven and audit.holds,
        verdict=page[verdict],
        gap_word=page["gap_foresight" if facts.replayed else "gap"],
        gap=format_share(gap),
        bound=f"{float(solution.attrs['bound_yuan']):z,.2f} {page['yuan']}",
        objective=f"{float(solution.attrs['objective_yuan']):z,.2f}",
        how=proof_sentence(solution, words),
        audit_line=page["audit_holds" if audit.holds else "audit_fails"].format(
            all=len(audit.residuals), failed=len(failed), names=", ".join(failed)
        ),
        series_text=series_text,
        readings=reading_sentences(case, words),
        given=[source_line(sourced, words) for sourced in facts.assumptions if sourced.origin != "file"],
        assumptions=[
            source_line(sourced, words) for sourced in facts.assumptions if sourced.origin == "file"
        ],
        all_intervals=interval_table(solution, case, words) if facts.kind == "day" else None,
        unchecked=unchecked_sentences(audit, words),
        sizes=size_sentences(facts.sizes, words, scale),
        months=tables.months_table(solution, case, facts, words) if facts.kind != "day" else None,
        monthly_cost=any("month" in solution[name].dims for name in of_kind(solution, "cost")),
        costs=tables.cost_table(solution, facts, words),
        label=label,
        case=case,
        device_label=device_label,
        owned=owned,
        span_label=span_label,
        has_stores=len(case.storage) > 1,
        has_gains=any(block.gain_yuan is not None for block in facts.blocks),
        blocks=[block_row(block, words) for block in facts.blocks],
        activities=[activity_row(block, words) for block in facts.activity_blocks],
        energies=tables.energies(solution, case, facts.energy_mwh, words),
        steps=steps,
        day_saving=day_rows(saved, words, scale) if saved else [],
        day_peaks=peak_phrases(saved, words, scale) if saved else [],
        bridge=bridge_rows(other, words) if other and facts.kind != "day" else [],
        bills={
            name: (
                tables.bill_lines(bill, without.get(name), words),
                tables.bill_months(bill, without.get(name), words),
            )
            for name, bill in facts.bills.items()
        },
        checks=tables.checks(audit, words),
        network=network_section(facts.ac_check, words, scale) if facts.has_network else None,
    )


def _failed_days(facts: ReportFacts, words: dict[str, Any]) -> list[str]:
    """A sentence of the day of a replay that has no plan."""
    replayed = facts.replayed
    if replayed is None or not replayed.failed:
        return []
    return failed_sentences(replayed.failed, replayed.asked, replayed.days[0].day.year, words)
