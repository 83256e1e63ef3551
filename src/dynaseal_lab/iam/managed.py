"""The policies managed by AWS that the lab has, as AWS publishes them.

Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from dynaseal_lab.iam.records import ManagedPolicy, PolicyVersion

_CREATED = datetime(2015, 2, 6, 18, 39, tzinfo=UTC)


def _policy(name: str, unique_id: str, statements: Sequence[Mapping[str, object]]) -> ManagedPolicy:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return ManagedPolicy(
        name=name,
        path="/",
        id=unique_id,
        arn=f"arn:aws:iam::aws:policy/{name}",
        created=_CREATED,
        updated=_CREATED,
        versions=(PolicyVersion("v1", document, _CREATED),),
        default_version="v1",
    )


def _allow(*actions: str) -> Mapping[str, object]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


AWS_MANAGED: Mapping[str, ManagedPolicy] = MappingProxyType(
    {
        policy.arn: policy
        for policy in (
            _policy("AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK", [_allow("*")]),
            _policy(
                "AWSKeyManagementServicePowerUser",
                "ANPAJNPP7PPPPMJRV2SA4",
                [
                    _allow(
                        "kms:CreateAlias",
                        "kms:CreateKey",
                        "kms:DeleteAlias",
                        "kms:Describe*",
                        "kms:GenerateRandom",
                        "kms:Get*",
                        "kms:List*",
                        "kms:TagResource",
                        "kms:UntagResource",
                        "iam:ListGroups",
                        "iam:ListRoles",
                        "iam:ListUsers",
                    )
                ],
            ),
            _policy(
                "IAMReadOnlyAccess",
                "ANPAJKSO7NDY4T57MWDSQ",
                [
                    _allow(
                        "iam:GenerateCredentialReport",
                        "iam:GenerateServiceLastAccessedDetails",
                        "iam:Get*",
                        "iam:List*",
                        "iam:SimulateCustomPolicy",
                        "iam:SimulatePrincipalPolicy",
                    )
                ],
            ),
        )
    }
)
"""By ARN."""
