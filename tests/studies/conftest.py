"""Fixtures of the tests of studies."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from parkdispatch.studies.task_cluster import TaskCluster


@pytest.fixture(scope="package")
def cluster() -> "Iterator[TaskCluster]":
    """Two local worker processes, started once for the tests that use them, which follow one another.

    One that a test kills is started again. They end with the last of these tests: processes that wait for
    work take a twelfth of a processor together.
    """
    from parkdispatch.studies.task_cluster import TaskCluster

    with TaskCluster(workers=2) as local:
        yield local
