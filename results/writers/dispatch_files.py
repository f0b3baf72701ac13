"""The output files of a dispatch: schedule, solution, report, workbooks and summary."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.results.audit import PROVEN_GAP, Audit
from parkdispatch.results.billing.bill import Bill
from parkdispatch.results.billing.demand_election import Elections
from parkdispatch.results.carbon.emissions import emissions_json, emissions_t
from parkdispatch.results.dispatch_result import DispatchResult
from parkdispatch.results.excel.plan_workbook import write_plan_xlsx
from parkdispatch.results.excel.report_workbook import write_report_xlsx
from parkdispatch.results.html.dispatch_report import report_html
from parkdispatch.results.io.files import peak_memory_mb, write_csv, write_json
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.network.electric_network import has_network
from parkdispatch.results.savings.daily_saving import cost_json, saving_json, saving_of_days
from parkdispatch.results.savings.replay_comparison import replay_json, write_replay_csv
from parkdispatch.results.schedule.plan_notes import note_lines
from parkdispatch.results.schedule.schedule import ScheduleBlock
from parkdispatch.results.solution import dispatch_table, save_solution, span_of
from parkdispatch.results.summary import StorageComparison, Summary, full_cycles
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.sentences import proof_sentence
from parkdispatch.results.wording.words import load_words
from parkdispatch.results.writers.network_files import network_json, write_network_csv
from parkdispatch.results.writers.outputs import Output


def _write_dispatch_csv(path: Path, result: DispatchResult, lang: Lang) -> None:
    """Write one row per interval: prices, and every device's power and state, with units in the header."""
    solution = result.solution
    table = dispatch_table(solution)
    table.index = pd.Index(pd.DatetimeIndex(table.index).strftime("%Y-%m-%d %H:%M"), name="time")
    write_csv(path, table.rename(columns=lambda name: f"{name} [{solution[name].attrs['units']}]"))


def _write_solution(path: Path, result: DispatchResult, lang: Lang) -> None:
    save_solution(result.solution, path)


def _write_report_html(path: Path, result: DispatchResult, lang: Lang) -> None:
    text = report_html(result.solution, result.case, result.summary.audit, result.facts, lang)
    path.write_text(text, encoding="utf-8")


def _write_report_xlsx(path: Path, result: DispatchResult, lang: Lang) -> None:
    write_report_xlsx(path, result.solution, result.case, result.summary.audit, result.facts, lang)


def _write_plan_xlsx(path: Path, result: DispatchResult, lang: Lang) -> None:
    write_plan_xlsx(path, result.solution, result.case, result.facts, lang)


def _write_replay_csv(path: Path, result: DispatchResult, lang: Lang) -> None:
    assert result.replayed is not None
    write_replay_csv(path, result.solution, result.replayed.days, result.summary.days)


def _write_summary(path: Path, result: DispatchResult, lang: Lang) -> None:
    """Write `summary.json`. It comes last, so that its timings include the other files."""
    timings_s = {**result.timings_s, "write": time.perf_counter() - result.created_s}
    content = summary_json(result.solution, result.case, result.summary, timings_s, result.model)
    if _is_day(result):
        content["begin"], content["end"] = map(str, span_of(result.solution))
        content["cost_by_day"] = {f"{day.day}": cost_json(day) for day in result.summary.day_costs}
        content["schedule"] = [_block_json(block) for block in result.facts.blocks]
        content["orders"] = note_lines(result.notes, load_words("en"))
    content["emissions"] = emissions_json(result.solution, result.case)
    if _is_day(result) and result.summary.days:
        content["saving_of_the_day"] = saving_json(saving_of_days(result.summary.days))
    if has_network(result.case):
        content["ac_power_flow"] = network_json(result.ac_check, result.case)
    if result.replayed is not None:
        content["replay"] = replay_json(result.replayed)
        if result.replayed.failed:
            content["status"] = "partial"
    write_json(path, content)


def _write_network(path: Path, result: DispatchResult, lang: Lang) -> None:
    assert result.ac_check is not None
    write_network_csv(path, result.ac_check)


def _is_checked(result: DispatchResult) -> bool:
    return result.ac_check is not None


def _is_day(result: DispatchResult) -> bool:
    return result.kind == "day"


def _is_replay(result: DispatchResult) -> bool:
    return result.replayed is not None


def _write_emissions(path: Path, result: DispatchResult, lang: Lang) -> None:
    """Write CO2 by interval and scope."""
    table = emissions_t(result.solution, result.case)
    table.index = pd.Index(pd.DatetimeIndex(table.index).strftime("%Y-%m-%d %H:%M"), name="time")
    write_csv(path, table.rename(columns=lambda name: f"{str(name).removesuffix('_t')} [t]"))


