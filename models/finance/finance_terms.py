"""Sources and ranges of years that several declarations of finance share."""

from typing import Annotated

from pydantic import Field

CODED = "as coded from DL/T 2919-2025 in a public repository, the standard itself not seen (second-hand)"
LAW = "income tax law as commonly quoted, text not checked (assumption)"

Years = Annotated[int, Field(ge=1, le=60)]
YearsOrNone = Annotated[int, Field(ge=0, le=60)]
YearlyChange = Annotated[float, Field(gt=-1, le=1)]  # [1/year] 0.02: two per cent more every year
