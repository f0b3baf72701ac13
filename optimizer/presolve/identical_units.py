"""Twins: equal devices solved as one.

Two batteries of the same make behind one bus can share any schedule in any proportion, and a simplex solver
loses its time among those ties. Sets of points that obey the same linear rules add up to the same rules
with larger constants, so m equal devices are one device whose constants are m times as large, and its
schedule divided by m serves each of them. Multipliers carry over as they are.

This holds for the linear part. Exclusive pairs of the merged device would be stricter than those of the twins
(one might charge while the other discharges), so the merged park has none for them; where its optimum needs
them, the twins are solved apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array, Device
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.template import PreviousSlot, Template
from parkdispatch.optimizer.formulation.tile import Tiled


@dataclass(frozen=True)
class MergedUnits:
    """A tiled park whose twins are one, and the way back to the whole park."""

    whole: Tiled
    tiled: Tiled
    paired: Tiled  # the same with the twins' pairs, as a name for their set points
    columns: Index  # template column of `tiled` for each of `whole`
    share: Array  # part of the merged value that each column of `whole` takes

    def merged_point(self, x: Array) -> Array:
        """A point of the whole program as one of the merged: what twins do adds up."""
        count, shared = len(self.whole.horizon), self.whole.shared_starts[0]
        into = np.eye(len(self.tiled.template.columns))[self.columns]
        own = x[:shared].reshape(count, -1) @ into
        return np.concatenate([own.ravel(), x[shared:]])

    def point(self, x: Array) -> Array:
        """A point of the merged program as one of the whole."""
        count, shared = len(self.whole.horizon), self.tiled.shared_starts[0]
        own = x[:shared].reshape(count, -1)
        return np.concatenate([(own[:, self.columns] * self.share).ravel(), x[shared:]])


def merge_identical_units(tiled: Tiled, devices: Mapping[str, Device]) -> MergedUnits | None:
    """Merge equal devices that have no series and share no decision; None where there are none."""
    template = tiled.template
    apart = {key[0] for key in template.series} | {shared.key[0] for shared in template.shared}
    first_of: dict[str, str] = {}
    for name, device in devices.items():
        same = (other for other in first_of.values() if devices[other] == device and name not in apart)
        first_of[name] = next(same, name)
    size = {name: sum(first == name for first in first_of.values()) for name in first_of}
    if all(count == 1 for count in size.values()):
        return None
    kept = {name for name, first in first_of.items() if name == first}
    kept.add("balance")

    old_columns = [n for n, column in enumerate(template.columns) if column.key[0] in kept]
    new_of_old = {old: new for new, old in enumerate(old_columns)}
    by_key = {template.columns[old].key: new for new, old in enumerate(old_columns)}
    previous = [p for p in template.previous if p.column in new_of_old]
    pairs = [p for p in template.pairs if p.key[0] in kept]
    slots = np.array(
        old_columns
        + [len(template.columns) + n for n, p in enumerate(template.previous) if p.column in new_of_old]
        + [len(template.columns) + len(template.previous) + n for n in range(len(template.shared))]
        + [
            template.coefficients.shape[2] - 1 - len(template.pairs) + n
            for n, p in enumerate(template.pairs)
            if p.key[0] in kept
        ]
        + [template.coefficients.shape[2] - 1]
    )
    coefficients = template.coefficients[:, :, slots].copy()
    for name, count in size.items():
        if count > 1:  # balances are written for all devices already: their constants are complete
            coefficients[:, _functionals(template, name), -1] *= count
    paired = replace(
        template,
        columns=[template.columns[old] for old in old_columns],
        previous=[PreviousSlot(new_of_old[p.column], p.initial) for p in previous],
        pairs=[replace(p, a=new_of_old[p.a], b=new_of_old[p.b]) for p in pairs],
        rows=[row for row in template.rows if row.key[0] in kept],
        totals=[total for total in template.totals if total.key[0] in kept],
        ends=[end for end in template.ends if end.key[0] in kept],
        costs={key: f for key, f in template.costs.items() if key[0] in kept},
        injections={key: f for key, f in template.injections.items() if key[0] in kept},
        quantities={key: f for key, f in template.quantities.items() if key[0] in kept},
        coefficients=coefficients,
    )
    return MergedUnits(
        whole=tiled,
        tiled=Tiled(_without_pairs(paired, size), tiled.horizon, tiled.weights),
        paired=Tiled(paired, tiled.horizon, tiled.weights),
        columns=np.array([by_key[first_of[c.key[0]], c.key[1]] for c in template.columns]),
        share=np.array([1.0 / size[first_of[c.key[0]]] for c in template.columns]),
    )


def _without_pairs(template: Template, size: Mapping[str, int]) -> Template:
    """The template without the exclusive pairs of devices that stand for several."""
    alone = [n for n, pair in enumerate(template.pairs) if size[pair.key[0]] == 1]
    first = template.coefficients.shape[2] - 1 - len(template.pairs)
    slots = [*range(first), *(first + n for n in alone), template.coefficients.shape[2] - 1]
    return replace(
        template,
        pairs=[template.pairs[n] for n in alone],
        coefficients=template.coefficients[:, :, slots],
    )


def _functionals(template: Template, device: str) -> list[int]:
    """Every functional of one device, by number."""
    found: list[int | None] = []
    for number, column in enumerate(template.columns):
        if column.key[0] == device:
            found += [column.lower, column.upper]
            found += [p.initial for p in template.previous if p.column == number]
    rows = [row for row in template.rows if row.key[0] == device]
    rows += [row for pair in template.pairs if pair.key[0] == device for row in pair.rows]
    for row in rows:
        found += [row.body, row.lower, row.upper]
    for total in template.totals:
        if total.key[0] == device:
            found += [total.body, total.upper]
    found += [end.body for end in template.ends if end.key[0] == device]
    for named in (template.costs, template.injections, template.quantities):
        found += [functional for key, functional in named.items() if key[0] == device]
    return sorted({functional for functional in found if functional is not None})
