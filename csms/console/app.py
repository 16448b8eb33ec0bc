"""The operator's console: server-rendered pages that keep themselves up to date."""

from typing import TYPE_CHECKING

from fastapi import FastAPI

from csms.console import (
    alerts,
    audit,
    calling,
    certificates,
    charging,
    conformance,
    diagnostics,
    displays,
    event,
    events,
    firmware,
    fleet,
    handshakes,
    home,
    logs,
    mail,
    reservations,
    security,
    setup,
    signing,
    station,
    tariffs,
    tokens,
)
from csms.console.assets import PREFIX, Assets
from csms.console.shell import make_shell

if TYPE_CHECKING:
    from csms.services.node import Node

PAGES = (
    signing,
    home,
    fleet,
    station,
    security,
    certificates,
    audit,
    charging,
    diagnostics,
    displays,
    setup,
    firmware,
    events,
    calling,
    event,
    tokens,
    reservations,
    tariffs,
    alerts,
    logs,
    mail,
    handshakes,
    conformance,
)
"""In the order in which addresses are compared: fixed words before names."""


def install(app: FastAPI, node: "Node") -> None:
    """Give an application the console."""
    assets = Assets.load()
    app.state.node = node
    app.state.console = make_shell(node, assets)
    app.add_api_route(
        f"{PREFIX}/{{build}}/{{name}}", assets.serve, include_in_schema=False
    )
    for page in PAGES:
        app.include_router(page.router)
