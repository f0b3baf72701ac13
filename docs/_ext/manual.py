"""Directives of the manual: tables made at build time from the program, so that they cannot grow stale.

* `declared-fields` with `module:Class`: every field of a declaration, table by table
* `device-series`: what `[series]` may replace
* `command-options` with a command: its usage, arguments and options
* `command-list`: the commands, each with its sentence
"""

from importlib import import_module
from typing import Any, ClassVar, get_args

import command_tables
import declarations
from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class _FromProgram(SphinxDirective):
    """A directive whose content is Markdown that the program makes."""

    has_content = False

    def markdown(self) -> list[str]:
        """The lines to show."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Parse the lines as the page they stand in."""
        text = "\n".join(self.markdown())
        return self.parse_text_to_nodes(text, allow_section_headings=True)


class DeclaredFields(_FromProgram):
    """Every field of a declaration, named as `module:Class`."""

    required_arguments = 1
    option_spec: ClassVar[dict[str, Any]] = {
        "level": directives.nonnegative_int,
        "root": directives.unchanged,
    }

    def markdown(self) -> list[str]:
        """One section for each table."""
        module, name = self.arguments[0].split(":")
        declaration = getattr(import_module(module), name)
        return declarations.document(declaration, self.options.get("level", 2), self.options.get("root", ""))


class DeviceSeries(_FromProgram):
    """The series that each kind of device needs."""

    def markdown(self) -> list[str]:
        """One row for each series of each kind."""
        registry = import_module("parkdispatch.models.registry")
        union = get_args(registry.any_device())[0]
        kinds = {device.model_fields["kind"].default: device for device in get_args(union)}
        return declarations.series_table(kinds)


class CommandOptions(_FromProgram):
    """Usage and options of one command."""

    required_arguments = 1
    final_argument_whitespace = True  # of the commands of a group

    def markdown(self) -> list[str]:
        """How the command is typed, and its options."""
        name = self.arguments[0]
        return [
            "```console",
            f"$ {command_tables.usage(name)}",
            "```",
            "",
            *command_tables.option_table(name),
        ]


class CommandList(_FromProgram):
    """The commands in the order of the help."""

    def markdown(self) -> list[str]:
        """One row for each command."""
        lines = ["| Command | What it does |", "| --- | --- |"]
        for name in command_tables.commands():
            page = name.partition(" ")[0]
            lines.append(f"| [`{name}`]({page}.md) | {command_tables.first_sentence(name)} |")
        return lines


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directives."""
    app.add_directive("declared-fields", DeclaredFields)
    app.add_directive("device-series", DeviceSeries)
    app.add_directive("command-options", CommandOptions)
    app.add_directive("command-list", CommandList)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
