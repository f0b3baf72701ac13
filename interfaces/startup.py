"""Process settings that shorten the start, made before slow libraries are imported."""

import atexit
import gc
import sys
from importlib.util import LazyLoader, find_spec, module_from_spec

WITH_DASK = ("size",)  # the command whose tasks may run on a cluster


def start_quickly(command: str | None = None) -> None:
    """Keep libraries from importing what the command does not need, which takes longer than a plan.

    Pyomo imports scipy.stats, integrate and spatial as soon as scipy is imported; without its hook it imports
    them when it uses them. scipy asks numpy for each of its names, its Fortran compiler too. xarray imports
    all of Dask, where it is installed, to ask whether an array is one of Dask's; none is in these commands,
    and where Dask is hidden xarray does not ask.
    """
    # the half a million objects of the libraries live as long as the process; frequent garbage collections
    # over them cost a tenth of the time of a plan
    gc.set_threshold(500_000, 50, 50)
    from pyomo.common import dependencies

    callbacks = getattr(getattr(dependencies, "DeferredImportCallbackFinder", None), "_callbacks", {})
    callbacks.pop("scipy", None)
    _import_when_used("numpy.f2py")
    if command is not None and command not in WITH_DASK and "xarray" not in sys.modules:  # which may know it
        sys.modules.setdefault("dask", None)  # type: ignore[arg-type] # its import fails
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)  # at its exit Python searches all objects for cycles, which takes as long


def show_dask() -> None:
    """Have Dask found again, where `start_quickly` hid it: for a process that does more than one command."""
    if "dask" in sys.modules and sys.modules["dask"] is None:
        del sys.modules["dask"]


def _import_when_used(name: str) -> None:
    """Have a submodule imported when something of it is asked for, not when its package gives its name."""
    spec = find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    spec.loader = LazyLoader(spec.loader)
    module = sys.modules[name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    package, _, attribute = name.rpartition(".")
    setattr(sys.modules[package], attribute, module)
