"""The store of scenarios: exact, detects damage, and is locked to one study and one run."""

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parkdispatch.inputs.loader import load_case
from parkdispatch.inputs.variations.uncertainties import with_uncertain_values
from parkdispatch.models.errors import InputError
from parkdispatch.models.finance.sizing_section import Uncertainty
from parkdispatch.results.io import scenario_records
from parkdispatch.results.io.digests import case_digests
from parkdispatch.results.io.scenario_records import Record, ScenarioRecords
from parkdispatch.results.io.scenario_store import RECORDS, ScenarioStore
from parkdispatch.results.io.second_process import side_by_side
from tests.support import cluster_work as farm_work
from tests.support.cluster_work import QUESTION, SHAPE, table
from tests.support.files.stored_scenarios import change
from tests.support.paths import environment
from tests.support.small_case import write_case

COUNT = 5


@pytest.fixture(autouse=True)
def _few_probed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A damaged file is asked for a thousand scenarios instead of a hundred thousand; it holds sixty."""
    monkeypatch.setattr(scenario_records, "PROBED", 1000)


def fill(folder: Path, question: dict[str, Any] = QUESTION, count: int = COUNT) -> None:
    rows, values = table(count).to_numpy(), farm_work.expected(count)
    with ScenarioStore.opened(folder, question, SHAPE) as store:
        store.write(dict(enumerate(values)), rows)


def snapshot(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written_is_read_to_the_last_bit(tmp_path: Path) -> None:
    fill(tmp_path)
    values = farm_work.expected(COUNT)
    values[0] = [[-0.0, 5e-324, np.nan], [1.7976931348623157e308, 0.1 + 0.2, -1 / 3]]
    with ScenarioStore.opened(tmp_path, QUESTION, SHAPE) as store:
        store.write({0: values[0]}, table(COUNT).to_numpy())
        read = store.read(table(COUNT))
        assert store.warnings == []
    assert np.array([read[n] for n in range(COUNT)]).tobytes() == values.tobytes()


def test_a_longer_table_finds_the_first_ones_and_a_shorter_only_its_own(tmp_path: Path) -> None:
    fill(tmp_path)
    with ScenarioStore.opened(tmp_path, QUESTION, SHAPE) as store:
        assert sorted(store.read(table(9))) == [0, 1, 2, 3, 4]
        assert sorted(store.read(table(2))) == [0, 1]


def test_a_damaged_scenario_is_told_and_left_out(tmp_path: Path) -> None:
    fill(tmp_path)
    figures = farm_work.expected(COUNT)[3]
    figures[1, 1] = np.nextafter(figures[1, 1], 0.0)
    change(tmp_path, "update scenario set figures = ? where number = 3", figures.tobytes())
    with ScenarioStore.opened(tmp_path, QUESTION, SHAPE) as store:
        assert sorted(store.read(table(COUNT))) == [0, 1, 2, 4]
        assert len(store.warnings) == 1
        assert "1 damaged, computed anew: scenario 3: does not have its checksum" in store.warnings[0]


@pytest.mark.parametrize(
    "damage",
    [
        lambda raw: raw[:-5000],
        lambda raw: raw[:7],
        lambda raw: b"",
        lambda raw: b"[1, 2]" * 3000,
        lambda raw: raw[:4096] + b"\xff" * 4096,
    ],
)
def test_of_a_damaged_file_nothing_is_believed_and_all_is_computed_anew(tmp_path: Path, damage: Any) -> None:
    fill(tmp_path, count=60)
    path = tmp_path / RECORDS
    path.write_bytes(damage(path.read_bytes()))
    with ScenarioStore.opened(tmp_path, QUESTION, SHAPE) as store:
        assert len(store.read(table(60))) < 60
    fill(tmp_path, count=60)
    with ScenarioStore.opened(tmp_path, QUESTION, SHAPE) as store:
        assert len(store.read(table(60))) == 60
        assert store.warnings == []


def test_a_changed_byte_anywhere_is_never_believed(tmp_path: Path) -> None:
    """In numbers, keys or the structure of the file: what is read is right, the rest is computed anew."""
    fill(tmp_path, count=40)
    path, values = tmp_path / RECORDS, farm_work.expected(40)
    raw = path.read_bytes()
    lost = 0
    for place in np.random.default_rng(5).integers(0, len(raw), 40).tolist():
        path.write_bytes(raw[:place] + bytes([raw[place] ^ 0x55]) + raw[place + 1 :])
        with ScenarioStore.opened(tmp_path, QUESTION, SHAPE) as store:
            read = store.read(table(40))
            assert all(figures.tobytes() == values[number].tobytes() for number, figures in read.items())
            assert (len(read) < 40) == bool(store.warnings)
            lost += 40 - len(read)
            store.write({39: values[39]}, table(40).to_numpy())
            assert 39 in store.read(table(40))
    assert lost > 0


def test_a_scenario_of_another_place_or_store_is_told(tmp_path: Path) -> None:
    first, second = tmp_path / "one", tmp_path / "other"
    fill(first)
    fill(second, {**QUESTION, "choices": ["a", "b", "d"]})
    change(first, "update scenario set number = -1 where number = 1")
    change(first, "update scenario set number = 1 where number = 2")
    with closing(sqlite3.connect(second / RECORDS)) as connection:
        (of_another,) = connection.execute("select * from scenario where number = 4")
    change(first, "insert or replace into scenario values (?, ?, ?, ?, ?)", *of_another)
    with ScenarioStore.opened(first, QUESTION, SHAPE) as store:
        assert sorted(store.read(table(COUNT))) == [0, 3]
        assert "3 damaged, computed anew: scenario -1: does not" in store.warnings[0]
        assert "scenario 1: does not have its checksum; scenario 4: is of another store" in store.warnings[0]
    with ScenarioStore.opened(first, QUESTION, SHAPE) as store:  # damage is told once
        assert sorted(store.read(table(3))) == [0]
        assert store.warnings == []
        assert sorted(store.read(table(COUNT))) == [0, 3]


def test_several_processes_append_at_once_and_nothing_is_lost(tmp_path: Path) -> None:
    path, rows, values = tmp_path / RECORDS, table(60).to_numpy(), farm_work.expected(60)

    def append(first: int) -> None:
        for number in range(first, 60, 3):
            ScenarioRecords(path).write([Record(number, "key", rows[number], values[number].ravel())])

    for wait in side_by_side([partial(append, first) for first in range(3)], 3):
        wait()
    records, damaged = ScenarioRecords(path).read(60)
    assert damaged == []
    np.testing.assert_array_equal([record.row for record in records], table(60).to_numpy())


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ({"case": {"tariff": "x", "sizing": "s"}}, 'case: tariff "t" there and "x" here'),
        ({"choices": ["a", "b"]}, 'choices ["a", "b", "c"] there and ["a", "b"] here'),
        ({"program": {"p": "2", "q": "3"}}, "program: p 1 there and 2 here, q none there and 3 here"),
        ({"doubts": {"d": 1}}, 'doubts null there and {"d": 1} here'),
        ({"case": {"tariff": "x" * 99, "sizing": "s"}}, "case: another tariff"),
    ],
)
def test_another_question_is_refused_and_nothing_is_touched(
    tmp_path: Path, question: dict[str, Any], said: str
) -> None:
    fill(tmp_path)
    before = snapshot(tmp_path)
    with pytest.raises(InputError) as refused:
        fill(tmp_path, {**QUESTION, **question})
    assert len(refused.value.problems) == 1
    assert f"holds other scenarios: {said}; must be" in str(refused.value)
    assert snapshot(tmp_path) == before


def test_another_format_is_refused(tmp_path: Path) -> None:
    fill(tmp_path)
    path = tmp_path / "store.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 0}))
    with pytest.raises(InputError, match="format 0 there and 2 here"):
        fill(tmp_path)


def test_another_table_is_refused(tmp_path: Path) -> None:
    fill(tmp_path)
    other = table(COUNT)
    other.loc[2, "price"] = 0.5
    with ScenarioStore.opened(tmp_path, QUESTION, SHAPE) as store:
        with pytest.raises(InputError, match="scenario 2 has price = 0.766667 there and 0.5 here"):
            store.read(other)
        with pytest.raises(InputError, match="scenario 0 has 2 numbers there and 1 here"):
            store.read(other[["price"]])


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "thesis.doc").write_text("mine")
    with pytest.raises(InputError, match="holds other files, thesis.doc: must be a store, empty or new"):
        fill(tmp_path)
    (tmp_path / "thesis.doc").rename(tmp_path / "store.json")
    with pytest.raises(InputError, match="holds other files, store.json"):
        fill(tmp_path)
    with pytest.raises(InputError, match="argument `store` = .*store.json: "):
        fill(tmp_path / "store.json")
    assert [path.name for path in tmp_path.iterdir()] == ["store.json"]


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_text("{")])
def test_parts_say_what_they_belong_to_where_the_description_is_lost(tmp_path: Path, damage: Any) -> None:
    fill(tmp_path)
    described = (tmp_path / "store.json").read_bytes()
    damage(tmp_path / "store.json")
    with pytest.raises(InputError, match="the scenarios there belong to other inputs"):
        fill(tmp_path, {**QUESTION, "choices": []})
    with ScenarioStore.opened(tmp_path, QUESTION, SHAPE) as store:
        assert len(store.read(table(COUNT))) == COUNT
    assert (tmp_path / "store.json").read_bytes() == described


HOLD = """
import sys
from pathlib import Path
from tests.support.cluster_work import QUESTION, SHAPE
from parkdispatch.results.io.scenario_store import ScenarioStore
with ScenarioStore.opened(Path(sys.argv[1]), QUESTION, SHAPE):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_run_is_refused_until_the_first_has_ended_however(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)],
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(
            InputError, match=rf"another run works on it \(process {other.pid}\): must end first"
        ):
            fill(tmp_path)
        other.send_signal(signal.SIGKILL)
    fill(tmp_path)  # the lock file is still there
    assert (tmp_path / "lock").exists()


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="argument `store` = "):
        fill(tmp_path / "file" / "store")


