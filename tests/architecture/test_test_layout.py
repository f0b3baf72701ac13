"""The tests lie in folders that mirror the rooms of the package, and no test module imports another one."""

import ast
from collections import Counter
from collections.abc import Mapping
from pathlib import PurePosixPath

import pytest

from scripts.structure import LARGEST_FOLDER
from tests.support.paths import ROOT

FILES = {
    PurePosixPath(path.relative_to(ROOT).as_posix()): path.read_text(encoding="utf-8")
    for path in sorted((ROOT / "tests").rglob("*.py"))
}
WITHOUT_ROOM = ("tests/architecture", "tests/benchmarks", "tests/docs", "tests/support")  # they test no room


def is_test(name: str) -> bool:
    return name.rpartition(".")[2].startswith("test_")


def imported_tests(files: Mapping[PurePosixPath, str]) -> list[str]:
    """Files that import a test module, or something defined in one."""
    broken = []
    for path, text in files.items():
        names: set[str] = set()
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                stem = "." * node.level + (node.module or "")
                names |= {stem, *(f"{stem}.{alias.name}" for alias in node.names)}
        tests = {name for name in names if name.startswith(("tests.", ".")) and is_test(name)}
        broken += [f"{path} imports {name}: move what both need to tests/support" for name in sorted(tests)]
    return broken


def folders_without_room(files: Mapping[PurePosixPath, str]) -> list[str]:
    """Folders of tests for which the package has no folder of the same path."""
    folders = {path.parent for path in files} - {PurePosixPath("tests")}
    return [
        str(folder)
        for folder in sorted(folders)
        if not str(folder).startswith(WITHOUT_ROOM)
        and not (ROOT / folder.relative_to("tests") / "__init__.py").is_file()
    ]


def folders_without_init(files: Mapping[PurePosixPath, str]) -> list[str]:
    """Folders that are no packages; modules of equal names need them to be."""
    folders = {parent for path in files for parent in path.parents if parent.is_relative_to("tests")}
    return [str(folder) for folder in sorted(folders) if folder / "__init__.py" not in files]


def crowded_folders(files: Mapping[PurePosixPath, str]) -> list[str]:
    """Folders with more modules than a folder of the package may hold."""
    sizes = Counter(path.parent for path in files if path.name != "__init__.py")
    return [f"{folder} holds {size} modules" for folder, size in sizes.items() if size > LARGEST_FOLDER]


RULES = {
    "imported tests": imported_tests,
    "folders without a room": folders_without_room,
    "folders without __init__.py": folders_without_init,
    "crowded folders": crowded_folders,
}
BROKEN = {
    "imported tests": {
        "tests/models/test_a.py": "from tests.models.test_b import helper",
        "tests/models/test_c.py": "def later():\n    from tests.models import test_b",
        "tests/support/d.py": "import tests.models.test_b as helpers",
        "tests/models/test_e.py": "from .test_b import helper",
    },
    "folders without a room": {"tests/results/nowhere/test_a.py": ""},
    "folders without __init__.py": {"tests/models/loads/deeper/test_a.py": ""},
    "crowded folders": {f"tests/models/loads/test_{number}.py": "" for number in range(LARGEST_FOLDER + 1)},
}


def test_there_is_something_to_look_at() -> None:
    assert len(FILES) > 100
    assert PurePosixPath("tests/optimizer/proof/test_certificate.py") in FILES


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_is_broken(rule: str) -> None:
    assert RULES[rule](FILES) == []


@pytest.mark.parametrize("rule", RULES)
def test_a_broken_rule_is_seen(rule: str) -> None:
    added = {PurePosixPath(name): text for name, text in BROKEN[rule].items()}
    assert len(RULES[rule]({**FILES, **added})) == (1 if rule == "crowded folders" else len(added))
