"""What a request to a command may hold: fields that are typed as options, files and jobs by their numbers.

A field's name is that of the option, or of the argument in Python. Files are named by the number of an
upload, a plan that is followed by the number of its job: no request names a path.
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.fields import FieldInfo

LONGEST_RUN_S = 3600.0
Text = Annotated[str, Field(min_length=1, max_length=300)]
Texts = Annotated[list[Text], Field(max_length=200)]
TimeLimitS = Annotated[float, Field(ge=1, le=LONGEST_RUN_S)]


@dataclass(frozen=True)
class TypedAs:
    """The option that a field is typed as; "" is an argument.

    Uploads and jobs are named by their numbers, uploads of devices and quantities as `pv=NUMBER`. Of a job,
    which must be one of `jobs`, the option gets the first of `files` that it has, or else its folder.
    """

    name: str
    kind: Literal["value", "upload", "named upload", "job"] = "value"
    jobs: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


Orders = Annotated[Texts | None, Field(description="As the option of `plan` says them.")]
UploadId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}(#[^\x00-\x1f]{1,200})?$")]
NamedUploadId = Annotated[str, Field(pattern=r"^[\w:]{1,100}=[0-9a-f]{32}(#[^\x00-\x1f]{1,200})?$")]
NamedUploads = Annotated[list[NamedUploadId], Field(max_length=50)]
JobId = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]


class CommandRequest(BaseModel):
    """What every command may be asked: its case by name, and the language of its files."""

    model_config = ConfigDict(extra="forbid")
    command: ClassVar[tuple[str, ...]] = ()
    out: ClassVar[str] = "{out}"  # empty: it writes no files
    has_language: ClassVar[bool] = True
    uses_ledger: ClassVar[bool] = False
    records: ClassVar[bool] = True  # in the ledger, by the name of who asks
    case_option: ClassVar[str] = ""  # empty: the case is the first argument
    takes_case: ClassVar[bool] = True  # else it is about all sites

    case: Text = "gaoan"
    lang: Literal["en", "zh"] = "en"

    @property
    def with_ledger(self) -> bool:
        """Whether the command is given the ledger."""
        return self.uses_ledger

    def options(self) -> list[tuple[TypedAs, Any]]:
        """The options that are set, with their values."""
        pairs = []
        for name, field in type(self).model_fields.items():
            option = typed_as(field)
            value = getattr(self, name)
            if option is not None and value is not None:
                pairs.append((option, value))
        return pairs


def typed_as(field: FieldInfo) -> TypedAs | None:
    """What a field of a request is typed as; None where it is typed in another way, or not."""
    return next((item for item in field.metadata if isinstance(item, TypedAs)), None)
