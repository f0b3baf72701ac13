"""Every registered device passes the conformance check, and each of its parts is seen to fail."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
import pyomo.environ as pyo
import pytest

from parkdispatch.models.device import Device, Park, Seen
from parkdispatch.models.registry import device_kinds
from parkdispatch.models.sources.wind_farm import Wind
from parkdispatch.models.vocabulary import Interval, Terms
from parkdispatch.studies.device_conformance import check_device


@pytest.mark.parametrize("kind", device_kinds())
def test_a_registered_device_conforms(kind: str) -> None:
    assert check_device(device_kinds()[kind]) == []


class Source(Device):
    """A generator of a few megawatts, the base of those that fail."""

    kind: Literal["genset"] = "genset"
    bus: str = "ac"
    words: ClassVar[Any] = {
        lang: {"devices": {"genset": "genset"}, "costs": {"burnt": "burnt"}, "checks": {"power": "power"}}
        for lang in ("en", "zh")
    }

    def series(self, park: Park) -> Mapping[str, Any]:
        return {}

    def interval(self, block: Any, interval: Interval) -> Terms:
        block.power_mw = pyo.Var(bounds=(0, 5.0))
        self.more(block, interval)
        return Terms({self.bus: block.power_mw}, {"burnt": 700.0 * interval.hours * block.power_mw})

    def more(self, block: Any, interval: Interval) -> None:
        """What a device that fails writes besides."""

    def self_check(self, seen: Seen) -> Mapping[str, float]:
        power = seen.values["power_mw"]
        return {"power_mw": float(np.maximum(power - 5.0, -power).max())}

    def costs_yuan(self, seen: Seen) -> Mapping[str, Any]:
        return {"burnt": 700.0 * seen.hours * seen.values["power_mw"]}


def test_a_cost_that_is_not_recomputed_is_seen() -> None:
    class Unchecked(Source):
        def costs_yuan(self, seen: Seen) -> Mapping[str, Any]:
            return {}

    assert check_device(Unchecked) == ["`costs_yuan` does not recompute the cost 'burnt'"]


def test_amounts_that_are_not_recomputed_are_seen() -> None:
    """What park-wide rules add up."""

    class Silent(Wind):
        def amounts(self, seen: Seen) -> Mapping[str, Any]:
            return {}

    problems = check_device(Silent)
    assert len(problems) == 2
    assert all("renewable" in problem and "the audit finds" in problem for problem in problems)


def test_the_base_of_those_that_fail_conforms() -> None:
    assert check_device(Source) == []


def binary(block: Any) -> None:
    block.on = pyo.Var(domain=pyo.Binary)
    block.least = pyo.Constraint(expr=block.power_mw >= 2.0 * block.on)


def integers(block: Any) -> None:
    block.units = pyo.Var(domain=pyo.NonNegativeIntegers, bounds=(0, 3))


def nested(block: Any) -> None:
    block.inner = pyo.Block()
    block.inner.limit = pyo.Constraint(expr=block.power_mw <= 1.0)


def indexed(block: Any) -> None:
    block.limit = pyo.Constraint([1, 2], rule=lambda _, n: block.power_mw <= n)


def listed(block: Any) -> None:
    block.limits = pyo.ConstraintList()
    block.limits.add(block.power_mw <= 1.0)


def indexed_variable(block: Any) -> None:
    block.part_mw = pyo.Var([1, 2], bounds=(0, 1))


def special_ordered_set(block: Any) -> None:
    block.part = pyo.Var([1, 2], bounds=(0, 1))
    block.sos = pyo.SOSConstraint(var=block.part, sos=1)


def objective(block: Any) -> None:
    block.cost = pyo.Objective(expr=block.power_mw)


def deactivated(block: Any) -> None:
    block.limit = pyo.Constraint(expr=block.power_mw <= 1.0)
    block.limit.deactivate()


def fixed(block: Any) -> None:
    block.power_mw.fix(1.0)


def disjunction(block: Any) -> None:
    from pyomo.gdp import Disjunction

    block.either = Disjunction(expr=[block.power_mw == 0, block.power_mw >= 2.0])


@pytest.mark.parametrize(
    ("write", "component", "words"),
    [
        (binary, "on", "has the domain Binary"),
        (integers, "units", "has the domain NonNegativeIntegers"),
        (nested, "inner", "is a Block"),
        (indexed, "limit", "is an indexed Constraint"),
        (listed, "limits", "is an indexed Constraint"),
        (indexed_variable, "part_mw", "is an indexed Var"),
        (special_ordered_set, "sos", "is a SOSConstraint"),
        (objective, "cost", "is a Objective"),
        (deactivated, "limit", "is deactivated"),
        (fixed, "power_mw", "is fixed"),
        (disjunction, "either", "is a Disjunction"),
    ],
)
def test_what_the_compiler_does_not_read_is_refused_by_name(write: Any, component: str, words: str) -> None:
    class Unreadable(Source):
        def more(self, block: Any, interval: Interval) -> None:
            write(block)

    (problem,) = (line for line in check_device(Unreadable) if f"`{component}`" in line)
    assert problem.startswith("`device.genset`: ") and words in problem


def test_a_state_that_is_not_handed_over_is_seen() -> None:
    class Forgetful(Source):
        def more(self, block: Any, interval: Interval) -> None:
            before = interval.previous(block.power_mw, initial=1.0)
            block.ramp = pyo.Constraint(expr=block.power_mw - before <= 1.0)

    assert check_device(Forgetful) == [
        "has a value of the interval before, but no `initial_state` to hand over at midnight"
    ]


def test_a_missing_word_is_seen() -> None:
    class Wordless(Source):
        words: ClassVar[Any] = {}

    problems = check_device(Wordless)
    assert "has no word for 'genset' in devices (zh)" in problems
    assert "has no word for 'burnt' in costs (en)" in problems


def test_a_rule_that_a_dispatch_breaks_is_seen() -> None:
    class Strict(Source):
        def self_check(self, seen: Seen) -> Mapping[str, float]:
            return {"power_mw": float(seen.values["power_mw"].max()) + 1.0}

    assert any("the audit finds genset.power_mw" in problem for problem in check_device(Strict))


def test_a_store_without_a_level_is_seen() -> None:
    class Store(Source):
        stores_energy: ClassVar[bool] = True

    assert "stores energy, but has no `storage_level`" in check_device(Store)
