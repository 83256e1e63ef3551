"""What requests for temporary credentials pass to the new session: its policies and its tags."""

from collections.abc import Iterable, Mapping, Sequence

from dynaseal_lab.iam.backend import IamBackend
from dynaseal_lab.iam.policy import PolicyError, PolicyKind, parse
from dynaseal_lab.model import Fault, Params

_LARGEST_POLICY = 2048


def session_policies(iam: IamBackend, account: str, params: Params) -> tuple[str, ...]:
    """Return the documents of a request's session policies.

    Args:
        iam: The records.
        account: The account that the session belongs to; managed policies must be its own or AWS's.
        params: The request.

    Raises:
        Fault: MalformedPolicyDocument.
    """
    documents: list[str] = [params["Policy"]] if params.get("Policy") else []
    for item in params.get("PolicyArns", ()):
        policy = iam.store.policy(account, item.get("arn", ""))
        if policy is None:
            raise Fault("MalformedPolicyDocument", f"The policy {item.get('arn')} does not exist")
        documents.append(policy.document)
    for document in documents:
        try:
            parse(document, PolicyKind.IDENTITY)
        except PolicyError as error:
            raise Fault("MalformedPolicyDocument", str(error)) from error
    return tuple(documents)


def packed_size(documents: Sequence[str]) -> int:
    """Return about how many percent of the space for session policies they take; 0 if there are none."""
    return min(100, 1 + sum(map(len, documents)) * 100 // _LARGEST_POLICY) if documents else 0


def session_tags(tags: Iterable[Mapping[str, str]]) -> Mapping[str, str]:
    """Return a request's session tags by key.

    Raises:
        Fault: InvalidParameterValue for a repeated key; upper and lower case are the same.
    """
    by_key: dict[str, str] = {}
    for tag in tags:
        if tag["Key"].lower() in map(str.lower, by_key):
            raise Fault(
                "InvalidParameterValue",
                "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
            )
        by_key[tag["Key"]] = tag["Value"]
    return by_key


def request_tag_keys(tags: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the condition keys about a request's session tags."""
    keys = {f"aws:RequestTag/{name}": [value] for name, value in tags.items()}
    return keys | ({"aws:TagKeys": list(tags)} if tags else {})
