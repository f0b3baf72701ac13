"""Blocks are told by battery where the batteries do not run alike, with what is stored after each."""

import numpy as np
import pytest

from parkdispatch.results.grid_exchange import set_point_mw
from parkdispatch.results.schedule.schedule import schedule_blocks, with_gains
from parkdispatch.results.solution import times_of, values
from parkdispatch.results.wording.sentences import block_line, block_row
from parkdispatch.results.wording.words import load_words
from tests.support.reports.report_cases import solved

EN, ZH = load_words("en"), load_words("zh")
BOTH = ("battery_1", "battery_2")


def test_batteries_that_run_otherwise_have_blocks_of_their_own() -> None:
    case, solution = solved()
    times, blocks = times_of(solution), schedule_blocks(solution, case)
    assert {block.stores for block in blocks} == {("battery_1",), ("battery_2",)}
    assert [block.first for block in blocks] == sorted(block.first for block in blocks)
    for block in blocks:
        (name,) = block.stores
        here = (times >= block.first) & (times < block.last)
        power_mw = set_point_mw(solution, case, name)[here]
        assert block.energy_mwh == pytest.approx(np.abs(power_mw).sum() * 0.25)
        assert (power_mw > 0).all() == (block.action == "discharge")
        full_mwh = case.batteries[name].full_mwh
        assert block.soc_after == pytest.approx(
            (values(solution, f"{name}.energy_mwh")[here][-1] / full_mwh,)
        )
        assert block_line(block, EN).startswith(f"battery {name[-1]}: ")
        assert block_line(block, ZH).startswith(f"电池 {name[-1]}：")


def test_batteries_that_run_alike_are_one_row() -> None:
    """The second has three quarters of the first's power and energy, and of its set points."""
    case, solution = solved()
    alike = solution.assign(
        {
            name: (solution[f"battery_1.{name.partition('.')[2]}"] * 0.75).assign_attrs(solution[name].attrs)
            for name in map(str, solution.data_vars)
            if name.startswith("battery_2.") and f"battery_1.{name.partition('.')[2]}" in solution
        }
    )
    blocks = schedule_blocks(alike, case)
    assert blocks
    assert {block.stores for block in blocks} == {BOTH}
    assert not any(block.apart for block in blocks)
    row = block_row(blocks[0], EN)
    assert row.who == "battery 1, battery 2"
    assert row.soc_after.count("%") == 1, "both are as full"


def test_a_gain_is_beside_its_block() -> None:
    case, solution = solved()
    blocks = schedule_blocks(solution, case)
    rows = [block_row(block, EN) for block in with_gains(blocks, {blocks[1].key: 1234.4})]
    assert [row.gain for row in rows[:3]] == ["", "1,234", ""]
