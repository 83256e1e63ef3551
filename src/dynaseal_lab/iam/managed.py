"""The policies managed by AWS that the lab has, as AWS publishes them.

Of policies that name most of AWS's services, only the actions of services that the lab has are kept; the rest
could not be called here. A policy's version id is that of the version which its statements are from; unique
ids of policies are not published, and some of these are the lab's own.

Source: https://docs.aws.amazon.com/aws-managed-policy/latest/reference/policy-list.html
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from dynaseal_lab.iam.records import ManagedPolicy, PolicyVersion

_CREATED = datetime(2015, 2, 6, 18, 39, tzinfo=UTC)
Statement = Mapping[str, object]


def _policy(
    name: str, unique_id: str, statements: Sequence[Statement], *, path: str = "/", version: str = "v1"
) -> ManagedPolicy:
    document = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return ManagedPolicy(
        name=name,
        path=path,
        id=unique_id,
        arn=f"arn:aws:iam::aws:policy{path}{name}",
        created=_CREATED,
        updated=_CREATED,
        versions=(PolicyVersion(version, document, _CREATED),),
        default_version=version,
    )


def _allow(*actions: str, **elements: object) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **elements}


_SERVICE_LINKED = "/aws-service-role/"
_LINKED_TO_DYNAMODB = {
    "StringEquals": {
        "iam:AWSServiceName": [
            "replication.dynamodb.amazonaws.com",
            "dax.amazonaws.com",
            "dynamodb.application-autoscaling.amazonaws.com",
            "contributorinsights.dynamodb.amazonaws.com",
            "kinesisreplication.dynamodb.amazonaws.com",
        ]
    }
}

_IAM = (
    _policy("AdministratorAccess", "ANPAIWMBCKSKIEE64ZLYK", [_allow("*")]),
    _policy("IAMFullAccess", "ANPAI7XKCFMBPM3QQRRVQ", [_allow("iam:*")], version="v2"),
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
    _policy(
        "PowerUserAccess",
        "ANPAJYRXTHIB4FOVS3ZXS",
        [
            {
                "Effect": "Allow",
                "NotAction": ["iam:*", "organizations:*", "account:*"],
                "Resource": "*",
            },
            _allow(
                "iam:CreateServiceLinkedRole",
                "iam:DeleteServiceLinkedRole",
                "iam:ListRoles",
                "organizations:DescribeOrganization",
                "account:ListRegions",
                "account:GetAccountInformation",
            ),
        ],
        version="v6",
    ),
    _policy(
        "ReadOnlyAccess",
        "ANPAILL3HVNFSB6DCOWYQ",
        [
            _allow(
                "dynamodb:BatchGet*",
                "dynamodb:Describe*",
                "dynamodb:Get*",
                "dynamodb:List*",
                "dynamodb:PartiQLSelect",
                "dynamodb:Query",
                "dynamodb:Scan",
                "iam:Generate*",
                "iam:Get*",
                "iam:List*",
                "iam:Simulate*",
                Sid="ReadOnlyActionsGroup1",
            ),
            _allow(
                "kms:Describe*",
                "kms:Get*",
                "kms:List*",
                "sts:GetAccessKeyInfo",
                "sts:GetCallerIdentity",
                "sts:GetSessionToken",
                Sid="ReadOnlyActionsGroup2",
            ),
        ],
        version="v188",
    ),
    _policy(
        "SecurityAudit",
        "ANPAIX2T3QCXHR2OGGCTO",
        [
            _allow(
                "dynamodb:DescribeContinuousBackups",
                "dynamodb:DescribeExport",
                "dynamodb:DescribeGlobalTable",
                "dynamodb:DescribeKinesisStreamingDestination",
                "dynamodb:DescribeTable",
                "dynamodb:DescribeTimeToLive",
                "dynamodb:GetResourcePolicy",
                "dynamodb:ListBackups",
                "dynamodb:ListExports",
                "dynamodb:ListGlobalTables",
                "dynamodb:ListStreams",
                "dynamodb:ListTables",
                "dynamodb:ListTagsOfResource",
                "iam:GenerateCredentialReport",
                "iam:GenerateServiceLastAccessedDetails",
                "iam:Get*",
                "iam:List*",
                "iam:SimulateCustomPolicy",
                "iam:SimulatePrincipalPolicy",
                "kms:Describe*",
                "kms:Get*",
                "kms:List*",
                "sts:GetAccessKeyInfo",
                Sid="BaseSecurityAuditStatement",
            )
        ],
        version="v92",
    ),
    _policy(
        "ViewOnlyAccess",
        "ANPAID22R6XPJATWOFDK6",
        [
            _allow(
                "dynamodb:DescribeBackup",
                "dynamodb:DescribeContinuousBackups",
                "dynamodb:DescribeGlobalTable",
                "dynamodb:DescribeGlobalTableSettings",
                "dynamodb:DescribeLimits",
                "dynamodb:DescribeReservedCapacity",
                "dynamodb:DescribeReservedCapacityOfferings",
                "dynamodb:DescribeStream",
                "dynamodb:DescribeTable",
                "dynamodb:DescribeTimeToLive",
                "dynamodb:ListBackups",
                "dynamodb:ListExports",
                "dynamodb:ListGlobalTables",
                "dynamodb:ListStreams",
                "dynamodb:ListTables",
                "dynamodb:ListTagsOfResource",
                "iam:GetAccountSummary",
                "iam:GetLoginProfile",
                "iam:List*",
                "kms:ListKeys",
                "kms:ListResourceTags",
                Sid="GeneralViewOnlyAccessStatement",
            )
        ],
        path="/job-function/",
        version="v45",
    ),
)

_KMS = (
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
)

_DYNAMODB = (
    _policy(
        "AmazonDynamoDBFullAccess",
        "ANPAINUGF2JSOSUY76KYA",
        [
            _allow(
                "dynamodb:*", "dax:*", "iam:GetRole", "iam:ListRoles", "kms:DescribeKey", "kms:ListAliases"
            ),
            _allow(
                "iam:PassRole",
                Condition={
                    "StringLike": {
                        "iam:PassedToService": [
                            "application-autoscaling.amazonaws.com",
                            "application-autoscaling.amazonaws.com.cn",
                            "dax.amazonaws.com",
                        ]
                    }
                },
            ),
            _allow("iam:CreateServiceLinkedRole", Condition=_LINKED_TO_DYNAMODB),
        ],
        version="v15",
    ),
    _policy(
        "AmazonDynamoDBFullAccess_v2",
        "ANPAZKAPJZG4ONXQYLRXV",
        [
            _allow("dynamodb:*", "dax:*", Sid="DDBAndDAXFullAccess"),
            _allow("kms:DescribeKey", "kms:ListAliases", Sid="KMSIntegration"),
            _allow("iam:CreateServiceLinkedRole", Sid="ServiceRoleCreation", Condition=_LINKED_TO_DYNAMODB),
            _allow("iam:ListRoles", Sid="IamIntegration"),
        ],
        version="v3",
    ),
    _policy(
        "AmazonDynamoDBReadOnlyAccess",
        "ANPAIY2XFNA232XJ6J7X2",
        [
            _allow(
                "dynamodb:BatchGetItem",
                "dynamodb:Describe*",
                "dynamodb:List*",
                "dynamodb:GetItem",
                "dynamodb:GetResourcePolicy",
                "dynamodb:Query",
                "dynamodb:Scan",
                "dynamodb:PartiQLSelect",
                "iam:GetRole",
                "iam:ListRoles",
                "kms:DescribeKey",
                "kms:ListAliases",
                Sid="GeneralReadOnlyAccess",
            )
        ],
        version="v14",
    ),
    _policy(
        "DynamoDBReplicationServiceRolePolicy",
        "ANPAJCUNRXL4BWASNJED2",
        [
            _allow(
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
                "dynamodb:DeleteItem",
                "dynamodb:DescribeTable",
                "dynamodb:UpdateTable",
                "dynamodb:Scan",
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:DescribeTimeToLive",
                "dynamodb:UpdateTimeToLive",
                "dynamodb:DescribeLimits",
                "dynamodb:GetResourcePolicy",
                "application-autoscaling:RegisterScalableTarget",
                "application-autoscaling:DescribeScalableTargets",
                "application-autoscaling:PutScalingPolicy",
                "application-autoscaling:DescribeScalingPolicies",
                "account:ListRegions",
                Sid="DynamoDBActionsNeededForSteadyStateReplication",
            )
        ],
        path=_SERVICE_LINKED,
        version="v8",
    ),
    _policy(
        "AWSApplicationAutoscalingDynamoDBTablePolicy",
        "ANPAJOVQMDI3JFCBW4LFO",
        [
            _allow(
                "dynamodb:DescribeTable",
                "dynamodb:UpdateTable",
                "cloudwatch:PutMetricAlarm",
                "cloudwatch:DescribeAlarms",
                "cloudwatch:DeleteAlarms",
            )
        ],
        path=_SERVICE_LINKED,
    ),
)

_CONTRIBUTOR_RULES = "arn:aws:cloudwatch:*:*:insight-rule/DynamoDBContributorInsights*"
_LINKED = (
    _policy(
        "DynamoDBCloudWatchContributorInsightsServiceRolePolicy",
        "ANPAZKAPJZG4DPVMX5RPW",
        [
            _allow("cloudwatch:DeleteInsightRules", "cloudwatch:PutInsightRule", Resource=_CONTRIBUTOR_RULES),
            _allow("cloudwatch:DescribeInsightRules"),
        ],
        path=_SERVICE_LINKED,
    ),
    _policy(
        "DynamoDBKinesisReplicationServiceRolePolicy",
        "ANPAZKAPJZG4JKZR7QDPQ",
        [
            _allow(
                "kms:GenerateDataKey",
                Condition={"StringLike": {"kms:ViaService": "kinesis.*.amazonaws.com"}},
            ),
            _allow("kinesis:PutRecord", "kinesis:PutRecords", "kinesis:DescribeStream"),
        ],
        path=_SERVICE_LINKED,
    ),
)

_LAMBDA = (
    _policy(
        "AWSLambdaBasicExecutionRole",
        "ANPAJNCQGXC42545SKXIK",
        [_allow("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents")],
        path="/service-role/",
    ),
    _policy(
        "AWSLambdaDynamoDBExecutionRole",
        "ANPAIP7WNAGMIPYNW4WQG",
        [
            _allow(
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:PutLogEvents",
            )
        ],
        path="/service-role/",
    ),
    _policy(
        "AWSLambdaExecute",
        "ANPAJE5FX7FQZSU5XAKGO",
        [
            _allow("logs:*", Resource="arn:aws:logs:*:*:*"),
            _allow("s3:GetObject", "s3:PutObject", Resource="arn:aws:s3:::*"),
        ],
    ),
)

AWS_MANAGED: Mapping[str, ManagedPolicy] = MappingProxyType(
    {policy.arn: policy for policy in (*_IAM, *_KMS, *_DYNAMODB, *_LINKED, *_LAMBDA)}
)
"""By ARN."""
