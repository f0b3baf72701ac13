"""`parkdispatch serve user`: who signs in at the pages with a name and a password."""

import sys
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.text import Text

from parkdispatch.interfaces.commands.console import now, out_console, say
from parkdispatch.interfaces.commands.serving.serve_tokens import (
    DataFolder,
    RoleOption,
    SiteOption,
    TokenPath,
    print_users,
    token_file,
)

if TYPE_CHECKING:
    from parkdispatch.interfaces.service.access.token_file import Role

user_app = typer.Typer(
    help="Add, list and remove users, who sign in at the pages with a name and a password.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
UserName = Annotated[str, typer.Argument(help="Name of the user.")]


@user_app.command("add")
def add_user(
    name: Annotated[str, typer.Argument(help="Name to sign in with; plans and orders are recorded by it.")],
    role: RoleOption = "read",
    site: SiteOption = None,
    data: DataFolder = None,
    tokens: TokenPath = None,
) -> None:
    """Add a user. The password is asked for, or read from the first line of the input."""
    file = token_file(data, tokens, make=True)
    file.add_user(name, read_password(), cast("Role", role), site or (), now())
    out_console.print(Text(say(f"{name} can sign in.")), soft_wrap=True)


@user_app.command("password")
def change_password(name: UserName, data: DataFolder = None, tokens: TokenPath = None) -> None:
    """Give a user another password; the sessions of the one before end at once."""
    user = token_file(data, tokens).change_password(name, read_password())
    out_console.print(Text(say(f"{user.name} can sign in.")), soft_wrap=True)


@user_app.command("list")
def list_users(data: DataFolder = None, tokens: TokenPath = None) -> None:
    """List who signs in with a password: name, role, sites. Only salted hashes of passwords are kept."""
    print_users(token_file(data, tokens).users("password"), "no users")


@user_app.command("remove")
def remove_user(name: UserName, data: DataFolder = None, tokens: TokenPath = None) -> None:
    """Remove a user: the password and the sessions that were begun with it open nothing any more, at once."""
    user = token_file(data, tokens).revoke(name, "password")
    out_console.print(Text(say(f"{user.name} is removed.")), soft_wrap=True)


def read_password() -> str:
    """The password: typed twice without being shown, or the first line of an input that is no terminal."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password: str = typer.prompt(
        say("Password"), hide_input=True, confirmation_prompt=say("The password again")
    )
    return password
