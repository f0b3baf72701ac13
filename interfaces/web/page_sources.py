"""What pages need beside the service: the clock, what orders cost until confirmed, and their parks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa
from starlette.requests import HTTPConnection

from parkdispatch.interfaces.commands.console import now
from parkdispatch.interfaces.service.access.request_limits import RateLimit
from parkdispatch.interfaces.service.access.token_file import TokenUser
from parkdispatch.interfaces.service.problem_details import RequestError
from parkdispatch.interfaces.service.service_state import service_of
from parkdispatch.interfaces.web.orders.proposal_store import ProposalStore
from parkdispatch.operations.desk.desk_site import DeskSite
from parkdispatch.operations.ledger.ledger_tables import site

# from all addresses together: too few for guessing, and more than one address has, which cannot lock a name
NAME_FAILURES_PER_MINUTE = 60


@dataclass(frozen=True)
class PageSources:
    """The clock of the pages, what orders would cost, and the rate of attempts to sign in by name."""

    clock: Callable[[], datetime] = now
    proposals: ProposalStore = field(default_factory=ProposalStore)
    sign_ins: RateLimit = field(default_factory=lambda: RateLimit(NAME_FAILURES_PER_MINUTE))


def sources_of(connection: HTTPConnection) -> PageSources:
    """What the application's pages were given."""
    sources: PageSources = connection.app.state.page_sources
    return sources


def sites_of(connection: HTTPConnection, user: TokenUser) -> list[str]:
    """The parks of the ledger that have a case here and that the user sees, in the ledger's order."""
    service = service_of(connection)
    with service.ledger.reading() as reading:
        names = reading.execute(sa.select(site.c.name).order_by(site.c.id)).scalars().all()
    known = service.cases.sites()
    return [name for name in names if name in known and user.sees(name)]


def desk_of(connection: HTTPConnection, user: TokenUser, name: str) -> DeskSite:
    """The park of a page. Raises RequestError, the same for a park that is hidden and one that is not."""
    if name not in sites_of(connection, user):
        raise RequestError(404, f"there is no site {name} for this token")
    service = service_of(connection)
    return DeskSite(service.ledger, service.cases.case_of_site(name), sources_of(connection).clock())
