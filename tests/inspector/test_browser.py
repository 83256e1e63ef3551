"""The inspector in Chromium: what a person does, without an error, a request elsewhere or a barrier."""

from __future__ import annotations

import json
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from playwright.sync_api import Browser, Page, expect

from dynaseal import AttributeActions, AwsKmsKeyring, CryptoAction, EncryptedTable
from inspector.conftest import MAY_READ, SECRET, Site, allow
from support.browser import Visit, serious

DECRYPT = json.dumps({"Statement": [{"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"}]})


@pytest.fixture
def visit(chromium: Browser, site: Site) -> Iterator[Visit]:
    """A page of somebody who has opened the printed URL; afterwards, no error and no request elsewhere."""
    # Without transitions: a colour that is about to change has another contrast.
    context = chromium.new_context(reduced_motion="reduce")
    visit = Visit(context.new_page())
    visit.page.goto(site.url)
    yield visit
    context.close()
    assert visit.problems == []
    assert visit.hosts == {"127.0.0.1"}


def open_item(page: Page, user: str = "") -> None:
    page.get_by_role("link", name="people", exact=True).click()
    page.get_by_role("link", name="pk='ann'").click()
    if user:
        switch(page, user)


def switch(page: Page, user: str) -> None:
    page.get_by_label("Look as").select_option(user)
    with page.expect_navigation():
        page.get_by_role("button", name="Switch").click()


def test_the_token_leaves_the_address(visit: Visit) -> None:
    assert "token" not in visit.page.url


def test_a_value_is_revealed_when_it_is_asked_for(visit: Visit) -> None:
    page = visit.page
    open_item(page, "full")
    expect(page.get_by_text("full can decrypt this item")).to_be_visible()
    expect(page.get_by_text(SECRET)).to_have_count(0)
    page.get_by_role("button", name="Reveal secret").click()
    expect(page.get_by_text(SECRET)).to_be_visible()


def test_the_denial_is_shown_and_a_policy_changes_it_at_once(visit: Visit) -> None:
    boto3.client("iam").create_user(UserName="browser")
    allow("browser", *MAY_READ)
    page = visit.page
    page.reload()
    open_item(page, "browser")
    expect(page.get_by_text("is not authorized to perform: kms:Decrypt")).to_be_visible()
    row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="user/browser"))
    expect(row.get_by_role("cell").first).to_have_text("no")

    page.get_by_text("Add a policy to browser").click()
    page.get_by_label("Document", exact=True).fill(DECRYPT)
    page.locator("details[open]").get_by_role("button", name="Save").click()

    expect(page.get_by_text("it takes effect at once")).to_be_visible()
    expect(page.get_by_text("browser can decrypt this item")).to_be_visible()
    expect(row.get_by_role("cell").first).to_have_text("yes")
    page.get_by_role("button", name="Reveal all values").click()
    expect(page.get_by_text(SECRET)).to_be_visible()


def test_a_malformed_policy_shows_awss_words_beside_it(visit: Visit) -> None:
    page = visit.page
    open_item(page, "limited")
    page.get_by_text("Add a policy to limited").click()
    page.get_by_label("Document", exact=True).fill("{")
    page.locator("details[open]").get_by_role("button", name="Save").click()
    expect(page.get_by_text("MalformedPolicyDocument")).to_be_visible()
    expect(page.get_by_text("limited cannot decrypt this item")).to_be_visible()


def test_the_trail_shows_new_calls_by_itself(visit: Visit, chromium: Browser, site: Site) -> None:
    page = visit.page
    page.get_by_role("link", name="Trail").click()
    before = page.locator("#events").inner_text()
    context = chromium.new_context()
    other = context.new_page()
    other.goto(site.url)
    open_item(other, "limited")
    context.close()
    expect(page.locator("#events")).not_to_have_text(before, timeout=10_000)
    expect(page.locator("#events tbody tr", has_text="kms:Decrypt").first).to_contain_text("limited")


def test_bytes_of_the_header_lead_to_their_meaning(visit: Visit) -> None:
    page = visit.page
    open_item(page)
    page.get_by_role("link", name="0003 7373 65").click()
    row = page.locator("tr:target")
    expect(row).to_contain_text("legend")
    expect(row).to_contain_text("2 signed, 1 encrypted and signed")


def test_everything_can_be_reached_by_keyboard(visit: Visit) -> None:
    page = visit.page
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    open_item(page, "full")
    button = page.get_by_role("button", name="Reveal secret")
    for _ in range(40):
        page.keyboard.press("Tab")
        if button.evaluate("element => element === document.activeElement"):
            break
    page.keyboard.press("Enter")
    # The value has the focus of the button whose place it takes.
    expect(page.get_by_text(SECRET)).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier(visit: Visit, scheme: Any) -> None:
    page = visit.page
    page.emulate_media(color_scheme=scheme)
    found = {"tables": serious(page)}
    page.get_by_role("link", name="people", exact=True).click()
    page.get_by_text("Items by a query").click()
    found["table"] = serious(page)
    page.get_by_role("link", name="pk='ann'").click()
    switch(page, "limited")
    page.get_by_text("Add a policy to limited").click()
    found["denied"] = serious(page)
    switch(page, "full")
    page.get_by_role("button", name="Reveal secret").click()
    expect(page.get_by_text(SECRET)).to_be_visible()
    found["item"] = serious(page)
    page.get_by_role("link", name="Policies").click()
    found["policies"] = serious(page)
    page.get_by_role("link", name="Trail").click()
    found["trail"] = serious(page)
    assert {name: problems for name, problems in found.items() if problems} == {}


