"""Fuel of a unit at each power, from its efficiency at some shares of rated power."""

from collections.abc import Sequence
from itertools import pairwise

Points = Sequence[tuple[float, float]]


def efficiency_problems(points: Points, min_load_share: float, heat_efficiency: float) -> list[str]:
    """What is wrong with (share of rated power, efficiency), of a unit of that least share and heat."""
    field = f"efficiency_points = {[list(point) for point in points]}"
    shares = [share for share, _ in points]
    if any(after <= before for before, after in pairwise(shares)) or shares[-1] != 1.0:
        return [f"{field}: shares of rated power must ascend and end at 1"]
    problems = [
        f"{field}: {efficiency:.15g} of power and {heat_efficiency:.15g} of heat at share {share:.15g}"
        " are more than the fuel, must be 1 at most together"
        for share, efficiency in points
        if efficiency + heat_efficiency > 1.0 + 1e-12
    ]
    curve = fuel_curve(points, min_load_share)
    if curve[0][1] < curve[0][0]:
        problems.append(
            f"{field}: extended to min_load_share = {min_load_share:.15g} makes {curve[0][0]:.15g} of power"
            f" out of {curve[0][1]:.15g} of fuel, must have a point nearer to it"
        )
    elif any(after <= before for (_, before), (_, after) in pairwise(curve)):
        problems.append(f"{field}: more power would take less fuel, must be less steep")
    return problems


def fuel_curve(points: Points, min_load_share: float) -> list[tuple[float, float]]:
    """(power, fuel) as shares of rated power, from the least power on; linear between the points.

    Below the first point the first segment is extended; of a single point the efficiency is constant.
    """
    curve = [(share, share / efficiency) for share, efficiency in points]
    (x0, y0), (x1, y1) = (curve[0], curve[1]) if len(curve) > 1 else ((0.0, 0.0), curve[0])
    extended = [(x, y) for x, y in curve if x > min_load_share]
    below = [(x, y) for x, y in curve if x <= min_load_share]
    if below and extended:
        (x0, y0), (x1, y1) = below[-1], extended[0]
    least_fuel = y0 + (y1 - y0) * (min_load_share - x0) / (x1 - x0) if extended else curve[-1][1]
    return [(min_load_share, least_fuel), *extended]
