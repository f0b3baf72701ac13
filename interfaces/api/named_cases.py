"""A case, or what names one: functions of the API take either."""

from pathlib import Path

from parkdispatch.inputs.case import Case
from parkdispatch.inputs.loader import load_case
from parkdispatch.models.errors import InputError

CaseOrName = Case | str | Path  # a name or path is loaded as `load_case` does, without a variant


def loaded(case: CaseOrName, *, whole_year: bool = False) -> Case:
    """The case itself, or the built-in one of that name, or that of the file at that path.

    Raises InputError with all problems of the file, and for anything that is neither.
    """
    if isinstance(case, str | Path):
        return load_case(str(case), whole_year=whole_year)
    if not isinstance(case, Case):
        raise InputError(
            f"argument `case` = {type(case).__name__}: must be what `load_case` returns, the name of a"
            " built-in case, or the path of a case file"
        )
    return case
