"""A page as it is being made: who reads it, of which park, in which language; and how figures become text."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, cached_property
from typing import Any
from urllib.parse import quote

import jinja2
import numpy as np
import pandas as pd
from starlette.requests import Request
from starlette.responses import HTMLResponse

from parkdispatch.interfaces.service.access.auth import cookie_path, csrf_token
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.service.problem_details import reader_language
from parkdispatch.interfaces.service.service_state import service_of
from parkdispatch.interfaces.web.page_sources import desk_of, sites_of
from parkdispatch.interfaces.web.static_files import static_path
from parkdispatch.interfaces.web.web_words import page_words, web_words
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.results.power_scale import PowerScale
from parkdispatch.results.wording.display_names import device_label
from parkdispatch.results.wording.languages import Lang
from parkdispatch.results.wording.words import format_money, template_text

PAGES = ("today", "tomorrow", "changes", "order", "month", "year", "settlement", "studies")
LANGUAGE_COOKIE = "lang"
YEAR_S = 365 * 86400
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
}
LARGEST_MW = 1e5  # a limit above it is none


@dataclass(frozen=True)
class Page:
    """A page of a park for a reader."""

    request: Request
    user: TokenUser
    desk: DeskSite
    lang: Lang

    @cached_property
    def case_name(self) -> str:
        """The name of the case, as commands and jobs call it."""
        return service_of(self.request).cases.name_of_site(self.desk.case.name)

    @cached_property
    def scale(self) -> PowerScale:
        """The unit of the park's powers, by the largest that its devices declare."""
        powers = [
            float(value)
            for device in self.desk.case.devices.values()
            for field, value in device.model_dump().items()
            if field.endswith("_mw") and isinstance(value, int | float) and abs(value) < LARGEST_MW
        ]
        loads = [
            getattr(device, "annual_energy_mwh", 0.0) or 0.0 for device in self.desk.case.devices.values()
        ]
        return PowerScale(max([*powers, sum(loads) / 8760.0]) or 1.0)

    @cached_property
    def words(self) -> dict[str, Any]:
        """The words of reports and pages."""
        return page_words(self.lang, self.desk.case, self.scale)

    @property
    def web(self) -> Mapping[str, Any]:
        """The words of pages."""
        words: Mapping[str, Any] = self.words["web"]
        return words

    def say(self, section: str, key: str, **values: object) -> str:
        """A sentence of the pages."""
        return str(self.web[section][key]).format(**values)

    def device(self, name: str) -> str:
        """A device as people call it."""
        return device_label(name, self.words)

    def path(self, page: str, **query: object) -> str:
        """The address of a page of this park."""
        below = f"/park/{quote(self.desk.case.name, safe='')}/{page}"
        text = service_of(self.request).settings.address(below)
        parts = "&".join(f"{key}={quote(str(value))}" for key, value in query.items() if value is not None)
        return f"{text}?{parts}" if parts else text

    def mw(self, power_mw: float | None, *, signed: bool = False, unit: bool = True) -> str:
        """A power in the unit of the park."""
        return self._scaled(power_mw, self.scale.power, signed=signed, unit=unit)

    def mwh(self, energy_mwh: float | None, *, signed: bool = False, unit: bool = True) -> str:
        """An energy, likewise."""
        return self._scaled(energy_mwh, self.scale.energy, signed=signed, unit=unit)

    def _scaled(self, value: float | None, name: str, *, signed: bool, unit: bool) -> str:
        if value is None or not np.isfinite(value):
            return "–"
        sign = "+" if signed else ""
        text = f"{value * self.scale.per_mw:{sign}z,.{self.scale.digits()}f}".replace("-", "−")
        text = text.removeprefix("+") if not float(text.replace(",", "").replace("−", "-")) else text
        return f"{text} {name}" if unit else text

    def yuan(self, yuan: float, *, signed: bool = False) -> str:
        """Money without its unit, in whole yuan."""
        text = f"{yuan:{'+' if signed else ''}z,.0f}".replace("-", "−")
        return "0" if text in ("+0", "−0") else text

    def money(self, yuan: float) -> tuple[str, str]:
        """Money as a figure and its unit, in 10⁴ yuan where it is large."""
        figure, unit, _ = format_money(yuan, self.words)
        return figure.replace("-", "−"), unit

    def share(self, share: float | None, digits: int = 1) -> str:
        """A share in per cent."""
        return "–" if share is None else f"{100 * share:z.{digits}f} %".replace("-", "−")

    def clock(self, at: datetime | pd.Timestamp) -> str:
        """A moment of today as a time, else with its day; midnight at the end of the day as 24:00."""
        moment = pd.Timestamp(at)
        if moment.date() == self.desk.today:
            return f"{moment:%H:%M}"
        if moment == pd.Timestamp(self.desk.today) + pd.Timedelta(days=1):
            return "24:00"
        return f"{moment:%Y-%m-%d %H:%M}"

    def local(self, utc: datetime) -> str:
        """A moment of the ledger at the site."""
        return f"{self.desk.local(utc):%Y-%m-%d %H:%M}"

    def day(self, day: date) -> str:
        """A day with its weekday."""
        page = self.words["page"]
        text = str(page["date"]).format(day=day.day, month=page["month_words"][day.month - 1], year=day.year)
        return str(page["weekday_date"]).format(weekday=page["day_words"][day.weekday()], date=text)

    def command(self, words: str) -> str:
        """A command as it is typed, with the case of this park."""
        return f"parkdispatch {words}"


