"""Aggregation of identical units: m equal devices are solved as one device of m times the size.

Two equal batteries on one bus can share any schedule in any proportion, and a simplex solver loses its time
among these ties (symmetry). Points that obey the same linear rules add up to a point that obeys these rules
with m times their constants, so the aggregate is exact, and its schedule divided by m serves each unit. Dual
multipliers are the same.

This holds for the linear part. Exclusive pairs of the aggregate would be stricter than those of its units,
of which one may charge while another discharges. So the aggregate has no exclusive pairs of its own, and if
its optimum needs them, the units are solved separately. A pair of a unit with another device, such as
discharge and export, is kept: the aggregate's member exceeds zero exactly where that of a unit does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from parkdispatch.models.device import Array, Device
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.template import ExclusivePairRows, PreviousSlot, Template
from parkdispatch.optimizer.formulation.tile import Tiled


@dataclass(frozen=True)
class MergedUnits:
    """A tiled park whose identical units are aggregated, and the mapping to the original park."""

    original: Tiled
    tiled: Tiled
    paired: Tiled  # `tiled` with the exclusive pairs of the units, which name their set points
    columns: Index  # template column of `tiled` for each of `original`
    share: Array  # fraction of the aggregate's value for each template column of `original`

    def merged_point(self, x: Array) -> Array:
        """A point of the original program as one of the merged program: values of equal units add up."""
        count, shared = len(self.original.horizon), self.original.shared_starts[0]
        aggregation = np.eye(len(self.tiled.template.columns))[self.columns]
        by_interval = x[:shared].reshape(count, -1) @ aggregation
        return np.concatenate([by_interval.ravel(), x[shared:]])

    def point(self, x: Array) -> Array:
        """A point of the merged program as one of the original program: equal units share equally."""
        count, shared = len(self.original.horizon), self.tiled.shared_starts[0]
        by_interval = x[:shared].reshape(count, -1)
        return np.concatenate([(by_interval[:, self.columns] * self.share).ravel(), x[shared:]])


def merge_identical_units(tiled: Tiled, devices: Mapping[str, Device]) -> MergedUnits | None:
    """Merge equal devices that have no series and no shared decision; None where there are none."""
    template = tiled.template
    first_of = _first_equal_device(template, devices)
    size = {name: sum(first == name for first in first_of.values()) for name in first_of}
    if all(count == 1 for count in size.values()):
        return None
    kept = {name for name, first in first_of.items() if name == first} | {"balance"}
    paired = _aggregated(template, kept, size)
    number_of = {column.key: number for number, column in enumerate(paired.columns)}
    return MergedUnits(
        original=tiled,
        tiled=replace(tiled, template=_without_pairs(paired, size)),
        paired=replace(tiled, template=paired),
        columns=np.array([number_of[first_of[column.key[0]], column.key[1]] for column in template.columns]),
        share=np.array([1.0 / size[first_of[column.key[0]]] for column in template.columns]),
    )


def _first_equal_device(template: Template, devices: Mapping[str, Device]) -> dict[str, str]:
    """For each device the first one it is merged with, or itself."""
    unique = {key[0] for key in template.series} | {shared.key[0] for shared in template.shared}
    first_of: dict[str, str] = {}
    bare = {name: device.untitled() for name, device in devices.items()}
    for name, device in bare.items():
        equal = (other for other in first_of.values() if bare[other] == device and name not in unique)
        first_of[name] = next(equal, name)
    return first_of


def _aggregated(template: Template, kept: set[str], size: Mapping[str, int]) -> Template:
    """The template of the kept devices, with the constants of each multiplied by the number it stands for."""
    old_columns = [number for number, column in enumerate(template.columns) if column.key[0] in kept]
    new_of_old = {old: new for new, old in enumerate(old_columns)}
    previous = [slot for slot in template.previous if slot.column in new_of_old]
    coefficients = template.coefficients[:, :, _kept_slots(template, kept)].copy()
    for name, count in size.items():
        if count > 1:  # balances are written for all devices already: their constants are complete
            coefficients[:, _functionals(template, name), -1] *= count
    binaries = coefficients.shape[2] - 1 - sum(pair.key[0] in kept for pair in template.pairs)
    for number, pair in enumerate(pair for pair in template.pairs if pair.key[0] in kept):
        if _joins_devices(template, pair):  # the big-M of the member that is aggregated
            coefficients[:, pair.rows[0].body, binaries + number] *= size[pair.key[0]]
    return replace(
        template,
        columns=[template.columns[old] for old in old_columns],
        previous=[PreviousSlot(new_of_old[slot.column], slot.initial) for slot in previous],
        pairs=[
            replace(pair, a=new_of_old[pair.a], b=new_of_old[pair.b])
            for pair in template.pairs
            if pair.key[0] in kept
        ],
        rows=[row for row in template.rows if row.key[0] in kept],
        totals=[total for total in template.totals if total.key[0] in kept],
        ends=[end for end in template.ends if end.key[0] in kept],
        costs={key: functional for key, functional in template.costs.items() if key[0] in kept},
        injections={key: functional for key, functional in template.injections.items() if key[0] in kept},
        quantities={key: functional for key, functional in template.quantities.items() if key[0] in kept},
        coefficients=coefficients,
    )


def _kept_slots(template: Template, kept: set[str]) -> Index:
    """Slots of the kept devices, and the constant."""
    constant = template.coefficients.shape[2] - 1
    is_kept = [
        *(column.key[0] in kept for column in template.columns),
        *(template.columns[slot.column].key[0] in kept for slot in template.previous),
        *(True for _ in template.shared),
        *(pair.key[0] in kept for pair in template.pairs),
    ]
    return np.append(np.flatnonzero(is_kept), constant)


def _without_pairs(template: Template, size: Mapping[str, int]) -> Template:
    """The template without the exclusive pairs within aggregates."""
    single = [
        number
        for number, pair in enumerate(template.pairs)
        if size[pair.key[0]] == 1 or _joins_devices(template, pair)
    ]
    constant = template.coefficients.shape[2] - 1
    first = constant - len(template.pairs)
    slots = [*range(first), *(first + number for number in single), constant]
    return replace(
        template,
        pairs=[template.pairs[number] for number in single],
        coefficients=template.coefficients[:, :, slots],
    )


def _joins_devices(template: Template, pair: ExclusivePairRows) -> bool:
    """Whether the members of a pair belong to two devices."""
    return template.columns[pair.a].key[0] != template.columns[pair.b].key[0]


def _functionals(template: Template, device: str) -> list[int]:
    """Numbers of all functionals of one device."""
    numbers: list[int | None] = []
    for number, column in enumerate(template.columns):
        if column.key[0] == device:
            numbers += [column.lower, column.upper]
            for previous in template.previous:
                numbers += previous.initial if previous.column == number else ()
    rows = [row for row in template.rows if row.key[0] == device]
    for pair in template.pairs:
        if pair.key[0] == device:  # the second row of a pair that joins devices is about the other one
            rows += pair.rows[:1] if _joins_devices(template, pair) else pair.rows
    for row in rows:
        numbers += [row.body, row.lower, row.upper]
    for total in template.totals:
        if total.key[0] == device:
            numbers += [total.body, total.lower, total.upper, total.before]
    numbers += [end.body for end in template.ends if end.key[0] == device]
    for functionals in (template.costs, template.injections, template.quantities):
        numbers += [functional for key, functional in functionals.items() if key[0] == device]
    return sorted({number for number in numbers if number is not None})
