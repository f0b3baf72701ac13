"""Calibration on problems whose answer is known by hand."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from parkdispatch.inputs.schema.calibrated import Calibrated
from parkdispatch.results.finance.operation import Operation
from parkdispatch.results.reproduction.corner_interpolation import Corners, corner_values
from parkdispatch.results.reproduction.fitting import CalibrationSearch, Fit, Target, widths_csv


def number(path: str, low: float, high: float) -> Calibrated:
    return Calibrated(path=path, unit="share", low=low, high=high, why="known", why_zh="已知")


def square(values: Mapping[str, float]) -> Sequence[float | None]:
    """Two figures of two numbers: x y and x + y."""
    return values["x"] * values["y"], values["x"] + values["y"]


TWO = [number("x", 0.0, 4.0), number("y", 4.0, 10.0)]
TARGETS = [Target("product", 12.0, 0.01), Target("sum", 8.0, 0.01)]


def test_two_equations_are_solved() -> None:
    """x y = 12, x + y = 8: 2 and 6."""
    fit = CalibrationSearch(TWO, TARGETS, square, set()).best(4)
    assert fit.values == pytest.approx({"x": 2.0, "y": 6.0}, rel=1e-6)
    assert fit.worst < 1e-4


def test_a_solution_outside_the_ranges_is_not_given() -> None:
    """With x at most 1.5 the nearest set lies on that bound, and the misses say by how much it fails."""
    fit = CalibrationSearch([number("x", 0.0, 1.5), TWO[1]], TARGETS, square, set()).best(4)
    assert fit.values["x"] == pytest.approx(1.5, abs=1e-6)
    assert fit.worst > 1.0


def test_an_assumed_number_stays_and_its_width_is_told() -> None:
    """z + x = 5 with z assumed 2: x is 3; z may go from 1 to 4, where x runs out of its range of 1 to 4."""
    numbers = [number("x", 1.0, 4.0), number("z", 0.0, 6.0).model_copy(update={"assumed": True})]
    search = CalibrationSearch(
        numbers, [Target("sum", 5.0, 1e-6)], lambda values: (values["x"] + values["z"],), set()
    )
    assert search.best(2, assumed={"z": 2.0}).values == pytest.approx({"x": 3.0, "z": 2.0})
    sets = search.fitting({"x": 3.0, "z": 2.0}, 2)
    width = {spread.parameter.path: spread for spread in search.widths({"x": 3.0, "z": 2.0}, sets)}
    assert (width["z"].least, width["z"].most) == (pytest.approx(1.0), pytest.approx(4.0))
    assert (width["x"].least, width["x"].most) == (pytest.approx(1.0), pytest.approx(4.0))


def test_whole_numbers_are_tried_one_by_one() -> None:
    """x n = 12, with n of 3 to 6 and x at most 2.7: only 5 and 6 do, and 5 is nearer the middle of all."""

    def measure(values: Mapping[str, float]) -> Sequence[float | None]:
        assert values["n"] in (3, 4, 5, 6)
        return (values["x"] * values["n"],)

    numbers = [number("x", 1.0, 2.7), number("n", 3, 6)]
    search = CalibrationSearch(numbers, [Target("product", 12.0, 0.01)], measure, {"n"})
    best_fit = search.best(2)
    # x = 2.4, n = 5: (0.3235)^2 + (0.1667)^2 = 0.132; x = 2, n = 6: (0.088)^2 + (0.5)^2 = 0.258
    assert best_fit.values == pytest.approx({"x": 2.4, "n": 5.0})
    sets = search.fitting(best_fit.values, 4)
    assert {fit.values["n"] for fit in sets} == {5.0, 6.0}
    width = {fitted.parameter.path: fitted for fitted in search.widths(best_fit.values, sets)}
    # 12 x 0.99 / 6 = 1.98 to 12 x 1.01 / 5 = 2.424
    assert width["x"].least == pytest.approx(1.98, abs=1e-3)
    assert width["x"].most == pytest.approx(2.424, abs=1e-3)
    assert (width["n"].least, width["n"].most) == (5.0, 6.0)


def test_the_width_of_a_linear_problem_is_that_of_its_corners() -> None:
    """x + y = 10 within 1 %, x - y = 2 within 5 %: x = 6 +- (0.1 + 0.1) / 2, y = 4 +- the same."""

    def measure(values: Mapping[str, float]) -> Sequence[float | None]:
        return values["x"] + values["y"], values["x"] - values["y"], 7.0  # the last moves with nothing

    targets = [Target("sum", 10.0, 0.01), Target("difference", 2.0, 0.05), Target("given", 7.0, 0.01)]
    search = CalibrationSearch([number("x", 0.0, 9.0), number("y", 0.0, 9.0)], targets, measure, set())
    sets = search.fitting({"x": 6.0, "y": 4.0}, 8)
    assert len(sets) == 1 + 4 + 8  # the centre, the corners of two targets that move, eight points inside
    width = search.widths({"x": 6.0, "y": 4.0}, sets)
    assert [(fitted.least, fitted.most) for fitted in width] == [
        (pytest.approx(5.9, abs=1e-3), pytest.approx(6.1, abs=1e-3)),
        (pytest.approx(3.9, abs=1e-3), pytest.approx(4.1, abs=1e-3)),
    ]
    for fit in sets:
        assert fit.worst <= 1.0
        assert abs(fit.values["x"] + fit.values["y"] - 10.0) <= 0.1


def test_a_bound_cuts_the_set() -> None:
    """The same with x at most 6.05: sets at that bound count as long as they meet every target."""

    def measure(values: Mapping[str, float]) -> Sequence[float | None]:
        return values["x"] + values["y"], values["x"] - values["y"]

    targets = [Target("sum", 10.0, 0.01), Target("difference", 2.0, 0.05)]
    search = CalibrationSearch([number("x", 0.0, 6.05), number("y", 0.0, 9.0)], targets, measure, set())
    width = search.widths({"x": 6.0, "y": 4.0}, search.fitting({"x": 6.0, "y": 4.0}, 8))
    assert width[0].most == pytest.approx(6.05, abs=1e-6)
    assert width[0].least == pytest.approx(5.9, abs=1e-3)
    # at most 5.89 is a hundredth too little: the nearest set misses by a tenth more than is allowed
    numbers, third = [number("x", 0.0, 5.89), number("y", 0.0, 9.0)], Target("given", 7.0, 0.01)
    search = CalibrationSearch(numbers, [*targets, third], lambda values: (*measure(values), 7.0), set())
    assert search.fitting({"x": 5.0, "y": 4.0}, 8) == []
    assert search.best(2).worst == pytest.approx(1.1, abs=0.01)


def test_whole_numbers_alone_and_no_number_at_all() -> None:
    """2 n = 12: only 6 fits; and where nothing is free, the case fits or does not."""
    search = CalibrationSearch(
        [number("n", 3, 8)], [Target("twice", 12.0, 0.01)], lambda v: (2 * v["n"],), {"n"}
    )
    assert search.best(2).values == {"n": 6.0}
    assert [fit.values for fit in search.fitting({"n": 4.0}, 2)] == [{"n": 6.0}]
    assert len(CalibrationSearch([], [Target("a", 5.0, 0.01)], lambda _: (5.0,), set()).fitting({}, 2)) == 1
    assert CalibrationSearch([], [Target("a", 5.0, 0.01)], lambda _: (6.0,), set()).fitting({}, 2) == []


def test_a_figure_that_does_not_exist_is_far_off() -> None:
    misses = CalibrationSearch(TWO, TARGETS, lambda _: (None, 8.0), set()).misses({"x": 2.0, "y": 6.0})
    assert misses.tolist() == [1000.0, 0.0]


def test_no_set_fits_is_said_by_an_empty_list() -> None:
    search = CalibrationSearch([number("x", 0.0, 1.0)], [Target("x", 5.0, 0.01)], lambda v: (v["x"],), set())
    assert search.fitting({"x": 0.5}, 4) == []


def test_the_file_of_widths() -> None:
    search = CalibrationSearch(TWO, TARGETS, square, set())
    text = widths_csv(search.widths({"x": 2.0, "y": 6.0}, [Fit({"x": 1.9, "y": 6.2}, (0.0, 0.0))]))
    assert text.splitlines() == [
        "path,unit,value,range_low,range_high,fits_least,fits_most,sets",
        "x,share,2.0,0.0,4.0,1.9,2.0,1",
        "y,share,6.0,4.0,10.0,6.0,6.2,1",
    ]


def operation(price: float, fade: float) -> Operation:
    """Two years: (price x 3 - 1) x health."""
    health = np.array([1.0, 1.0 - fade])
    return Operation({"arbitrage": (3.0 * price - 1.0) * health}, 10.0 * health, np.zeros(2), 1.0)


def test_between_corners_a_straight_law_is_exact_and_a_bent_one_is_told() -> None:
    ranges = (number("price", 1.0, 2.0), number("fade", 0.0, 0.4))
    ends = corner_values(ranges)
    assert ends[1] == {"price": 1.0, "fade": 0.4}
    corners = Corners(ranges, tuple(operation(**end) for end in ends))
    point = {"price": 1.3, "fade": 0.1}
    interpolated = corners.operation(point)
    np.testing.assert_allclose(interpolated.revenue_yuan["arbitrage"], [2.9, 2.61])
    np.testing.assert_allclose(interpolated.discharged_mwh, [10.0, 9.0])
    assert corners.deviation(point, operation(**point)) < 1e-12
    bent = Operation({"arbitrage": np.array([2.9, 2.5])}, interpolated.discharged_mwh, np.zeros(2), 1.0)
    assert corners.deviation(point, bent) == pytest.approx(0.11 / 2.7)
