"""The output files of a reproduction: comparison, sets of assumptions, tornado, pages, workbook, summary.

`report.html` and `report.xlsx` are those of a storage study of the current park, with the comparison in them.
"""

from pathlib import Path
from typing import Any

from parkdispatch.inputs.published.published_figures import Figure
from parkdispatch.results.excel.study_workbook import write_study_xlsx
from parkdispatch.results.finance.storage_study import Study
from parkdispatch.results.html.reproduction_page import reproduce_html
from parkdispatch.results.html.study_report import study_html
from parkdispatch.results.io.files import peak_memory_mb, write_json
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.reproduction.comparison import ComparisonRow, comparison_in_words, csv_text
from parkdispatch.results.reproduction.fitting import Width, widths_csv
from parkdispatch.results.reproduction.reproduction import Reproduction
from parkdispatch.results.views.reproduction_tables import Reproduced, reproduced
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.writers.outputs import Output

BYTE_ORDER_MARK = "\ufeff"  # without it Excel on a Chinese Windows reads UTF-8 as GBK


def _write_text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")


def _write_comparison_csv(path: Path, result: Reproduction, lang: Lang) -> None:
    rows = comparison_in_words(result.rows, result.plan, lang)
    _write_text(path, BYTE_ORDER_MARK + csv_text(rows))


def _write_fitting_set_csv(path: Path, result: Reproduction, lang: Lang) -> None:
    _write_text(path, BYTE_ORDER_MARK + widths_csv(result.widths))


def _write_reproduce_html(path: Path, result: Reproduction, lang: Lang) -> None:
    page = reproduce_html(
        comparison_in_words(result.rows, result.plan, lang),
        result.widths,
        result.plan,
        lang,
        sources=result.sources,
        largest_gap=result.largest_gap,
        corners_deviation=result.corners_deviation,
        tornado=result.current_park.tornado,
        failed=result.failed_parts,
        asked=result.asked,
    )
    _write_text(path, page)


def _write_tornado_csv(path: Path, result: Reproduction, lang: Lang) -> None:
    assert result.current_park.tornado is not None
    _write_text(
        path, BYTE_ORDER_MARK + result.current_park.tornado.table.to_csv(index=False, lineterminator="\n")
    )


def _write_report_html(path: Path, result: Reproduction, lang: Lang) -> None:
    _write_text(path, study_html(_current_study(result), lang, _comparison_table(result, lang)))


def _write_report_xlsx(path: Path, result: Reproduction, lang: Lang) -> None:
    write_study_xlsx(path, _current_study(result), lang, _comparison_table(result, lang))


def _write_summary(path: Path, result: Reproduction, lang: Lang) -> None:
    write_json(path, reproduction_json(result))


def _has_tornado(result: Reproduction) -> bool:
    return result.current_park.tornado is not None


def _has_park(result: Reproduction) -> bool:
    return bool(result.current_park.sizes)


REPRODUCTION_OUTPUTS: tuple[Output[Reproduction], ...] = (
    Output("reproduce.csv", _write_comparison_csv),
    Output("fitting_set.csv", _write_fitting_set_csv),
    Output("reproduce.html", _write_reproduce_html),
    Output("tornado.csv", _write_tornado_csv, _has_tornado),
    Output("report.html", _write_report_html, _has_park),
    Output("report.xlsx", _write_report_xlsx, _has_park),
    Output("summary.json", _write_summary),
)


def _current_study(result: Reproduction) -> Study:
    """The storage study of the current park with the first size of its storage."""
    return Study(*result.current_park.first, result.timings_s)


def _comparison_table(result: Reproduction, lang: Lang) -> Reproduced:
    return reproduced(comparison_in_words(result.rows, result.plan, lang), result.plan, lang)


# ---- summary.json -------------------------------------------------------------------------------------


def reproduction_json(result: Reproduction) -> dict[str, Any]:
    """The content of `summary.json` for a reproduction."""
    rows = {row.key: row for row in result.rows}
    return {
        "command": "reproduce",
        "case": result.case.name,
        "published": result.plan.name,
        "targets": {
            target.key: _target_json(target, rows[f"replicated_{target.key}"])
            for target in result.plan.targets
        },
        "calibrated": {width.parameter.path: _width_json(width) for width in result.widths},
        "fitting_sets": len(result.fits),
        "failed": [vars(task) for task in result.failed],
        "largest_gap": result.largest_gap,
        "corners_deviation": result.corners_deviation,
        "timings_s": dict(result.timings_s),
        "peak_memory_mb": peak_memory_mb(),
        "versions": versions(),
        "case_sha256": result.case.sha256,
    }


def _target_json(target: Figure, row: ComparisonRow) -> dict[str, Any]:
    return {
        "published": target.value,
        "computed": row.computed,
        "deviation": row.deviation,
        "within": target.within,
        "met": row.verdict == "reproduced",
    }


def _width_json(width: Width) -> dict[str, Any]:
    return {
        "value": width.value,
        "range": [width.parameter.low, width.parameter.high],
        "fits": [width.least, width.most],
    }
