"""What every page of the console has around it: frame, headers, failures."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote, urlsplit

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.routing import APIRoute
from typing_extensions import override

from csms.console import wording
from csms.console.assets import Assets
from csms.console.menu import may, menu
from csms.domain.errors import DomainError
from csms.services.ports.access import Role
from csms.web.auth import admit
from csms.web.outcomes import told
from csms.web.problems import Unauthenticated, status_of
from csms.web.templates import environment

if TYPE_CHECKING:
    from jinja2 import Environment

    from csms.services.access import Caller
    from csms.services.node import Node

SEE_OTHER, UNPROCESSABLE = 303, 422
STREAM = "/api/v1/stream"

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True, slots=True)
class Shell:
    """Puts pages together.

    Attributes:
        node: The running node.
        templates: The pages.
        zone: In which times are shown that belong to no site.
    """

    node: "Node"
    templates: "Environment"
    zone: tzinfo

    def page(
        self,
        template: str,
        caller: "Caller | None" = None,
        status: int = 200,
        **values: object,
    ) -> Response:
        """Return a page.

        Args:
            template: Its name.
            caller: Who looks at it; none before the sign-in.
            status: The HTTP status.
            values: What the template shows.
        """
        node = self.node
        role = Role.VIEWER if caller is None else caller.role
        frame: dict[str, Any] = {
            "caller": caller,
            "may_act": caller is not None and caller.role.may(Role.OPERATOR),
            "may": partial(may, role),
            "menu": menu(role, has_mail=node.mail is not None),
            "now": node.clock.now(),
            "rate": node.clock.rate,
            "zone": self.zone,
            "version": node.version,
            "stream": STREAM if caller else "",
        }
        text = self.templates.get_template(template).render(frame | values)
        return HTMLResponse(text, status)


def make_shell(node: "Node", assets: Assets) -> Shell:
    """Return the frame of all pages."""
    templates = environment("csms.console")
    templates.globals["asset"] = assets.address
    templates.globals["wording"] = wording
    templates.filters |= {
        "stamp": wording.stamp,
        "time": wording.time_of_day,
        "kw": wording.kw,
        "kwh": wording.kwh,
        "meaning": wording.meaning,
    }
    zone = node.programs[0].zone if node.programs else UTC
    return Shell(node, templates, zone)


def shell_of(request: Request) -> Shell:
    """Return the frame that an application shows its pages in."""
    shell: Shell = request.app.state.console
    return shell


ShellOf = Annotated[Shell, Depends(shell_of)]


class PageRoute(APIRoute):
    """A page: whoever is not signed in is led there, failures are pages too."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def page(request: Request) -> Response:
            try:
                await admit(request)
                async with told(request):
                    response = await answer(request)
            except Unauthenticated:
                response = _to_sign_in(request)
            except DomainError as error:
                response = _failure(request, status_of(error), str(error), error.remedy)
            except RequestValidationError as error:
                first = error.errors()[0]
                where = ".".join(str(part) for part in first["loc"][1:])
                said = f"{where}: {first['msg']}"
                response = _failure(request, UNPROCESSABLE, said, None)
            for name, value in HEADERS.items():
                response.headers.setdefault(name, value)
            return response

        return page


def _to_sign_in(request: Request) -> Response:
    back = request.url.path if request.method in ("GET", "HEAD") else "/"
    if request.url.query and back != "/":
        back = f"{back}?{request.url.query}"
    where = "/sign-in" if back == "/" else f"/sign-in?next={quote(back, safe='')}"
    return RedirectResponse(where, SEE_OTHER)


def _failure(
    request: Request, status: int, detail: str, remedy: str | None
) -> Response:
    shell = shell_of(request)
    back = urlsplit(request.headers.get("referer", "")).path or "/"
    return shell.page(
        "failure.html", None, status, detail=detail, remedy=remedy, back=back
    )


def to(path: str) -> Response:
    """Return what leads a browser to a page after it has posted something."""
    return RedirectResponse(path, SEE_OTHER)
