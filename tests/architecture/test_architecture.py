"""Rules of the source that imports alone do not show: who reads files, balances, rounds, asks a clock."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from parkdispatch.models.registry import BUILT_IN
from scripts.structure import LAYERS
from tests.support.paths import ROOT

PACKAGES = LAYERS
FILES = [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]
READERS = {
    "open",
    "read_text",
    "read_bytes",
    "read_csv",
    "read_excel",
    "open_dataset",
    "urlopen",
    "read_toml",
}
READING_LIBRARIES = {"tomllib", "csv", "json", "urllib", "requests", "importlib.resources"}
PVLIB_DATA = (
    "models/sources/component_library.py"  # reads what pvlib ships, as pvlib itself did for the models
)
MACHINE = re.compile(r"/(home|root|work|tmp|Users|mnt|opt)/|[A-Za-z]:\\\\|localhost|127\.0\.0\.1")


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path: Path) -> frozenset[str]:
    """Every module a file imports, anywhere in it, also for types only; `from a import b` gives a and a.b."""
    names = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{short(path)}: a relative import hides what is imported"
            names |= {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


def reaches(path: Path, *modules: str) -> set[str]:
    """Which of the modules the file imports, or parts of them."""
    return {
        module
        for module in modules
        for name in imports(path)
        if name == module or name.startswith(f"{module}.")
    }


def module_name(path: Path) -> str:
    return ".".join(("parkdispatch", *path.relative_to(ROOT).with_suffix("").parts))


def of(package: str) -> list[Path]:
    return [path for path in FILES if short(path).startswith(f"{package}/")]


def test_there_is_something_to_look_at() -> None:
    assert {short(path).split("/")[0] for path in FILES} == set(PACKAGES)
    assert len(FILES) > 40
    assert {"parkdispatch.models.errors.InputError", "parkdispatch.models.errors"} <= imports(
        ROOT / "inputs/series/series_file.py"
    )


def test_one_file_names_the_solver() -> None:
    assert [short(path) for path in FILES if reaches(path, "highspy")] == ["optimizer/highs.py"]


def test_models_read_no_files_of_the_user() -> None:
    for path in of("models"):
        if short(path) == PVLIB_DATA:
            continue
        assert reaches(path, *READING_LIBRARIES) == set(), short(path)
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                assert name not in READERS, f"{short(path)} line {node.lineno} reads a file"


def test_only_the_registry_lists_the_devices() -> None:
    """A new device is one file and one line there; no other device knows of it."""
    names = [module_name(path) for path in of("models")]
    contract_of_all = {f"parkdispatch.models.{name}" for name in ("device", "errors", "vocabulary")}
    kinds = reaches(ROOT / "models/registry.py", *names) - contract_of_all
    assert len(kinds) >= 4
    for path in of("models"):
        if path.name != "registry.py":
            assert reaches(path, *kinds) == set(), short(path)


def test_only_models_ask_what_kind_a_device_is() -> None:
    """Other rooms ask a device for what it declares, or the registry for the devices of a kind."""
    kinds = {device.__name__ for device in BUILT_IN}
    for path in FILES:
        if short(path).startswith(("models/", "tests/")):
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "isinstance":
                asked = {name.id for name in ast.walk(node.args[1]) if isinstance(name, ast.Name)}
                assert not asked & kinds, f"{short(path)} line {node.lineno} asks for {asked & kinds}"


def test_balance_and_objective_are_written_in_one_place() -> None:
    """Only the interval balances buses; only the plain model and the tiler's template write an objective."""
    writers = {"Objective": set(), "balance": set()}
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Attribute) and node.attr == "Objective":
                writers["Objective"].add(short(path))
            if isinstance(node, ast.Assign) and "Constraint" in ast.unparse(node.value):
                named = {ast.unparse(target).split(".")[-1] for target in node.targets}
                writers["balance"] |= {short(path)} if "balance" in named else set()
    assert writers["balance"] == {"optimizer/formulation/interval.py"}
    assert {name.split("/")[0] for name in writers["Objective"]} == {"optimizer"}
    assert len(writers["Objective"]) <= 2


def public(module: ast.Module) -> Iterator[ast.AST]:
    """Public functions and classes of a module and the public methods of its public classes."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    for node in module.body:
        if isinstance(node, kinds) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from (n for n in node.body if isinstance(n, kinds) and not n.name.startswith("_"))


def contract() -> set[str]:
    """The words of `Interval`, whose sentences stand in the contract and not at each meaning of them."""
    classes = [node for node in tree(ROOT / "models/vocabulary.py").body if isinstance(node, ast.ClassDef)]
    words = next(node for node in classes if node.name == "Interval")
    return {node.name for node in words.body if isinstance(node, ast.FunctionDef)}


def inherited(node: ast.AST, path: Path) -> bool:
    """Whether a method says what its contract says."""
    return short(path).startswith("optimizer/") and getattr(node, "name", "") in contract()


def without_docstring(path: Path) -> Iterator[str]:
    """The module and its public names that have none."""
    module = tree(path)
    for node in (module, *public(module)):
        if not ast.get_docstring(node) and not inherited(node, path):  # type: ignore[arg-type]
            yield f"{short(path)} {getattr(node, 'name', '')}"


def test_everything_public_has_a_docstring() -> None:
    assert [name for path in FILES for name in without_docstring(path)] == []


def test_files_are_of_no_machine() -> None:
    """A test of its own for each file would take longer than to look into all."""
    named = {short(path): MACHINE.search(path.read_text(encoding="utf-8")) for path in FILES}
    assert {name: said for name, said in named.items() if said} == {}


def test_data_files_name_no_machine() -> None:
    endings = ("toml", "j2", "css", "js")
    data = [p for package in PACKAGES for end in endings for p in (ROOT / package).rglob(f"*.{end}")]
    assert len(data) >= 2
    for path in data:
        assert MACHINE.search(path.read_text(encoding="utf-8")) is None, short(path)


def test_only_the_readers_convert_units() -> None:
    """A factor such as kW to MW has one home for what is read."""
    words = re.compile(r"千瓦|\bkw\b.*1e-3")
    assert {short(p) for p in of("inputs") if words.search(p.read_text(encoding="utf-8"))} == {
        "inputs/series/series_units.py"
    }


def test_nothing_random_is_unseeded_and_no_clock_decides() -> None:
    """Same input, same output."""
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call):
                said = ast.unparse(node.func)
                assert not re.match(r"(np|numpy)\.random\.(?!default_rng|Generator|PCG64)", said), short(path)
                assert not re.match(r"random\.", said) or "models/" in short(path), short(path)
                if said.endswith(("default_rng", "PCG64")):
                    assert node.args, f"{short(path)} line {node.lineno} is unseeded"
                if re.search(r"\.(now|today|utcnow)$|^time\.time$", said):
                    assert short(path) == "interfaces/commands/console.py", (
                        f"{short(path)} line {node.lineno} asks a clock"
                    )
