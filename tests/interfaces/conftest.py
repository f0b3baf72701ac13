"""Fixtures of the tests of interfaces."""

from collections.abc import Iterator

import pytest

from parkdispatch.interfaces.service.access import secret_hashes
from parkdispatch.interfaces.service.access.secret_hashes import HashCost


@pytest.fixture(scope="package", autouse=True)
def _cheap_tokens() -> Iterator[None]:
    """Hash tokens a thousand times as fast; the tests of a service make and try hundreds."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(secret_hashes, "TOKEN_COST", HashCost(2**4, 8, 1))
        yield
