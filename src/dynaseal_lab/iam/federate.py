"""GetFederationToken: temporary credentials for a name of the caller's choice.

* Only a user's own access key, or root's, may call it, and the user needs permission for it.
* The session may do what both the user's policies and the request's session policies allow. Without session
  policies it may do only what a resource's policy allows to the session itself, by its ARN.
* It cannot call IAM, and of STS only GetCallerIdentity.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetFederationToken.html
"""

from dynaseal_lab.iam.backend import IamBackend
from dynaseal_lab.iam.names import federated_user_arn
from dynaseal_lab.iam.session_parameters import packed_size, request_tag_keys, session_policies, session_tags
from dynaseal_lab.model import AccessRequest, Call, Fault, Principal, Reply

_LONGEST_ROOT = 3600
_DEFAULT = 43_200


def get_federation_token(iam: IamBackend, call: Call) -> Reply:
    """Answer GetFederationToken.

    Raises:
        Fault: AccessDenied, or what is wrong with the session policies or tags.
    """
    caller, params = call.principal, call.params
    if caller.kind not in ("root", "user") or iam.store.sessions.get(call.access_key_id) is not None:
        raise Fault("AccessDenied", "Cannot call GetFederationToken with session credentials", status=403)
    arn = federated_user_arn(caller.account, params["Name"])
    tags = session_tags(params.get("Tags", ()))
    for action in ("sts:GetFederationToken", *(("sts:TagSession",) if tags else ())):
        iam.require(
            call,
            AccessRequest(
                action=action,
                resource=arn,
                resource_account=caller.account,
                condition_keys=request_tag_keys(tags),
            ),
        )
    documents = session_policies(iam, caller.account, params)
    principal = Principal(
        kind="federated-user",
        account=caller.account,
        arn=arn,
        caller_arn=arn,
        user_id=f"{caller.account}:{params['Name']}",
        name=params["Name"],
        tags=caller.tags,
        session_policies=documents,
        session_tags=tags,
        issuer_arn=caller.arn,
        issuer_id=caller.user_id,
    )
    seconds = int(params.get("DurationSeconds", _DEFAULT))
    if caller.kind == "root":
        seconds = min(seconds, _LONGEST_ROOT)
    return {
        "Credentials": iam.store.sessions.issue(principal, seconds, iam.clock.now()).described(),
        "FederatedUser": {"FederatedUserId": principal.user_id, "Arn": arn},
        "PackedPolicySize": packed_size(documents),
    }
