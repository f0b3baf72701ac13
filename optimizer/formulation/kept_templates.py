"""Templates that were compiled lately, found again by the declarations of their devices.

A template follows from the fields of its devices alone, not from times or series: a plan of the same park at
another time, or with another forecast, needs no compiling.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock

from parkdispatch.models.device import Device
from parkdispatch.optimizer.formulation.template import Template

Compiler = Callable[[Mapping[str, Device], float], Template]
KEPT = 16  # as many as there are sets of the calls of one plan

_lock = Lock()
_lately: list[tuple[float, dict[str, Device], Template]] = []


def compiled_template(devices: Mapping[str, Device], hours: float) -> Template:
    """The template of the devices by Pyomo, which is imported here. Raises NotAffineError."""
    from parkdispatch.optimizer.formulation.template_compiler import compile_template

    return compile_template(devices, hours)


def kept_template(
    devices: Mapping[str, Device], hours: float, compiler: Compiler = compiled_template
) -> Template:
    """The template of the devices, compiled where none of equal devices in the same order is kept.

    Devices that differ only in the state that they begin in have one, with other values before the horizon.
    Raises NotAffineError as `compiler` does.
    """
    compiled = {name: device.as_compiled() for name, device in devices.items()}
    template = _lately_compiled(compiled, hours, compiler)
    states = {name: devices[name].initial_state() for name in devices if devices[name] != compiled[name]}
    return _with_states(template, states) if states else template


def _lately_compiled(devices: dict[str, Device], hours: float, compiler: Compiler) -> Template:
    with _lock:
        for place, (of_hours, of_devices, template) in enumerate(_lately):
            if of_hours == hours and list(of_devices) == list(devices) and of_devices == devices:
                _lately.insert(0, _lately.pop(place))
                return template
    template = compiler(devices, hours)
    with _lock:
        _lately.insert(0, (hours, devices, template))
        del _lately[KEPT:]
    return template


def _with_states(template: Template, states: Mapping[str, Mapping[str, float]]) -> Template:
    """The template with the values before the horizon that devices begin with, by their names."""
    coefficients = template.coefficients.copy()
    for previous in template.previous:
        device, variable = template.columns[previous.column].key
        if variable in states.get(device, {}):  # others begin with what the compiled device has
            coefficients[:, list(previous.initial), :] = 0.0
            coefficients[0, list(previous.initial), -1] = states[device][variable]
    return replace(template, coefficients=coefficients)
