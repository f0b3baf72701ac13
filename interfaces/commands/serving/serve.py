"""`parkdispatch serve`: the service."""

import os
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.console import now, out_console, print_message, say
from parkdispatch.interfaces.commands.serving.serve_tokens import DataFolder, TokenPath, token_app
from parkdispatch.interfaces.commands.serving.serve_users import user_app
from parkdispatch.interfaces.commands.serving.service_extra import require_service_extra
from parkdispatch.interfaces.service.service_settings import LOOPBACK
from parkdispatch.models.errors import InputError

if TYPE_CHECKING:
    import uvicorn

    from parkdispatch.interfaces.service.service_settings import ServiceSettings
    from parkdispatch.interfaces.service.service_state import Service

FIRST_USER = "local"  # of the token that is made at the first start
MOST_CONNECTIONS = 500
END_S = 10  # that requests under way are given at the end

serve_app = typer.Typer(
    help="Serve what the commands do by REST, with jobs, set points and automation.",
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
serve_app.add_typer(token_app, name="token")
serve_app.add_typer(user_app, name="user")


@serve_app.callback()
def serve(
    context: typer.Context,
    host: Annotated[
        str, typer.Option(help="Address to listen at; others than this machine's own need tokens.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0: any that is free.")] = 8360,
    data: DataFolder = None,
    ledger: Annotated[
        str | None,
        typer.Option(help="Ledger, a SQLite file or a URL; default: one in the data folder, which is made."),
    ] = None,
    tokens: TokenPath = None,
    case: Annotated[
        list[str] | None,
        typer.Option(help="Case whose site a new ledger gets, by its name; repeated. Default: gaoan."),
    ] = None,
    automation: Annotated[
        Path | None, typer.Option(help="TOML file of what runs by itself: imports, forecasts, plans.")
    ] = None,
    job_slots: Annotated[int, typer.Option(min=1, max=64, help="Jobs that run at once.")] = 2,
    largest_body_mb: Annotated[
        float, typer.Option(min=0.001, max=1000, help="Largest request [MB], an upload for one.")
    ] = 20.0,
    requests_per_minute: Annotated[
        int, typer.Option(min=1, help="Requests of one token, or of one address without any.")
    ] = 1200,
    https: Annotated[
        bool, typer.Option("--https", help="Browsers reach it by HTTPS, through a proxy: cookies need it.")
    ] = False,
    proxy: Annotated[
        str | None,
        typer.Option(help="Address of a reverse proxy whose X-Forwarded headers are believed."),
    ] = None,
    root_path: Annotated[
        str, typer.Option(help="Path that the proxy takes from addresses, such as /parkdispatch.")
    ] = "",
) -> None:
    """Serve what the commands do by REST and to browsers; ends with control-C."""
    if context.invoked_subcommand is not None:
        return
    require_service_extra()
    from parkdispatch.interfaces.service.service_settings import ServiceSettings, default_data_folder
    from parkdispatch.interfaces.service.service_state import open_service

    settings = ServiceSettings(
        data or default_data_folder(),
        ledger or "",
        tokens,
        host,
        port,
        largest_body_mb,
        requests_per_minute=requests_per_minute,
        job_slots=job_slots,
        https=https,
        automation=automation,
        root_path=root_path,
    )
    refuse_open_door(settings)
    service = open_service(settings)
    with listening_socket(host, port) as listener:
        prepare_ledger(service, case or ["gaoan"], is_default=ledger is None)
        make_first_token(service)
        run_server(service, listener, proxy)


def refuse_open_door(settings: "ServiceSettings") -> None:
    """Raise InputError where others could reach a service of which nobody has a token."""
    from parkdispatch.interfaces.service.access.token_file import TokenFile

    if not settings.is_loopback and not TokenFile(settings.tokens).users():
        raise InputError(
            f"argument `host` = {settings.host}: must be {LOOPBACK} while there are no tokens or users in"
            f" {settings.tokens}: `serve token add` makes one"
        )


def prepare_ledger(service: "Service", cases: list[str], *, is_default: bool) -> None:
    """Make the default ledger, with the sites of cases, where there is none; another one must be there."""
    from parkdispatch.interfaces.commands.days.ledger_options import author
    from parkdispatch.operations.ledger.sites import add_site
    from parkdispatch.results.io.provenance import versions

    book = service.ledger
    if is_default and book.file is not None and not book.file.exists():
        parks = [service.cases.case(name) for name in cases]
        who = author("parkdispatch serve")
        book.make(who, versions()["parkdispatch"])
        for park in parks:
            add_site(book, park, who)
    with book.reading():
        pass  # it can be read, and is at the present revision


def make_first_token(service: "Service") -> None:
    """Make a token of all rights where there is no file of any, and show it, once."""
    if service.tokens.exists():
        return
    token = service.tokens.add(FIRST_USER, "send", (), now())
    out_console.print(Text(say(f"Token of {FIRST_USER}, shown this once: {token}")), soft_wrap=True)


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises InputError where the address is not this machine's, or is taken."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return socket.create_server((host, port), family=family, backlog=1024)
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"argument `port` = {port}: cannot listen at {host}: {reason}") from error


def run_server(service: "Service", listener: socket.socket, proxy: str | None) -> None:
    """Serve until the process is asked to end."""
    import uvicorn

    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    out_console.print(Text(say(f"Serving at http://{shown}:{port}; control-C ends it.")), soft_wrap=True)
    if not service.settings.is_loopback and not service.settings.https:
        print_message(
            "warning", "tokens pass the network unencrypted: a reverse proxy with HTTPS, and `--https`"
        )
    uvicorn.Server(server_config(service, proxy)).run(sockets=[listener])


def server_config(service: "Service", proxy: str | None) -> "uvicorn.Config":
    """How the service is served; `proxy` is the address whose X-Forwarded headers are believed."""
    import uvicorn

    from parkdispatch.interfaces.service.service_app import create_app

    return uvicorn.Config(
        create_app(service),
        log_level=os.environ.get("PARKDISPATCH_LOG_LEVEL", "warning"),
        server_header=False,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_graceful_shutdown=END_S,
        proxy_headers=proxy is not None,
        forwarded_allow_ips=proxy,
        root_path=service.settings.root_path,
    )
