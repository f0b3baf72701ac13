"""Links: what blocks of a horizon have in common, and each block's part in it.

Blocks are consecutive stretches of intervals, such as days. They have in common

* the states that a block leaves behind and a later one reads, such as a stored energy,
* shared decisions, such as the peak of a month,
* the amounts that each block adds to a total over several blocks, such as a year's emissions.

A link is a number. With all links fixed, the blocks are independent of each other. What the states of one
midnight say of each other, such as the hours since a unit was started and whether it is on, is known without
any block (`state_rows`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index, Mask
from parkdispatch.optimizer.formulation.linear_program import LinearProgram, activity_range
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.partition.subprogram import Subprogram, SubprogramExtractor
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.time_blocks.state_rows import states_rows

MIN_INTERVALS = 72  # of a block: three days of hours, one of quarter-hours
MISSED = 1e-6  # in the unit of a link; a point that misses a link by less obeys it
MANY_STATES = 96  # at the end of a block: with more, blocks are as long as a week
DAYS_A_WEEK = 7


def block_starts(tiled: Tiled) -> list[int]:
    """Return the first interval of each block: of every day, or of every few days where these are short."""
    days = tiled.horizon.first("day")
    if not len(days):
        return [0]
    memory = dict[int, int]()  # of each column, in intervals
    for previous in tiled.template.previous:
        memory[previous.column] = max(previous.steps, memory.get(previous.column, 0))
    states = sum(memory.values())
    intervals_a_day = len(tiled.horizon) / len(days)
    days_a_block = DAYS_A_WEEK if states > MANY_STATES else int(np.ceil(MIN_INTERVALS / intervals_a_day))
    return [int(first) for first in days[::days_a_block]]


@dataclass(frozen=True)
class BlockLinks:
    """A block's part in the links.

    `links` are numbers of links, (own links,), ascending. `values` is the matrix, (own links, every), whose
    product with the block's columns are the links' values. `is_amount`, (own links,), marks the amounts.
    """

    subprogram: Subprogram
    links: Index
    values: sp.csr_array
    is_amount: Mask


@dataclass(frozen=True)
class Links:
    """All links of a program.

    `columns` are those of the first links, in the full program; the others are amounts. `is_state`, (links,),
    marks the states of a block that a later one reads. `price`, `lower` and `upper`, (links,): cost of a link
    that is no block's own, and bounds. `rows`: the rows that links obey by themselves, (rows, links), with
    `row_lower` and `row_upper`: totals over several blocks, and rows of states. In the full program they are
    `program_rows`. `total`, (links,): the row of the total that an amount adds to, -1 where a link is none.
    """

    columns: Index
    is_state: Mask
    price: Array
    lower: Array
    upper: Array
    rows: sp.csr_array
    row_lower: Array
    row_upper: Array
    program_rows: Index
    total: Index

    @property
    def count(self) -> int:
        """The number of links."""
        return len(self.price)

    def of_totals(self, by_row: Array) -> Array:
        """Numbers of rows, (rows,), for the amounts in each of them, (links,); zero for other links."""
        return np.append(by_row, 0.0)[self.total]

    def violation(self, values: Array) -> float:
        """By how much links, (links,), violate their rows at most."""
        return float(self.violations(values).max(initial=0.0))

    def violations(self, values: Array) -> Array:
        """By how much links, (links,), violate each of their rows, (rows,); below zero where they do not."""
        activity = self.rows @ values
        return np.asarray(np.maximum(self.row_lower - activity, activity - self.row_upper))


def find_links(tiled: Tiled, program: LinearProgram, firsts: Sequence[int]) -> tuple[Links, list[BlockLinks]]:
    """Return the links of the blocks that begin at these intervals, ascending and the first zero."""
    extractor, ends = SubprogramExtractor(tiled, program), [*firsts[1:], len(tiled.horizon)]
    subprograms = [extractor.extract(Window((span,))) for span in zip(firsts, ends, strict=True)]
    used = np.concatenate([np.concatenate([part.copies, part.before]) for part in subprograms])
    columns = np.unique(used).astype(np.int64)
    first_total = len(tiled.horizon) * len(tiled.template.rows)
    blocks, rows_of_amounts, link_count = list[BlockLinks](), list[Index](), len(columns)
    for part in subprograms:
        rows = np.unique(part.coupling_row[part.coupling_row >= first_total])
        blocks.append(_block_links(part, columns, rows, link_count))
        rows_of_amounts.append(rows)
        link_count += len(rows)
    amounts = np.concatenate(rows_of_amounts).astype(np.int64)
    total_rows, is_shared = np.unique(amounts), columns >= tiled.shared_starts[0]
    least, most = np.concatenate([_amount_ranges(program, part) for part in blocks], axis=1)
    rows_of_states = states_rows(tiled, program, columns[~is_shared])
    totals, states = _totals(program, columns, is_shared, amounts), rows_of_states.matrix
    # states are the first columns, and no shared decision or amount is in their rows
    states = sp.csr_array((states.data, states.indices, states.indptr), (states.shape[0], totals.shape[1]))
    links = Links(
        columns=columns,
        is_state=np.concatenate([~is_shared, np.zeros(len(amounts), dtype=bool)]),
        price=np.concatenate([np.where(is_shared, program.cost[columns], 0.0), np.zeros(len(amounts))]),
        lower=np.concatenate([program.lower[columns], least]),
        upper=np.concatenate([program.upper[columns], most]),
        rows=sp.csr_array(sp.vstack([totals, states], format="csr")),
        row_lower=np.concatenate([program.row_lower[total_rows], rows_of_states.lower]),
        row_upper=np.concatenate([program.row_upper[total_rows], rows_of_states.upper]),
        program_rows=np.concatenate([total_rows, rows_of_states.program_rows]),
        total=np.concatenate([np.full(len(columns), -1), np.searchsorted(total_rows, amounts)]),
    )
    return links, blocks


def _block_links(part: Subprogram, columns: Index, rows: Index, first_amount: int) -> BlockLinks:
    """Return the links among a block's columns, and its amounts in total `rows`, numbered from the first."""
    position = np.flatnonzero(np.isin(part.every, columns))
    numbers = np.searchsorted(columns, part.every[position])
    order = np.argsort(numbers)
    position, numbers = position[order], numbers[order]
    in_total = np.isin(part.coupling_row, rows)
    place = len(position) + np.searchsorted(rows, part.coupling_row[in_total])
    values = sp.csr_array(
        (
            np.concatenate([np.ones(len(position)), part.coupling_value[in_total]]),
            (
                np.concatenate([np.arange(len(position)), place]),
                np.concatenate([position, part.coupling_column[in_total]]),
            ),
        ),
        shape=(len(position) + len(rows), len(part.every)),
    )
    own_links = np.concatenate([numbers, first_amount + np.arange(len(rows))])
    return BlockLinks(part, own_links, values, own_links >= first_amount)


def _amount_ranges(program: LinearProgram, part: BlockLinks) -> tuple[Array, Array]:
    """Least and most that a block can add to its totals by the bounds of its columns, (amounts,) each."""
    every = part.subprogram.every
    return activity_range(part.values[part.is_amount], program.lower[every], program.upper[every])


def _totals(program: LinearProgram, columns: Index, is_shared: Mask, amounts: Index) -> sp.csr_array:
    """Return the rows over several blocks in terms of links; `amounts` is the row of each amount."""
    rows = np.unique(amounts)
    of_shared = program.matrix[rows][:, columns[is_shared]].tocoo()
    return sp.csr_array(
        (
            np.concatenate([np.ones(len(amounts)), of_shared.data]),
            (
                np.concatenate([np.searchsorted(rows, amounts), of_shared.row]),
                np.concatenate(
                    [len(columns) + np.arange(len(amounts)), np.flatnonzero(is_shared)[of_shared.col]]
                ),
            ),
        ),
        shape=(len(rows), len(columns) + len(amounts)),
    )
