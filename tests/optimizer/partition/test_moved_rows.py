"""Subprograms of a program of which a few rows came or went: moved, or extracted anew where they changed."""

from dataclasses import fields

import numpy as np
import pytest

from parkdispatch.optimizer.arrays import Mask
from parkdispatch.optimizer.partition.lagrangian_pricing import LagrangianPricer
from parkdispatch.optimizer.partition.subprogram import Subprogram, SubprogramExtractor
from parkdispatch.optimizer.partition.windows import Window
from parkdispatch.optimizer.presolve.exclusive_pairs import candidate_violations, open_pairs, tighten
from parkdispatch.optimizer.presolve.valid_inequalities import moved_rows, with_valid_inequalities
from tests.support.parks.month_parks import month_with_candidate_violations


def assert_equal(moved: Subprogram, anew: Subprogram) -> None:
    for field in fields(Subprogram):
        kept, extracted = getattr(moved, field.name), getattr(anew, field.name)
        if field.name == "matrix":
            assert kept.shape == extracted.shape
            for part in ("data", "indices", "indptr"):
                np.testing.assert_array_equal(getattr(kept, part), getattr(extracted, part))
        else:
            np.testing.assert_array_equal(kept, extracted)


def changed(marked: Mask, is_open: Mask) -> Mask:
    """Another marking of open pairs: the first one is left out, and the last that was not is marked."""
    other, intervals = marked.copy(), np.arange(marked.shape[1])
    first = np.argwhere(marked)[np.where(marked, intervals, len(intervals))[marked].argmin()]
    unmarked = is_open & ~marked
    last = np.argwhere(unmarked)[np.where(unmarked, intervals, -1)[unmarked].argmax()]
    other[tuple(first)], other[tuple(last)] = False, True
    return other


@pytest.mark.parametrize("seed", range(3))
def test_only_windows_with_other_rows_are_extracted_anew(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """All were, because rows after those that came or went have other numbers."""
    tiled = month_with_candidate_violations(seed).tiled()
    tight, first = tighten(tiled), tiled.horizon.first("day")
    before = candidate_violations(tiled, tight.program)
    assert before.any() and not before.all()
    after = changed(before, open_pairs(tiled, tight.program))
    spans = list(zip(first.tolist(), [*first[1:].tolist(), len(tiled.horizon)], strict=True))
    windows = [Window((span,)) for span in spans]
    windows += [Window((spans[0], spans[2])), Window((spans[3], spans[5], spans[8]))]
    earlier = LagrangianPricer(tiled, with_valid_inequalities(tiled, tight, before))
    for window in windows:
        earlier.subprogram(window)
    program = with_valid_inequalities(tiled, tight, after)
    row_of = moved_rows(len(tiled.program.row_lower), before, after)
    pricer, extracted = LagrangianPricer(tiled, program, earlier.subprograms, row_of), list[Window]()
    extract = SubprogramExtractor.extract

    def recorded(extractor: SubprogramExtractor, window: Window) -> Subprogram:
        extracted.append(window)
        return extract(extractor, window)

    monkeypatch.setattr(SubprogramExtractor, "extract", recorded)
    moved = [pricer.subprogram(window) for window in windows]
    assert 2 <= len(extracted) <= 6  # of 33; a row of an interval may have a state of the one before
    monkeypatch.undo()
    for window, subprogram in zip(windows, moved, strict=True):
        assert_equal(subprogram, pricer.extractor.extract(window))


def test_a_row_with_entries_elsewhere_has_come_and_gone() -> None:
    """It is where it was said to be, but limits another column: a window with either is extracted anew."""
    tiled = month_with_candidate_violations(0).tiled()
    tight = tighten(tiled)
    one, other = np.zeros((2, len(tiled.template.pairs), len(tiled.horizon)), dtype=bool)
    pair, intervals = 0, np.flatnonzero(open_pairs(tiled, tight.program)[0])
    one[pair, intervals[0]], other[pair, intervals[-1]] = True, True
    earlier = LagrangianPricer(tiled, with_valid_inequalities(tiled, tight, one))
    windows = [Window(((first, first + 24),)) for first in range(0, len(tiled.horizon) - 23, 24)]
    for window in windows:
        earlier.subprogram(window)
    program = with_valid_inequalities(tiled, tight, other)
    row_of = np.arange(len(program.row_lower))
    pricer = LagrangianPricer(tiled, program, earlier.subprograms, row_of)
    for window in windows:
        assert_equal(pricer.subprogram(window), pricer.extractor.extract(window))


def test_rows_that_are_not_told_of_are_no_start() -> None:
    tiled = month_with_candidate_violations(0).tiled()
    tight = tighten(tiled)
    before = candidate_violations(tiled, tight.program)
    earlier = LagrangianPricer(tiled, with_valid_inequalities(tiled, tight, before))
    window = Window(((0, 24),))
    earlier.subprogram(window)
    program = tight.program
    for row_of in (None, np.arange(3)):
        pricer = LagrangianPricer(tiled, program, earlier.subprograms, row_of)
        assert_equal(pricer.subprogram(window), pricer.extractor.extract(window))
