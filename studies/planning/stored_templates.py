"""Compiled templates in the cache folder: a process that finds those of its park does without Pyomo.

A template follows from the fields of its devices and the program's own code. It is stored as a pickle that
holds classes of templates and nothing else, so that reading one runs no other code.
"""

import dataclasses
import io
import itertools
import pickle
from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

import numpy as np

from parkdispatch.inputs.cache.cache_folder import cache_folder, read_entry, write_entry
from parkdispatch.inputs.cache.keys import declaration, digest, program_digest
from parkdispatch.models.device import Device
from parkdispatch.models.registry import is_built_in
from parkdispatch.models.vocabulary import DailyWindow, TimeSpan
from parkdispatch.optimizer.formulation import template as templates
from parkdispatch.optimizer.formulation.kept_templates import compiled_template
from parkdispatch.optimizer.formulation.template import Template

MOST = 8  # the first of a process, which are those of a plan: thousands of a loop would only fill the folder
LAYERS = ("models", "optimizer")
LIBRARIES = ("numpy", "pyomo", "pydantic")
_READ = {
    (kind.__module__, kind.__qualname__): kind
    for kind in (*vars(templates).values(), DailyWindow, TimeSpan, datetime, time)
    if dataclasses.is_dataclass(kind) or kind in (datetime, time)
}
_asked = itertools.count()


def stored_template(devices: Mapping[str, Device], hours: float) -> Template:
    """The template that was stored for equal devices, or else the compiled one, which is stored.

    Devices of the user's own are compiled each time, because the program cannot tell when their code changes.
    Raises NotAffineError as `compiled_template` does.
    """
    is_storable = cache_folder() is not None and all(map(is_built_in, devices.values()))
    if not is_storable or next(_asked) >= MOST:
        return compiled_template(devices, hours)
    declared = [[name, declaration(device)] for name, device in devices.items()]
    key = digest(["template", hours, declared, program_digest(LAYERS, LIBRARIES)])
    content = read_entry(key)
    if content is not None:
        try:
            return _read(content)
        except pickle.UnpicklingError:  # written by something else
            pass
    template = compiled_template(devices, hours)
    write_entry(key, _content(template))
    return template


def _content(template: Template) -> bytes:
    numbers = template.coefficients
    fields = {field.name: getattr(template, field.name) for field in dataclasses.fields(template)}
    return pickle.dumps((fields | {"coefficients": None}, numbers.shape, numbers.tobytes()))


def _read(content: bytes) -> Template:
    fields, shape, numbers = _Reader(io.BytesIO(content)).load()
    return Template(**fields | {"coefficients": np.frombuffer(numbers).reshape(shape).copy()})


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _READ:
            raise pickle.UnpicklingError(f"{module}.{name} is no part of a template")
        return _READ[module, name]
