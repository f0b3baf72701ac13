"""Render a page from its template: one HTML file that opens offline.

A page is a template that extends `page.html.j2` and fills its blocks `title` and `main`. Script, style and
data are embedded. The same input gives the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from parkdispatch.results.wording.words import (
    format_number,
    format_share,
    template_text,
)

# its script is put into the finished page: Jinja would copy its five megabytes at each of its steps
PLACE_OF_PLOTLY = "\0plotly\0"


def render(
    template: str,
    words: Mapping[str, Any],
    *,
    data: Mapping[str, Any] | None = None,
    scripts: Sequence[str] = (),
    **context: Any,
) -> str:
    """Render a template of `results/templates` as text.

    `data` is embedded as JSON for the charts, with the words of the scripts as `words`; without it the page
    has no charts and no script. `scripts` are files of the same folder, run after `page.js`. The template
    sees the context, all words as `w` and those of `[page]` as `p`.
    """
    from markupsafe import Markup

    charts: dict[str, Any] = {}
    if data is not None:
        charts = {
            "data": {"words": words["script"], **data},
            "plotly": Markup(PLACE_OF_PLOTLY),
            "js": Markup("".join(template_text(name) for name in ("page.js", *scripts))),
        }
    defaults = {"data": None, "w": words, "p": words["page"], "css": Markup(template_text("page.css"))}
    page = str(_environment().get_template(template).render({**defaults, **charts, **context}))
    return page.replace(PLACE_OF_PLOTLY, _plotly_script(), 1) if data is not None else page


def _plotly_script() -> str:
    """The script of the charts, that of `plotly.offline.get_plotlyjs`, without importing plotly."""
    spec = find_spec("plotly")
    for folder in (spec.submodule_search_locations if spec is not None else None) or ():
        path = Path(folder) / "package_data" / "plotly.min.js"
        if path.is_file():
            return path.read_text(encoding="utf-8")
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


@cache
def _environment() -> Any:
    """The Jinja environment: values are escaped, and an undefined variable is an error."""
    import jinja2

    from parkdispatch.results.html.template_cache import KeptTemplates

    environment = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.FunctionLoader(template_text),
        bytecode_cache=KeptTemplates(),
    )
    environment.policies["json.dumps_function"] = json.dumps
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters |= {"number": format_number, "share": format_share}
    return environment
