"""Declarations: what a user may write, as frozen models whose fields carry unit, sentence and source.

Every field of a case file and of a tariff file is written with `declared`, so that a program can list all
of them: `field.description` is the sentence, `field.json_schema_extra` holds the unit and the source of the
default, and `field.metadata` the bounds.
"""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

ASSUMED = "assumption"
GIVEN = "no default: must be given"
NO_UNIT = "-"  # unit of a dimensionless number, a text, a date or a nested table


class Declaration(BaseModel):
    """Base of all declarations: frozen, finite numbers only, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def declared(unit: str, sentence: str, source: str = "", default: Any = ...) -> Any:
    """Declare a field: its unit, what it means, where its default is from, and the default, if it has one."""
    return Field(default, description=sentence, json_schema_extra={"unit": unit, "source": source})
