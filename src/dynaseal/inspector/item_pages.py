"""The page of an item: stored beside decrypted, who can read it, and the policies that decide it.

Decrypted values are sent only in the reply to a request that asks for them; otherwise a page says whether the
item can be decrypted, and not to what.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError
from starlette.responses import Response

from dynaseal.inspection.item import ExplainedItem, describe_key_attributes, explain_item
from dynaseal.inspection.tables import TableFacts, get_item
from dynaseal.inspector import policies
from dynaseal.inspector.accounts import Actor
from dynaseal.inspector.readers import Readers
from dynaseal.inspector.rendering import decode_key, decode_name, encode_key
from dynaseal.inspector.site import AWS_ERRORS, NotFoundError, Site, Visit, in_words
from dynaseal.inspector.who_can import Principals, ways_to_unwrap, who_can_read

Revealed = frozenset[str] | None
"""The names of the attributes whose values are shown; None for all of them."""

_NOTHING: Revealed = frozenset()


@dataclass(frozen=True, slots=True)
class ItemPages:
    """Answers requests about one item, which the field `k` names by its key."""

    site: Site
    readers: Readers

    def show_item(self, visit: Visit) -> Response:
        """Return the item's page, without any decrypted value."""
        return self._page(visit, _NOTHING)

    def show_reading(self, visit: Visit) -> Response:
        """Return the part of the page that shows the item, without any decrypted value."""
        return self._reading(visit, _NOTHING)

    def reveal(self, visit: Visit) -> Response:
        """Return the same with one decrypted value, or with all of them."""
        name = visit.get("attribute")
        revealed = frozenset({decode_name(name)}) if name else None
        return self._reading(visit, revealed) if visit.is_partial else self._page(visit, revealed)

    def show_access(self, visit: Visit) -> Response:
        """Return the part of the page that says who can read the item."""
        facts, key = self.site.facts(visit), decode_key(visit.get("k"))
        access, _ = self._access(facts, key)
        return self.site.html("_access.html", access=access, actor=visit.actor)

    def _page(self, visit: Visit, revealed: Revealed) -> Response:
        facts, key = self.site.facts(visit), decode_key(visit.get("k"))
        explained, refusal = self._explained(visit, facts, key)
        access, keys = self._access(facts, key)
        return self.site.page(
            "item.html",
            visit,
            facts=facts,
            k=encode_key(key),
            title=describe_key_attributes(key, tuple(key)),
            explained=explained,
            refusal=refusal,
            revealed=revealed,
            access=access,
            policies=self._policies(visit.actor, keys, facts),
            new_document=policies.new_policy_document(),
        )

    def _reading(self, visit: Visit, revealed: Revealed) -> Response:
        facts, key = self.site.facts(visit), decode_key(visit.get("k"))
        explained, refusal = self._explained(visit, facts, key)
        return self.site.html(
            "_reading.html",
            actor=visit.actor,
            as_user=visit.actor.user,
            facts=facts,
            k=encode_key(key),
            explained=explained,
            refusal=refusal,
            revealed=revealed,
        )

    def _explained(
        self, visit: Visit, facts: TableFacts, key: Mapping[str, Any]
    ) -> tuple[ExplainedItem | None, str | None]:
        """Return the item explained, or why the principal cannot even read what is stored."""
        try:
            item = get_item(visit.actor.dynamodb, facts, key)
        except AWS_ERRORS as error:
            return None, in_words(error)
        if item is None:
            raise NotFoundError(f"The table has no item {describe_key_attributes(key, tuple(key))}")
        return self.readers.explain(visit.actor, facts, item, AWS_ERRORS), None

    def _access(self, facts: TableFacts, key: Mapping[str, Any]) -> tuple[Principals | None, Sequence[str]]:
        """Return who may read an item in a lab, and its KMS keys; the lab's root reads which they are."""
        account = self.site.account
        item = get_item(account.ambient.dynamodb, facts, key) if account.lab else None
        if account.lab is None or item is None:
            return None, ()
        config = self.readers.config(account.ambient, facts)
        explained = explain_item(item, config)
        ways = ways_to_unwrap(explained, config)
        arns = dict.fromkeys(way.key_arn for way in ways if way.key_arn is not None)
        return who_can_read(account.lab, facts, key, ways), [*arns]

    def _policies(
        self, actor: Actor, key_arns: Sequence[str], facts: TableFacts
    ) -> Sequence[policies.Policy]:
        """Return the policies that decide about an item in a lab: those of its keys, and the principal's."""
        if self.site.account.lab is None:
            return ()
        root = self.site.account.ambient
        found: list[policies.Policy] = []
        for arn in (*key_arns, *([facts.storage_key_arn] if facts.storage_key_arn else ())):
            try:
                found.append(policies.key_policy(root.kms, arn))
            except ClientError:
                continue  # the item names a key that is not there, or that belongs to another account
        if actor.user:
            found += policies.user_policies(root.iam, actor.user)
        return found
