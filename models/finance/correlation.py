"""Rank correlations of uncertain numbers, and the Gaussian copula that has them. Declarations and arithmetic.

    rank correlation (Spearman) r of two numbers  ->  2 sin(pi r / 6) of two standard normal variables

Source: Kruskal 1958, Ordinal measures of association, J. Am. Stat. Assoc. 53, 814-861.
"""

from collections.abc import Sequence
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from parkdispatch.models.declaration import GIVEN, Declaration, declared
from parkdispatch.models.device import Array
from parkdispatch.models.finance.range_source import (
    RangeSource,
    RangeSources,
    complete_sources,
    declared_source,
)
from parkdispatch.models.tariff.tariff_tables import Name

SEMIDEFINITE_TOLERANCE = 1e-9  # [-] by which an eigenvalue may fall below zero by rounding


class Correlation(Declaration):
    """Rank correlation of two uncertain numbers; pairs that are not named are independent."""

    doubts: tuple[Name, Name] = declared("-", "Names of the two uncertain numbers", GIVEN)
    rank: Annotated[float, Field(ge=-1, le=1)] = declared(
        "-", "Spearman's rank correlation; 1: they rise together, -1: one falls as the other rises", GIVEN
    )
    source: RangeSources = declared_source("Where it is from")

    @property
    def sources(self) -> tuple[RangeSource, ...]:
        """Where the rank is from; without a source it is an assumption."""
        return complete_sources(self.source, ("rank",))

    @model_validator(mode="after")
    def _of_two(self) -> Self:
        if self.doubts[0] == self.doubts[1]:
            raise ValueError(f"doubts: '{self.doubts[0]}' twice, must be two uncertain numbers")
        return self


def normal_correlations(names: Sequence[str], correlations: Sequence[Correlation]) -> Array:
    """Correlation matrix of the normal variables of a copula, (names, names)."""
    matrix = np.eye(len(names))
    for correlation in correlations:
        first, second = (names.index(name) for name in correlation.doubts)
        matrix[first, second] = matrix[second, first] = 2.0 * np.sin(np.pi * correlation.rank / 6.0)
    return matrix


def correlation_problems(names: Sequence[str], correlations: Sequence[Correlation]) -> list[str]:
    """What is wrong with the correlations of uncertain numbers of these names, one line each."""
    problems, pairs = [], set[frozenset[str]]()
    for number, correlation in enumerate(correlations):
        unknown = [name for name in correlation.doubts if name not in names]
        problems += [
            f"correlation[{number}].doubts: '{name}' is no doubt, must be of {', '.join(names) or 'none'}"
            for name in unknown
        ]
        pair = frozenset(correlation.doubts)
        if pair in pairs:
            problems.append(
                f"correlation[{number}]: {', '.join(correlation.doubts)} have a correlation already,"
                " must be one"
            )
        pairs.add(pair)
    if problems or not correlations:
        return problems
    eigenvalues = np.linalg.eigvalsh(normal_correlations(names, correlations))
    if eigenvalues.min() < -SEMIDEFINITE_TOLERANCE:
        named = ", ".join(f"{' - '.join(c.doubts)} {c.rank:.15g}" for c in correlations)
        problems.append(
            f"correlation = {named}: no numbers move together so, the matrix must be positive semidefinite"
        )
    return problems


def correlated_probabilities(
    probabilities: Array, names: Sequence[str], correlations: Sequence[Correlation]
) -> Array:
    """Uniform draws (draws, names) with these rank correlations, from independent ones.

    Columns without a correlation stay as they are. The copula is Gaussian; its normal variables are mixed by
    the symmetric root of their correlation matrix.
    """
    mixed = sorted({names.index(name) for correlation in correlations for name in correlation.doubts})
    if not mixed:
        return probabilities
    from scipy.special import ndtr, ndtri

    matrix = normal_correlations(names, correlations)[np.ix_(mixed, mixed)]
    values, vectors = np.linalg.eigh(matrix)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T
    correlated = probabilities.copy()
    correlated[:, mixed] = ndtr(ndtri(probabilities[:, mixed]) @ root)
    return correlated
