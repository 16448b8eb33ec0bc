"""`csms tokens`, `csms accounts` and `csms audit`: who may do what, and who did."""

from enum import StrEnum
from typing import Annotated

import typer

from csms.cli.desk import Desk, Limit, asks
from csms.cli.failures import ExitCode, Failed
from csms.cli.tables import listing, moment, note, text

tokens = typer.Typer(no_args_is_help=True, help="Keys to the API.")
accounts = typer.Typer(no_args_is_help=True, help="People who sign in.")


class Role(StrEnum):
    """What somebody may do; each may do all that the one before may."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


RoleOption = Annotated[Role, typer.Option(help="What it may do.")]


@tokens.command("list")
@asks
def list_tokens(desk: Desk) -> None:
    """List tokens; their secrets are shown to nobody."""
    rows = desk.api.items("tokens", most=1000)
    desk.show(rows, lambda: [listing("Tokens", _TOKENS, rows, "No token.")])


@tokens.command()
@asks
def create(
    desk: Desk,
    name: Annotated[str, typer.Argument(help="What it is for.")],
    *,
    role: RoleOption = Role.VIEWER,
) -> None:
    """Make a token and print its secret, once."""
    said = desk.api.ask("POST", "tokens", body={"name": name, "role": role.value})
    if not desk.as_json:
        note(f"token {said['id']} for {name} ({role.value}); keep its secret:")
    desk.show(said, lambda: [said["secret"]])


@tokens.command()
@asks
def revoke(desk: Desk, token: Annotated[str, typer.Argument(help="Its id.")]) -> None:
    """End a token."""
    desk.api.ask("DELETE", "tokens", token)
    desk.show({"revoked": token}, lambda: [f"{token} is revoked"])


@accounts.command("list")
@asks
def list_accounts(desk: Desk) -> None:
    """List accounts."""
    rows = desk.api.items("accounts", most=1000)
    empty = "No account. Make one: csms accounts set NAME --role admin"
    desk.show(rows, lambda: [listing("Accounts", _ACCOUNTS, rows, empty)])


@accounts.command("set")
@asks
def set_account(
    desk: Desk,
    name: Annotated[str, typer.Argument(help="Whom.")],
    *,
    role: RoleOption = Role.VIEWER,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin.")
    ] = False,
) -> None:
    """Make an account, or change its role and password.

    The password is asked for, or read from standard input; it is never an argument,
    which others on this machine could see.
    """
    body = {"role": role.value, "password": _password(name, from_stdin=password_stdin)}
    said = desk.api.ask("PUT", "accounts", name, body=body)
    desk.show(said, lambda: [f"{name} may sign in as {role.value}"])


@accounts.command("disable")
@asks
def disable_account(
    desk: Desk, name: Annotated[str, typer.Argument(help="Whom.")]
) -> None:
    """Let a person sign in no more; sessions end at once."""
    desk.api.ask("DELETE", "accounts", name)
    desk.show({"disabled": name}, lambda: [f"{name} may sign in no more"])


@asks
def audit(desk: Desk, *, limit: Limit = 50) -> None:
    """Show who did what, the latest first."""
    rows = desk.api.items("audit", most=limit)
    desk.show(
        rows, lambda: [listing("Audit trail", _TRAIL, rows, "Nobody did a thing.")]
    )


def _password(name: str, *, from_stdin: bool) -> str:
    if from_stdin:
        said = typer.get_text_stream("stdin").readline().rstrip("\r\n")
    else:
        said = typer.prompt(
            f"Password for {name}", hide_input=True, confirmation_prompt=True, err=True
        )
    if not said:
        raise Failed(
            "An account needs a password.",
            code=ExitCode.USAGE,
            field="password",
            remedy="Type one, or pipe it to --password-stdin.",
        )
    return str(said)


_TOKENS = (
    text("token", "id"),
    text("name", "name"),
    text("role", "role"),
    moment("made", "created_at"),
    text("by", "created_by"),
    moment("revoked", "revoked_at"),
)
_ACCOUNTS = (
    text("account", "name"),
    text("role", "role"),
    moment("made", "created_at"),
    moment("disabled", "disabled_at"),
)
_TRAIL = (
    moment("at", "at"),
    text("who", "actor"),
    text("did", "action"),
    text("to", "subject"),
    text("detail", "detail"),
)
