"""Templates that were compiled lately, found again by the declarations of their devices.

A template follows from the fields of its devices alone, not from times or series: a plan of the same park at
another time, or with another forecast, needs no compiling.
"""

from collections.abc import Mapping
from threading import Lock

from parkdispatch.models.device import Device
from parkdispatch.optimizer.formulation.template import Template
from parkdispatch.optimizer.formulation.template_compiler import compile_template

KEPT = 16  # as many as there are sets of the calls of one plan

_lock = Lock()
_lately: list[tuple[float, dict[str, Device], Template]] = []


def kept_template(devices: Mapping[str, Device], hours: float) -> Template:
    """The template of the devices, compiled where none of equal devices in the same order is kept.

    Raises NotAffineError as `compile_template` does.
    """
    wanted = dict(devices)
    with _lock:
        for place, (of_hours, of_devices, template) in enumerate(_lately):
            if of_hours == hours and list(of_devices) == list(wanted) and of_devices == wanted:
                _lately.insert(0, _lately.pop(place))
                return template
    template = compile_template(wanted, hours)
    with _lock:
        _lately.insert(0, (hours, wanted, template))
        del _lately[KEPT:]
    return template
