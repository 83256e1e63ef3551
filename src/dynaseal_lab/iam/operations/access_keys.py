"""Access keys: at most two per user, the secret shown once, inactive and active again by UpdateAccessKey."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dynaseal_lab.iam.backend import IamBackend, Operation
from dynaseal_lab.iam.names import new_secret, unique_id
from dynaseal_lab.iam.operations.common import NOTHING, exceeded, missing, page
from dynaseal_lab.iam.operations.lookup import find_user
from dynaseal_lab.iam.operations.resource_arns import every_resource, user_arn
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


def _find_key(iam: IamBackend, call: Call) -> AccessKey:
    key = iam.store.access_key(call.params["AccessKeyId"])
    user = find_user(iam, call)
    if key is None or (key.account, key.user_name) != (call.principal.account, user.name):
        raise missing(f"The Access Key with id {call.params['AccessKeyId']} cannot be found.")
    return key


def _create(iam: IamBackend, call: Call) -> Reply:
    user = find_user(iam, call)
    if len(iam.store.access_keys(call.principal.account, user.name)) >= _MOST:
        raise exceeded(f"Cannot exceed quota for AccessKeysPerUser: {_MOST}")
    key = AccessKey(
        id=unique_id("AKIA"),
        secret=new_secret(),
        account=call.principal.account,
        user_name=user.name,
        created=iam.clock.now(),
    )
    iam.store.put_access_key(key)
    return {"AccessKey": _described(key) | {"SecretAccessKey": key.secret}}


def _list(iam: IamBackend, call: Call) -> Reply:
    user = find_user(iam, call)
    keys = iam.store.access_keys(call.principal.account, user.name)
    return page(call, "AccessKeyMetadata", [_described(key) for key in keys])


def _update(iam: IamBackend, call: Call) -> Reply:
    status = call.params["Status"]
    if status not in ("Active", "Inactive"):
        raise Fault("ValidationError", f"The status {status} is not supported")
    iam.store.put_access_key(replace(_find_key(iam, call), active=status == "Active"))
    return NOTHING


def _delete(iam: IamBackend, call: Call) -> Reply:
    iam.store.remove_access_key(_find_key(iam, call).id)
    return NOTHING


def _last_used(iam: IamBackend, call: Call) -> Reply:
    key = iam.store.access_key(call.params["AccessKeyId"])
    if key is None or key.account != call.principal.account:
        raise Fault("AccessDenied", "No user of this account has this access key", status=403)
    use: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
    last = iam.store.last_used(key.id)
    if last is not None:
        use = {"LastUsedDate": last.time, "ServiceName": last.service, "Region": last.region}
    return {"UserName": key.user_name, "AccessKeyLastUsed": use}


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "CreateAccessKey": Operation(_create, user_arn),
        "ListAccessKeys": Operation(_list, user_arn),
        "UpdateAccessKey": Operation(_update, user_arn),
        "DeleteAccessKey": Operation(_delete, user_arn),
        "GetAccessKeyLastUsed": Operation(_last_used, every_resource),
    }
)
