"""The pages that only a lab has, for its root: policies that can be edited, and the trail."""

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from starlette.responses import RedirectResponse, Response

from dynaseal.inspector import policies
from dynaseal.inspector.labs import Lab
from dynaseal.inspector.site import AWS_ERRORS, NotFoundError, Site, Visit, in_words

_SHOWN_EVENTS = 50
_FEW_EVENTS = 8
"""How many the page of an item shows."""

Event = Mapping[str, Any]


@dataclass(slots=True)
class RecentEvents:
    """The newest events of a lab's trail. Safe for many threads.

    Only new events are fetched, and only as many are kept as a page shows.

    Args:
        ambient_arn: The principal of which most calls are this program's own.
    """

    ambient_arn: str
    _last: int = 0
    _all: deque[Event] = field(default_factory=lambda: deque[Event](maxlen=_SHOWN_EVENTS))
    _others: deque[Event] = field(default_factory=lambda: deque[Event](maxlen=_SHOWN_EVENTS))
    _lock: Lock = field(default_factory=Lock, repr=False)

    def fetch(self, lab: Lab, *, with_ambient: bool) -> Sequence[Event]:
        """Return the newest events, newest first, with or without the ambient principal's."""
        with self._lock:
            for event in lab.trail(self._last):
                self._last = event["sequence"]
                self._all.append(event)
                if event["principal"] != self.ambient_arn:
                    self._others.append(event)
            return list(reversed(self._all if with_ambient else self._others))


@dataclass(frozen=True, slots=True)
class LabPages:
    """Answers requests about a lab's policies and its trail."""

    site: Site
    events: RecentEvents

    def show_policies(self, visit: Visit) -> Response:
        """Return every policy of the account's keys and users, each in an editor."""
        self._lab()
        root = self.site.account.ambient
        users = self.site.account.users()
        return self.site.page(
            "policies.html",
            visit,
            key_policies=list(policies.key_policies(root.kms)),
            user_policies=[(user, list(policies.user_policies(root.iam, user))) for user in users],
            new_document=policies.new_policy_document(),
        )

    def save_policy(self, visit: Visit) -> Response:
        """Write or delete a policy, in a lab only, and let the page load what depends on it again.

        Raises:
            ValueError: the form does not name a policy.
        """
        self._lab()
        kind, owner, name = visit.get("kind"), visit.get("owner"), visit.get("name")
        if kind not in ("key", "user", "group", "managed") or not owner:
            raise ValueError("The form does not name a policy")
        root = self.site.account.ambient
        is_deleted = visit.get("action") == "delete" and kind == "user"
        try:
            if is_deleted:
                policies.delete_user_policy(root.iam, owner, name)
            else:
                policies.save(root, kind, owner, name, visit.get("document"))
        except AWS_ERRORS as error:
            return self.site.error(visit.request, in_words(error), 200)
        if not visit.is_partial:
            return RedirectResponse(f"{self.site.path}/policies", 303)
        response = self.site.html("_saved.html", done="Deleted" if is_deleted else "Saved")
        response.headers["HX-Trigger"] = "policies-changed"
        return response

    def show_trail(self, visit: Visit) -> Response:
        """Return the newest decisions."""
        return self.site.page("trail.html", visit, **self._newest(visit))

    def show_events(self, visit: Visit) -> Response:
        """Return the newest decisions if there is one after the event that the page has; 204 if not.

        Raises:
            ValueError: the address does not name an event.
        """
        after = visit.get("after")
        if not (after.isascii() and after.isdigit() and len(after) < 19):
            raise ValueError("The address does not name an event")
        newest = self._newest(visit)
        if newest["last"] <= int(after):
            return Response(status_code=204)  # htmx leaves the page as it is
        return self.site.html("_events.html", **newest)

    def _newest(self, visit: Visit) -> dict[str, Any]:
        with_ambient, few = visit.get("all") == "yes", visit.get("few") == "yes"
        events = self.events.fetch(self._lab(), with_ambient=with_ambient)
        return {
            "events": events[:_FEW_EVENTS] if few else events,
            "last": events[0]["sequence"] if events else 0,
            "with_ambient": with_ambient,
            "few": few,
        }

    def _lab(self) -> Lab:
        lab = self.site.account.lab
        if lab is None:
            raise NotFoundError("Only a lab has this page, for its root")
        return lab
