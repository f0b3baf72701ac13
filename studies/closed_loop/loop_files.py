"""The files of a closed loop: what was executed, and its key figures."""

from dataclasses import asdict
from pathlib import Path

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.results.io.files import write_csv, write_json
from parkdispatch.results.io.run_folder import output_folder
from parkdispatch.studies.closed_loop.loop_options import LoopOptions
from parkdispatch.studies.closed_loop.loop_result import LoopResult


def write_loop(
    result: LoopResult, options: LoopOptions, case: Case, folder: Path, seconds: float
) -> list[Path]:
    """Write loop.csv, a row an interval, and loop.json; an earlier run is replaced. Returns their paths.

    Raises InputError where the folder cannot be written, or holds anything else than a run.
    """
    columns = [f"{device}.{name}" for device, name in result.columns]
    executed = pd.DataFrame(result.executed, pd.DatetimeIndex(result.times, name="time"), columns)
    executed["plan_cost_yuan"] = result.plan_costs_yuan
    figures = {
        "case": case.name,
        "variant": case.variant,
        "case_sha256": case.sha256,
        "options": {**asdict(options), "known_devices": sorted(options.known_devices)},
        "cost_yuan": result.cost_yuan,
        "foresight_yuan": result.foresight_yuan,
        "foresight_gap": result.reference.foresight_gap,
        "without_storage_yuan": result.without_yuan,
        "kept": result.kept,
        "missing_mwh": result.missing_mwh,
        "broken_limits": [broken.json for broken in result.broken],
        "plans": asdict(result.proofs),
        "cpu_ms_a_step": result.cpu_ms,
        "seconds": seconds,
        "days_asked": result.asked_days,
        "failed": None if result.failed is None else vars(result.failed),
    }
    with output_folder(folder) as stage:
        return [
            stage("loop.csv", lambda path: write_csv(path, executed)),
            stage("loop.json", lambda path: write_json(path, figures)),
        ]
