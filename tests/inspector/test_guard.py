"""A stranger's page can neither read nor change anything: token, cookie, Host, Origin, framing, caching."""

from __future__ import annotations

import hashlib
from importlib import resources

import httpx
import pytest

from dynaseal.inspector.guard import COOKIE, MAX_BODY
from inspector.conftest import SECRET, Site


def origin_of(client: httpx.Client) -> str:
    return str(client.base_url.copy_with(path="")).rstrip("/")


def test_the_token_becomes_a_cookie_that_scripts_and_other_sites_do_not_have(site: Site) -> None:
    response = httpx.get(site.url)
    assert response.status_code == 303
    cookie = response.headers["set-cookie"]
    path = response.headers["location"]
    assert "token" not in path
    assert cookie.startswith(f"{COOKIE}=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert f"Path={path}" in cookie
    assert site.url.partition("token=")[2] not in cookie


@pytest.mark.parametrize("token", ["", "x", "\u00e4", "a" * 5000])
def test_another_token_is_refused(site: Site, token: str) -> None:
    response = httpx.get(f"{site.origin}/", params={"token": token})
    assert (response.status_code, "set-cookie" in response.headers) == (403, False)


def test_two_tokens_are_refused(site: Site) -> None:
    assert httpx.get(f"{site.url}&token=x").status_code == 403


@pytest.mark.parametrize("path", ["", "tables/people", "policies", "trail", "static/inspector.css"])
def test_nothing_is_answered_without_the_cookie(client: httpx.Client, path: str) -> None:
    address = client.base_url.join(path)
    assert httpx.get(address).status_code == 403
    assert httpx.get(address, cookies={COOKIE: "x"}).status_code == 403
    assert client.get(path).status_code == 200


@pytest.mark.parametrize("path", ["/", "/tables/people", "/docs", "/..%2f"])
def test_nothing_is_answered_outside_the_path_of_the_cookie(client: httpx.Client, path: str) -> None:
    cookies = {cookie.name: str(cookie.value) for cookie in client.cookies.jar}
    assert httpx.get(f"{origin_of(client)}{path}", cookies=cookies).status_code == 403


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "127.0.0.1:1", "localhost.evil.example", ""])
def test_another_host_name_is_refused_against_dns_rebinding(client: httpx.Client, host: str) -> None:
    assert client.get("", headers={"Host": host}).status_code == 403
    assert client.get("/", params={"token": "x"}, headers={"Host": host}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "null"},
        {"Origin": "http://evil.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "https://{host}"},
        {"Referer": "http://{host}/"},
    ],
)
def test_a_change_needs_the_origin_of_this_server(client: httpx.Client, headers: dict[str, str]) -> None:
    host = client.base_url.netloc.decode()
    sent = {name: value.format(host=host) for name, value in headers.items()}
    fields = {"kind": "user", "owner": "limited", "name": "evil", "document": "{}"}
    assert client.post("policies/save", data=fields, headers=sent).status_code == 403
    assert SECRET not in client.post("tables/people/item/reveal", headers=sent).text


@pytest.mark.parametrize("site_header", ["cross-site", "same-site", "x"])
def test_a_request_that_another_site_caused_is_refused(client: httpx.Client, site_header: str) -> None:
    assert client.get("", headers={"Sec-Fetch-Site": site_header}).status_code == 403


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS"])
def test_other_methods_change_nothing(client: httpx.Client, method: str) -> None:
    assert client.request(method, "policies/save").status_code == 403
    own = client.request(method, "policies/save", headers={"Origin": origin_of(client)})
    assert own.status_code == 405


@pytest.mark.parametrize("path", ["", "tables/people", "nothing", "static/inspector.css"])
def test_no_reply_can_be_framed_stored_or_load_from_elsewhere(client: httpx.Client, path: str) -> None:
    headers = client.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-frame-options"] == "DENY"
    assert headers["cache-control"] == "no-store"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in headers


def test_a_refusal_has_the_same_headers(site: Site) -> None:
    headers = httpx.get(f"{site.origin}/x").headers
    assert (headers["x-frame-options"], headers["cache-control"]) == ("DENY", "no-store")


def test_pages_have_no_inline_script_or_style(client: httpx.Client) -> None:
    for path in ("", "tables/people", "policies", "trail"):
        page = client.get(path).text
        assert "<style" not in page
        assert " style=" not in page
        assert "<script>" not in page
        assert " onclick" not in page
        assert "http://" not in page.replace(origin_of(client), "").replace("http://www.w3.org", "")
        assert "https://" not in page


def test_a_body_that_is_too_long_is_refused(client: httpx.Client) -> None:
    response = client.post(
        "policies/save", content=b"x" * (MAX_BODY + 1), headers={"Origin": origin_of(client)}
    )
    assert response.status_code == 413


def test_the_server_does_not_name_itself_and_serves_no_file_outside_its_folder(client: httpx.Client) -> None:
    assert "server" not in client.get("").headers
    assert client.get("static/..%2fguard.py").status_code == 404


@pytest.mark.parametrize(
    ("name", "checksum"),
    [
        ("htmx-2.0.11.min.js", "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717"),
        ("pico-2.1.1.classless.min.css", "61207a40ffc02a42d1e50143651c121beab70ed413c934c1ff84fa263ba436b0"),
    ],
)
def test_htmx_and_pico_are_the_published_files(name: str, checksum: str) -> None:
    """`htmx.org` 2.0.11 (0BSD) and `@picocss/pico` 2.1.1 (MIT), as npm has them."""
    content = (resources.files("dynaseal.inspector") / "static" / name).read_bytes()
    assert hashlib.sha256(content).hexdigest() == checksum


@pytest.mark.parametrize("site_header", ["cross-site", "same-site"])
def test_the_token_works_where_another_site_has_the_link(site: Site, site_header: str) -> None:
    """A browser sends no SameSite=Strict cookie after a redirect that began at another site."""
    response = httpx.get(site.url, headers={"Sec-Fetch-Site": site_header})
    assert response.status_code == 200
    path = response.headers["set-cookie"].partition("Path=")[2].partition(";")[0]
    assert f'content="0; url={path}"' in response.text
    assert "token" not in response.text
    assert httpx.get(site.url[:-1], headers={"Sec-Fetch-Site": site_header}).status_code == 403
