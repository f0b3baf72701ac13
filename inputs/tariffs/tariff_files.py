"""Find and read a tariff: a built-in one, or a TOML file of the user."""

from importlib import resources
from pathlib import Path

from pydantic import ValidationError

from parkdispatch.inputs.messages.problem_sentences import (
    closest,
    problem_sentences,
    silently_converted,
)
from parkdispatch.inputs.user_files import read_toml, user_path, with_field
from parkdispatch.models.errors import InputError
from parkdispatch.models.tariff.tariff import Tariff


def known_tariffs() -> list[str]:
    """Names of the built-in tariffs."""
    names = (entry.name for entry in (resources.files("parkdispatch.inputs") / "tariffs").iterdir())
    return sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml"))


def is_tariff_path(name_or_path: str) -> bool:
    """Whether a text is the path of a tariff file and not the name of a built-in tariff."""
    return name_or_path.endswith(".toml") or "/" in name_or_path or "\\" in name_or_path


def read_tariff(name_or_path: str, beside: Path | None = None) -> Tariff:
    """Read the built-in tariff of that name, or the tariff of a TOML file.

    A text that ends in ".toml" or contains a slash is a path, relative to `beside` (the folder of the case
    file, or the case file itself) or, without it, to the working directory. Raises InputError with all
    problems.
    """
    if not is_tariff_path(name_or_path):
        known = known_tariffs()
        if name_or_path not in known:
            raise InputError(
                f"`tariff` = '{name_or_path}': must be one of {', '.join(known)}, or a path that ends in"
                f" .toml{closest(name_or_path, known)}"
            )
        with resources.as_file(
            resources.files("parkdispatch.inputs") / "tariffs" / f"{name_or_path}.toml"
        ) as file:
            return _read(file, name_or_path)
    folder = Path() if beside is None else beside.parent if beside.is_file() else beside
    return _read(user_path(name_or_path, folder), name_or_path)


def _read(file: Path, name: str) -> Tariff:
    try:
        tables = read_toml(file)
    except InputError as error:
        raise InputError(with_field("tariff", file, error.problems)) from None
    problems = silently_converted(tables, Tariff)
    try:
        tariff = Tariff.model_validate(tables)
    except ValidationError as error:
        problems += problem_sentences(error, model=Tariff)
    if problems:
        raise InputError([f"tariff {name}: {line}" for line in dict.fromkeys(problems)])
    return tariff