DISPATCH_OUTPUTS: tuple[Output[DispatchResult], ...] = (
    Output("dispatch.csv", _write_dispatch_csv),
    Output("emissions.csv", _write_emissions),
    Output("solution.nc", _write_solution),
    Output("report.html", _write_report_html, for_people=True),
    Output("report.xlsx", _write_report_xlsx, for_people=True),
    Output("plan.xlsx", _write_plan_xlsx, _is_day, for_people=True),
    Output("replay.csv", _write_replay_csv, _is_replay),
    Output("network.csv", _write_network, _is_checked),
    Output("summary.json", _write_summary),
)


# ---- summary.json -------------------------------------------------------------------------------------


def summary_json(
    solution: xr.Dataset,
    case: Case,
    summary: Summary,
    timings_s: Mapping[str, float],
    model: Mapping[str, int],
) -> dict[str, Any]:
    """The content of `summary.json` for a dispatch; money in yuan, plus is paid."""
    gap = float(solution.attrs["gap"])
    return {
        "status": "optimal" if gap <= PROVEN_GAP else "feasible",
        "case": case.name,
        "variant": case.variant or None,
        "objective_yuan": float(solution.attrs["objective_yuan"]),
        "bound_yuan": float(solution.attrs["bound_yuan"]),
        "gap": gap,
        "proof": proof_sentence(solution, load_words("en")),
        "audit": _audit_json(summary.audit),
        "energy_mwh": dict(summary.energy_mwh),
        "indicators": summary.park.json,
        "bill_yuan": {name: _bill_json(bill) for name, bill in summary.bills.items()},
        "demand_elections_yuan": {name: _elections_json(table) for name, table in summary.elections.items()},
        **_saving_json(summary.without_storage),
        "full_cycles": full_cycles(summary),
        "sizes": [chosen.json for chosen in summary.sizes],
        "peak_mw": dict(summary.peak_mw),
        "peak_without_storage_mw": summary.without_storage and dict(summary.without_storage.peak_mw),
        "timings_s": dict(timings_s),
        "peak_memory_mb": peak_memory_mb(),
        "model": dict(model),
        "versions": versions(),
        "case_sha256": case.sha256,
        "series_files": {
            f"{device}.{series}": reading.to_json() for (device, series), reading in case.readings.items()
        },
    }


def _block_json(block: ScheduleBlock) -> dict[str, Any]:
    """A block of the schedule; the gain is null where it was not asked for."""
    return {
        "begin": str(block.first),
        "end": str(block.last),
        "storage": list(block.stores),
        "action": block.action,
        "power_mw": block.power_mw,
        "energy_mwh": block.energy_mwh,
        "soc_after": dict(zip(block.stores, block.soc_after, strict=False)),
        "gain_yuan": block.gain_yuan,
    }


def _audit_json(audit: Audit) -> dict[str, Any]:
    return {
        "holds": audit.holds,
        "checks": {
            check.name: {"residual": check.residual, "allowed": check.allowed} for check in audit.checks
        },
        "costs_not_recomputed": list(audit.not_recomputed),
        "connections_not_billed": list(audit.not_billed),
    }


def _bill_json(bill: Bill) -> dict[str, Any]:
    return {
        "total": bill.total_yuan,
        "by_charge": bill.by_charge_yuan.sum().to_dict(),
        "seen_by_optimizer": bill.seen_yuan,
        "not_seen_by_optimizer": bill.unseen_yuan.sum().to_dict(),
        "if_months_seen_in_part_are_fully_used": bill.open_discount_yuan,
    }


def _elections_json(table: Elections) -> dict[str, Any]:
    return {
        "elected": table.own,
        "by_period": table.yuan.to_dict("index"),
        "cheapest": table.cheapest.to_dict(),
        "saving": table.saving_yuan,
        "best_contract_mw": dict(table.best_contract_mw),
    }


def _saving_json(comparison: StorageComparison | None) -> dict[str, Any]:
    """The saving of the storage against the base case; null without a comparison."""
    return {
        "cost_without_storage_yuan": comparison and comparison.cost_yuan,
        "saving_yuan": comparison and comparison.saving_yuan,
        "saving_by_cost_yuan": comparison and dict(comparison.saving_by_cost_yuan),
        "saving_not_seen_by_optimizer_yuan": comparison and dict(comparison.unseen_saving_yuan),
        "saving_on_the_bill_yuan": comparison and comparison.billed_saving_yuan,
    }
