"""Who calls AWS: the clients of a diagnosis, its credentials, and what its principal may do with the table.

IAM's simulator decides about permissions on DynamoDB, which has no dry run. The simulator knows the
principal's own policies. What it cannot know, such as the value of a condition key, is reported as not
checked.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
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
        notes.find("error", "region", "region", message, f"{HINT[0].upper()}{HINT[1:]}")
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
    source = identity.policy_source
    if source is None:
        notes.skip(identity.arn, "What it may do with the table: IAM simulates only users and roles")
        return
    for resource, names in wanted:
        if names and not _simulate(lambda: clients("iam"), source, resource, names, notes):
            return


def _simulate(
    iam: Callable[[], Any], source: str, resource: str, actions: Sequence[str], notes: Notes
) -> bool:
    """Simulate actions on a resource, and return whether that was possible."""
    what = "What it may do with the table"
    try:
        reply = iam().simulate_principal_policy(
            PolicySourceArn=source, ActionNames=list(actions), ResourceArns=[resource]
        )
    except ClientError as error:
        permission = _SIMULATE if is_refusal(error) else None
        notes.skip(source, f"{what}: {in_words_of_aws(error)}", permission)
        return False
    except BotoCoreError as error:
        notes.skip(source, f"{what}: IAM could not be called: {error}")
        return False
    for result in reply["EvaluationResults"]:
        if result["EvalDecision"] != "allowed":
            _report(source, resource, result, notes)
    return True


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
