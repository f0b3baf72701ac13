"""Render a page from its template: one HTML file that opens offline.

A page is a template that extends `page.html.j2` and fills its blocks `title` and `main`. Script, style and
data are embedded. The same input gives the same bytes.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from parkdispatch.results.wording.words import (
    format_number,
    format_share,
    template_text,
)


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
    import plotly.offline
    from markupsafe import Markup

    charts: dict[str, Any] = {}
    if data is not None:
        charts = {
            "data": {"words": words["script"], **data},
            "plotly": Markup(plotly.offline.get_plotlyjs()),
            "js": Markup("".join(template_text(name) for name in ("page.js", *scripts))),
        }
    defaults = {"data": None, "w": words, "p": words["page"], "css": Markup(template_text("page.css"))}
    return str(_environment().get_template(template).render({**defaults, **charts, **context}))


@cache
def _environment() -> Any:
    """The Jinja environment: values are escaped, and an undefined variable is an error."""
    import jinja2

    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, loader=jinja2.FunctionLoader(template_text)
    )
    environment.policies["json.dumps_function"] = json.dumps
    environment.policies["json.dumps_kwargs"] = {"ensure_ascii": False, "separators": (",", ":")}
    environment.filters |= {"number": format_number, "share": format_share}
    return environment
