"""Explanation of infeasibility: the rows that must be violated least (elastic program), in words."""

import numpy as np
import scipy.sparse as sp

from parkdispatch.models.device import Array
from parkdispatch.optimizer.arrays import Index
from parkdispatch.optimizer.formulation.linear_program import LinearProgram
from parkdispatch.optimizer.formulation.tile import Tiled
from parkdispatch.optimizer.highs import Solver
from parkdispatch.optimizer.partition.subprogram import row_entries

FEASIBLE_MW = 1e-6  # the solver's tolerance
SHOWN = 5  # violated rows named one by one; the others are counted
TOTAL_PENALTY = 0.5  # of a sum over a period by one unit: rather a rule gives than the balance of a bus
EQUATION_PENALTY = 1e3  # of violating a device's equation by one unit; a limit or a balance costs 1


def unbalanced_buses(tiled: Tiled) -> list[str]:
    """One line for each bus that cannot be balanced within the bounds, such as a limit below the load.

    It tells the intervals, the energy and the worst power, and which limits would have to give.
    """
    program, template, hours = tiled.program, tiled.template, tiled.horizon.hours
    matrix, lines = program.matrix, []
    for number, row in enumerate(template.rows):
        if row.key[0] != "balance":
            continue
        rows = np.arange(len(tiled.horizon)) * len(template.rows) + number
        interval, entries = row_entries(matrix.indptr, rows)
        value, column = matrix.data[entries], matrix.indices[entries]
        at_lower, at_upper = value * program.lower[column], value * program.upper[column]
        most = np.bincount(interval, weights=np.maximum(at_lower, at_upper), minlength=len(rows))
        least = np.bincount(interval, weights=np.minimum(at_lower, at_upper), minlength=len(rows))
        # a balance row: injections that can be chosen = fixed demand less fixed supply
        for shortage, sign, verb, what in (
            (
                program.row_lower[rows] - most,
                1.0,
                "supply",
                "more demanded than its devices can supply together",
            ),
            (
                least - program.row_upper[rows],
                -1.0,
                "use",
                "more supplied than its devices can use together",
            ),
        ):
            short = np.flatnonzero(shortage > FEASIBLE_MW)
            total = f"{shortage[short].sum() * hours:.3f} MWh in all"
            if short.size and not entries.size:
                first = short[0]
                of_several = f", the first of {short.size} such intervals" if short.size > 1 else ""
                lines.append(
                    f"bus {row.key[1]}: the case has no device that could {verb} the"
                    f" {shortage[first]:.3f} MW at {tiled.horizon.times[first]:%Y-%m-%d %H:%M}{of_several},"
                    f" {total}"
                )
            elif short.size:
                worst = short[shortage[short].argmax()]
                limits = _balance_bounds(tiled, program, int(worst), int(rows[worst]), sign)
                lines.append(
                    f"bus {row.key[1]}: {what} in {_intervals(short.size)}, {total}, worst"
                    f" {tiled.horizon.times[worst]:%Y-%m-%d %H:%M} by {shortage[worst]:.3f} MW: one of these"
                    f" limits has to give ({limits})"
                )
    return lines


def _intervals(count: int) -> str:
    return "1 interval" if count == 1 else f"{count} intervals"


def _balance_bounds(tiled: Tiled, program: LinearProgram, interval: int, row: int, sign: float) -> str:
    """The upper bounds of what gives power to a bus, or takes it (sign -1), and what they have to meet."""
    entries = program.matrix[[row]].tocoo()
    width = len(tiled.template.columns)
    parts = []
    for column, coefficient in zip(entries.col, entries.data, strict=True):
        number = column - interval * width
        if 0 <= number < width and sign * coefficient > 0:
            device, name = tiled.template.columns[number].key
            parts.append(f"{device}.{name} at most {program.upper[column]:.3f}")
    return ", ".join(parts) + f", to meet {sign * program.row_lower[row]:.3f} MW"


