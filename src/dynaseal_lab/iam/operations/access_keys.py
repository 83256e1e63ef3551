"""Access keys: two a user, their secret shown once, switched on and off."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.names import new_secret, unique_id
from dynaseal_lab.iam.operations.common import NOTHING, exceeded, missing, page
from dynaseal_lab.iam.operations.lookup import everything, user, user_arn
from dynaseal_lab.iam.records import AccessKey
from dynaseal_lab.model import Call, Fault, Reply

_MOST = 2


def _described(key: AccessKey) -> dict[str, Any]:
    return {
        "UserName": key.user_name,
        "AccessKeyId": key.id,
        "Status": "Active" if key.active else "Inactive",
        "CreateDate": key.created,
    }


def _key(iam: IamBackend, call: Call) -> AccessKey:
    found = iam.store.access_key(call.params["AccessKeyId"])
    owner = user(iam, call)
    if found is None or (found.account, found.user_name) != (call.principal.account, owner.name):
        raise missing(f"The Access Key with id {call.params['AccessKeyId']} cannot be found.")
    return found


def _create(iam: IamBackend, call: Call) -> Reply:
    owner = user(iam, call)
    if len(iam.store.access_keys(call.principal.account, owner.name)) >= _MOST:
        raise exceeded(f"Cannot exceed quota for AccessKeysPerUser: {_MOST}")
    key = AccessKey(unique_id("AKIA"), new_secret(), call.principal.account, owner.name, iam.clock.now())
    iam.store.put_access_key(key)
    return {"AccessKey": _described(key) | {"SecretAccessKey": key.secret}}


def _list(iam: IamBackend, call: Call) -> Reply:
    owner = user(iam, call)
    keys = iam.store.access_keys(call.principal.account, owner.name)
    return page(call, "AccessKeyMetadata", [_described(key) for key in keys])


def _update(iam: IamBackend, call: Call) -> Reply:
    status = call.params["Status"]
    if status not in ("Active", "Inactive"):
        raise Fault("ValidationError", f"The status {status} is not supported")
    iam.store.put_access_key(replace(_key(iam, call), active=status == "Active"))
    return NOTHING


def _delete(iam: IamBackend, call: Call) -> Reply:
    iam.store.remove_access_key(_key(iam, call).id)
    return NOTHING


def _last_used(iam: IamBackend, call: Call) -> Reply:
    key = iam.store.access_key(call.params["AccessKeyId"])
    if key is None or key.account != call.principal.account:
        raise Fault("AccessDenied", "The access key is of no user of this account", status=403)
    used: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
    last = iam.store.last_used(key.id)
    if last is not None:
        used = {"LastUsedDate": last.time, "ServiceName": last.service, "Region": last.region}
    return {"UserName": key.user_name, "AccessKeyLastUsed": used}


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CreateAccessKey": Operation(_create, user_arn),
        "ListAccessKeys": Operation(_list, user_arn),
        "UpdateAccessKey": Operation(_update, user_arn),
        "DeleteAccessKey": Operation(_delete, user_arn),
        "GetAccessKeyLastUsed": Operation(_last_used, everything),
    }
)
