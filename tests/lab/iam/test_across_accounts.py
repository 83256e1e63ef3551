"""No operation of IAM or STS reads or changes what belongs to another account.

Which parameters are ARNs is read from botocore's models, for every operation in the lab's own tables: an
operation that is added later is tested here without being named. If it needs a parameter that `parameters`
does not know, its tests fail until that is added.
"""

import asyncio
import copy
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.model import ListShape, Shape, StructureShape

from dynaseal_lab.iam.api import OPERATIONS, IamService
from dynaseal_lab.iam.authorizer import PolicyAuthorizer
from dynaseal_lab.iam.backend import IamBackend
from dynaseal_lab.iam.credentials import root_principal, user_principal
from dynaseal_lab.iam.store import IamStore
from dynaseal_lab.iam.sts import OPERATIONS as STS_OPERATIONS
from dynaseal_lab.iam.sts import StsService
from dynaseal_lab.model import Call, Fault, Principal
from dynaseal_lab.testing import LabAccount
from dynaseal_lab.trail import Trail
from dynaseal_lab.wire.models import members, operation_model
from dynaseal_lab.wire.validate import validate
from lab.errors import client_error

OWNER, STRANGER = "111122223333", "444455556666"
PRIVATE = "PRIVATE"
"""A string in the owner's tags, documents and descriptions, but in none of the owner's ARNs."""

ARN_SHAPES = ("arnType", "ResourceNameType")
REFUSALS = ("AccessDenied", "NoSuchEntity", "InvalidInput", "MalformedPolicyDocument")
NOT_LOOKED_UP = (
    "ResourceArns",  # patterns are matched with it; a simulation reads no resource
    "ResourceOwner",
    "PolicyExclusionList",  # the lab leaves no policy out of a simulation
    "ProvidedContexts",  # the lab has no identity provider
)


def document(action: str, sid: str = "", **elements: Any) -> str:
    statement = {"Sid": sid, "Effect": "Allow", "Action": action, **elements}
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


def trust(account: str) -> str:
    return document("sts:AssumeRole", Principal={"AWS": account})


class FixedClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC)


class TwoAccounts:
    """Two accounts of a lab, the owner's and the stranger's, each with one record of every kind."""

    def __init__(self) -> None:
        store = IamStore()
        self.backend = IamBackend(store, PolicyAuthorizer(store, Trail()), FixedClock())
        self.owner_key = self._populate(OWNER, "ann", "staff", "worker", "shared")
        self.stranger_key = self._populate(STRANGER, "bob", "guests", "visitor", "own")

    def _populate(self, account: str, user: str, group: str, role: str, policy: str) -> str:
        root = root_principal(account)
        private = [{"Key": "team", "Value": PRIVATE}] if account == OWNER else []
        sid = PRIVATE if account == OWNER else ""
        everything = document("*", sid, Resource="*")
        arn = f"arn:aws:iam::{account}:policy/{policy}"
        names = {"UserName": user, "GroupName": group, "RoleName": role}
        self.call(root, "CreateUser", UserName=user, Tags=private)
        self.call(root, "CreateGroup", GroupName=group)
        self.call(root, "CreateRole", RoleName=role, AssumeRolePolicyDocument=trust(account), Tags=private)
        self.call(root, "CreatePolicy", PolicyName=policy, PolicyDocument=everything, Description=sid)
        self.call(root, "CreatePolicyVersion", PolicyArn=arn, PolicyDocument=everything)
        for kind in ("User", "Group", "Role"):
            name = {f"{kind}Name": names[f"{kind}Name"]}
            self.call(root, f"Put{kind}Policy", **name, PolicyName="inline", PolicyDocument=everything)
            self.call(root, f"Attach{kind}Policy", **name, PolicyArn=arn)
        profile = {"InstanceProfileName": f"{role}-profile"}
        self.call(root, "CreateInstanceProfile", **profile, Tags=private)
        self.call(root, "AddRoleToInstanceProfile", **profile, RoleName=role)
        return self.call(root, "CreateAccessKey", UserName=user)["AccessKey"]["AccessKeyId"]

    def call(self, caller: Principal, operation: str, service: str = "iam", **params: Any) -> Any:
        """Return what the service replies, or raise its `Fault`."""
        validate(service, operation, params, "ValidationError")
        request = Call(
            principal=caller,
            access_key_id="AKIAEXAMPLE",
            service=service,
            operation=operation,
            region="us-east-1",
            params=params,
            request_id="request",
            time=FixedClock().now(),
        )
        handler = IamService(self.backend) if service == "iam" else StsService(self.backend)
        return asyncio.run(handler.handle(request))

    def caller(self, name: str) -> Principal:
        """Return the stranger's root, or the stranger's user, whose policies allow everything."""
        if name == "root":
            return root_principal(STRANGER)
        user = self.backend.store.users.get(STRANGER, "bob")
        assert user is not None
        return user_principal(STRANGER, user)

    def records(self, account: str) -> list[Any]:
        """Return a copy of everything that an account has."""
        store = self.backend.store
        named = (
            *store.identities(account),
            *store.policies.all(account),
            *store.instance_profiles.all(account),
        )
        return copy.deepcopy([*named, self._keys(account)])

    def _keys(self, account: str) -> list[Any]:
        users = self.backend.store.users.all(account)
        return [key for user in users for key in self.backend.store.access_keys(account, user.name)]

    def owners_arns(self) -> list[str]:
        """Return the ARN of each of the owner's records, and of a policy that does not exist."""
        records = [*self.backend.store.identities(OWNER), *self.backend.store.policies.all(OWNER)]
        return [*(record.arn for record in records), f"arn:aws:iam::{OWNER}:policy/missing"]


