"""The files of a run: written beside their place, then renamed, so that none is ever half there."""

import json
import os
import platform
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

from parkdispatch.inputs.case import Case
from parkdispatch.models.errors import InputError
from parkdispatch.results.html.page import load_words
from parkdispatch.results.io.provenance import versions
from parkdispatch.results.solution import of_kind
from parkdispatch.results.summary import Summary
from parkdispatch.results.views.sentences import proof_sentence


@contextmanager
def output_folder(out: Path) -> Iterator[Callable[[str, Callable[[Path], object]], Path]]:
    """Give a function that stages files; all of them appear in `out` at the end, or none.

    `stage(name, write)` calls `write(path)` with a place beside the folder. Raises InputError where the
    folder cannot be written.
    """
    try:
        existed = out.exists()
        out.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".writing-", dir=out))
    except OSError as error:
        raise InputError(f"argument `out` = {out}: cannot be written: {error.strerror or error}") from error
    try:
        names: list[str] = []

        def stage(name: str, write: Callable[[Path], object]) -> Path:
            write(staging / name)
            names.append(name)
            return out / name

        yield stage
        _swap(staging, out, names)
    except OSError as error:
        raise InputError(f"argument `out` = {out}: cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if not existed and not any(out.iterdir()):
            out.rmdir()


def _swap(staging: Path, out: Path, names: Sequence[str]) -> None:
    """Put the staged files in place; where one cannot be, say over one open in Excel, undo all."""
    blocked = [name for name in names if (out / name).is_dir()]
    if blocked:
        raise InputError(f"argument `out` = {out}: a folder is in the way of {', '.join(blocked)}")
    old = staging / "old"
    old.mkdir()
    for name in names:
        if (out / name).exists():
            shutil.copy2(out / name, old / name)
    placed: list[str] = []
    try:
        for name in names:
            os.replace(staging / name, out / name)  # noqa: PTH105 - atomic on one file system
            placed.append(name)
    except BaseException:
        for name in placed:
            if (old / name).exists():
                os.replace(old / name, out / name)  # noqa: PTH105
            else:
                (out / name).unlink(missing_ok=True)
        raise


def summary_json(
    solution: xr.Dataset,
    case: Case,
    summary: Summary,
    timings_s: Mapping[str, float],
    model: Mapping[str, int],
) -> dict[str, Any]:
    """Everything a program wants to know of a run."""
    audit = summary.audit
    gap = float(solution.attrs["gap"])
    other = summary.without_storage
    return {
        "status": "optimal" if gap <= 1e-8 else "feasible",
        "case": case.name,
        "variant": case.variant or None,
        "objective_yuan": float(solution.attrs["objective_yuan"]),
        "bound_yuan": float(solution.attrs["bound_yuan"]),
        "gap": gap,
        "proof": proof_sentence(solution, load_words("en")),
        "audit": {
            "holds": audit.holds,
            "checks": {
                name: {"residual": residual, "allowed": audit.allowed[name]}
                for name, residual in audit.residuals.items()
            },
        },
        "energy_mwh": dict(summary.energy_mwh),
        "bill_yuan": {
            name: {
                "total": bill.total_yuan,
                "by_charge": bill.by_charge_yuan.sum().to_dict(),
                "seen_by_optimizer": bill.seen_yuan,
                "not_seen_by_optimizer": bill.unseen_yuan.sum().to_dict(),
                "if_months_seen_in_part_are_fully_used": bill.open_discount_yuan,
            }
            for name, bill in summary.bills.items()
        },
        "demand_elections_yuan": {
            name: {
                "elected": one.own,
                "by_period": one.yuan.to_dict("index"),
                "cheapest": one.cheapest.to_dict(),
                "saving": one.saving_yuan,
                "best_contract_mw": dict(one.best_contract_mw),
            }
            for name, one in summary.elections.items()
        },
        "cost_without_storage_yuan": other and other.cost_yuan,
        "saving_yuan": other and other.saving_yuan,
        "saving_by_cost_yuan": other and dict(other.saving_by_cost_yuan),
        "saving_not_seen_by_optimizer_yuan": other and dict(other.unseen_saving_yuan),
        "full_cycles": {
            name.removesuffix(".full_cycles"): value
            for name, value in summary.indicators.items()
            if name.endswith(".full_cycles")
        },
        "peak_mw": dict(summary.peak_mw),
        "peak_without_storage_mw": other and dict(other.peak_mw),
        "timings_s": dict(timings_s),
        "peak_memory_mb": peak_memory_mb(),
        "model": dict(model),
        "versions": versions(),
        "case_sha256": case.sha256,
    }


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write JSON for people and programs: indented, UTF-8, no NaN."""
    path.write_text(
        json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )


def write_dispatch_csv(path: Path, solution: xr.Dataset) -> None:
    """One row an interval: time, prices, and every device's power and state, units in the header."""
    names = [name for kind in ("series", "variable", "derived") for name in of_kind(solution, kind)]
    table = pd.DataFrame(
        {f"{name} [{solution[name].attrs['units']}]": solution[name].to_numpy() for name in names},
        index=pd.Index(pd.DatetimeIndex(solution["time"].to_numpy()).strftime("%Y-%m-%d %H:%M"), name="time"),
    )
    write_csv(path, table)


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """A table with its index, for programs and for Excel."""
    # a byte-order mark, because Excel on a Chinese Windows reads UTF-8 as GBK without it
    table.to_csv(path, float_format="%.6f", encoding="utf-8-sig", lineterminator="\n")


def peak_memory_mb() -> float:
    """Most memory this process has held [MB]; 0 where the system does not say (Windows)."""
    try:
        import resource
    except ImportError:
        return 0.0
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (1024.0 * 1024.0 if platform.system() == "Darwin" else 1024.0)
