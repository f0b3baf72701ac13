"""The registry of output files: one `Output` entry per file, and the function that writes a list of them.

Each kind of result has its list beside this module (`dispatch_files`, `study_files`, `sizing_files`,
`reproduction_files`). To add an output format, add one entry to the list.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

from parkdispatch.results.io.run_folder import output_folder
from parkdispatch.results.io.second_process import can_copy, do_with_a_copy
from parkdispatch.results.wording.languages import Lang

Result = TypeVar("Result")


def always(_: Any) -> bool:
    """Whether the file applies: to every result."""
    return True


@dataclass(frozen=True)
class Output(Generic[Result]):
    """One output file of a kind of result.

    `write` writes the result to a path, texts for people in the given language. `applies` says whether a
    result has this file. `for_people`: a page or a workbook, which takes longer than most files for programs.
    """

    name: str
    write: Callable[[Path, Result, Lang], object]
    applies: Callable[[Result], bool] = always
    for_people: bool = False

    def writer(self, result: Result, lang: Lang) -> Callable[[Path], object]:
        """A function that writes this result to a given path."""
        return lambda path: self.write(path, result, lang)


def write_outputs(
    outputs: Iterable[Output[Result]], result: Result, out: Path, lang: Lang, *, on_two_cores: bool = False
) -> dict[str, Path]:
    """Write every output that applies to the result into the folder `out`, all files or none.

    Files are written in the order of `outputs`; with `on_two_cores`, by this process and a copy of it, those
    for people first, and the last one after all. Returns their paths by name. Raises InputError where the
    folder cannot be written.
    """
    applied = [output for output in outputs if output.applies(result)]
    with output_folder(out) as stage:
        if not on_two_cores or not can_copy():
            return {output.name: stage(output.name, output.writer(result, lang)) for output in applied}
        *others, last = applied
        works: list[Callable[[], object]] = []
        ordered = sorted(others, key=lambda output: not output.for_people)  # the longest first
        paths = {output.name: stage(output.name, _noted(output, result, lang, works)) for output in ordered}
        do_with_a_copy(works)
        paths[last.name] = stage(last.name, last.writer(result, lang))
        return {output.name: paths[output.name] for output in applied}


def _noted(
    output: Output[Result], result: Result, lang: Lang, works: list[Callable[[], object]]
) -> Callable[[Path], object]:
    """A function that adds to `works` the writing of the output to a given path."""
    return lambda path: works.append(partial(output.write, path, result, lang))
