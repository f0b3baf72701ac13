"""What several commands let the user type, and the reading that they begin with."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.messages.findings import Findings
    from parkdispatch.inputs.prepare import Prepared
    from parkdispatch.results.html.page import Lang

CaseArgument = Annotated[
    str, typer.Argument(help="A built-in case (gaoan, gaoan-study) or the path of a case file.")
]
Variant = Annotated[str | None, typer.Option(help="A variant named in the case file, such as first_phase.")]
Out = Annotated[Path | None, typer.Option(help="Folder for the files; default runs/CASE-COMMAND-TIME.")]
Solver = Annotated[str, typer.Option(help="highs, or pyomo:NAME for a solver Pyomo knows (slow, complete).")]
TimeLimit = Annotated[float, typer.Option(min=1, help="Seconds after which repair stops and states its gap.")]
Gap = Annotated[float, typer.Option(help="How near to the optimum is near enough, relative, once proven.")]
Model = Annotated[
    Path | None, typer.Option("--write-model", help="Write the plain Pyomo model here, as .lp or .mps.")
]

Language = Annotated[str, typer.Option("--lang", help="Language of the files for people: en or zh.")]


def language(lang: str) -> "Lang":
    """The language asked for. Raises InputError for one that there is not."""
    from parkdispatch.results.html.page import LANGS

    for one in LANGS:
        if lang == one:
            return one
    raise InputError(f"`--lang` = {lang}: must be one of {', '.join(LANGS)}")


def read_year(
    findings: "Findings",
    case: str,
    variant: str | None,
    time_limit: float,
    out: Path | None,
    model: Path | None = None,
) -> "Prepared":
    """The case's whole year; what was found wrong before is said together with what is wrong here."""
    from parkdispatch.inputs.loader import load_case
    from parkdispatch.inputs.prepare import prepare, year_times
    from parkdispatch.interfaces.output_paths import check_output_paths

    with findings.kept():
        check_output_paths(time_limit, out, model)
    with findings.kept():
        park = load_case(case, variant, whole_year=True)
    findings.raise_any()
    return prepare(park, year_times(park))


def write_pyomo_model(prepared: "Prepared", path: Path) -> None:
    """Write the plain Pyomo model whole or not at all."""
    from parkdispatch.studies.solve_case import write_model

    beside = path.with_name(f".writing-{os.getpid()}-{path.stem}{path.suffix.lower()}")
    try:
        write_model(prepared, beside)
        beside.replace(path)
    except OSError as error:
        raise InputError(f"`--write-model` = {path}: cannot be written: {error.strerror or error}") from error
    finally:
        beside.unlink(missing_ok=True)
