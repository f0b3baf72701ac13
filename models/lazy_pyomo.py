"""Pyomo's modelling language, imported when a device first writes its interval.

`pyo.Var` of this module is `pyomo.core.Var`. So a case is read and checked without Pyomo, and dispatched
without the solvers, transformations and extensions that `pyomo.environ` imports beside the language.
"""

from typing import Any


def __getattr__(name: str) -> Any:
    """What `pyomo.core` calls by that name (PEP 562)."""
    if name.startswith("__"):
        raise AttributeError(name)
    import pyomo.core

    value = globals()[name] = getattr(pyomo.core, name)
    return value