def parameters(operation: str, account: str, access_key_id: str) -> dict[str, Any]:
    """Return parameters with which the operation works in an account that `TwoAccounts` has populated."""
    user, group, role, policy = (
        ("ann", "staff", "worker", "shared") if account == OWNER else ("bob", "guests", "visitor", "own")
    )
    policy_arn = f"arn:aws:iam::{account}:policy/{policy}"
    known = {
        "AccessKeyId": access_key_id,
        "AWSServiceName": "replication.dynamodb.amazonaws.com",
        "ActionNames": ["iam:GetUser"],
        "AssumeRolePolicyDocument": trust(account),
        "DeletionTaskId": "task/aws-service-role/replication.dynamodb.amazonaws.com/Role/none",
        "Description": "description",
        "GroupName": "new" if operation == "CreateGroup" else group,
        "InstanceProfileName": "new" if operation == "CreateInstanceProfile" else f"{role}-profile",
        "PermissionsBoundary": policy_arn,
        "PolicyArn": policy_arn,
        "PolicyDocument": trust(account) if "AssumeRole" in operation else document("*", Resource="*"),
        "PolicyInputList": [document("*", Resource="*")],
        "PolicyName": "new" if operation == "CreatePolicy" else "inline",
        "PolicySourceArn": f"arn:aws:iam::{account}:user/{user}",
        "RoleArn": f"arn:aws:iam::{account}:role/{role}",
        "RoleName": "new" if operation == "CreateRole" else role,
        "RoleSessionName": "session",
        "Name": "guest",
        "Status": "Inactive",
        "TagKeys": ["team"],
        "Tags": [{"Key": "team", "Value": "red"}],
        "UserName": "new" if operation == "CreateUser" else user,
        "VersionId": "v2",
    }
    return {name: known[name] for name in required(operation)}


def required(operation: str) -> list[str]:
    model = operation_model("sts" if operation in STS_OPERATIONS else "iam", operation)
    assert model is not None
    return [] if model.input_shape is None else list(model.input_shape.required_members)


