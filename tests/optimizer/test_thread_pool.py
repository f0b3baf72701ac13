"""Threads that take turns: who works when, what is handed back, and what an error does."""

import threading
import time

import pytest

from parkdispatch.optimizer.thread_pool import ThreadPool, turn_released

SOON_S = 10.0  # nobody waits that long


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    with ThreadPool(workers) as crew:
        assert crew.map(lambda item: item * item, range(50)) == [item * item for item in range(50)]
        assert crew.map(str, []) == []


def test_one_at_a_time_unless_it_steps_aside() -> None:
    """Two who never step aside are never in the work together, though each of them sleeps there."""
    inside, most = [0], [0]

    def work(_: int) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.001)
        inside[0] -= 1

    with ThreadPool(4) as crew:
        crew.map(work, range(20))
    assert most[0] == 1


def test_who_steps_aside_lets_another_in() -> None:
    """Each waits for the other inside: without turns being given up neither would arrive."""
    both = threading.Barrier(2, timeout=SOON_S)

    def work(_: int) -> None:
        with turn_released():
            both.wait()

    with ThreadPool(2) as crew:
        crew.map(work, range(2))


def test_an_error_is_raised_and_leaves_nobody_without_a_turn() -> None:
    def work(item: int) -> int:
        with turn_released():
            if item == 3:
                raise ValueError("three")
        return item

    with ThreadPool(2) as crew:
        with pytest.raises(ValueError, match="three"):
            crew.map(work, range(8))
        assert crew.map(work, range(3)) == [0, 1, 2]


def test_a_crew_at_work_for_another_does_not_keep_its_turn() -> None:
    """A crew of two, each with a crew of two of its own, whose members wait for the other's."""
    both = threading.Barrier(2, timeout=SOON_S)

    def inner(_: int) -> int:
        with turn_released():
            return both.wait()

    def outer(_: int) -> list[int]:
        with ThreadPool(2) as own:
            return own.map(inner, range(1))

    with ThreadPool(2) as crew:
        assert sorted(crew.map(outer, range(2))) == [[0], [1]]


def test_outside_a_crew_stepping_aside_is_nothing() -> None:
    with turn_released(), turn_released():
        assert threading.current_thread() is threading.main_thread()
