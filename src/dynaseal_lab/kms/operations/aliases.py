"""Aliases: names for keys. Each operation needs permission on the alias and on the key it names.

Source: https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html
"""

from dataclasses import replace

from dynaseal_lab.kms.access import KeyAccess
from dynaseal_lab.kms.key_checks import require_not_pending
from dynaseal_lab.kms.keys import KeyRecord, arn_prefix
from dynaseal_lab.kms.managed import PREDEFINED_ALIASES
from dynaseal_lab.kms.paging import page
from dynaseal_lab.kms.store import Alias
from dynaseal_lab.model import Call, Fault, Reply


def create_alias(access: KeyAccess, call: Call) -> Reply:
    """Create an alias for a key of this account and Region."""
    name = _checked_name(call)
    access.authorize_in_account(call, "kms:CreateAlias", _arn(call, name))
    key = _target(access, call, "kms:CreateAlias")
    if access.store.alias(key.account, key.region, name) is not None:
        raise Fault("AlreadyExistsException", f"An alias with the name {_arn(call, name)} already exists")
    require_not_pending(key)
    now = access.clock.now()
    access.store.put_alias(
        Alias(account=key.account, region=key.region, name=name, key_id=key.key_id, created=now, updated=now)
    )
    return {}


def update_alias(access: KeyAccess, call: Call) -> Reply:
    """Make an alias name another key of the same kind, which takes permission on the old key, too."""
    name = _checked_name(call)
    alias = _existing(access, call, name)
    access.authorize_in_account(call, "kms:UpdateAlias", alias.arn)
    old = access.find_and_authorize(call, "kms:UpdateAlias", alias.key_id).key
    new = _target(access, call, "kms:UpdateAlias")
    require_not_pending(new)
    if (old.usage, old.spec.symmetric_encryption) != (new.usage, new.spec.symmetric_encryption):
        raise Fault(
            "ValidationException",
            f"Alias {alias.arn} cannot be changed from key usage {old.usage} ({old.spec.name}) "
            f"to {new.usage} ({new.spec.name}).",
        )
    access.store.put_alias(replace(alias, key_id=new.key_id, updated=access.clock.now()))
    return {}


def delete_alias(access: KeyAccess, call: Call) -> Reply:
    """Remove an alias; the key stays as it is."""
    alias = _existing(access, call, _checked_name(call))
    access.authorize_in_account(call, "kms:DeleteAlias", alias.arn)
    access.find_and_authorize(call, "kms:DeleteAlias", alias.key_id)
    access.store.drop_alias(alias)
    return {}


def list_aliases(access: KeyAccess, call: Call) -> Reply:
    """List the account's aliases in the Region: all, or those of one key.

    All of them include AWS's own aliases. Those have no key until a service, or DescribeKey, first uses it.
    """
    access.authorize_in_account(call, "kms:ListAliases")
    account = call.principal.account
    key_id = None
    if "KeyId" in call.params:
        key_id = access.find(call, "kms:ListAliases", call.params["KeyId"], alias=False).key.key_id
    entries = [
        {
            "AliasName": alias.name,
            "AliasArn": alias.arn,
            "TargetKeyId": alias.key_id,
            "CreationDate": alias.created,
            "LastUpdatedDate": alias.updated,
        }
        for alias in access.store.aliases(account, call.region)
        if access.store.key(alias.region, alias.key_id) and key_id in {None, alias.key_id}
    ]
    if key_id is None:
        names = {entry["AliasName"] for entry in entries}
        entries += [
            {"AliasName": name, "AliasArn": _arn(call, name)}
            for name in PREDEFINED_ALIASES
            if name not in names
        ]
    return page(sorted(entries, key=lambda entry: str(entry["AliasName"])), call.params, "Aliases")


def _checked_name(call: Call) -> str:
    name: str = call.params["AliasName"]
    if not name.startswith("alias/") or name == "alias/":
        raise Fault(
            "ValidationException",
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
        )
    if name.startswith("alias/aws/"):
        raise Fault("NotAuthorizedException", "")
    if ":" in name:
        raise Fault("InvalidAliasNameException", f"{name} contains invalid characters for an alias")
    return name


def _existing(access: KeyAccess, call: Call, name: str) -> Alias:
    alias = access.store.alias(call.principal.account, call.region, name)
    if alias is None or access.store.key(alias.region, alias.key_id) is None:
        raise Fault("NotFoundException", f"Alias {_arn(call, name)} is not found.")
    return alias


def _target(access: KeyAccess, call: Call, action: str) -> KeyRecord:
    key_id: str = call.params["TargetKeyId"]
    if key_id.startswith("alias/") or ":alias/" in key_id:
        raise Fault("ValidationException", "Aliases must refer to keys. Not aliases")
    return access.find_and_authorize(call, action, key_id).key


def _arn(call: Call, name: str) -> str:
    return arn_prefix(call.principal.account, call.region) + name
