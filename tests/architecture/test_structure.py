"""The structure keeps its rules, and each rule is seen to fail where it is broken."""

import ast
from functools import cache

import pytest

from scripts.structure import RULES, Module, read_modules

modules = cache(read_modules)


# rules of a module by itself, which need not look at all the others to see one that breaks them
OF_ONE_MODULE = ("long files", "long functions", "names that say nothing")


def written(rule: str, name: str, source: str) -> dict[str, Module]:
    """The real modules with one more, or another one in the place of one; that one where it is enough."""
    others = {} if rule in OF_ONE_MODULE else modules()
    return {**others, name: Module(name, len(source.splitlines()), ast.parse(source))}


def test_there_is_something_to_look_at() -> None:
    assert len(modules()) > 150
    assert modules()["optimizer.highs"].lines > 100


@pytest.mark.parametrize("rule", RULES)
def test_no_rule_is_broken(rule: str) -> None:
    assert RULES[rule](modules()) == []


LONG_FUNCTION = "def long():\n" + "    pass\n" * 90
BROKEN = {
    "imports of a layer above": {
        "models.upward": "from parkdispatch.inputs.case import Case",
        "inputs.solver": "import highspy",
        "optimizer.battery": "from parkdispatch.models.stores.battery import Battery",
        "optimizer.for_types": "if TYPE_CHECKING:\n    from parkdispatch.inputs import case",
        "results.model": "def later():\n    import pyomo.environ as pyo",
        "results.solve": "import parkdispatch.optimizer.solve",
        "studies.upward": "from parkdispatch.interfaces.commands import plan",
        "models.relative": "from . import device",
        "studies.timed": "from benchmarks.harness import Row",
    },
    "circles": {
        "models.errors": "from parkdispatch.models.device import Device",
        "optimizer.highs": "def later():\n    from parkdispatch.optimizer.solve import optimize",
    },
    "long files": {"models.long": "\n" * 400},
    "long functions": {"models.long": LONG_FUNCTION},
    "equal names": {
        "results.battery": "",
        "benchmarks.peers.arrays": "",
        "results.second_case": "class Case:\n    pass",
    },
    "names that say nothing": {
        "models.assigned": "def first(paths):\n    found = sorted(paths)\n    return found[0]",
        "studies.in_a_loop": "def total(days):\n    return sum(one for one in days)",
    },
}


@pytest.mark.parametrize(("rule", "name"), [(rule, name) for rule in BROKEN for name in BROKEN[rule]])
def test_a_broken_rule_is_seen(rule: str, name: str) -> None:
    assert RULES[rule](written(rule, name, BROKEN[rule][name])) != []


def test_a_crowded_folder_is_seen() -> None:
    crowd = {f"models.loads.load_{n}": modules()["models.loads.load"] for n in range(20)}
    assert RULES["crowded folders"]({**modules(), **crowd}) != []
