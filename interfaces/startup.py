"""What a process of this project does before it imports anything that takes long."""

import gc


def start_quickly() -> None:
    """Keep Pyomo from importing scipy.stats, integrate and spatial, a second that no command here needs.

    It does so the moment anybody imports scipy. Taken off that list it still imports them when it uses them.
    """
    from pyomo.common import dependencies

    callbacks = getattr(getattr(dependencies, "DeferredImportCallbackFinder", None), "_callbacks", {})
    callbacks.pop("scipy", None)
    # half a million objects of libraries live as long as the process: looking for cycles among them again
    # and again costs a tenth of a plan
    gc.set_threshold(200_000, 50, 50)