def test_an_error_of_the_run_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(TimeoutError), ScenarioStore.opened(tmp_path, QUESTION, SHAPE):
        raise TimeoutError("of the scheduler")


def test_digests_of_a_case_tell_what_matters(tmp_path: Path) -> None:
    """Files of the case and uncertain values matter; number of scenarios and choice of inputs do not."""
    case = load_case("gaoan")
    assert case.sizing is not None
    whole = case_digests(case)

    def different(other: Any) -> set[str]:
        digests = case_digests(other)
        return {name for name in {*whole, *digests} if whole.get(name) != digests.get(name)}

    more = case.sizing.model_copy(update={"scenarios": 9, "seed": 5, "tail": 0.2, "doubt": ()})
    assert different(replace(case, sizing=more, sha256="other")) == set()
    for field, table_name in (("tariff.spread", "tariff"), ("sizing.price_multiple", "sizing"),
                              ("device.battery_1.fade_per_year", "device.battery_1")):  # fmt: skip
        doubt = Uncertainty(name="d", fields=(field,), kind="uniform", low=0.5, high=0.9, times=True)
        assert different(with_uncertain_values(case, {doubt: 0.7})) == {table_name}
    small = load_case(str(write_case(tmp_path)))
    before = case_digests(small)
    with (tmp_path / "load.csv").open("a") as file:
        file.write("\n")
    after = case_digests(small)
    assert {name for name in before if before[name] != after[name]} == {"series.load.demand_mw"}
