"""The AC power flow in files: `network.csv`, and its part of `summary.json`."""

from pathlib import Path
from typing import Any

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.results.io.files import write_csv
from parkdispatch.results.network.ac_check import AcCheck
from parkdispatch.results.network.network_tables import network_sentences
from parkdispatch.results.wording.words import load_words


def write_network_csv(path: Path, check: AcCheck) -> None:
    """Write one row an interval: voltages, loadings, losses by AC power flow and as dispatched."""
    table = check.table.copy()
    table.index = pd.Index(pd.DatetimeIndex(table.index).strftime("%Y-%m-%d %H:%M"), name="time")
    write_csv(path, table)


def network_json(check: AcCheck | None, case: Case) -> dict[str, Any] | None:
    """The check as a program reads it; null where none was made."""
    if check is None:
        return None
    sentences = network_sentences(check, load_words("en", devices=case.devices)) if check.findings else []
    return {
        "solver": check.solver,
        "intervals": len(check.intervals),
        "converged": len(check.converged),
        "findings": [
            {"kind": finding.kind, "element": finding.element, "text": text}
            for finding, text in zip(check.findings, sentences, strict=True)
        ],
        "voltage_pu": {
            seen.bus: {"lowest": seen.lowest_pu, "highest": seen.highest_pu} for seen in check.voltages
        },
        "loading": {
            seen.transformer: {"highest": seen.loading, "allowed": seen.allowed} for seen in check.loadings
        },
    }
