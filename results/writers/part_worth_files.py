"""The output files of `worth`: a table and a summary."""

from pathlib import Path

import pandas as pd

from parkdispatch.results.io.files import write_json
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.savings.part_worth import PartWorth
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.writers.outputs import Output


def worth_table(result: PartWorth) -> pd.DataFrame:
    """One row a part, the whole park first; the unit ends each column's name."""
    rows = [
        {
            "part": year.part,
            "worth [yuan]": result.worth_yuan(year),
            "uncertainty [yuan]": result.uncertainty_yuan(year),
            "cost [yuan]": year.cost_yuan,
            "gap [1]": year.gap,
            "bought [MWh]": year.bought_mwh,
            "sold [MWh]": year.sold_mwh,
            "curtailed [MWh]": year.curtailed_mwh,
            "highest import [MW]": year.peak_mw,
        }
        for year in (result.whole, *result.without)
    ]
    return pd.DataFrame(rows).set_index("part")


def _write_csv(path: Path, result: PartWorth, _: Lang) -> None:
    # with a mark: without it Excel on a Chinese Windows reads UTF-8 as GBK
    worth_table(result).to_csv(path, encoding="utf-8-sig", lineterminator="\n")


def _write_summary(path: Path, result: PartWorth, _: Lang) -> None:
    case, table = result.case, worth_table(result)
    parts = {str(part): row.dropna().to_dict() for part, row in table.iloc[1:].iterrows()}
    infeasible = {year.part: year.infeasible for year in result.without if year.infeasible}
    whole = table.iloc[0].drop(["worth [yuan]", "uncertainty [yuan]"]).to_dict()
    failed = [vars(task) for task in result.failed]
    about = {"case": case.name, "case_sha256": case.sha256, "versions": versions()}
    write_json(path, {**about, "whole": whole, "parts": parts, "infeasible": infeasible, "failed": failed})


PART_WORTH_OUTPUTS: tuple[Output[PartWorth], ...] = (
    Output("worth.csv", _write_csv),
    Output("summary.json", _write_summary),
)
