"""Arguments and options shared by several commands, and the reading of a year's inputs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parkdispatch.interfaces.language_codes import language
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    from parkdispatch.inputs.messages.findings import Findings
    from parkdispatch.inputs.prepare import Prepared

CaseArgument = Annotated[
    str, typer.Argument(help="Built-in case (gaoan, gaoan-pilot, gaoan-study) or path of a case file.")
]
Variant = Annotated[str | None, typer.Option(help="Variant of the case file, such as first_phase.")]
Out = Annotated[Path | None, typer.Option(help="Output folder; default runs/CASE-COMMAND-TIME.")]
Language = Annotated[
    str | None,
    typer.Option(
        "--lang",
        help="Language of screen, pages and workbooks: en or zh, or a code such as zh-CN; default: that of"
        " the variable PARKDISPATCH_LANG, of the configuration, or of the system.",
    ),
]
Solver = Annotated[
    str, typer.Option(help="highs, or pyomo:NAME for a solver known to Pyomo (slower; solves the full MILP).")
]
TimeLimit = Annotated[
    float, typer.Option(min=1, help="Seconds for each dispatch; the gap reached by then is reported.")
]
Gap = Annotated[float, typer.Option(help="Relative optimality gap at which to stop (proven).")]
Model = Annotated[
    Path | None, typer.Option("--write-model", help="Write the plain Pyomo model to this .lp or .mps file.")
]

DEFAULT_TIME_LIMIT_S = 60.0

__all__ = [  # with `language`, which every command with pages reads
    "DEFAULT_TIME_LIMIT_S",
    "CaseArgument",
    "Gap",
    "Language",
    "Model",
    "Out",
    "Solver",
    "TimeLimit",
    "Variant",
    "language",
    "read_year",
    "write_pyomo_model",
]


def read_year(
    findings: "Findings",
    case: str,
    variant: str | None,
    out: Path | None,
    model: Path | None = None,
) -> "Prepared":
    """Read the whole year of a case. Raises InputError with all problems, those already in `findings` too."""
    from parkdispatch.inputs.loader import load_case
    from parkdispatch.inputs.prepare import prepare, year_times
    from parkdispatch.interfaces.output_paths import check_output_paths

    findings.collect(check_output_paths, out, model)
    park = findings.collect(load_case, case, variant, whole_year=True)
    findings.raise_any()
    return prepare(park, year_times(park))


def write_pyomo_model(prepared: "Prepared", path: Path | None) -> None:
    """Write the plain Pyomo model to a file, if one is named; only a complete one replaces a file."""
    if path is None:
        return
    from parkdispatch.results.io.files import replacing
    from parkdispatch.studies.solve_case import write_model

    try:
        with replacing(path) as temporary:
            write_model(prepared, temporary)
    except OSError as error:
        raise InputError(f"`--write-model` = {path}: cannot be written: {error.strerror or error}") from error