def page_of(request: Request, user: TokenUser, site: str) -> Page:
    """The page of a park. Raises RequestError where the user has no such park."""
    return Page(request, user, desk_of(request, user, site), reader_language(request))


def show(page: Page, name: str, status: int = 200, **context: Any) -> HTMLResponse:
    """Render the template of a page."""
    chosen = {"page": page, "active": name.partition("_")[0], "w": page.web, **context}
    chosen |= {"sites": sites_of(page.request, page.user), "pages": PAGES, "csrf": csrf_token(page.request)}
    cases = service_of(page.request).cases
    several = chosen["sites"] if len(chosen["sites"]) > 1 else []
    chosen |= {"titles": {site: cases.case_of_site(site).titled(page.lang) for site in several}}
    chosen |= {"now": page.desk.now, "words": page.words, "p": page.words["page"]}
    return answer(page.request, f"{name}.html.j2", status, lang=page.lang, **chosen)


def show_bare(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """Render a template that is of no park."""
    lang = reader_language(request)
    return answer(request, template, status, lang=lang, w=web_words(lang), **context)


def answer(request: Request, template: str, status: int, **context: Any) -> HTMLResponse:
    """The rendered template; a language that the address names is kept in a cookie."""
    other = request.url.include_query_params(lang="en" if context["lang"] == "zh" else "zh")
    settings = service_of(request).settings
    link = f"{other.path if request.method == 'GET' else settings.address('/')}?{other.query}"
    text = environment().get_template(template).render(language_link=link, root=settings.root_path, **context)
    response = HTMLResponse(text, status, headers={**HEADERS, "Content-Language": context["lang"]})
    if request.query_params.get("lang") in ("en", "zh"):
        response.set_cookie(
            LANGUAGE_COOKIE,
            context["lang"],
            max_age=YEAR_S,
            samesite="lax",
            secure=settings.https,
            path=cookie_path(service_of(request)),
        )
    return response


@cache
def environment() -> jinja2.Environment:
    """The templates of pages and those of reports: values are escaped, an undefined variable is an error."""
    templates = jinja2.Environment(
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader("parkdispatch.interfaces.web"), jinja2.FunctionLoader(template_text)]
        ),
    )
    templates.globals |= {"static": static_path, "decimals": decimals}
    return templates


def decimals(value: float, digits: int) -> str:
    """A figure of a table."""
    return f"{value:z,.{digits}f}".replace("-", "−")
