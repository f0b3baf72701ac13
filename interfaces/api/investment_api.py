"""Investment studies from Python: `parkdispatch.study`, `parkdispatch.size`, `parkdispatch.reproduce`."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.variations.scenarios import scenario_table
from parkdispatch.interfaces.api.named_cases import CaseOrName, loaded
from parkdispatch.interfaces.language_codes import language
from parkdispatch.studies.solve_options import Progress, SolveContext, SolveOptions, ignore_progress

if TYPE_CHECKING:
    from parkdispatch.results.failed_tasks import FailedTask
    from parkdispatch.results.finance.storage_study import Study
    from parkdispatch.results.reproduction.reproduction import Reproduction
    from parkdispatch.results.sizing.sizing_results import SizeStudy

RUNS = Path("runs")  # where finished tasks are kept, scenarios if no store is named


@dataclass(frozen=True)
class Investment:
    """The storage's years of operation and the cash flow they make. Money is in yuan, VAT included."""

    study: "Study"

    @property
    def case(self) -> Case:
        """The case that was studied."""
        return self.study.case

    @property
    def years(self) -> pd.DataFrame:
        """One row a year of operation: state of health, cycles, savings by stream, energy, bills, gap."""
        from parkdispatch.results.writers.study_files import years_table

        return years_table(self.study)

    @property
    def cash_flow(self) -> pd.DataFrame:
        """Every line of the cash flow by year, construction first [yuan]."""
        return self.study.cash.table

    @property
    def failed(self) -> "tuple[FailedTask, ...]":
        """The years that failed and are estimated; the same call computes only these."""
        return self.study.failed

    @property
    def returns(self) -> pd.DataFrame:
        """NPV [yuan], IRR, MIRR [-] and payback [years] of the project's and the owners' flows."""
        rows = {
            flow: {
                "npv_yuan": measures.npv_yuan,
                "irr": measures.irr.value,
                "mirr": measures.mirr,
                "payback_years": measures.static_payback.from_construction_years,
                "payback_from_operation_years": measures.static_payback.from_operation_years,
                "payback_first_years": measures.static_payback.relapsed_years,
            }
            for flow, measures in self.study.cash.returns.items()
        }
        return pd.DataFrame(rows).T

    def write(self, folder: str | Path, lang: str = "en") -> dict[str, Path]:
        """Write report, workbooks, tables and summary.json, all or none. Returns their paths by name."""
        from parkdispatch.results.writers.study_files import write_study

        return write_study(self.study, Path(folder), language(lang))


@dataclass(frozen=True)
class SizingStudy:
    """What is known of the size of one more battery."""

    study: "SizeStudy"

    @property
    def failed(self) -> "tuple[FailedTask, ...]":
        """What failed and is in no figure; the same call computes only that."""
        return self.study.failed

    def decision(self, lang: str = "en") -> str:
        """The decision in plain words."""
        from parkdispatch.results.sizing.decision_words import paragraph
        from parkdispatch.results.wording.words import load_words

        return paragraph(self.study, load_words(language(lang), "size"))

    def write(self, folder: str | Path, lang: str = "en") -> dict[str, Path]:
        """Write report, workbook, tables and summary.json, all or none. Returns their paths by name."""
        from parkdispatch.results.writers.sizing_files import write_size_study

        return write_size_study(self.study, Path(folder), language(lang))

    def write_case(self, path: str | Path) -> str:
        """Write the case with the recommended size and its money, which `study` values; return that size.

        Raises InputError unless it lies in the folder of the case, whose files it names.
        """
        from parkdispatch.inputs.case_writer import require_case_folder
        from parkdispatch.studies.sizing.chosen_case import write_chosen_case

        require_case_folder(self.study.case, Path(path))
        return write_chosen_case(self.study, Path(path))


@dataclass(frozen=True)
class PublishedComparison:
    """Published figures beside those computed here."""

    reproduction: "Reproduction"

    @property
    def table(self) -> pd.DataFrame:
        """One row a figure: view, published, computed, deviation [-], verdict, unit."""
        return pd.DataFrame(
            [
                {
                    "view": row.view,
                    "key": row.key,
                    "unit": row.unit,
                    "published": row.published,
                    "computed": row.computed,
                    "deviation": row.deviation,
                    "verdict": row.verdict,
                }
                for row in self.reproduction.rows
            ]
        )

    def write(self, folder: str | Path, lang: str = "en") -> dict[str, Path]:
        """Write the table, the pages and summary.json, all or none. Returns their paths by name."""
        from parkdispatch.studies.reproduction.reproduce_figures import write_reproduction

        return write_reproduction(self.reproduction, Path(folder), language(lang))


