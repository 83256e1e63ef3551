"""Who calls AWS: the clients of a diagnosis, its credentials, and what its principal may do with the table.

IAM's simulator decides about permissions on DynamoDB, which has no dry run. The simulator knows the
principal's own policies, and a table's policy is given to it. What it cannot know, such as the value of a
condition key, is reported as not checked.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import boto3
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
)

from dynaseal.boto.doctor.diagnosis import Notes, error_code, in_words_of_aws, is_refusal
from dynaseal.boto.interception.exemptions import exempt_client
from dynaseal.boto.keys.clients import Clients
from dynaseal.boto.keys.region import HINT
from dynaseal.boto.permissions import INDEX_READS, MOST_PROGRAMS
from dynaseal.errors import ConfigError

_NO_CREDENTIALS = (CredentialRetrievalError, NoCredentialsError, PartialCredentialsError, ProfileNotFound)
_WRONG_CREDENTIALS: Mapping[str, str] = {
    "ExpiredToken": "Renew the credentials",
    "ExpiredTokenException": "Renew the credentials",
    "InvalidClientTokenId": "Check the access key id and the endpoint",
    "SignatureDoesNotMatch": "Check the secret access key, and the clock of this machine",
    "UnrecognizedClientException": "Check the access key id and the endpoint",
}
_SIMULATE = "iam:SimulatePrincipalPolicy"


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose credentials the clients have."""

    arn: str
    account: str

    @property
    def is_root(self) -> bool:
        """Whether it is the root user of its account."""
        return self.arn.endswith(":root")

    @property
    def policy_source(self) -> str | None:
        """The ARN of the user or role whose policies count; None if it has none that can be simulated."""
        head, _, name = self.arn.partition(":assumed-role/")
        if name:
            return f"{head.replace(':sts:', ':iam:')}:role/{name.partition('/')[0]}"
        return self.arn if ":user/" in self.arn else None


class AwsClients:
    """The clients of a diagnosis: of a boto3 session, or of boto3's default one.

    Args:
        session: A boto3 session; None for the default one, with the Region that the library uses.
    """

    def __init__(self, session: boto3.Session | None) -> None:
        self._session = session
        self._default: dict[str, Clients] = {}

    def __call__(self, service: str, region: str | None = None) -> Any:
        """Return a client of a service, in the session's Region or another one; it does not encrypt."""
        client = self._client(service, region)
        return exempt_client(client) if service == "dynamodb" else client

    def _client(self, service: str, region: str | None) -> Any:
        if self._session is None:
            return self._default.setdefault(service, Clients(service))(region)
        # Any, because boto3's stubs have one overload for each service's name.
        session: Any = self._session
        return session.client(service, region_name=region or session.region_name)


def find_identity(clients: AwsClients, notes: Notes) -> Identity | None:
    """Return whose credentials the clients have; None, and a finding, if there are none that AWS accepts.

    Raises:
        BotoCoreError: STS cannot be reached.
    """
    try:
        reply = clients("sts").get_caller_identity()
    except (ConfigError, NoRegionError) as error:
        message = error.message if isinstance(error, ConfigError) else str(error)
        notes.find("error", "region", "region", message, HINT)
        return None
    except _NO_CREDENTIALS as error:
        action = "Set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        notes.find("error", "credentials", "credentials", str(error), action)
        return None
    except ClientError as error:
        action = _WRONG_CREDENTIALS.get(error_code(error), "Check the credentials")
        message = f"AWS does not accept the credentials: {in_words_of_aws(error)}"
        notes.find("error", "credentials", "credentials", message, action)
        return None
    return Identity(reply["Arn"], reply["Account"])


def check_item_permissions(
    clients: AwsClients, identity: Identity, table: Mapping[str, Any], actions: Iterable[str], notes: Notes
) -> None:
    """Check, with IAM's simulator, that the principal may do these actions on a table and its indexes.

    Args:
        clients: The principal's clients.
        identity: The principal.
        table: The table's description.
        actions: Actions of DynamoDB.
        notes: Where findings go.
    """
    if identity.is_root:
        return  # It may do everything in its account, and IAM does not simulate it.
    table_arn: str = table["TableArn"]
    wanted = [(table_arn, sorted(set(actions)))]
    if table.get("GlobalSecondaryIndexes") or table.get("LocalSecondaryIndexes"):
        wanted.append((f"{table_arn}/index/*", [action for action in INDEX_READS if action in wanted[0][1]]))
    source = _policy_source(clients, identity)
    if source is None:
        notes.skip(identity.arn, "What it may do with the table: IAM simulates only users and roles")
        return
    check = _TableCheck(clients, source, _TablePolicy(clients, table_arn, identity.account), notes)
    for resource, names in wanted:
        if names and not check.check(resource, names):
            return


