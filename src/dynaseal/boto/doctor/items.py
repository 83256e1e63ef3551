"""A sample of stored items against the configuration: what they are bound to, their actions, their beacons.

Items are decrypted, because nothing else shows that they verify; no plaintext is shown or kept. An item that
does not verify is tried again with what a configuration most often has wrong: the logical table name, and an
attribute that is signed or not. What verifies then is reported as that mistake.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from dynaseal.attributes import Item
from dynaseal.beacons.compiled.hashes import BEACON_PREFIX
from dynaseal.boto.check_table import FindingCode
from dynaseal.boto.doctor.diagnosis import Notes, Severity
from dynaseal.boto.doctor.kms_keys import Sample, allow_operation
from dynaseal.boto.keys.kms import KmsError
from dynaseal.config import TableConfig, UpdateMode
from dynaseal.core.actions import CryptoAction
from dynaseal.core.context import TABLE_NAME
from dynaseal.core.header import RESERVED_PREFIX, EncryptedDataKey
from dynaseal.core.quoting import quoted
from dynaseal.core.suites import AlgorithmSuite
from dynaseal.core.traces import find_trace
from dynaseal.encryptor import ItemEncryptor
from dynaseal.errors import DecryptError, EncryptError, UnwrapError
from dynaseal.materials.model import (
    CryptographicMaterialsManager,
    DecryptionMaterials,
    EncryptionMaterials,
    NoDataKeyError,
)
from dynaseal.report import AttributeReport, ItemFormat, ItemReport, describe_item

_MAX_REFUSALS = 3
"""After this many items that KMS refuses to decrypt, no more are tried."""
_MAX_GUESSES = 24
"""How often items that do not verify are tried with another configuration; each may cost a KMS call."""
_MAX_KEY_SHOWN = 80
_KEY_STATES = frozenset({"DisabledException", "KMSInvalidStateException", "NotFoundException"})
_RESTORE = (
    "Restore them from a backup, or delete them; if no item of the table verifies, compare the names of its "
    "keys and its unsigned attributes with the writer's configuration"
)
_MIGRATE = "write the items again with dynaseal migrate"


class _Problem(NamedTuple):
    """What several items may have in common."""

    severity: Severity
    code: FindingCode
    subject: str
    text: str
    action: str


class _RecordingManager:
    """Passes calls on to a materials manager, and keeps the data keys of the item that is being read."""

    def __init__(self, underlying: CryptographicMaterialsManager) -> None:
        self._underlying = underlying
        self.samples: Sequence[Sample] = ()

    def get_encryption_materials(
        self,
        suite: AlgorithmSuite,
        encryption_context: Mapping[str, str],
        required_context_keys: frozenset[str],
    ) -> EncryptionMaterials:
        """Return materials for encrypting one item."""
        return self._underlying.get_encryption_materials(suite, encryption_context, required_context_keys)

    def decrypt_materials(
        self,
        suite: AlgorithmSuite,
        encrypted_data_keys: Sequence[EncryptedDataKey],
        stored_context: Mapping[str, str],
        reproduced_context: Mapping[str, str],
    ) -> DecryptionMaterials:
        """Return materials for decrypting one item."""
        context = {**reproduced_context, **stored_context}
        self.samples = [Sample(data_key, context) for data_key in encrypted_data_keys]
        return self._underlying.decrypt_materials(
            suite, encrypted_data_keys, stored_context, reproduced_context
        )


@dataclass(slots=True)
class ItemsCheck:
    """The check of a sample of stored items.

    Args:
        config: The table's configuration.
        table_name: The table's name, or its ARN.
        names: Other names that the items may be bound to.
        notes: Where findings go.

    Attributes:
        samples: The data keys of the items, those of items that verify first.
    """

    config: TableConfig
    table_name: str
    names: Sequence[str]
    notes: Notes
    samples: list[Sample] = field(default_factory=list[Sample])
    _manager: _RecordingManager = field(init=False)
    _encryptor: ItemEncryptor = field(init=False)
    _problems: dict[_Problem, list[Item]] = field(default_factory=dict[_Problem, list[Item]])
    _likely: list[tuple[_Problem, TableConfig]] = field(default_factory=list[tuple[_Problem, TableConfig]])
    _guesses: int = 0
    _refusals: int = 0

    def __post_init__(self) -> None:
        self._manager = _RecordingManager(self.config.materials_manager)
        self._encryptor = ItemEncryptor(replace(self.config, keyring=None, cmm=self._manager))

    def check(self, items: Sequence[Item]) -> None:
        """Look at every item, and report what is found, with how many items it is about."""
        for item in items:
            self._check_item(item)
        for problem, found in self._problems.items():
            location = _describe_key(self.config, found[0])
            message = f"{problem.text} ({len(found)} of {len(items)} items, such as {location})"
            self.notes.find(problem.severity, problem.code, problem.subject, message, problem.action)

    def _check_item(self, item: Item) -> None:
        unsigned = [name for name in item if self.config.is_unsigned(name)]
        report = describe_item(item, allowed_unsigned_attributes=unsigned)
        is_plain = find_trace(item, self.config.is_encrypted) is None
        if report.format is ItemFormat.ENCRYPTION_CLIENT:
            self._report(item, self._older_format())
        elif is_plain:
            self._report(item, self._plaintext())
        else:
            self._report(item, self._refused_updates())
        self._check_attributes(item, report)
        if report.format is not ItemFormat.ENCRYPTION_CLIENT and not is_plain:
            self._check_encrypted(item, report)

    def _older_format(self) -> _Problem:
        is_refused = self.config.older_items is None
        return _Problem(
            "error" if is_refused else "warning",
            "older-format",
            self.table_name,
            "Items have the format of the older library, the DynamoDB Encryption Client",
            "Allow it by legacy=Legacy(...), until dynaseal migrate has moved the items"
            if is_refused
            else "Move the items with dynaseal migrate, and then forbid the older format",
        )

    def _plaintext(self) -> _Problem | None:
        policy = self.config.plaintext_policy
        if policy.forces_write:
            return None
        return _Problem(
            "warning" if policy.allows_read else "error",
            "plaintext",
            self.table_name,
            "Items are not encrypted",
            "Encrypt them with dynaseal migrate; until then set plaintext_policy to FORBID_WRITE_ALLOW_READ, "
            "so that they can be read",
        )

    def _refused_updates(self) -> _Problem | None:
        """Return the problem of encrypted items in a table that is written as plaintext."""
        mode = self.config.update_mode
        if not self.config.plaintext_policy.forces_write or mode is UpdateMode.READ_MODIFY_WRITE:
            return None
        return _Problem(
            "warning",
            "refused-updates",
            self.table_name,
            "Items are encrypted, and an update of a signed attribute of such an item fails, because the "
            "plaintext_policy writes plaintext",
            "Set update_mode to READ_MODIFY_WRITE before a program updates items",
        )

    def _check_attributes(self, item: Item, report: ItemReport) -> None:
        for attribute in report.attributes:
            if attribute.name in self.config.key_names or attribute.name.startswith(RESERVED_PREFIX):
                continue
            self._report(item, self._wrong_action(attribute, report))
        compiled = self.config.compiled_search
        known = set[str]() if compiled is None else {beacon.attribute for beacon in compiled.stored_beacons}
        for name in report.beacons:
            if name.startswith(BEACON_PREFIX) and name not in known:
                action = f"Add the beacon to the configuration, or {_MIGRATE}, which removes it"
                text = f"Items have the beacon {quoted(name)}, and the configuration does not"
                self._report(item, _Problem("warning", "unknown-beacon", name, text, action))

    def _wrong_action(self, attribute: AttributeReport, report: ItemReport) -> _Problem | None:
        name, stored = attribute.name, attribute.action
        wanted = self.config.find_action(name)
        if wanted is None:
            return _Problem(
                "warning",
                "unconfigured-attribute",
                name,
                f"Items have the attribute {quoted(name)}, which has no action: they cannot be written again",
                f"Give {quoted(name)} an action in attribute_actions",
            )
        if report.format is not ItemFormat.DATABASE_ENCRYPTION_SDK or stored is None or stored is wanted:
            return None
        in_clear = wanted is CryptoAction.ENCRYPT_AND_SIGN
        return _Problem(
            "error" if in_clear else "warning",
            "action-differs",
            name,
            f"{quoted(name)} is stored as {stored.name}, and the configuration has {wanted.name}"
            + (": its values are in the clear" if in_clear else ""),
            f"Set the action of {quoted(name)} to {stored.name}, or {_MIGRATE}",
        )

    def _check_encrypted(self, item: Item, report: ItemReport) -> None:
        if self._refusals >= _MAX_REFUSALS:
            return
        self._manager.samples = ()
        try:
            plaintext = self._encryptor.decrypt_item(item)
        except (DecryptError, TypeError) as error:
            self._report_unreadable(item, report, error)
            self.samples.extend(self._manager.samples)
            return
        self.samples[:0] = self._manager.samples  # those of items that verify come first
        if self._encryptor.search is not None:
            self._check_beacons(item, plaintext)

    def _check_beacons(self, item: Item, plaintext: Item) -> None:
        assert self._encryptor.search is not None  # noqa: S101 the caller checked it
        data_keys = [sample.data_key for sample in self._manager.samples]
        compiled = self.config.compiled_search
        names = () if compiled is None else [beacon.attribute for beacon in compiled.stored_beacons]
        stored = {name: _unordered(item[name]) for name in names if name in item}
        try:
            possible = [
                {name: _unordered(value) for name, value in beacons.items()}
                for beacons in self._encryptor.search.possible_beacons(plaintext, data_keys)
            ]
        except EncryptError as error:
            self.notes.skip(self.table_name, f"The items' beacons: {error.message}")
            return
        differing = min((_differing(stored, beacons) for beacons in possible), key=len)
        for name in differing:
            self._report(item, _wrong_beacon(name, is_missing=name not in stored))

    def _report_unreadable(self, item: Item, report: ItemReport, error: DecryptError | TypeError) -> None:
        refusals = [each for each in _causes(error) if isinstance(each, KmsError)]
        for refusal in refusals:
            if self._report_refusal(refusal):
                return
        if (known := self._guess(item, report)) is not None:
            self._report(item, known)
        elif isinstance(error, NoDataKeyError):
            keys = ", ".join(f"{key.provider} {quoted(key.key)}" for key in report.wrapped_keys)
            text = f"Items are encrypted under keys that the keyring does not have: {keys}"
            action = f"Add a keyring for {keys} as a child of a MultiKeyring"
            self._report(item, _Problem("error", "other-key", self.table_name, text, action))
        else:
            self._report(item, self._unverified(error))

    def _unverified(self, error: DecryptError | TypeError) -> _Problem:
        """Return the problem of an item that cannot be read; items with the same kind of error share it."""
        subject = f"{self.table_name}, {type(error).__name__}"
        hint = error.hint if isinstance(error, UnwrapError) else None
        message = error.message if isinstance(error, DecryptError) else str(error)
        text = f"Items do not verify: {message.removesuffix('.')}"
        known = next(
            (each for each in self._problems if (each.code, each.subject) == ("unverified", subject)), None
        )
        return known or _Problem("error", "unverified", subject, text, hint or _RESTORE)

    def _report_refusal(self, refusal: KmsError) -> bool:
        """Report a KMS call that failed for another reason than the item, and return whether it did."""
        code = refusal.response.get("Error", {}).get("Code", "")
        if code == "AccessDeniedException":
            self._refusals += 1
            operation = refusal.operation_name
            action = allow_operation(operation)
            self.notes.find("error", "permission", refusal.key_id, refusal.message, action)
            self.notes.skip(self.table_name, "Whether the items verify", f"kms:{operation}")
            return True
        if code not in _KEY_STATES:
            return False
        if not self.notes.has(refusal.key_id, "key-state", "key-missing"):
            hint = refusal.hint or "Check the key's state"
            self.notes.find("error", "key-state", refusal.key_id, refusal.message, hint)
        return True

    def _guess(self, item: Item, report: ItemReport) -> _Problem | None:
        """Return what is wrong with the configuration, if the item verifies without that mistake."""
        for problem, config in self._likely:
            if _verifies(config, item):
                return problem
        for problem, config in self._other_configs(item, report):
            self._guesses += 1
            if self._guesses > _MAX_GUESSES:
                return None
            if _verifies(config, item):
                self._likely.append((problem, config))
                return problem
        return None

    def _other_configs(self, item: Item, report: ItemReport) -> Iterator[tuple[_Problem, TableConfig]]:
        name = self.config.logical_table_name
        in_header = report.stored_context.get(TABLE_NAME)
        for other in dict.fromkeys(filter(None, (in_header, *self.names))):
            if other != name:
                text = f"Items are bound to the logical table name {quoted(other)}, and not to {quoted(name)}"
                action = f"Set logical_table_name to {quoted(other)}"
                problem = _Problem("error", "logical-name", name, text, action)
                yield problem, replace(self.config, logical_table_name=other)
        yield from self._other_signatures(item)

    def _other_signatures(self, item: Item) -> Iterator[tuple[_Problem, TableConfig]]:
        names = [name for name in item if not name.startswith(RESERVED_PREFIX)]
        unsigned = {name for name in names if self.config.is_unsigned(name)}
        for name in names:
            if name in self.config.key_names:
                continue
            was, now = ("signed", "does not sign it") if name in unsigned else ("unsigned", "signs it")
            other = unsigned ^ {name}
            report = describe_item(item, allowed_unsigned_attributes=other)
            if report.damage:
                continue
            advice = (
                f"Take {quoted(name)} out of the unsigned attributes and give it an action that signs it"
                if name in unsigned
                else f"Give {quoted(name)} the action DO_NOTHING, and add it to allowed_unsigned_attributes; "
                "or, if another program added it to encrypted items, remove it from them"
            )
            text = f"Items were written with {quoted(name)} {was}, and the configuration {now}"
            yield _Problem("error", "unsigned-differs", name, text, advice), self._reading(other)

    def _reading(self, unsigned: Iterable[str]) -> TableConfig:
        """Return a configuration for reading alone; the legend decides about everything that is signed."""
        actions = dict.fromkeys(self.config.key_names, CryptoAction.SIGN_ONLY)
        return TableConfig(
            self.config.logical_table_name,
            self.config.partition_key_name,
            self.config.sort_key_name,
            attribute_actions=actions,
            cmm=self.config.materials_manager,
            allowed_unsigned_attributes=unsigned,
        )

    def _report(self, item: Item, problem: _Problem | None) -> None:
        if problem is not None:
            self._problems.setdefault(problem, []).append(item)


def _verifies(config: TableConfig, item: Item) -> bool:
    try:
        ItemEncryptor(config).decrypt_item(item)
    except (DecryptError, TypeError):
        return False
    return True


def _causes(error: Exception) -> Iterator[Exception]:
    yield error
    if isinstance(error, UnwrapError):
        for cause in error.causes:
            yield from _causes(cause)


def _wrong_beacon(name: str, *, is_missing: bool) -> _Problem:
    if is_missing:
        text = f"Items lack the beacon {quoted(name)}: no search by it finds them"
        return _Problem("error", "beacon-missing", name, text, f"{_MIGRATE.capitalize()}, which adds it")
    text = f"Items have another value of the beacon {quoted(name)} than the configuration makes: no search "
    text += "finds them"
    action = f"Check the beacon's length and its beacon key; if they are right, {_MIGRATE}"
    return _Problem("error", "beacon-differs", name, text, action)


def _differing(stored: Mapping[str, Any], beacons: Mapping[str, Any]) -> Sequence[str]:
    return [name for name in {**beacons, **stored} if stored.get(name) != beacons.get(name)]


def _unordered(value: Any) -> Any:
    """Return an attribute value in a form in which equal sets are equal."""
    return {"SS": frozenset(value["SS"])} if "SS" in value else value


def _describe_key(config: TableConfig, item: Item) -> str:
    parts = [
        f"{name}={quoted(next(iter(item[name].values()), None), _MAX_KEY_SHOWN)}"
        for name in config.key_names
        if name in item
    ]
    return " ".join(parts) or "one without the configured key"
