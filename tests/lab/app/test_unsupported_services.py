"""A request to a service that the lab does not have gets an error that its SDK reads and that names it."""

from typing import Any

import boto3
import pytest
from botocore.config import Config

from dynaseal_lab.testing import LabAccount
from lab.errors import client_error

NOTHING_ELSE = "; it has DynamoDB, IAM, KMS and STS"


def client(account: LabAccount, service: str) -> Any:
    session: Any = boto3.Session()
    return session.client(
        service,
        "us-east-1",
        endpoint_url=account.lab.endpoint,
        aws_access_key_id=account.number,
        aws_secret_access_key=account.lab.root_secret,
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize(
    ("service", "operation", "title"),
    [
        ("cloudformation", "describe_stacks", "AWS CloudFormation"),
        ("ec2", "describe_regions", "Amazon EC2"),
        ("lambda", "list_functions", "AWS Lambda"),
        ("logs", "describe_log_groups", "Amazon CloudWatch Logs"),
        ("mq", "list_brokers", "the service mq"),
        ("s3", "list_buckets", "Amazon S3"),
        ("sns", "list_topics", "Amazon SNS"),
        ("sqs", "list_queues", "Amazon SQS"),
        ("ssm", "describe_parameters", "AWS Systems Manager"),
    ],
)
def test_the_error_names_the_service(account: LabAccount, service: str, operation: str, title: str) -> None:
    code, message = client_error(getattr(client(account, service), operation))
    assert code
    assert message == f"The lab does not have {title}{NOTHING_ELSE}"


def test_federation_is_named_too(account: LabAccount) -> None:
    sts = client(account, "sts")
    role = f"arn:aws:iam::{account.number}:role/reader"
    code, message = client_error(
        sts.assume_role_with_web_identity, RoleArn=role, RoleSessionName="se", WebIdentityToken="token"
    )
    assert (code, message) == (
        "InvalidAction",
        "The lab does not have OIDC federation, so it does not offer AssumeRoleWithWebIdentity",
    )
    provider = f"arn:aws:iam::{account.number}:saml-provider/idp"
    saml = {"RoleArn": role, "PrincipalArn": provider, "SAMLAssertion": "assertion"}
    assert "SAML federation" in client_error(sts.assume_role_with_saml, **saml)[1]
