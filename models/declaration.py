"""How the fields of a declaration are written whose numbers people look up: unit, sentence, source."""

from typing import Any

from pydantic import Field

ASSUMED = "assumption"
GIVEN = "no default: must be given"


def declared(unit: str, sentence: str, source: str, default: Any = ...) -> Any:
    """A field with its unit, a sentence, where its default is from, and the default, if it has one."""
    return Field(default, description=sentence, json_schema_extra={"unit": unit, "source": source})