def explain_infeasibility(tiled: Tiled, program: LinearProgram, within: Index | None = None) -> str:
    """Name the rows of an infeasible program that are violated in a solution of least total violation.

    `within` are the rows that count, such as those of one day, where these are known to contradict each
    other; rows beyond the program's, which a search adds, count for nothing.
    The text also covers programs that are infeasible only because of their exclusive pairs.
    """
    rows, columns = program.matrix.shape
    counted = np.arange(rows) if within is None else within[within < rows]
    solver = Solver()
    solver.load(_elastic_program(tiled, program, counted))
    x = solver.solve().x
    missing = np.zeros(rows)
    missing[counted] = x[columns : columns + len(counted)] - x[columns + len(counted) :]
    violated = np.flatnonzero(np.abs(missing) > FEASIBLE_MW)
    if not violated.size:
        template = tiled.template
        deciding = [pair.key[0] for pair in template.pairs]
        deciding += [column.key[0] for column in template.columns if column.is_binary]
        devices = sorted(set(deciding))
        return (
            "no dispatch meets all limits: charging and discharging, or importing and exporting, would have"
            " to happen at once, a device to run below its least power, or to be neither on nor off"
            f" ({', '.join(devices)})"
        )
    worst: Index = violated[np.argsort(-np.abs(missing[violated]), kind="stable")][:SHOWN]
    lines = [_violation(tiled, program, int(row), float(missing[row]), x) for row in np.sort(worst)]
    more = len(violated) - len(worst)
    if more > 0:
        lines.append(f"... and {more} more of the kind")
    lines += _unbalanced_energy(tiled, missing)
    return "no dispatch meets all limits:\n" + "\n".join(f"  {line}" for line in lines)


def explain_total(tiled: Tiled, row: int, missing: float) -> str:
    """Name a sum over a period that no dispatch keeps, and by how much it is missed at least."""
    line = _violation(tiled, tiled.program, row, missing, np.empty(0))
    return f"no dispatch meets all limits:\n  {line}"


def _unbalanced_energy(tiled: Tiled, missing: Array) -> list[str]:
    """One line for each bus and direction with the energy that is missing, or too much, over the horizon.

    `missing` is the shortfall of every row [MW in the rows of a balance].
    """
    template, times = tiled.template, tiled.horizon.times
    lines = []
    for number, row in enumerate(template.rows):
        if row.key[0] != "balance":
            continue
        power_mw = missing[np.arange(len(times)) * len(template.rows) + number]
        for sign, what in ((1.0, "missing"), (-1.0, "too much")):
            short = np.flatnonzero(sign * power_mw > FEASIBLE_MW)
            if short.size:
                energy_mwh = float((sign * power_mw[short]).sum()) * tiled.horizon.hours
                to_last = f" to {times[short[-1]]:%Y-%m-%d %H:%M}" if short.size > 1 else ""
                lines.append(
                    f"bus {row.key[1]} in all: {energy_mwh:.3f} MWh {what} in {_intervals(short.size)},"
                    f" {times[short[0]]:%Y-%m-%d %H:%M}{to_last}; a limit above has to give, or what is"
                    " demanded or supplied"
                )
    return lines


def _elastic_program(tiled: Tiled, program: LinearProgram, counted: Index) -> LinearProgram:
    """The program of least violation: counted rows get a surplus and a shortfall at a penalty, others none.

    Bounds are kept, so it is always feasible. A device's equations are no limits of the user's and are
    violated last: a store that cannot be filled misses its final level, it does not gain energy.
    """
    rows, columns = program.matrix.shape
    is_equation = program.row_lower == program.row_upper
    count = len(tiled.horizon) * len(tiled.template.rows)
    of_device = np.tile([row.key[0] != "balance" for row in tiled.template.rows], len(tiled.horizon))
    penalty = np.ones(rows)
    penalty[:count][is_equation[:count] & of_device] = EQUATION_PENALTY
    penalty[count : rows - len(tiled.template.ends)] = TOTAL_PENALTY
    penalty, height = penalty[counted], len(counted)
    identity = sp.eye_array(height, format="csr")
    return LinearProgram(
        cost=np.concatenate([np.zeros(columns), penalty, penalty]),
        offset=0.0,
        matrix=sp.hstack([program.matrix[counted], identity, -identity], format="csr"),
        row_lower=program.row_lower[counted],
        row_upper=program.row_upper[counted],
        lower=np.concatenate([program.lower, np.zeros(2 * height)]),
        upper=np.concatenate([np.maximum(program.lower, program.upper), np.full(2 * height, np.inf)]),
        binary=np.zeros(columns + 2 * height, dtype=bool),
    )