def arn_paths(shape: Shape, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Return where in an input shape there are ARNs: `("PolicyArns", 0, "arn")`."""
    if isinstance(shape, StructureShape):
        for name, member in members(shape).items():
            yield from arn_paths(member, (*path, name))
    elif isinstance(shape, ListShape):
        yield from arn_paths(shape.member, (*path, 0))
    elif shape.name in ARN_SHAPES or str(path[-1]).lower().endswith("arn"):
        yield path


def operations_with_arns() -> Iterator[Any]:
    for service, operations in (("iam", OPERATIONS), ("sts", STS_OPERATIONS)):
        for operation in operations:
            model = operation_model(service, operation)
            assert model is not None
            for path in arn_paths(model.input_shape) if model.input_shape else ():
                yield pytest.param(service, operation, path, id=f"{operation}-{'.'.join(map(str, path))}")


WITH_ARNS = list(operations_with_arns())


def put(params: dict[str, Any], path: tuple[str | int, ...], arn: str) -> dict[str, Any]:
    """Return parameters with an ARN at a path, as `arn_paths` has it."""
    value: Any = arn
    for step in reversed(path[1:]):
        value = [value] if isinstance(step, int) else {step: value}
    return {**params, str(path[0]): value}


def outcome(accounts: TwoAccounts, caller: str, operation: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """Return the error code (empty for success), and the message or the reply that the caller gets."""
    service = "sts" if operation in STS_OPERATIONS else "iam"
    try:
        reply = accounts.call(accounts.caller(caller), operation, service, **params)
    except Fault as fault:
        return fault.code, fault.message
    return "", json.dumps(reply, default=str)


@pytest.mark.parametrize("caller", ["root", "user"])
@pytest.mark.parametrize(("service", "operation", "path"), WITH_ARNS)
def test_an_arn_of_another_account_is_refused_and_changes_nothing(
    service: str, operation: str, path: tuple[str | int, ...], caller: str
) -> None:
    accounts = TwoAccounts()
    for arn in accounts.owners_arns():
        before = accounts.records(OWNER), accounts.records(STRANGER)
        params = put(parameters(operation, STRANGER, accounts.stranger_key), path, arn)
        code, received = outcome(accounts, caller, operation, params)
        assert PRIVATE not in received
        assert (accounts.records(OWNER), accounts.records(STRANGER)) == before
        if path[0] not in NOT_LOOKED_UP:
            assert code in REFUSALS, (service, arn, received)


@pytest.mark.parametrize(("service", "operation", "path"), WITH_ARNS)
def test_the_same_request_with_an_arn_of_the_callers_account_is_not_refused(
    service: str, operation: str, path: tuple[str | int, ...]
) -> None:
    accounts = TwoAccounts()
    kind = "policy/own"
    if path[0] in ("CallerArn", "PolicySourceArn"):
        kind = "user/bob"
    elif path[0] == "RoleArn":
        kind = "role/visitor"
    arn = f"arn:aws:iam::{STRANGER}:{kind}"
    params = put(parameters(operation, STRANGER, accounts.stranger_key), path, arn)
    code, received = outcome(accounts, "user", operation, params)
    assert code not in REFUSALS, (service, received)


@pytest.mark.parametrize("caller", ["root", "user"])
@pytest.mark.parametrize("operation", [*OPERATIONS, *STS_OPERATIONS])
def test_no_operation_finds_another_account_by_its_names(operation: str, caller: str) -> None:
    accounts = TwoAccounts()
    before = accounts.records(OWNER)
    ids = [identity.id for identity in accounts.backend.store.identities(OWNER)]
    _, received = outcome(accounts, caller, operation, parameters(operation, OWNER, accounts.owner_key))
    assert not [secret for secret in (PRIVATE, *ids) if secret in received]
    assert accounts.records(OWNER) == before


def test_another_accounts_root_is_told_that_no_resource_based_policy_allows_it(
    account: LabAccount, other_account: LabAccount
) -> None:
    created = account.client("iam").create_policy(
        PolicyName="shared", PolicyDocument=document("*", Resource="*")
    )
    arn = created["Policy"]["Arn"]
    stranger = other_account.client("iam")
    for action, call, params in (
        ("GetPolicy", stranger.get_policy, {}),
        ("DeletePolicy", stranger.delete_policy, {}),
        (
            "CreatePolicyVersion",
            stranger.create_policy_version,
            {"PolicyDocument": document("*", Resource="*")},
        ),
    ):
        assert client_error(call, PolicyArn=arn, **params) == (
            "AccessDenied",
            (
                f"User: arn:aws:iam::{other_account.number}:root is not authorized to perform: iam:{action} "
                f"on resource: {arn} because no resource-based policy allows the iam:{action} action"
            ),
        )


def test_another_accounts_policy_is_not_attachable(account: LabAccount, other_account: LabAccount) -> None:
    created = account.client("iam").create_policy(
        PolicyName="shared", PolicyDocument=document("*", Resource="*")
    )
    arn = created["Policy"]["Arn"]
    stranger = other_account.client("iam")
    stranger.create_user(UserName="bob")
    assert client_error(stranger.attach_user_policy, UserName="bob", PolicyArn=arn) == (
        "NoSuchEntity",
        f"Policy {arn} does not exist or is not attachable.",
    )
    assert client_error(stranger.put_user_permissions_boundary, UserName="bob", PermissionsBoundary=arn) == (
        "NoSuchEntity",
        f"Scope ARN: {arn} does not exist or is not attachable.",
    )


def test_a_policy_managed_by_aws_can_be_read_and_attached_in_every_account(
    account: LabAccount, other_account: LabAccount
) -> None:
    arn = "arn:aws:iam::aws:policy/IAMReadOnlyAccess"
    for lab_account in (account, other_account):
        iam = lab_account.client("iam")
        iam.create_user(UserName="ann")
        iam.attach_user_policy(UserName="ann", PolicyArn=arn)
        assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
        assert iam.list_policy_versions(PolicyArn=arn)["Versions"]
        assert client_error(iam.delete_policy, PolicyArn=arn)[0] == "AccessDenied"
