"""Work in a copy of the process: its files, its errors, its end."""

import os
import time
from functools import partial
from pathlib import Path

import pytest

from parkdispatch.models.errors import InputError
from parkdispatch.results.io.run_folder import output_folder
from parkdispatch.results.io.second_process import (
    beside,
    can_copy,
    do_with_a_copy,
    in_turn,
    side_by_side,
)
from parkdispatch.results.writers.outputs import Output, always, write_outputs

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "fork") or not can_copy(), reason="needs Linux, two processors"),
    pytest.mark.usefixtures("two_processors"),
]


def wait_for(path: Path) -> None:
    """Wait until a file is there."""
    ends = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < ends, path
        time.sleep(0.01)


def write(path: Path, result: str, lang: str) -> None:
    path.write_text(f"{result} {lang} {os.getpid()}")


def test_the_copy_works_beside_the_original(tmp_path: Path) -> None:
    with beside(lambda: (tmp_path / "a").write_text(str(os.getpid()))) as wait:
        wait()
    assert int((tmp_path / "a").read_text()) != os.getpid()


def test_an_error_of_the_copy_is_raised_in_the_original() -> None:
    def refuse() -> None:
        raise InputError(["`a` is wrong", "`b` is wrong"])

    with beside(refuse) as wait, pytest.raises(InputError, match="`a` is wrong\n`b` is wrong"):
        wait()

    def die() -> None:
        os._exit(9)

    with beside(die) as wait, pytest.raises(ChildProcessError):
        wait()


def test_an_error_of_the_original_ends_the_copy(tmp_path: Path) -> None:
    def late() -> None:
        time.sleep(0.5)
        (tmp_path / "late").write_text("")

    with pytest.raises(KeyboardInterrupt), beside(late):
        raise KeyboardInterrupt
    time.sleep(0.7)
    assert not (tmp_path / "late").exists()


def test_files_are_written_by_two_processes_and_appear_together(tmp_path: Path) -> None:
    """Each of two files is written when the other one has been begun, which one process could not do."""

    def with_another(path: Path, result: str, lang: str) -> None:
        (tmp_path / path.name).write_text("")
        while len(list(tmp_path.glob("[ab]"))) < 2:
            time.sleep(0.001)
        write(path, result, lang)

    outputs = [Output("a", with_another), Output("b", with_another, for_people=True), Output("last", write)]
    paths = write_outputs(outputs, "day", tmp_path / "out", "en", on_two_cores=True)
    assert list(paths) == ["a", "b", "last"]
    texts = {name: path.read_text().rsplit(" ", 1) for name, path in paths.items()}
    assert {name: text for name, (text, _) in texts.items()} == dict.fromkeys(paths, "day en")
    assert {texts["a"][1], texts["b"][1]} > {texts["last"][1]} == {str(os.getpid())}


def test_each_work_is_done_once_and_an_error_of_either_process_is_raised(tmp_path: Path) -> None:
    def noted(number: int) -> None:
        with (tmp_path / "done").open("a") as file:
            file.write(f"{number}\n")

    do_with_a_copy([partial(noted, number) for number in range(256)])
    assert sorted((tmp_path / "done").read_text().split(), key=int) == [str(n) for n in range(256)]

    def refuse(among: str, original: int = os.getpid()) -> None:
        time.sleep(0.05)  # so that each process has one of the works
        if among == ("original" if os.getpid() == original else "copy"):
            raise InputError(f"`{among}` is wrong")

    for among in ("original", "copy"):
        with pytest.raises(InputError, match=f"`{among}` is wrong"):
            do_with_a_copy([partial(refuse, among)] * 4)


def test_a_page_that_cannot_be_written_leaves_no_file(tmp_path: Path) -> None:
    def full(path: Path, result: str, lang: str) -> None:
        raise OSError(28, "No space left on device")

    outputs = [Output("a", write), Output("page", full, always, for_people=True), Output("last", write)]
    with pytest.raises(InputError, match="cannot be written: No space left on device"):
        write_outputs(outputs, "day", tmp_path / "out", "en", on_two_cores=True)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_files_is_the_same_from_one_process(tmp_path: Path) -> None:
    with output_folder(tmp_path / "one") as stage:
        for name in ("a", "page"):
            stage(name, lambda path: path.write_text("x"))
    same = [
        Output(name, lambda p, r, lang: p.write_text(r), for_people=name == "page") for name in ("page", "a")
    ]
    write_outputs(same, "x", tmp_path / "two", "en", on_two_cores=True)
    assert {p.name: p.read_text() for p in (tmp_path / "two").iterdir() if p.suffix != ".json"} == {
        p.name: p.read_text() for p in (tmp_path / "one").iterdir() if p.suffix != ".json"
    }


def test_results_come_back_in_order_whatever_ends_first() -> None:
    """The first work takes longest; of three, two run at a time. The errors are those of their own works."""

    def refuse() -> int:
        raise InputError("`a` is wrong")

    def slow() -> int:
        time.sleep(0.3)
        return 1

    first, second, third = side_by_side([slow, refuse, lambda: 3], 2)
    assert (first(), third()) == (1, 3)
    for _ in range(2):  # told again each time it is asked
        with pytest.raises(InputError, match="`a` is wrong"):
            second()


def test_a_result_larger_than_a_pipe_comes_back_whole() -> None:
    with beside(lambda: bytes(5_000_000)) as wait:
        assert len(wait()) == 5_000_000


def test_what_cannot_be_told_is_said_to_be_so() -> None:
    with beside(lambda: lambda: 0) as wait, pytest.raises(RuntimeError, match="lambda"):
        wait()


def test_copies_that_hold_each_others_pipes_are_told_apart() -> None:
    """A short one ended while a long one held its pipe: the next got its number, and two ends were read."""

    def after(seconds: float, result: int) -> int:
        time.sleep(seconds)
        return result

    works = [partial(after, 0.4 if number % 3 == 1 else 0.01, number) for number in range(12)]
    for processes in (2, 3):
        assert [wait() for wait in side_by_side(works, processes)] == list(range(12))


def test_works_in_turn_tell_their_results_one_by_one(tmp_path: Path) -> None:
    def refuse() -> str:
        raise InputError("no")

    def large() -> str:
        (tmp_path / "begun").touch()
        return "x" * 3_000_000

    def last() -> str:
        (tmp_path / "after").touch()
        return "end"

    works = [lambda: str(os.getpid()), refuse, large, last]
    with in_turn(works) as next_result:
        assert next_result() != str(os.getpid())
        with pytest.raises(InputError, match="no"):
            next_result()
        wait_for(tmp_path / "begun")
        assert not (tmp_path / "after").exists()  # held up by the result that nobody has asked for
        assert len(next_result()) == 3_000_000
        assert next_result() == "end"
        with pytest.raises(ChildProcessError, match="ended"):
            next_result()


def test_who_leaves_works_in_turn_ends_them(tmp_path: Path) -> None:
    def tell() -> int:
        (tmp_path / "begun").mkdir()
        time.sleep(60)
        return 0

    with in_turn([os.getpid, tell]) as next_result:
        process = next_result()
        wait_for(tmp_path / "begun")
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
