"""Work in a child process: to count its steps, and to end it at one of them."""

import os
import signal
from collections.abc import Callable


def counted_in_child(count: Callable[[], int]) -> int:
    """The number that work in a child process comes to."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(write, str(count()).encode())
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    return int(os.read(read, 20))


def is_killed_in_child(work: Callable[[], object]) -> bool:
    """Whether work in a child process was ended by SIGKILL."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
