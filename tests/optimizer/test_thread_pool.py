"""The pool's lock: one thread runs Python at a time; results, order and errors."""

import threading
import time

import pytest

from parkdispatch.optimizer.thread_pool import ThreadPool, turn_released

SOON_S = 10.0  # nobody waits that long


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    with ThreadPool(workers) as pool:
        assert pool.map(lambda item: item * item, range(50)) == [item * item for item in range(50)]
        assert pool.map(str, []) == []


def test_one_at_a_time_unless_the_lock_is_released() -> None:
    """Tasks that never release the lock never run together, although each of them sleeps."""
    inside, most = [0], [0]

    def work(_: int) -> None:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        time.sleep(0.001)
        inside[0] -= 1

    with ThreadPool(4) as pool:
        pool.map(work, range(20))
    assert most[0] == 1


def test_a_released_lock_lets_another_task_run() -> None:
    """Each task waits for the other: without releasing the lock neither would get there."""
    both = threading.Barrier(2, timeout=SOON_S)

    def work(_: int) -> None:
        with turn_released():
            both.wait()

    with ThreadPool(2) as pool:
        pool.map(work, range(2))


def test_an_error_is_raised_and_leaves_the_lock_usable() -> None:
    def work(item: int) -> int:
        with turn_released():
            if item == 3:
                raise ValueError("three")
        return item

    with ThreadPool(2) as pool:
        with pytest.raises(ValueError, match="three"):
            pool.map(work, range(8))
        assert pool.map(work, range(3)) == [0, 1, 2]


def test_a_pool_within_a_pool_releases_the_outer_lock() -> None:
    """Two tasks, each with a pool of its own whose tasks wait for one another."""
    both = threading.Barrier(2, timeout=SOON_S)

    def inner(_: int) -> int:
        with turn_released():
            return both.wait()

    def outer(_: int) -> list[int]:
        with ThreadPool(2) as inner_pool:
            return inner_pool.map(inner, range(1))

    with ThreadPool(2) as pool:
        assert sorted(pool.map(outer, range(2))) == [[0], [1]]


def test_outside_a_pool_releasing_does_nothing() -> None:
    with turn_released(), turn_released():
        assert threading.current_thread() is threading.main_thread()
