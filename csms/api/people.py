"""Who may do what: tokens, accounts, and the trail of what was done."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from csms.api.bodies import RequestBody
from csms.api.guard import GuardedRoute
from csms.services.ports.access import AccessToken, AuditEntry, Role
from csms.web.auth import Admin, NodeOf, Viewer
from csms.web.paging import USUAL, Cursor, Limit, Page, page, read_cursor

ROUTER = APIRouter(tags=["access"], route_class=GuardedRoute)
CREATED, NO_CONTENT = 201, 204


class Me(BaseModel):
    """Who the credentials speak for."""

    name: str
    role: Role


class TokenRequest(RequestBody):
    """A token to be made."""

    name: str = Field(min_length=1, max_length=100, description="What it is for.")
    role: Role = Role.VIEWER


class TokenItem(BaseModel):
    """A token, without its secret: that is not kept."""

    id: str
    name: str
    role: Role
    created_at: datetime
    created_by: str
    revoked_at: datetime | None


class NewToken(BaseModel):
    """A new token; the secret is shown this once."""

    id: str
    name: str
    role: Role
    secret: str


class AccountRequest(RequestBody):
    """A person who may sign in."""

    password: str = Field(max_length=500)
    role: Role = Role.VIEWER


class AccountItem(BaseModel):
    """A person who may sign in."""

    name: str
    role: Role
    created_at: datetime | None
    disabled_at: datetime | None


class AuditItem(BaseModel):
    """One thing that somebody did."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


@ROUTER.get("/me", summary="Say who the credentials speak for")
async def show_me(caller: Viewer) -> Me:
    """Return the caller's name and role."""
    return Me(name=caller.name, role=caller.role)


@ROUTER.get("/tokens", summary="List tokens")
async def list_tokens(node: NodeOf, _caller: Admin) -> Page[TokenItem]:
    """Return every token, youngest first, revoked ones too."""
    async with node.begin() as work:
        found = await work.access.tokens()
    return Page(items=[_token(each) for each in found], next=None)


@ROUTER.post("/tokens", summary="Make a token", status_code=CREATED)
async def create_token(node: NodeOf, caller: Admin, wanted: TokenRequest) -> NewToken:
    """Return a new token with its secret, which is shown this once."""
    token, secret = await node.access.create_token(
        wanted.name, wanted.role, by=caller.name
    )
    return NewToken(id=token, name=wanted.name, role=wanted.role, secret=secret)


@ROUTER.delete("/tokens/{token}", summary="Revoke a token", status_code=NO_CONTENT)
async def revoke_token(node: NodeOf, caller: Admin, token: str) -> None:
    """End a token at once."""
    await node.access.revoke(token, by=caller.name)


@ROUTER.get("/accounts", summary="List who may sign in")
async def list_accounts(node: NodeOf, _caller: Admin) -> Page[AccountItem]:
    """Return every account, by name."""
    async with node.begin() as work:
        found = await work.access.accounts()
    items = [
        AccountItem(
            name=each.name,
            role=each.role,
            created_at=each.created_at,
            disabled_at=each.disabled_at,
        )
        for each in found
    ]
    return Page(items=items, next=None)


@ROUTER.put("/accounts/{name}", summary="Let a person sign in")
async def save_account(
    node: NodeOf, caller: Admin, name: str, wanted: AccountRequest
) -> Me:
    """Add an account, or give a known one a new password and role."""
    await node.access.save_account(name, wanted.password, wanted.role, by=caller.name)
    return Me(name=name, role=wanted.role)


@ROUTER.delete(
    "/accounts/{name}", summary="Let a person sign in no more", status_code=NO_CONTENT
)
async def disable_account(node: NodeOf, caller: Admin, name: str) -> None:
    """End an account and its sessions at once; the trail of what it did stays."""
    await node.access.disable_account(name, by=caller.name)


@ROUTER.get("/audit", summary="Read what was done, by whom")
async def list_audit(
    node: NodeOf,
    _caller: Admin,
    subject: str | None = None,
    limit: Limit = USUAL,
    cursor: Cursor = None,
) -> Page[AuditItem]:
    """Return entries of the trail, youngest first."""
    before = read_cursor(cursor, int)
    async with node.begin() as work:
        rows = await work.access.trail(
            before=before[0] if before else None, limit=limit + 1, subject=subject
        )
    return page(rows, limit, _entry, lambda row: row.id)


def _token(token: AccessToken) -> TokenItem:
    return TokenItem(
        id=token.id,
        name=token.name,
        role=token.role,
        created_at=token.created_at,
        created_by=token.created_by,
        revoked_at=token.revoked_at,
    )


def _entry(entry: AuditEntry) -> AuditItem:
    return AuditItem(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        detail=dict(entry.detail),
    )
