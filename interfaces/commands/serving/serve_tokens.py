"""`parkdispatch serve token`: who may use the service, and for what."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.console import now, out_console, say
from parkdispatch.interfaces.commands.serving.service_extra import require_service_extra

if TYPE_CHECKING:
    from parkdispatch.interfaces.service.access.token_file import Role, TokenFile, TokenUser

DataFolder = Annotated[
    Path | None,
    typer.Option(
        help="Folder of the service's data; default: the variable PARKDISPATCH_SERVICE, or else"
        " parkdispatch-service in the current folder."
    ),
]
TokenPath = Annotated[
    Path | None, typer.Option("--tokens", help="File of tokens; default: tokens.json in the data folder.")
]
RoleOption = Annotated[
    str, typer.Option(help="read: look; plan: also compute and record; send: also send set points.")
]
SiteOption = Annotated[
    list[str] | None, typer.Option(help="Site that it is confined to, repeated; default: all.")
]
token_app = typer.Typer(
    help="Make, list and revoke tokens.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@token_app.command("add")
def add_token(
    name: Annotated[str, typer.Argument(help="Who it is for; plans and orders are recorded by this name.")],
    role: RoleOption = "read",
    site: SiteOption = None,
    data: DataFolder = None,
    tokens: TokenPath = None,
) -> None:
    """Make a token and show it, once: only its salted hash is kept."""
    token = token_file(data, tokens, make=True).add(name, cast("Role", role), site or (), now())
    out_console.print(Text(say(f"Token of {name}, shown this once: {token}")), soft_wrap=True)


@token_app.command("list")
def list_tokens(data: DataFolder = None, tokens: TokenPath = None) -> None:
    """List who has a token: name, role, sites. The tokens themselves are kept nowhere."""
    print_users(token_file(data, tokens).users("token"), "no tokens")


@token_app.command("revoke")
def revoke_token(
    name: Annotated[str, typer.Argument(help="Name or number of the token.")],
    data: DataFolder = None,
    tokens: TokenPath = None,
) -> None:
    """Revoke a token: it and the sessions that were begun with it open nothing any more, at once."""
    user = token_file(data, tokens).revoke(name)
    out_console.print(Text(say(f"The token of {user.name} is revoked.")), soft_wrap=True)


def print_users(users: "list[TokenUser]", otherwise: str) -> None:
    """Print who has a token or a password, or a sentence where nobody has."""
    for user in users:
        sites = ", ".join(user.sites) or say("all sites")
        out_console.print(Text(f"{user.name}: {user.role}, {sites} ({user.token_id})"), soft_wrap=True)
    if not users:
        out_console.print(say(otherwise))


def token_file(data: Path | None, tokens: Path | None, *, make: bool = False) -> "TokenFile":
    """The file of tokens and users; `make` makes the folder that it lies in."""
    require_service_extra()
    from parkdispatch.interfaces.service.access.token_file import TokenFile
    from parkdispatch.interfaces.service.service_settings import ServiceSettings, default_data_folder

    path = ServiceSettings(data or default_data_folder(), token_path=tokens).tokens
    if make and tokens is None:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    return TokenFile(path)