def _policy_source(clients: AwsClients, identity: Identity) -> str | None:
    """Return the ARN of the user or role whose policies count, with the role's path where it can be found."""
    source = identity.policy_source
    if source is not None and ":role/" in source:
        with suppress(BotoCoreError, ClientError):  # iam:GetRole may be missing; most roles have no path
            return clients("iam").get_role(RoleName=source.rpartition("/")[2])["Role"]["Arn"]
    return source


class _TablePolicy:
    """The policy of a table, which decides too; it is fetched when it can matter, and only once.

    Args:
        clients: The principal's clients.
        table_arn: The table's ARN.
        account: The principal's account.
    """

    def __init__(self, clients: AwsClients, table_arn: str, account: str) -> None:
        self._clients = clients
        self._table_arn = table_arn
        self.is_elsewhere = table_arn.split(":")[4] != account

    @cached_property
    def document(self) -> str | None:
        """The policy; None if there is none, or it may not be read."""
        try:
            return self._clients("dynamodb").get_resource_policy(ResourceArn=self._table_arn)["Policy"]
        except (AttributeError, BotoCoreError, ClientError):  # an old boto3 does not have the operation
            return None


@dataclass(frozen=True, slots=True)
class _TableCheck:
    """What a principal may do with a table and its indexes.

    Args:
        clients: The principal's clients.
        source: The user or role whose policies count.
        table_policy: The table's own policy.
        notes: Where findings go.
    """

    clients: AwsClients
    source: str
    table_policy: _TablePolicy
    notes: Notes

    def check(self, resource: str, actions: Sequence[str]) -> bool:
        """Check actions on a resource, and return whether more of them can be checked."""
        denied: Sequence[Mapping[str, Any]] | None = None
        if not self.table_policy.is_elsewhere:
            denied = self._simulate(resource, actions)
            if denied is None:
                return False
            if not denied or self.table_policy.document is None:
                self._report(resource, denied)
                return True
        what = "What it may do with the table"
        if self.table_policy.document is None:
            message = f"{what} of another account: the table's policy may not be read"
            self.notes.skip(self.source, message, "dynamodb:GetResourcePolicy")
            return False
        if ":user/" not in self.source:
            self.notes.skip(self.source, f"{what}: IAM does not simulate a table's policy for a role")
            return False
        names = actions if denied is None else [result["EvalActionName"] for result in denied]
        denied = self._simulate(
            resource, names, ResourcePolicy=self.table_policy.document, CallerArn=self.source
        )
        self._report(resource, denied or ())
        return denied is not None

    def _simulate(
        self, resource: str, actions: Sequence[str], **parameters: str
    ) -> Sequence[Mapping[str, Any]] | None:
        """Simulate actions on a resource, and return those that are denied; None if that is not possible."""
        what = "What it may do with the table"
        try:
            reply = self.clients("iam").simulate_principal_policy(
                PolicySourceArn=self.source, ActionNames=list(actions), ResourceArns=[resource], **parameters
            )
        except ClientError as error:
            permission = _SIMULATE if is_refusal(error) else None
            self.notes.skip(self.source, f"{what}: {in_words_of_aws(error)}", permission)
            return None
        except BotoCoreError as error:
            self.notes.skip(self.source, f"{what}: IAM could not be called: {error}")
            return None
        return [result for result in reply["EvaluationResults"] if result["EvalDecision"] != "allowed"]

    def _report(self, resource: str, denied: Iterable[Mapping[str, Any]]) -> None:
        for result in denied:
            _report(self.source, resource, result, self.notes)


def _report(source: str, resource: str, result: Mapping[str, Any], notes: Notes) -> None:
    action, decision = result["EvalActionName"], result["EvalDecision"]
    unknown = result.get("MissingContextValues") or ()
    if unknown and decision == "implicitDeny":
        message = (
            f"Whether it may do {action} on {resource}: its policies depend on {', '.join(unknown)}, which "
            "only a request has"
        )
        notes.skip(source, message)
        return
    policies = [each.get("SourcePolicyId", "") for each in result.get("MatchedStatements") or ()]
    if decision == "explicitDeny":
        reason = f"a policy denies it ({', '.join(policies)})" if policies else "a policy denies it"
        advice = f"Remove the denial of {action} on {resource}, or use another principal"
    else:
        reason = "no policy allows it"
        advice = f"Allow {action} on {resource} to {source} in an IAM policy"
    notes.find(
        "error" if action in MOST_PROGRAMS else "warning",
        "permission",
        f"{action} on {resource}",
        f"{source} may not do {action} on {resource}: {reason}",
        advice,
    )
