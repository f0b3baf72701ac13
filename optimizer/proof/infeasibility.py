"""Why nothing fits: the least that would have to give, in the words of the model."""

import numpy as np
import scipy.sparse as sp

from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import Solver

FEASIBLE_MW = 1e-6  # the solver's tolerance
SHOWN = 5  # conflicts named one by one; the rest is counted
LAW_PRICE = 1e3  # of a device's equation giving way, where a limit costs 1


def unbalanced_buses(tiled: Tiled) -> list[str]:
    """Buses that no choice within the bounds can balance: a limit below the load, named by interval."""
    program, template = tiled.program, tiled.template
    lines = []
    for number, row in enumerate(template.rows):
        if row.key[0] != "balance":
            continue
        at = np.arange(len(tiled.horizon)) * len(template.rows) + number
        entries = program.matrix[at].tocoo()
        by_lower = entries.data * program.lower[entries.col]
        by_upper = entries.data * program.upper[entries.col]
        most = np.bincount(entries.row, weights=np.maximum(by_lower, by_upper), minlength=len(at))
        least = np.bincount(entries.row, weights=np.minimum(by_lower, by_upper), minlength=len(at))
        # row: injections that can be chosen = what is demanded, less what is given
        for short, verb, what in (
            (
                program.row_lower[at] - most,
                "supply",
                "more demanded than import, PV and storage can give together",
            ),
            (
                least - program.row_upper[at],
                "use",
                "more given than export, load and storage can take together",
            ),
        ):
            found = np.flatnonzero(short > FEASIBLE_MW)
            if found.size and not entries.nnz:
                first = found[0]
                lines.append(
                    f"bus {row.key[1]}: the case has no device that could {verb} the"
                    f" {short[first]:.3f} MW at {tiled.horizon.times[first]:%Y-%m-%d %H:%M}, the first of"
                    f" {found.size} such intervals"
                )
            elif found.size:
                worst = found[short[found].argmax()]
                lines.append(
                    f"bus {row.key[1]}: {what} in {found.size} intervals, worst"
                    f" {tiled.horizon.times[worst]:%Y-%m-%d %H:%M} by {short[worst]:.3f} MW"
                    f" ({_most(tiled, program, int(worst), int(at[worst]))})"
                )
    return lines


def _most(tiled: Tiled, program: LinearProgram, interval: int, row: int) -> str:
    """The bounds of what meets in a balance, in words."""
    entries = program.matrix[[row]].tocoo()
    own = len(tiled.template.columns)
    parts = []
    for column in entries.col:
        number = column - interval * own
        if 0 <= number < own:
            device, name = tiled.template.columns[number].key
            parts.append(f"{device}.{name} at most {program.upper[column]:.3f}")
    return ", ".join(parts) + f", to be met {program.row_lower[row]:.3f} MW"


def explain_infeasibility(tiled: Tiled, program: LinearProgram) -> str:
    """Name the rows of an infeasible program that give way when every row may, at least total cost.

    Bounds stay as they are, so the relaxed program always has a solution: each row gets a surplus and a
    shortfall at one yuan a unit, and everything else is free. A device's equations are no limits of the
    user's and give way last: a store that cannot be filled misses its end, it does not gain energy.
    """
    rows, columns = program.matrix.shape
    equations = program.row_lower == program.row_upper
    per_interval, whole = tiled.template.rows, len(tiled.horizon) * len(tiled.template.rows)
    of_device = np.tile([row.key[0] != "balance" for row in per_interval], len(tiled.horizon))
    price = np.ones(rows)
    price[:whole][equations[:whole] & of_device] = LAW_PRICE
    identity = sp.eye_array(rows, format="csr")
    elastic = LinearProgram(
        cost=np.concatenate([np.zeros(columns), price, price]),
        offset=0.0,
        matrix=sp.hstack([program.matrix, identity, -identity], format="csr"),
        row_lower=program.row_lower,
        row_upper=program.row_upper,
        lower=np.concatenate([program.lower, np.zeros(2 * rows)]),
        upper=np.concatenate([np.maximum(program.lower, program.upper), np.full(2 * rows, np.inf)]),
        binary=np.zeros(columns + 2 * rows, dtype=bool),
    )
    solver = Solver()
    solver.load(elastic)
    x = solver.solve().x
    short, over = x[columns : columns + rows], x[columns + rows :]
    missing = short - over
    found = np.flatnonzero(np.abs(missing) > FEASIBLE_MW)
    worst = found[np.argsort(-np.abs(missing[found]), kind="stable")][:SHOWN]
    if not found.size:
        held = sorted({pair.key[0] for pair in tiled.template.pairs})
        return (
            "no dispatch meets all limits and every exclusive pair: charging and discharging, or importing"
            " and exporting, would have to happen at once, or a device to run below its least power"
            f" ({', '.join(held)})"
        )
    lines = [_sentence(tiled, program, int(row), float(missing[row]), x) for row in np.sort(worst)]
    more = len(found) - len(worst)
    if more > 0:
        lines.append(f"... and {more} more of the kind")
    return "no dispatch meets all limits:\n" + "\n".join(f"  {line}" for line in lines)


def _sentence(tiled: Tiled, program: LinearProgram, row: int, missing: float, x: np.ndarray) -> str:
    template, count = tiled.template, len(tiled.horizon)
    way = "short of" if missing > 0 else "beyond"
    if row >= count * len(template.rows):
        keys = [
            (total.key, label) for total in template.totals for label in tiled.horizon.labels(total.per)
        ] + [(end.key, f"{_of(tiled, end.body)} at the end") for end in template.ends]
        (device, name), when = keys[row - count * len(template.rows)]
        return f"{device}.{name}, {when}: {abs(missing):.3f} {way} its limit"
    interval, number = divmod(row, len(template.rows))
    device, name = template.rows[number].key
    when = f"{tiled.horizon.times[interval]:%Y-%m-%d %H:%M}"
    if device != "balance":
        return f"{device}.{name}, {when}: {abs(missing):.3f} {way} its limit"
    pressed = []
    own = len(template.columns)
    for j, column in enumerate(template.columns):
        c = interval * own + j
        if program.matrix[[row], [c]][0] != 0 and program.lower[c] < program.upper[c]:
            for side, bound in (("upper", program.upper[c]), ("lower", program.lower[c])):
                if abs(x[c] - bound) <= FEASIBLE_MW and (side == "upper" or bound > 0):
                    pressed.append(f"{column.key[0]}.{column.key[1]} = {bound:.3f} ({side} limit)")
    held = f"; at their limits: {', '.join(pressed)}" if pressed else ""
    what = "missing" if missing > 0 else "too much"
    return f"power at bus {name}, {when}: {abs(missing):.3f} MW {what}{held}"


def _of(tiled: Tiled, functional: int) -> str:
    """The variables a functional is made of, whose names say their unit."""
    used = (tiled.template.coefficients[:, functional, : len(tiled.template.columns)] != 0).any(axis=0)
    return ", ".join(tiled.template.columns[j].key[1] for j in np.flatnonzero(used))
