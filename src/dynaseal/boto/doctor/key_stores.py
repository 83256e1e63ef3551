"""The key stores of a configuration: whether the branch keys and beacon keys that it needs can be fetched.

They are fetched for real: one GetItem and one Decrypt each. No dry run could show that a record is unchanged.
"""

from collections.abc import Iterable, Iterator, Sequence

from dynaseal.boto.doctor.diagnosis import Notes
from dynaseal.boto.keys.kms import KmsError
from dynaseal.boto.keys.uses import KeyKind, KeyUse, StoreUse
from dynaseal.core.header import EncryptedDataKey
from dynaseal.errors import KeyStoreError
from dynaseal.materials.keyrings.names import HIERARCHY_PROVIDER

_MAX_BRANCH_KEYS = 10
"""How many tenants' keys are fetched."""


def key_of(use: StoreUse) -> KeyUse:
    """Return the KMS key of a key store."""
    return KeyUse(key_id=use.store.kms_key_arn, kind=KeyKind.KEY_STORE, client=use.store.kms_client)


def check_key_store(use: StoreUse, data_keys: Iterable[EncryptedDataKey], notes: Notes) -> None:
    """Fetch the keys that a configuration needs from a key store, and report those that it does not get.

    Args:
        use: The key store, and whose keys are needed.
        data_keys: Data keys of stored items, which name branch keys.
        notes: Where findings go.
    """
    ids = [*_ids(use, data_keys)]
    if not ids:
        notes.skip(
            use.store.table_name,
            "The key store's keys: the branch key of each item is supplied, and no stored item names one",
        )
    for branch_key_id in ids[:_MAX_BRANCH_KEYS]:
        try:
            if use.keyring is None:
                use.store.get_beacon_key(branch_key_id)
            else:
                use.store.get_active_branch_key(branch_key_id)
        except KeyStoreError as error:
            if _is_about_key(error, use, notes):
                return
            action = error.hint or "Check the key store's table, and the permissions on it"
            code = "permission" if _is_refusal(error) else "key-store"
            notes.find("error", code, use.store.table_name, error.message, action)


def _ids(use: StoreUse, data_keys: Iterable[EncryptedDataKey]) -> Sequence[str]:
    single = use.beacon_key_id if use.keyring is None else use.keyring.branch_key_id
    return [single] if single is not None else [*dict.fromkeys(_branch_keys(data_keys))]


def _branch_keys(data_keys: Iterable[EncryptedDataKey]) -> Iterator[str]:
    for data_key in data_keys:
        if data_key.provider_id == HIERARCHY_PROVIDER:
            yield data_key.provider_info.decode("utf-8", "replace")


def _is_about_key(error: KeyStoreError, use: StoreUse, notes: Notes) -> bool:
    """Return whether a failure is due to the KMS key's state, which is a finding already."""
    return isinstance(error, KmsError) and notes.has(
        use.store.kms_key_arn, "key-state", "key-missing", "key-usage"
    )


def _is_refusal(error: KeyStoreError) -> bool:
    response = getattr(error, "response", {})
    return response.get("Error", {}).get("Code") == "AccessDeniedException"