def test_pages_can_be_read_at_360_pixels(visit: Visit) -> None:
    page = visit.page
    page.set_viewport_size({"width": 360, "height": 740})
    for name in ("people", "pk='ann'", "Policies", "Trail"):
        page.get_by_role("link", name=name, exact=name == "people").click()
        page.wait_for_load_state()
        widths = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert widths[0] <= widths[1], name
        if name == "pk='ann'":
            page.go_back()


class StrangersServer:
    """Another program of this machine, on another port, which keeps the headers that it receives."""

    def __init__(self) -> None:
        received: list[Message] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                received.append(self.headers)
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<h1>stranger</h1>")

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 the name in the base class
                """Print nothing."""

        self.received = received
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}/"


@pytest.fixture
def strangers_server() -> Iterator[StrangersServer]:
    strangers_server = StrangersServer()
    thread = Thread(target=strangers_server.server.serve_forever)
    thread.start()
    yield strangers_server
    strangers_server.server.shutdown()
    strangers_server.server.server_close()
    thread.join()


def test_a_strangers_page_can_neither_read_frame_nor_change(
    chromium: Browser, site: Site, strangers_server: StrangersServer
) -> None:
    """A page of another port of this machine, which is the same site for a cookie."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(site.url)
    address = page.url
    other = page.request.get(address)  # as the page itself: the cookie is there
    assert "Tables" in other.text()
    stranger = context.new_page()
    stranger.goto(strangers_server.address)
    assert strangers_server.received
    assert not any("Cookie" in headers for headers in strangers_server.received)
    read = """async address => {
        const readings = [];
        for (const mode of ["cors", "no-cors"]) {
            try {
                const response = await fetch(address, {mode, credentials: "include"});
                readings.push(await response.text());
            } catch (error) { readings.push(""); }
        }
        return readings.join("");
    }"""
    assert stranger.evaluate(read, address) == ""
    change = """async address => {
        const document = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}';
        const body = new URLSearchParams({kind: "user", owner: "limited", name: "evil", document});
        try { await fetch(address, {method: "POST", mode: "no-cors", credentials: "include", body}); }
        catch (error) { return; }
    }"""
    stranger.evaluate(change, f"{address}policies/save")
    assert "evil" not in boto3.client("iam").list_user_policies(UserName="limited")["PolicyNames"]
    frame = """address => new Promise(done => {
        const frame = document.createElement("iframe");
        frame.src = address;
        frame.onload = () => setTimeout(done, 200);
        document.body.append(frame);
    })"""
    stranger.evaluate(frame, address)
    (child,) = stranger.frames[1:]
    assert "Tables" not in child.content()
    assert "dynaseal-inspector" not in stranger.evaluate("document.cookie")
    submit = """address => {
        const form = document.createElement("form");
        form.method = "post";
        form.action = address;
        document.body.append(form);
        form.submit();
    }"""
    stranger.evaluate(submit, f"{address}policies/save")
    expect(stranger.get_by_text("Another site caused this request")).to_be_visible()
    context.close()


@pytest.mark.parametrize("origin", ["another port", "another host", "a file"])
def test_the_printed_url_works_from_a_link_of_another_site(
    chromium: Browser, site: Site, strangers_server: StrangersServer, tmp_path: Path, origin: str
) -> None:
    """A terminal in a browser shows the URL as a link of its own site."""
    context = chromium.new_context()
    page = context.new_page()
    if origin == "a file":
        link = tmp_path / "link.html"
        link.write_text(f'<meta http-equiv="refresh" content="0; url={site.url}">')
        page.goto(link.as_uri())
    else:
        host = "127.0.0.1" if origin == "another port" else "localhost"
        page.goto(strangers_server.address.replace("127.0.0.1", host))
        page.evaluate("url => { location.href = url; }", site.url)
    expect(page.get_by_role("heading", name="Tables")).to_be_visible()
    assert "token" not in page.url
    context.close()


@pytest.mark.parametrize(
    "name", ["a\rb", "a\r\nb", "a\nb", "a\x00b", "a%0Db", "<b>&amp;", "a+b c", "é\u202e"]
)
def test_a_value_is_revealed_whatever_its_attribute_is_called(visit: Visit, site: Site, name: str) -> None:
    actions = AttributeActions(CryptoAction.ENCRYPT_AND_SIGN, {"pk": CryptoAction.SIGN_ONLY})
    people = boto3.resource("dynamodb").Table("people")
    names = EncryptedTable(people, AwsKmsKeyring(site.key_arn), attribute_actions=actions)
    after_each_name = "\uffe5"  # engines return attributes in the order in which they were put, or sorted
    names.put_item(Item={"pk": "names", name: SECRET, after_each_name: "not shown"})
    page = visit.page
    page.goto(f"{page.url}tables/people?key.pk=names")
    page.get_by_role("button", name="Reveal").first.click()
    expect(page.get_by_text(SECRET)).to_be_visible()
    expect(page.get_by_text("not shown")).to_have_count(0)
    people.delete_item(Key={"pk": "names"})
