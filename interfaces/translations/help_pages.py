"""Help pages in another language: of commands, options and arguments, and the headings around them."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from parkdispatch.interfaces.translations.catalogue import table

PANELS = {  # constants of Typer's help pages, by their names
    "ARGUMENTS_PANEL_TITLE": "Arguments",
    "OPTIONS_PANEL_TITLE": "Options",
    "COMMANDS_PANEL_TITLE": "Commands",
    "ERRORS_PANEL_TITLE": "Error",
    "DEFAULT_STRING": "[default: {}]",
    "REQUIRED_LONG_STRING": "[required]",
    "ABORTED_TEXT": "Aborted.",
    "RICH_HELP": "Try [blue]'{command_path} {help_option}'[/] for help.",
}
OF_TYPER = ("Install completion for the current shell.", "Show this message and exit.",
            "Show completion for the current shell, to copy it or customize the installation.")  # fmt: skip


def localize(command: Any, lang: str) -> None:
    """Put the help of a command and of all its commands into a language."""
    words = table(lang, "help")
    import typer.rich_utils

    for name, english in PANELS.items():
        setattr(typer.rich_utils, name, words.get(english, english))
    for each_command in _with_subcommands(command):
        each_command.help = "\n\n".join(words.get(part, part) for part in help_parts(each_command.help))
        each_command.short_help = words.get(each_command.short_help, each_command.short_help)
        each_command.get_usage = _usage_in(each_command.get_usage, words)
        context = each_command.context_class(
            each_command, info_name=each_command.name, help_option_names=["-h", "--help"]
        )
        help_option = each_command.get_help_option(context)
        for parameter in (*each_command.params, *([help_option] if help_option else [])):
            text = getattr(parameter, "help", None)
            if text:
                parameter.help = words.get(text, text)


def _with_subcommands(command: Any) -> Iterator[Any]:
    """A command, its commands, and theirs."""
    yield command
    for subcommand in getattr(command, "commands", {}).values():
        yield from _with_subcommands(subcommand)


def _usage_in(usage: Callable[[Any], str], words: Mapping[str, str]) -> Callable[[Any], str]:
    """What gives the line of usage of a command, in a language."""
    return lambda context: usage(context).replace("Usage:", words.get("Usage:", "Usage:"), 1)


def help_parts(text: str | None) -> list[str]:
    """The paragraphs of a help text, each as one line."""
    return [" ".join(part.split()) for part in (text or "").split("\n\n")]


def english_texts(command: Any) -> set[str]:
    """Every text of the help pages of a command and its commands."""
    texts = {*PANELS.values(), *OF_TYPER, "Usage:"}
    for each_command in _with_subcommands(command):
        texts |= {
            *help_parts(each_command.help),
            *(getattr(p, "help", None) or "" for p in each_command.params),
        }
    return texts - {""}
