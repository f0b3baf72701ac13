"""What commands print themselves goes through the translation, and is there."""

import ast
import re
from collections.abc import Iterator

from parkdispatch.interfaces.translations.catalogue import translated
from tests.support.paths import ROOT

SENTENCE = re.compile("[a-z]{3} [a-z]{2}")


def template(node: ast.expr) -> str:
    """The text of a string in the code, `{}` for what varies; empty where it is another expression."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(v.value) if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return ""


def printed() -> Iterator[tuple[str, str, bool]]:
    """File and text of what is printed as rich text, and whether it went through `say`."""
    for path in (ROOT / "interfaces" / "commands").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        values: dict[str, list[ast.expr]] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                values.setdefault(node.targets[0].id, []).append(node.value)
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "Text" and node.args:
                shown = node.args[0]
                named = values.get(shown.id, []) if isinstance(shown, ast.Name) else [shown]
                for value in named:
                    said = isinstance(value, ast.Call) and ast.unparse(value.func) == "say"
                    text = template(value.args[0] if isinstance(value, ast.Call) and said else value)
                    if SENTENCE.search(text):
                        yield path.name, text, said


def test_sentences_that_commands_print_are_there_in_chinese() -> None:
    found = list(printed())
    assert len(found) > 1
    assert [
        (name, text)
        for name, text, said in found
        if not said or translated(text.replace("{}", "7"), "zh", "screen") == text.replace("{}", "7")
    ] == []
