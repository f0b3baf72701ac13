"""What a storage earns as it is operated: the share of its saving that is kept without perfect foresight.

What is lost is a stream of its own, below zero, so that every other stream stays that of a proven dispatch:
- (1 - share) x (arbitrage + demand - auxiliary energy). Contract revenue is not scaled.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from parkdispatch.inputs.user_files import read_bytes
from parkdispatch.models.errors import InputError, SolverError
from parkdispatch.results.finance.lifetime import AGREEMENT, Lifetime
from parkdispatch.results.finance.operation import NOT_KEPT, Operation

MOST_SHARE = 1.0
LARGEST_RESULT_MB = 100  # of a result file: a year of a replay has two


@dataclass(frozen=True)
class AsOperated:
    """The kept share of the saving [-], and where it is from: "given", or the file of a replay or loop."""

    share: float
    source: str = "given"
    forecast: str = ""  # of the run

    def __post_init__(self) -> None:
        """Raise InputError for a share that no operation keeps."""
        if not -MOST_SHARE <= self.share <= MOST_SHARE:  # NaN too
            raise InputError(
                f"argument `as_operated` = {self.share:.15g}: must be from -1 to 1, a share kept"
            )


def read_as_operated(text: str) -> AsOperated:
    """The share that a text gives, or that a result file of `replay` or `loop` says.

    Raises InputError for a file that says none.
    """
    try:
        return AsOperated(float(text))
    except ValueError:
        pass
    path = Path(text)
    content = _object(path)
    kept = _kept_of(content)
    if not isinstance(kept, int | float) or isinstance(kept, bool):
        raise InputError(
            f"argument `as_operated` = {text}: has no number `kept`, must be a share such as 0.85, or"
            " regret.json of a replay, loop.json of a loop or summary.json of a replay"
        )
    options = content.get("options")
    kind = content.get("forecast") or (options.get("kind") if isinstance(options, dict) else "")
    return AsOperated(float(kept), str(path), str(kind or ""))


def _object(path: Path) -> dict[str, Any]:
    """The object of a JSON file. Raises InputError where there is none."""
    try:
        content = json.loads(read_bytes(path, "a result file", LARGEST_RESULT_MB).decode("utf-8"))
    except InputError:
        content = None
        problem = "is neither a number nor a file that can be read"
    except (ValueError, RecursionError):
        content = None
        problem = "is no JSON"
    else:
        problem = "holds no object"
    if not isinstance(content, dict):
        raise InputError(
            f"argument `as_operated` = {path}: {problem}, must be a share such as 0.85 or the result file of"
            " a replay or loop"
        )
    return content


def _kept_of(content: Mapping[str, Any]) -> object:
    """The kept share of `regret.json` and `loop.json`, or of the `replay` in `summary.json`."""
    replayed = content.get("replay")
    return content.get("kept", replayed.get("share_kept") if isinstance(replayed, dict) else None)


def operated(lifetime: Lifetime, kept: AsOperated) -> Operation:
    """The operation of a lifetime with what is not kept as a stream below zero.

    Raises SolverError where the share of the streams is not that of the bills.
    """
    operation = lifetime.operation()
    lost_yuan = np.array([-(1.0 - kept.share) * year.net_saving_yuan for year in lifetime.years])
    by_bills = [-(1.0 - kept.share) * (year.bill_without_yuan - year.bill_yuan) for year in lifetime.years]
    allowed = AGREEMENT * max(1.0, float(np.abs(lost_yuan).max()))
    if not (worst := float(np.abs(lost_yuan - by_bills).max())) <= allowed:
        raise SolverError(f"what is not kept differs by {worst:g} yuan between streams and bills")
    return replace(
        operation, revenue_yuan={**operation.revenue_yuan, NOT_KEPT: lost_yuan}, kept_share=kept.share
    )