def study(
    case: CaseOrName,
    *,
    quick: bool = False,
    as_operated: float | str | Path | None = None,
    time_limit_s: float = 60.0,
    gap: float = 1e-9,
    progress: Progress = ignore_progress,
) -> Investment:
    """Dispatch every year of the storage's lifetime as it ages, and make the cash flow of the investment.

    Args:
        case: what `load_case` returned, or the name or path that it takes; it needs a `[finance]`
            section and a battery.
        quick: dispatch the first two years and the last, the others on a line between them.
        as_operated: share of the saving that is kept without perfect foresight, or the result file of a
            replay or loop that says it; None: all of it.
        time_limit_s: seconds for a year.
        gap: relative gap that suffices for each dispatch once it is proven, 1e-9 to 0.01.
        progress: called with a few words at each step.

    Raises:
        InputError: with everything that keeps the case from being studied.
        InfeasibleError, SolverError: naming the year. A later year whose solve fails is estimated, and
            named in `Investment.failed`.

    """
    from parkdispatch.results.savings.as_operated import read_as_operated
    from parkdispatch.studies.lifetime.lifetime_dispatch import require_lifetime_inputs
    from parkdispatch.studies.lifetime.storage_study_run import study_storage
    from parkdispatch.studies.study_tasks import run_store

    case = loaded(case, whole_year=True)
    require_lifetime_inputs(case)
    kept = None if as_operated is None else read_as_operated(str(as_operated))
    started = time.perf_counter()
    options = SolveOptions(time_limit_s=time_limit_s, gap=gap)
    finished = run_store(RUNS, "study", case, options, quick)
    context = SolveContext(options, progress, finished)
    result = study_storage(case, context, time.perf_counter() - started, quick, kept)
    if not result.failed:
        finished.clear()
    return Investment(result)


def size(
    case: CaseOrName,
    *,
    only: Sequence[str] | str | None = None,
    scenarios: int | str | Path | None = None,
    every_year: bool = False,
    scheduler: str | None = None,
    tls: tuple[Path, Path, Path] | None = None,
    workers: int | None = None,
    store: str | Path | None = None,
    time_limit_s: float = 60.0,
    gap: float = 1e-9,
    progress: Progress = ignore_progress,
) -> SizingStudy:
    """Say what one more battery is worth: the case's `[sizing]` question.

    Args:
        case: what `load_case` returned, or the name or path that it takes; it needs `[sizing]` and
            `[finance]`.
        only: parts to compute, of best, surface, offers, steps, when, scenarios; None: all.
        scenarios: how many to draw, or a CSV file with a column for each uncertainty; None: as the case
            says.
        every_year: dispatch every year of the offers, not the first and the last.
        scheduler: address of a Dask scheduler for the scenarios, tcp://host:port or tls://host:port; None:
            processes on this machine.
        tls: for tls://, PEM files: the authority's certificate, this client's certificate, and its key.
        workers: number of these processes; None: one a core.
        store: folder where finished scenarios are kept, so that a stopped run goes on.
        time_limit_s: seconds for a year.
        gap: relative gap that suffices for each dispatch once it is proven, 1e-9 to 0.01.
        progress: called with a few words at each step.

    Raises:
        InputError: with everything that is wrong with what was asked.
        InfeasibleError, SolverError: where the park without the battery cannot be dispatched, or nothing that
            was asked has a result. What else fails is named in `SizingStudy.failed`.

    """
    from parkdispatch.studies.dask_client import TlsFiles
    from parkdispatch.studies.sizing.existing_park import require_increment_inputs
    from parkdispatch.studies.sizing.sizing_study import SCENARIOS, Scenarios, parts_asked, size_study
    from parkdispatch.studies.study_tasks import run_store
    from parkdispatch.studies.task_cluster import TaskCluster

    case = loaded(case, whole_year=True)
    parts = parts_asked(only if only is None or isinstance(only, str) else ",".join(only))
    require_increment_inputs(case)
    cluster = TaskCluster(scheduler, workers, None if tls is None else TlsFiles(*tls))
    asked = None
    if SCENARIOS in parts:
        table = scenario_table(case, None if scenarios is None else str(scenarios))
        asked = Scenarios(table, cluster, None if store is None else Path(store), RUNS)
    options = SolveOptions(time_limit_s=time_limit_s, gap=gap)
    finished = run_store(RUNS, "size", case, options, parts, every_year)
    result = size_study(case, parts, SolveContext(options, progress, finished), asked, every_year)
    if not result.failed:
        finished.clear()
    return SizingStudy(result)


def reproduce(
    case: CaseOrName | None = None, *, quick: bool = False, progress: Progress = ignore_progress
) -> PublishedComparison:
    """Reproduce the published figures of the Gao'an pilot plan, and the park of today beside them.

    Args:
        case: the study's case, or its name or path; None: the built-in `gaoan-study`.
        quick: dispatch the first two years and the last, the others on a line between them.
        progress: called with a few words at each step.

    Raises:
        InputError, InfeasibleError, SolverError: as `study`.

    """
    from parkdispatch.studies.reproduction.published_study import STUDY, reproduce_published
    from parkdispatch.studies.reproduction.reproduce_figures import require_study_inputs

    published_case = loaded(STUDY if case is None else case, whole_year=True)
    require_study_inputs(published_case)
    return PublishedComparison(reproduce_published(published_case, SolveContext(progress=progress), quick))
