"""Which HTTP requests are answered: those of one browser, to which this program's URL was given.

- The URL that is printed has a random token. It is exchanged for a cookie, and the token is never in a link.
- The cookie is HttpOnly and SameSite=Strict. Its path is random too: browsers send a cookie to every port of
  a host, and this one goes to no other program of this machine.
- The Host header must be this server's, against DNS rebinding. A request that changes something needs this
  server's Origin, and a request that another site caused is refused by its Sec-Fetch-Site.
- No reply may be stored, framed, or load anything from elsewhere, and no inline script or style runs.

Source: https://www.w3.org/TR/fetch-metadata/, https://www.rfc-editor.org/rfc/rfc6265#section-8.5
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from hmac import compare_digest
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "dynaseal-inspector"
MAX_BODY = 256 * 1024
"""More than any policy document that AWS accepts."""

_HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "x-frame-options": "DENY",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
_SAME_SITE = ("same-origin", "none")


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True, slots=True)
class Keys:
    """What the owner of the browser has and nobody else: made new for each run.

    Attributes:
        token: In the URL that is printed.
        cookie: The cookie's value.
        path: The first part of every path, which is also the cookie's path.
    """

    token: str = field(default_factory=_secret, repr=False)
    cookie: str = field(default_factory=_secret, repr=False)
    path: str = field(default_factory=lambda: f"/{secrets.token_urlsafe(16)}", repr=False)


@dataclass(frozen=True, slots=True)
class Guard:
    """An ASGI application that passes on the requests of one browser.

    Args:
        app: The application whose paths begin with the keys' path.
        keys: The token, the cookie and the path.
        hosts: The values that the Host header may have.
    """

    app: ASGIApp
    keys: Keys
    hosts: frozenset[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or pass it on."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif scope["type"] == "http":
            refusal = self._refusal(scope)
            await (refusal or self.app)(scope, _limited(receive), _with_headers(send))
        else:
            await send({"type": "websocket.close", "code": 1008})

    def _refusal(self, scope: Scope) -> Response | None:
        """Return the response to a request that is not passed on; None for one that is."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if len(headers.getlist("host")) != 1 or host not in self.hosts:
            return _refused("This server is reached by the URL that it printed, and by no other name")
        if scope["method"] == "GET" and scope["path"] == "/" and scope["query_string"]:
            return self._enter(scope)
        if headers.get("sec-fetch-site", "none") not in _SAME_SITE:
            return _refused("Another site caused this request")
        if not self._has_cookie(headers) or not scope["path"].startswith(f"{self.keys.path}/"):
            return _refused("Open the URL that `dynaseal inspector` printed, with its token")
        if scope["method"] not in ("GET", "HEAD") and headers.get("origin") != f"http://{host}":
            return _refused("Another site caused this request")
        return None

    def _enter(self, scope: Scope) -> Response:
        """Exchange the token for the cookie."""
        tokens = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])
        if len(tokens) != 1 or not compare_digest(tokens[0].encode(), self.keys.token.encode()):
            return _refused("The token is not the one that `dynaseal inspector` printed")
        response = _leads_to(f"{self.keys.path}/", Headers(scope=scope))
        response.set_cookie(
            COOKIE, self.keys.cookie, path=f"{self.keys.path}/", httponly=True, samesite="strict"
        )
        return response

    def _has_cookie(self, headers: Headers) -> bool:
        return any(
            compare_digest(value.encode(), self.keys.cookie.encode())
            for value in _cookies(headers.getlist("cookie"))
        )


def _cookies(lines: Iterable[str]) -> Iterable[str]:
    for line in lines:
        try:
            morsel = SimpleCookie(line).get(COOKIE)
        except CookieError:
            continue
        if morsel is not None:
            yield morsel.value


def _leads_to(path: str, headers: Headers) -> Response:
    """Return a response that leads to the first page.

    A browser sends a SameSite=Strict cookie after no redirect that began at another site, such as a terminal
    in a browser or a local file. There, a page of this server begins anew.
    """
    if headers.get("sec-fetch-site", "none") in _SAME_SITE:
        return RedirectResponse(path, status_code=303)
    # The path consists of characters that need no escape.
    return HTMLResponse(
        f'<!doctype html><html lang="en"><title>dynaseal inspector</title>'
        f'<meta http-equiv="refresh" content="0; url={path}"><a href="{path}">Tables</a></html>'
    )


def _refused(message: str) -> Response:
    return PlainTextResponse(f"{message}.\n", status_code=403)


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers[name] = value
        await send(message)

    return send_with_headers


def _limited(receive: Receive) -> Receive:
    """Receive at most `MAX_BODY` bytes of a request; a longer one ends as if its sender had gone."""
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        return message if received <= MAX_BODY else {"type": "http.disconnect"}

    return receive_limited