def _violation(tiled: Tiled, program: LinearProgram, row: int, missing: float, x: Array) -> str:
    """A violated row in words; `missing` is its shortfall, negative for a surplus."""
    template, horizon = tiled.template, tiled.horizon
    direction = "short of" if missing > 0 else "beyond"
    count = len(horizon) * len(template.rows)
    if row >= count:
        keys = [
            (total.key, label)
            for total in template.totals
            for limit in (total.lower, total.upper)
            if limit is not None
            for label in horizon.labels(total.per)
        ]
        keys += [(end.key, f"{_variables(tiled, end.body)} at the end") for end in template.ends]
        (device, name), when = keys[row - count]
        return f"{device}.{name}, {when}: {abs(missing):.3f} {direction} its limit"
    interval, number = divmod(row, len(template.rows))
    device, name = template.rows[number].key
    when = f"{horizon.times[interval]:%Y-%m-%d %H:%M}"
    if device != "balance":
        return f"{device}.{name}, {when}: {abs(missing):.3f} {direction} its limit"
    limits = _reached_limits(tiled, program, row, interval, x, missing)
    at_limits = f"; at their limits: {', '.join(limits)}" if limits else ""
    what = "missing" if missing > 0 else "too much"
    return f"power at bus {name}, {when}: {abs(missing):.3f} MW {what}{at_limits}"


def _reached_limits(
    tiled: Tiled, program: LinearProgram, row: int, interval: int, x: Array, missing: float
) -> list[str]:
    """The variables of a row that are at a bound, with the bound.

    Of those that are shut, such as by an outage, the ones that would bring what is `missing`.
    """
    first = interval * len(tiled.template.columns)
    shut, limits = _shut_by_rows(tiled, program, interval), []
    for number, column in enumerate(tiled.template.columns):
        c = first + number
        per_unit = float(program.matrix[[row], [c]][0])
        if per_unit * missing > 0 and (program.lower[c] == program.upper[c] == 0.0 or c in shut):
            limits.append(f"{column.key[0]}.{column.key[1]} = 0.000 (upper limit)")
        elif per_unit != 0 and program.lower[c] < program.upper[c]:
            for side, bound in (("upper", program.upper[c]), ("lower", program.lower[c])):
                if abs(x[c] - bound) <= FEASIBLE_MW and (side == "upper" or bound > 0):
                    limits.append(f"{column.key[0]}.{column.key[1]} = {bound:.3f} ({side} limit)")
    return limits


def _shut_by_rows(tiled: Tiled, program: LinearProgram, interval: int) -> set[int]:
    """Columns that must be zero by a row of their own, such as that of the capacity in service."""
    height = len(tiled.template.rows)
    rows = np.arange(interval * height, (interval + 1) * height)
    alone = rows[np.diff(program.matrix.indptr)[rows] == 1]
    entries = program.matrix.indptr[alone]
    columns, per_unit = program.matrix.indices[entries], program.matrix.data[entries]
    most = np.where(per_unit > 0, program.row_upper[alone], -program.row_lower[alone])
    return set(columns[(most == 0.0) & (program.lower[columns] == 0.0)].tolist())


def _variables(tiled: Tiled, functional: int) -> str:
    """The names of the variables in a functional; they state its unit."""
    width = len(tiled.template.columns)
    used = (tiled.template.coefficients[:, functional, :width] != 0).any(axis=0)
    return ", ".join(tiled.template.columns[number].key[1] for number in np.flatnonzero(used))
