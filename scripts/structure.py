"""The structure of the code, read off its imports: prints it, and ends with 1 where a rule is broken.

`scripts/check` runs it; `tests/architecture` holds it to the same rules and breaks each of them on purpose.
"""

import ast
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = "parkdispatch"
# from the ground up: a layer imports itself and those before it
LAYERS = ("models", "inputs", "optimizer", "results", "studies", "operations", "interfaces")
FOLDERS = (*LAYERS, "benchmarks")  # these are above the package, not in it
# what a layer may not import although it lies below, or where it comes from elsewhere
FORBIDDEN = {
    "models": ("highspy",),
    "inputs": ("pyomo", "highspy"),
    "optimizer": ("parkdispatch.inputs",),
    "results": ("pyomo", "highspy", "parkdispatch.optimizer"),
}
OPTIMIZER_KNOWS = ("device", "errors", "units", "vocabulary")  # of the models: no device
LARGEST_FOLDER = 14  # modules, `__init__.py` not counted
LONGEST_FILE = 350  # lines
LONGEST_FUNCTION = 80  # lines
EMPTY_NAMES = frozenset(("at", "found", "made", "one", "own"))  # of what a function keeps


@dataclass(frozen=True)
class Module:
    """A source file: its dotted name below the package, and its text parsed."""

    name: str
    lines: int
    tree: ast.Module

    @property
    def layer(self) -> str:
        """The first part of the name."""
        return self.name.partition(".")[0]

    @property
    def imported_as(self) -> str:
        """The name it is imported by."""
        return f"{PACKAGE}.{self.name}" if self.layer in LAYERS else self.name

    @cached_property
    def imports(self) -> frozenset[str]:
        """Every module it imports, anywhere in it, also for types only; `from a import b` gives a and a.b."""
        names: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                stem = "." * node.level + (node.module or "")
                names |= {stem, *(f"{stem}.{alias.name}" for alias in node.names)}
        return frozenset(names)


def read_modules(root: Path = ROOT) -> dict[str, Module]:
    """The modules of every layer and of the benchmarks, by name."""
    modules = {}
    for layer in FOLDERS:
        for path in sorted((root / layer).rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            text = path.read_text(encoding="utf-8")
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            modules[name] = Module(name, len(text.splitlines()), ast.parse(text))
    return modules


def reaches(module: Module, *targets: str) -> set[str]:
    """Which of the targets the module imports, or parts of them."""
    return {
        target
        for target in targets
        for name in module.imports
        if name == target or name.startswith(f"{target}.")
    }


def upward_imports(modules: Mapping[str, Module]) -> list[str]:
    """Imports of a layer above, or of something a layer has no business with."""
    broken = []
    others = {name.split(".")[1] for name in modules if name.startswith("models.")}
    for module in modules.values():
        above = [modules[layer].imported_as for layer in FOLDERS[FOLDERS.index(module.layer) + 1 :]]
        targets = [*above, *FORBIDDEN.get(module.layer, ())]
        if module.layer == "optimizer":
            targets += [f"{PACKAGE}.models.{name}" for name in sorted(others - set(OPTIMIZER_KNOWS))]
        broken += [f"{module.name} imports {target}" for target in sorted(reaches(module, *targets))]
        broken += [
            f"{module.name} imports {name}: a relative import hides what is imported"
            for name in module.imports
            if name.startswith(".")
        ]
    return broken


def circles(modules: Mapping[str, Module]) -> list[str]:
    """The first circle of modules that import each other, also for types only, or nothing."""
    known = {module.imported_as: name for name, module in modules.items()}
    graph = {
        name: {known[target] for target in module.imports if target in known and known[target] != name}
        for name, module in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [" -> ".join(error.args[1])]
    return []


def crowded_folders(modules: Mapping[str, Module]) -> list[str]:
    """Folders with more modules than a person can hold in view."""
    return [
        f"{name} holds {size} modules" for name, size in folders(modules).items() if size > LARGEST_FOLDER
    ]


def folders(modules: Mapping[str, Module]) -> dict[str, int]:
    """Number of modules in each folder, the largest first."""
    packages = {name.rpartition(".")[0] for name in modules}
    files = (name for name in modules if name not in packages and "." in name)
    return dict(Counter(name.rpartition(".")[0] for name in files).most_common())


def long_files(modules: Mapping[str, Module]) -> list[str]:
    """Files that are more than one thing."""
    return [f"{m.name} has {m.lines} lines" for m in modules.values() if m.lines > LONGEST_FILE]


def functions(modules: Mapping[str, Module]) -> dict[str, int]:
    """Lines of each function, the longest first."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    lines = {
        f"{module.name}.{node.name}": (node.end_lineno or node.lineno) - node.lineno + 1
        for module in modules.values()
        for node in ast.walk(module.tree)
        if isinstance(node, kinds)
    }
    return dict(sorted(lines.items(), key=lambda item: -item[1]))


def long_functions(modules: Mapping[str, Module]) -> list[str]:
    """Functions that would fall into parts with names."""
    return [f"{name} has {n} lines" for name, n in functions(modules).items() if n > LONGEST_FUNCTION]


def equal_names(modules: Mapping[str, Module]) -> list[str]:
    """Modules, and public classes of the package, that share their name with another one."""
    packages = {name.rpartition(".")[0] for name in modules}
    stems = [name.rpartition(".")[2] for name in modules if name not in packages]
    classes = [
        node.name
        for module in modules.values()
        for node in module.tree.body
        if module.layer in LAYERS and isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    return [
        *(f"{count} modules are called {name}" for name, count in Counter(stems).items() if count > 1),
        *(f"{count} classes are called {name}" for name, count in Counter(classes).items() if count > 1),
    ]


def empty_names(modules: Mapping[str, Module]) -> list[str]:
    """Variables of functions whose names do not say what they hold."""
    return sorted(
        f"{module.name}.{function.name} keeps something in `{node.id}`"
        for module in modules.values()
        for function in ast.walk(module.tree)
        if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef))
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in EMPTY_NAMES
    )


RULES = {
    "imports of a layer above": upward_imports,
    "circles": circles,
    "crowded folders": crowded_folders,
    "long files": long_files,
    "long functions": long_functions,
    "equal names": equal_names,
    "names that say nothing": empty_names,
}


def first(sizes: Mapping[str, int]) -> str:
    """The largest of some sizes, in words."""
    name, size = next(iter(sizes.items()))
    return f"{size} ({name})"


def main() -> int:
    """Print the figures and every breach. Returns the exit code."""
    modules = read_modules()
    by_layer = Counter(module.layer for module in modules.values())
    print("layers:", ", ".join(f"{layer} {by_layer[layer]}" for layer in FOLDERS))
    print("largest folder:", first(folders(modules)))
    print("longest function:", first(functions(modules)))
    breaches: Iterable[str] = ()
    for rule, check in RULES.items():
        broken = check(modules)
        print(f"{rule}: {len(broken)}")
        breaches = [*breaches, *broken]
    for breach in breaches:
        print(f"  {breach}", file=sys.stderr)
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
