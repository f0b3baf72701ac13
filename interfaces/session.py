"""What holds for all commands of a process: language, how much is said, and the configuration."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from parkdispatch.models.errors import InputError
from parkdispatch.results.console.screen_language import SCREEN_LANG

CONFIG = "PARKDISPATCH_CONFIG"  # path of the configuration; empty: none is read
LANGUAGE = "PARKDISPATCH_LANG"
KEYS = {
    "language": "the language, en or zh",
    "output": "the folder that holds the folders of runs; left out: runs",
    "case": "the case of commands that name none",
}
GLOBAL_FLAGS = {"-q": "quiet", "--quiet": "quiet", "-v": "verbose", "--verbose": "verbose"}


@dataclass(frozen=True)
class Listener:
    """Who is told what a command says meanwhile, instead of a terminal: steps, and labelled messages."""

    step: Callable[[str], None]
    message: Callable[[str, str], None]


@dataclass
class Session:
    """Language and verbosity of the process, and the values of the configuration at `config_path`."""

    lang: Literal["en", "zh"] = "en"
    verbosity: Literal["quiet", "usual", "verbose"] = "usual"
    config: Mapping[str, str] = field(default_factory=dict)
    config_path: Path | None = None
    listener: Listener | None = None


SESSION = Session()


def begin(words: Sequence[str]) -> list[str]:
    """Set the session from the words that were typed, the environment and the configuration.

    The language is that of `--lang`, else of PARKDISPATCH_LANG, of the configuration, or of the locale.

    Returns
    -------
    the words without `-q` and `-v`, which may stand anywhere. Raises InputError for a configuration that
    cannot
    be read; the language is set all the same.

    """
    SESSION.lang, SESSION.verbosity, SESSION.config, SESSION.config_path = "en", "usual", {}, None
    kept = []
    for word in words:
        if word in GLOBAL_FLAGS:
            SESSION.verbosity = "quiet" if GLOBAL_FLAGS[word] == "quiet" else "verbose"
        else:
            kept.append(word)
    typed = ""
    for word, following in zip(words, [*words[1:], ""], strict=True):  # the last counts, as for the command
        option, equals, value = word.partition("=")
        if option == "--lang":
            typed = value if equals else following
    locale = next(
        (os.environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if os.environ.get(name)), ""
    )
    SESSION.lang = _known(typed) or _known(os.environ.get(LANGUAGE, "")) or _known(locale) or "en"
    SCREEN_LANG.set(SESSION.lang)
    SESSION.config, SESSION.config_path = read_config()
    of_config = _known(SESSION.config.get("language", ""))
    if of_config and not _known(typed) and not _known(os.environ.get(LANGUAGE, "")):
        SESSION.lang = of_config
    SCREEN_LANG.set(SESSION.lang)
    return kept


def _known(code: str) -> Literal["en", "zh"] | None:
    """The language of a code such as zh_CN.UTF-8; None for another one, which is said where it is used."""
    match = re.match(r"(en|zh)(?![a-z])", code.strip().lower())
    return None if match is None else "zh" if match[1] == "zh" else "en"


def config_path() -> Path | None:
    """Where the configuration of the user lies, if there may be one."""
    if CONFIG in os.environ:
        return Path(os.environ[CONFIG]).expanduser() if os.environ[CONFIG] else None
    for name in ("XDG_CONFIG_HOME", "APPDATA"):
        if os.environ.get(name):
            return Path(os.environ[name]) / "parkdispatch" / "config.toml"
    try:
        return Path.home() / ".config" / "parkdispatch" / "config.toml"
    except RuntimeError:  # the home folder is not known
        return None


def read_config() -> tuple[dict[str, str], Path | None]:
    """The values of the configuration and its path; None where there is none.

    Raises InputError for unknown keys, values that are no text, and a named file that is missing.
    """
    path = config_path()
    if path is None or (CONFIG not in os.environ and not path.is_file()):
        return {}, None
    from parkdispatch.inputs.messages.problem_sentences import closest
    from parkdispatch.inputs.user_files import read_toml

    tables: dict[str, Any] = read_toml(path)
    problems = []
    for key, value in tables.items():
        if key not in KEYS:
            problems.append(
                f"{path}: `{key}`: no such key{closest(key, KEYS)}; known here: {', '.join(KEYS)}"
            )
        elif not isinstance(value, str) or not value:
            problems.append(f'{path}: `{key}` = {value}: must be text in quotes, "...": {KEYS[key]}')
    if "language" in tables and isinstance(tables["language"], str) and _known(tables["language"]) is None:
        problems.append(f"{path}: `language` = {tables['language']}: must be one of en, zh")
    if problems:
        raise InputError(problems)
    return {key: str(value) for key, value in tables.items()}, path
