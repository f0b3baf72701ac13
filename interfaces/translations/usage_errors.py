"""What is wrong with the words that were typed, in another language: Typer says it in English only."""

import re
from typing import Any

from parkdispatch.interfaces.translations.catalogue import translated


def is_usage_error(error: BaseException) -> bool:
    """Whether an error is one of Typer's about the words typed; its classes moved between versions."""
    return hasattr(error, "format_message") and hasattr(error, "exit_code")


def usage_sentence(error: Any, lang: str) -> str:
    """The error in a language, with the command that tells more."""
    kind, parameter = type(error).__name__, getattr(error, "param", None)
    name = ""
    if parameter is not None:
        name = max(parameter.opts, key=len) if parameter.opts else str(parameter.name)
    if kind == "NoSuchOption":
        text = f"No such option: {error.option_name}"
        if error.possibilities:
            text += f" Did you mean {', '.join(sorted(error.possibilities))}?"
    elif kind == "MissingParameter":
        of_what = "option" if parameter is not None and parameter.param_type_name == "option" else "argument"
        text = f"Missing {of_what} '{name}'."
    elif kind == "BadParameter":
        text = f"Invalid value for '{name}': {error.message}"
    else:
        text = str(error.message)
    said = translated(text, lang, "usage")
    context = getattr(error, "ctx", None)
    if context is None:
        return said
    hint = translated(f"Try '{context.command_path} --help' for help.", lang, "usage")
    return f"{said}\n{hint}"


def usage_templates() -> tuple[str, ...]:
    """The English sentences that Typer says, as the tables have them."""
    return (
        "No such option: {}",
        "No such option: {} Did you mean {}?",
        "Missing option '{}'.",
        "Missing argument '{}'.",
        "Missing command.",
        "No such command '{}'.",
        "No such command '{}'. Did you mean {}?",
        "Got unexpected extra argument(s) ({})",
        "Got unexpected extra argument ({})",
        "Got unexpected extra arguments ({})",
        "Option '{}' requires an argument.",
        "Option '{}' does not take a value.",
        "Invalid value for '{}': {}",
        "'{}' is not a valid float.",
        "'{}' is not a valid int.",
        "'{}' is not a valid integer.",
        "'{}' is not a valid float range.",
        "'{}' is not a valid integer range.",
        "{} is not in the range {}.",
        "Input should be greater than or equal to {}",
        "Input should be less than or equal to {}",
        "Input should be a valid number, unable to parse string as a number",
        "Input should be a valid integer, unable to parse string as an integer",
        "Try '{}' for help.",
    )


def english_words(text: str, allowed: re.Pattern[str]) -> set[str]:
    """Words of English in a sentence of another language that are not allowed there."""
    bare = allowed.sub(" ", re.sub(r"\{[^}]*\}|`[^`]*`|--[\w-]+|\[[a-z_/]+\]", " ", text))
    return {word for word in re.findall(r"[A-Za-z]{3,}", bare) if not word.isupper()}
