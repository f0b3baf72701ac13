"""What orders would cost, kept until confirmed, for whom they were computed, and for a while only."""

import secrets
import threading
import time
from collections import OrderedDict

from parkdispatch.operations.desk.order_proposal import OrderProposal

KEPT_S = 1800.0
MOST = 64  # of all people; the oldest goes


class ProposalStore:
    """Proposals by a name that cannot be guessed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[float, str, OrderProposal]] = OrderedDict()

    def keep(self, owner: str, proposal: OrderProposal) -> str:
        """Keep a proposal for its owner and return its name."""
        name = secrets.token_urlsafe(24)
        with self._lock:
            self._kept[name] = (time.monotonic(), owner, proposal)
            while len(self._kept) > MOST:
                self._kept.popitem(last=False)
        return name

    def take(self, owner: str, name: str) -> OrderProposal | None:
        """The proposal of an owner, which is gone then; None where there is none, or it is too old."""
        with self._lock:
            kept = self._kept.get(name)
            if kept is None or kept[1] != owner:
                return None
            del self._kept[name]
        return kept[2] if time.monotonic() - kept[0] <= KEPT_S else None
