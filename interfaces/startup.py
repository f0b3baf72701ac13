"""Process settings that shorten the start, made before slow libraries are imported."""

import gc


def start_quickly() -> None:
    """Keep Pyomo from importing scipy.stats, integrate and spatial with scipy, which takes about a second.

    Pyomo imports them as soon as scipy is imported. Without this hook it imports them when it uses them.
    """
    from pyomo.common import dependencies

    callbacks = getattr(getattr(dependencies, "DeferredImportCallbackFinder", None), "_callbacks", {})
    callbacks.pop("scipy", None)
    # the half a million objects of the libraries live as long as the process; frequent garbage collections
    # over them cost a tenth of the time of a plan
    gc.set_threshold(200_000, 50, 50)
