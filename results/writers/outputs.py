"""The registry of output files: one `Output` entry per file, and the function that writes a list of them.

Each kind of result has its list beside this module (`dispatch_files`, `study_files`, `sizing_files`,
`reproduction_files`). To add an output format, add one entry to the list.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from parkdispatch.results.io.run_folder import output_folder
from parkdispatch.results.wording.words import Lang

Result = TypeVar("Result")


def always(_: Any) -> bool:
    """Whether the file applies: to every result."""
    return True


@dataclass(frozen=True)
class Output(Generic[Result]):
    """One output file of a kind of result.

    `write` writes the result to a path, texts for people in the given language. `applies` says whether a
    result has this file.
    """

    name: str
    write: Callable[[Path, Result, Lang], object]
    applies: Callable[[Result], bool] = always

    def writer(self, result: Result, lang: Lang) -> Callable[[Path], object]:
        """A function that writes this result to a given path."""
        return lambda path: self.write(path, result, lang)


def write_outputs(
    outputs: Iterable[Output[Result]], result: Result, out: Path, lang: Lang
) -> dict[str, Path]:
    """Write every output that applies to the result into the folder `out`, all files or none.

    Files are written in the order of `outputs`. Returns their paths by name. Raises InputError where the
    folder cannot be written.
    """
    with output_folder(out) as stage:
        return {
            output.name: stage(output.name, output.writer(result, lang))
            for output in outputs
            if output.applies(result)
        }
