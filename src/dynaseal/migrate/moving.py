"""One item of a live table: transformed, and written unless another program changed it meanwhile.

On a conflict the item is read again, consistently, and transformed again, after a pause that grows.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dynaseal.attributes import Item
from dynaseal.boto.keys.kms import KmsError
from dynaseal.core.header import FOOTER_NAME
from dynaseal.core.quoting import escaped
from dynaseal.encryptor import ItemEncryptor
from dynaseal.errors import (
    DecryptError,
    DynasealError,
    EncryptError,
    KeyStoreError,
    UnsupportedOperationError,
)
from dynaseal.migrate.forms import ItemForm, find_form
from dynaseal.migrate.reports import Handled
from dynaseal.migrate.requests import Write
from dynaseal.migrate.selecting import ALL_ITEMS, Selection
from dynaseal.migrate.table_access import Conflict, TableAccess
from dynaseal.migrate.transforming import Outcome, Plaintext, Target, Transformer

MAX_ATTEMPTS = 60
_OTHER_KEY = (
    "The item's key would change, and a key cannot be changed in place: copy the items into another table"
)
_OVERTAKEN = f"Other programs changed the item in each of {MAX_ATTEMPTS} attempts"
_FIRST_PAUSE, _LONGEST_PAUSE = 0.025, 0.5
_MAX_KMS_ATTEMPTS = 6
_KMS_PAUSE = 0.2
_TRANSIENT_KMS_CODES = frozenset(
    {
        "DependencyTimeoutException",
        "InternalFailure",
        "KMSInternalException",
        "KeyUnavailableException",
        "LimitExceededException",
        "RequestLimitExceeded",
        "ServiceUnavailable",
        "ThrottlingException",
    }
)


class ItemMover:
    """Moves items of one table.

    Args:
        table: The table that items are read from.
        source: Reads the items.
        target: Writes the items.
        target_table: The name of the table that they are copied into; None if they are changed in place.
        selection: Which items are taken.
        renew: Whether items get new data keys although nothing else about them would change.
    """

    def __init__(
        self,
        table: TableAccess,
        source: ItemEncryptor,
        target: Target,
        *,
        target_table: TableAccess | None = None,
        selection: Selection = ALL_ITEMS,
        renew: bool = False,
    ) -> None:
        self._table = table
        self._source = source
        self._target = None if isinstance(target, Plaintext) else target
        self._target_table = target_table
        self._selection = selection
        self._renew = renew
        self._transformer = Transformer(source, target)

    def is_encrypted(self, name: str) -> bool:
        """Return whether one of the configurations encrypts an attribute."""
        is_target = self._target is not None and self._target.config.is_encrypted(name)
        return is_target or self._source.config.is_encrypted(name)

    def key_of(self, item: Item) -> dict[str, Any]:
        """Return the key of an item of the table."""
        return {name: item[name] for name in self._source.config.key_names}

    def move(self, item: Item) -> Handled:
        """Move an item that was just read."""
        key = self.key_of(item)
        if not self._selection.is_everything:
            # Before anything calls KMS.
            found = find_form(item, self.is_encrypted)
            left = self.left(key, found.form, found.keys)
            if left is not None:
                return left
        outcome = self.transform(item)
        for attempt in range(1, MAX_ATTEMPTS + 1):
            handled = self._write(item, key, outcome)
            if handled is not None:
                return handled
            self._pause(_FIRST_PAUSE, attempt, _LONGEST_PAUSE)
            current = self._table.get(key)
            if current is None:
                return Handled(state="deleted", key=key, form=outcome.form)
            item = current
            outcome = self.transform(item)
        return _failed(key, outcome, _OVERTAKEN)

    def left(self, key: Item, form: ItemForm, keys: tuple[str, ...]) -> Handled | None:
        """Return what becomes of an item that is left as it is; None for an item that is to be moved.

        It is not selected; or it failed, because the date of a key cannot be read. That is an error of one
        item: a header that does not verify can name anything as its branch key.

        Args:
            key: The item's key attributes.
            form: What it is.
            keys: The names of its keys as `forms.key_names` makes them.
        """
        try:
            if self._selection.includes(keys):
                return None
        except KeyStoreError as error:
            return Handled(state="failed", key=key, form=form, keys=keys, reason=error.message)
        return Handled(state="unselected", key=key, form=form, keys=keys)

    def move_key(self, key: Item, form: Any) -> Handled:
        """Move the item with a key, if there still is one."""
        item = self._table.get(key)
        return Handled(state="deleted", key=key, form=form) if item is None else self.move(item)

    def verify(self, item: Item) -> Handled:
        """Verify an item, of either table, under the target; nothing is written."""
        outcome = self._repeat_if_transient(lambda: self._transformer.verify(item))
        config = (self._target or self._source).config
        return _handled({name: item[name] for name in config.key_names if name in item}, outcome)

    def transform(self, item: Item) -> Outcome:
        """Return an item's outcome; while KMS is throttling or unavailable it is computed again."""
        return self._repeat_if_transient(lambda: self._transform(item))

    def _transform(self, item: Item) -> Outcome:
        outcome = self._transformer.transform(item)
        if not self._renew or self._target is None or outcome.state != "skipped":
            return outcome
        try:
            written = self._target.encrypt_item(self._target.decrypt_item(item))
        except DynasealError as error:
            return replace(outcome, state="failed", item=None, reason=error.message, errors=(error,))
        return replace(outcome, state="changed", item=written)

    def _repeat_if_transient(self, attempt_it: Callable[[], Outcome]) -> Outcome:
        outcome = attempt_it()
        for attempt in range(1, _MAX_KMS_ATTEMPTS):
            if not any(map(_is_transient, outcome.errors)):
                break
            self._pause(_KMS_PAUSE, attempt, 10.0)
            outcome = attempt_it()
        return outcome

    def _write(self, item: Item, key: Item, outcome: Outcome) -> Handled | None:
        """Write an outcome's item if there is one to write; return None after a conflict."""
        left = self.left(key, outcome.form, outcome.keys)
        if left is not None:
            return left
        is_copy = self._target_table is not None
        if outcome.item is None or (outcome.state == "skipped" and not is_copy):
            return _handled(key, outcome)
        if not is_copy and any(outcome.item.get(name) != value for name, value in key.items()):
            return _failed(key, outcome, _OTHER_KEY)
        write = Write(
            read=item,
            written=outcome.item,
            source=self._source.config,
            target=None if self._target is None else self._target.config,
        )
        try:
            return self._copy(write, outcome) if is_copy else self._change(write, outcome)
        except UnsupportedOperationError as error:
            return _failed(key, outcome, error.message)
        except ClientError as error:
            return _failed(key, outcome, self._refusal(error))

    def _change(self, write: Write, outcome: Outcome) -> Handled | None:
        stored = self._table.change(*write.in_place())
        if isinstance(stored, Conflict):
            footer = write.written.get(FOOTER_NAME)
            if footer is None or stored.item is None or stored.item.get(FOOTER_NAME) != footer:
                return None
            # The write itself, repeated by botocore after its reply was lost.
            stored = stored.item
        unexpected = write.unexpected(stored)
        if not unexpected:
            return _handled(write.key, outcome)
        return self._include(write, outcome, stored, unexpected)

    def _include(self, write: Write, outcome: Outcome, stored: Item, added: Item) -> Handled | None:
        """Sign attributes that another program added between the read and the write.

        No condition can exclude an attribute whose name is not known. Without this the item would not verify.
        Return None if another program has put a plaintext item in its place.
        """
        assert write.target is not None  # noqa: S101 plaintext has no unexpected attributes
        config = write.target
        for attempt in range(1, MAX_ATTEMPTS + 1):
            try:
                written = self._with_added(write, stored, added)
            except DynasealError as error:
                names = ", ".join(map(repr, sorted(added)))
                reason = f"Another program added {names} while the item was written, and it does not verify"
                return _failed(write.key, outcome, f"{reason}: {error.message}")
            again = Write(
                read=stored, written=written, source=config, target=config, unchanged=frozenset(added)
            )
            result = self._table.change(*again.in_place())
            if not isinstance(result, Conflict):
                return _handled(write.key, outcome)
            self._pause(_FIRST_PAUSE, attempt, _LONGEST_PAUSE)
            current = self._table.get(write.key)
            if current is None:
                return Handled(state="deleted", key=write.key, form=outcome.form)
            if FOOTER_NAME not in current:
                return None
            if self._verifies(current):
                # The write itself, whose reply was lost, or a whole item of another program.
                return _handled(write.key, outcome)
            stored = current
            added = write.unexpected(stored)
        return _failed(write.key, outcome, _OVERTAKEN)

    def _with_added(self, write: Write, stored: Item, added: Item) -> dict[str, Any]:
        """Return a stored item that is signed together with the attributes that another program added.

        Raises:
            DynasealError: it does not verify without them, they cannot be written, or one of them is forged.
        """
        assert self._target is not None  # noqa: S101 the caller has one
        if not all(map(write.was_unsigned, added)):
            raise EncryptError("The item was signed before, so they may be forged")
        signed = {name: value for name, value in stored.items() if name not in added}
        return self._target.encrypt_item({**self._target.decrypt_item(signed), **added})

    def _verifies(self, stored: Item) -> bool:
        assert self._target is not None  # noqa: S101 the caller has one
        try:
            self._target.decrypt_item(stored)
        except DecryptError:
            return False
        return True

    def _copy(self, write: Write, outcome: Outcome) -> Handled | None:
        assert self._target_table is not None  # noqa: S101 checked by the caller
        config = write.target or write.source
        key = {name: write.written[name] for name in config.key_names}
        existing = self._target_table.get(key)
        if existing is not None:
            # It was copied before, or the application has written it: then it is newer.
            verified = self._transformer.verify(existing)
            if verified.state == "failed":
                reason = f"The other table has an item with its key that does not verify: {verified.reason}"
                return _failed(write.key, outcome, reason)
            return Handled(state="skipped", key=write.key, form=outcome.form, keys=outcome.keys)
        conflict = self._table.transact(write.into_another_table(self._table.name, self._target_table.name))
        if conflict is not None:
            return None
        return Handled(state="changed", key=write.key, form=outcome.form, keys=outcome.keys)

    def _refusal(self, error: ClientError) -> str:
        """Return why DynamoDB refused a write, if that is about the item; raise any other error.

        Its message may repeat a value, so it is left out where that would be plaintext.
        """
        details: Any = error.response.get("Error", {})
        code = str(details.get("Code"))
        if code not in ("ValidationException", "TransactionCanceledException"):
            raise error
        message = "" if self._target is None else f": {escaped(str(details.get('Message', '')))}"
        return f"DynamoDB refused the write: {code}{message}"

    def _pause(self, first: float, attempt: int, longest: float) -> None:
        self._table.sleep(random.random() * min(longest, first * 2**attempt))  # noqa: S311 jitter


def _handled(key: Item, outcome: Outcome) -> Handled:
    return Handled(
        state=outcome.state, key=dict(key), form=outcome.form, keys=outcome.keys, reason=outcome.reason
    )


def _failed(key: Item, outcome: Outcome, reason: str) -> Handled:
    return Handled(state="failed", key=dict(key), form=outcome.form, keys=outcome.keys, reason=reason)


def _is_transient(error: BaseException) -> bool:
    """Return whether an error was caused by KMS being busy or unreachable."""
    return any(
        isinstance(each, BotoCoreError)
        or (isinstance(each, KmsError) and each.response.get("Error", {}).get("Code") in _TRANSIENT_KMS_CODES)
        for each in _causes(error)
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    yield error
    if error.__cause__ is not None:
        yield from _causes(error.__cause__)
    for cause in getattr(error, "causes", ()):
        yield from _causes(cause)
