"""What the evaluator decides: the cases in AWS's documentation, and cases next to them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynaseal_lab.iam.condition_keys import principal_keys
from dynaseal_lab.iam.evaluate import NamedPolicy, Policies, evaluate
from dynaseal_lab.model import AccessRequest, Decision, Principal

OWN, OTHER = "111122223333", "444455556666"
KEY = f"arn:aws:kms:eu-west-1:{OWN}:key/a"
TABLE = f"arn:aws:dynamodb:eu-west-1:{OWN}:table/a"
ROLE = f"arn:aws:iam::{OWN}:role/reader"
SESSION = f"arn:aws:sts::{OWN}:assumed-role/reader/monday"
ACCOUNT = f"arn:aws:iam::{OWN}:root"
ANN = f"arn:aws:iam::{OWN}:user/ann"
BOB = f"arn:aws:iam::{OTHER}:user/bob"

ann = Principal(
    kind="user",
    account=OWN,
    arn=ANN,
    caller_arn=ANN,
    user_id="AIDAANNANNANNANNANNA",
    name="ann",
    tags={"team": "red"},
)
bob = Principal(
    kind="user", account=OTHER, arn=BOB, caller_arn=BOB, user_id="AIDABOBBOBBOBBOBBOBB", name="bob"
)
root = Principal(kind="root", account=OWN, arn=ACCOUNT, caller_arn=ACCOUNT, user_id=OWN, name="root")
other_root = Principal(
    kind="root",
    account=OTHER,
    arn=f"arn:aws:iam::{OTHER}:root",
    caller_arn=f"arn:aws:iam::{OTHER}:root",
    user_id=OTHER,
    name="root",
)
session = Principal(
    kind="assumed-role",
    account=OWN,
    arn=ROLE,
    caller_arn=SESSION,
    user_id="AROAREADERREADERREAD:monday",
    name="reader",
)
service = Principal(kind="service", account=OWN, arn="", caller_arn="", user_id="", name="logs.amazonaws.com")


def statement(effect: str, *actions: str, resource: str = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": resource} | elements


def naming(principal: Any, effect: str = "Allow", *actions: str, **elements: Any) -> dict[str, Any]:
    """Return a statement of a resource's policy that names a principal."""
    principals = principal if isinstance(principal, dict) else {"AWS": principal}
    return statement(effect, *(actions or ("*",)), Principal=principals, **elements)


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def policies(*statements: dict[str, Any]) -> tuple[NamedPolicy, ...]:
    return (NamedPolicy("p", document(*statements)),) if statements else ()


def decide(
    principal: Principal,
    action: str,
    resource: str,
    *,
    identity: tuple[dict[str, Any], ...] = (),
    on_resource: tuple[dict[str, Any], ...] = (),
    boundary: tuple[dict[str, Any], ...] | None = None,
    session_policy: tuple[dict[str, Any], ...] | None = None,
    control: tuple[dict[str, Any], ...] | None = None,
    condition_keys: dict[str, list[str]] | None = None,
    grant: bool = False,
) -> Decision:
    """Return the decision about an action on a resource of the account `OWN`."""
    access_request = AccessRequest(
        action=action,
        resource=resource,
        resource_account=OWN,
        resource_policies=(document(*on_resource),) if on_resource else (),
        grants_allow=grant,
    )
    applicable = Policies(
        policies(*identity),
        None if boundary is None else policies(*boundary),
        None if session_policy is None else policies(*session_policy),
        None if control is None else policies(*control),
    )
    keys = {key.lower(): values for key, values in (condition_keys or {}).items()}
    return evaluate(access_request, principal, applicable, principal_keys(principal) | keys)


ALLOW_ALL = (statement("Allow", "*"),)


class TestWithinOneAccount:
    def test_what_no_policy_allows_is_denied(self) -> None:
        assert decide(ann, "dynamodb:GetItem", TABLE) == Decision(False, "no-identity-policy")

    def test_an_identity_policy_allows(self) -> None:
        decision = decide(ann, "dynamodb:GetItem", TABLE, identity=(statement("Allow", "dynamodb:Get*"),))
        assert decision == Decision(True, "allowed", ("Allow p #0",))

    def test_a_resources_policy_alone_allows_the_principals_that_it_names(self) -> None:
        assert decide(ann, "dynamodb:GetItem", TABLE, on_resource=(naming(ANN),)).allowed
        assert decide(session, "dynamodb:GetItem", TABLE, on_resource=(naming(ROLE),)).allowed
        assert decide(session, "dynamodb:GetItem", TABLE, on_resource=(naming(SESSION),)).allowed
        assert decide(ann, "dynamodb:GetItem", TABLE, on_resource=(naming(ann.user_id),)).allowed

    def test_naming_the_account_leaves_it_to_the_accounts_own_policies(self) -> None:
        decision = decide(ann, "dynamodb:GetItem", TABLE, on_resource=(naming(ACCOUNT),))
        assert decision == Decision(False, "no-identity-policy")

    def test_an_explicit_deny_in_either_decides(self) -> None:
        denied = statement("Deny", "*", Sid="Never")
        by_identity = decide(ann, "dynamodb:GetItem", TABLE, identity=(*ALLOW_ALL, denied))
        assert by_identity == Decision(False, "explicit-deny-identity", ("Deny p Never",))
        by_resource = decide(
            ann, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, on_resource=(naming("*", "Deny"),)
        )
        assert by_resource.reason == "explicit-deny-resource"

    def test_root_needs_no_policy_but_a_resources_deny_applies_to_it(self) -> None:
        assert decide(root, "dynamodb:GetItem", TABLE).allowed
        denied = decide(root, "dynamodb:GetItem", TABLE, on_resource=(naming("*", "Deny"),))
        assert denied.reason == "explicit-deny-resource"

    def test_not_action_and_not_resource_mean_all_others(self) -> None:
        all_but_delete = {"Effect": "Allow", "NotAction": "dynamodb:Delete*", "Resource": "*"}
        assert decide(ann, "dynamodb:GetItem", TABLE, identity=(all_but_delete,)).allowed
        assert not decide(ann, "dynamodb:DeleteItem", TABLE, identity=(all_but_delete,)).allowed
        all_but_table = {"Effect": "Allow", "Action": "*", "NotResource": TABLE}
        assert not decide(ann, "dynamodb:GetItem", TABLE, identity=(all_but_table,)).allowed
        assert decide(ann, "dynamodb:GetItem", TABLE + "b", identity=(all_but_table,)).allowed

    def test_a_policy_variable_has_the_callers_value(self) -> None:
        own_tables = statement("Allow", "*", resource=f"{TABLE[:-1]}${{aws:username}}-*")
        assert decide(ann, "dynamodb:GetItem", f"{TABLE[:-1]}ann-x", identity=(own_tables,)).allowed
        assert not decide(ann, "dynamodb:GetItem", f"{TABLE[:-1]}bob-x", identity=(own_tables,)).allowed

    def test_in_resource_a_variable_without_a_value_matches_nothing(self) -> None:
        own_tables = statement("Allow", "*", resource=f"{TABLE}${{aws:PrincipalTag/none}}*")
        decision = decide(ann, "dynamodb:GetItem", TABLE, identity=(own_tables,))
        assert decision.reason == "no-identity-policy"

    @pytest.mark.parametrize("effect", ["Allow", "Deny"])
    def test_in_not_resource_a_variable_without_a_value_could_be_anything(self, effect: str) -> None:
        all_but_own = {"Effect": effect, "Action": "*", "NotResource": f"{TABLE}${{aws:PrincipalTag/none}}"}
        decision = decide(ann, "dynamodb:GetItem", TABLE, identity=(all_but_own,))
        assert decision.reason == "no-identity-policy"
        elsewhere = decide(ann, "dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1::x", identity=(all_but_own,))
        assert elsewhere.reason == ("allowed" if effect == "Allow" else "explicit-deny-identity")

    def test_several_values_without_a_set_operator_never_allow_but_deny_if_one_matches(self) -> None:
        own_keys = {"StringEquals": {"dynamodb:LeadingKeys": ["ann", "eve"]}}
        two, one = {"dynamodb:LeadingKeys": ["ann", "bob"]}, {"dynamodb:LeadingKeys": ["ann"]}
        allowing = statement("Allow", "*", Condition=own_keys)
        denying = statement("Deny", "*", Condition=own_keys)
        assert decide(ann, "dynamodb:GetItem", TABLE, identity=(allowing,), condition_keys=one).allowed
        assert not decide(ann, "dynamodb:GetItem", TABLE, identity=(allowing,), condition_keys=two).allowed
        assert not decide(
            ann, "dynamodb:GetItem", TABLE, identity=(*ALLOW_ALL, denying), condition_keys=two
        ).allowed

    def test_the_reasons_name_a_condition_that_does_not_hold(self) -> None:
        for_blue = statement("Allow", "*", Condition={"StringEquals": {"aws:PrincipalTag/Team": "blue"}})
        decision = decide(ann, "dynamodb:GetItem", TABLE, identity=(for_blue,))
        (reason,) = decision.statements
        assert reason.startswith(
            'Allow p #0: condition StringEquals aws:PrincipalTag/Team "blue" does not hold'
        )
        assert reason.endswith(', the request has "red"')

    def test_the_reasons_are_about_statements_of_every_kind_of_policy_that_allow_the_action(self) -> None:
        elsewhere = statement("Allow", "dynamodb:*", resource=KEY)
        irrelevant = (statement("Allow", "kms:*", resource=KEY), statement("Deny", "*", resource=KEY))
        decision = decide(
            ann,
            "dynamodb:GetItem",
            TABLE,
            identity=(*irrelevant, elsewhere),
            on_resource=(naming(BOB),),
            boundary=(*irrelevant, elsewhere, statement("Allow", "*")),
            session_policy=(elsewhere,),
            control=(elsewhere,),
        )
        not_this_resource = "the statement does not name this resource"
        assert decision.statements == (
            f"Allow p #2: {not_this_resource}",
            f"Allow policy of {TABLE} #0: the statement does not name this principal",
            f"Allow p #2: {not_this_resource}",
            f"Allow p #0: {not_this_resource}",
            f"Allow p #0: {not_this_resource}",
        )

    @pytest.mark.parametrize(("written", "value"), [(True, "true"), (False, "false"), (5, "5"), ("5", "5")])
    def test_a_conditions_value_may_be_a_boolean_or_a_number_of_json(self, written: Any, value: str) -> None:
        if_equal = statement("Allow", "*", Condition={"StringEquals": {"kms:x": written}})
        for has in ("true", "false", "5", "6"):
            decision = decide(
                ann, "dynamodb:GetItem", TABLE, identity=(if_equal,), condition_keys={"kms:x": [has]}
            )
            assert decision.allowed == (has == value)

    def test_the_reasons_name_the_first_condition_that_does_not_hold(self) -> None:
        conditions = {"StringEquals": {"aws:PrincipalTag/Team": "red", "aws:PrincipalTag/None": "x"}}
        decision = decide(
            ann, "dynamodb:GetItem", TABLE, identity=(statement("Allow", "*", Condition=conditions),)
        )
        (reason,) = decision.statements
        assert reason.endswith('aws:PrincipalTag/None "x" does not hold, the request has none')


class TestAcrossAccounts:
    def test_both_sides_must_allow(self) -> None:
        both = decide(bob, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, on_resource=(naming(BOB),))
        assert both.allowed
        assert decide(bob, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL).reason == "no-resource-policy"
        assert (
            decide(bob, "dynamodb:GetItem", TABLE, on_resource=(naming(BOB),)).reason == "no-identity-policy"
        )

    def test_naming_the_other_account_leaves_it_to_its_policies(self) -> None:
        other_account = (naming(OTHER),)
        assert decide(bob, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, on_resource=other_account).allowed
        assert not decide(bob, "dynamodb:GetItem", TABLE, on_resource=other_account).allowed
        assert decide(other_root, "dynamodb:GetItem", TABLE, on_resource=other_account).allowed

    def test_another_accounts_root_has_no_power_of_its_own(self) -> None:
        assert decide(other_root, "dynamodb:GetItem", TABLE).reason == "no-resource-policy"


class TestKeys:
    def test_without_delegation_identity_policies_do_not_count(self) -> None:
        decision = decide(ann, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=(naming(BOB),))
        assert decision.reason == "no-resource-policy"

    def test_a_key_policy_that_names_the_account_delegates_its_actions(self) -> None:
        delegates = (naming(ACCOUNT, "Allow", "kms:Decrypt"),)
        assert decide(ann, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=delegates).allowed
        assert decide(ann, "kms:Decrypt", KEY, on_resource=delegates).reason == "no-identity-policy"
        encrypt = decide(ann, "kms:Encrypt", KEY, identity=ALLOW_ALL, on_resource=delegates)
        assert encrypt.reason == "no-resource-policy"

    def test_a_delegation_counts_under_its_conditions_only(self) -> None:
        delegates = (
            naming(ACCOUNT, "Allow", "kms:*", Condition={"StringEquals": {"kms:ViaService": "dynamodb"}}),
        )
        through = {"kms:ViaService": ["dynamodb"]}
        assert decide(
            ann, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=delegates, condition_keys=through
        ).allowed
        assert not decide(ann, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=delegates).allowed

    def test_a_user_named_by_the_key_policy_needs_no_identity_policy(self) -> None:
        assert decide(ann, "kms:Decrypt", KEY, on_resource=(naming(ANN),)).allowed

    def test_a_star_with_a_condition_on_the_account_names_everybody_in_it(self) -> None:
        anyone = (naming("*", Condition={"StringEquals": {"kms:CallerAccount": OWN}}),)
        assert decide(
            ann, "kms:Decrypt", KEY, on_resource=anyone, condition_keys={"kms:CallerAccount": [OWN]}
        ).allowed
        assert not decide(
            bob,
            "kms:Decrypt",
            KEY,
            identity=ALLOW_ALL,
            on_resource=anyone,
            condition_keys={"kms:CallerAccount": [OTHER]},
        ).allowed

    def test_root_has_only_what_the_key_policy_gives(self) -> None:
        assert decide(root, "kms:Decrypt", KEY, on_resource=(naming(ACCOUNT),)).allowed
        assert decide(root, "kms:Decrypt", KEY, on_resource=(naming(ANN),)).reason == "no-resource-policy"

    def test_identity_policies_decide_about_an_action_on_no_key(self) -> None:
        assert decide(ann, "kms:CreateKey", "*", identity=ALLOW_ALL).allowed
        assert decide(ann, "kms:CreateAlias", f"{KEY.rsplit(':', 1)[0]}:alias/a", identity=ALLOW_ALL).allowed

    def test_a_grant_allows_but_a_deny_overrides_it(self) -> None:
        decision = decide(ann, "kms:Decrypt", KEY, on_resource=(naming(BOB),), grant=True)
        assert decision == Decision(True, "allowed", ("grant",))
        denied = decide(ann, "kms:Decrypt", KEY, on_resource=(naming(ANN, "Deny"),), grant=True)
        assert denied.reason == "explicit-deny-resource"

    def test_a_grant_across_accounts_needs_the_callers_own_policies_too(self) -> None:
        assert decide(bob, "kms:Decrypt", KEY, identity=ALLOW_ALL, grant=True).allowed
        assert not decide(bob, "kms:Decrypt", KEY, grant=True).allowed


EXEMPTS_ANN = {"Effect": "Deny", "NotPrincipal": {"AWS": [ANN, ACCOUNT]}, "Action": "*", "Resource": "*"}


class TestNotPrincipal:
    def test_a_deny_exempts_the_principals_that_it_names(self) -> None:
        assert decide(
            ann, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=(naming(ACCOUNT), EXEMPTS_ANN)
        ).allowed

    @pytest.mark.parametrize("caller", [session, bob])
    def test_a_deny_applies_to_everybody_else(self, caller: Principal) -> None:
        decision = decide(
            caller, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=(naming(["*"]), EXEMPTS_ANN)
        )
        assert decision.reason == "explicit-deny-resource"

    def test_a_deny_that_names_a_role_exempts_its_sessions(self) -> None:
        exempts_role = EXEMPTS_ANN | {"NotPrincipal": {"AWS": ROLE}}
        assert decide(session, "kms:Decrypt", KEY, on_resource=(naming(ROLE), exempts_role)).allowed

    def test_naming_the_account_exempts_its_root_alone(self) -> None:
        only_root = EXEMPTS_ANN | {"NotPrincipal": {"AWS": ACCOUNT}}
        assert decide(root, "kms:Decrypt", KEY, on_resource=(naming(ACCOUNT), only_root)).allowed
        assert not decide(ann, "kms:Decrypt", KEY, on_resource=(naming(ANN), only_root)).allowed

    def test_a_deny_never_exempts_a_caller_with_a_permissions_boundary(self) -> None:
        on_resource = (naming(ACCOUNT), EXEMPTS_ANN)
        decision = decide(
            ann, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=on_resource, boundary=ALLOW_ALL
        )
        assert decision.reason == "explicit-deny-resource"

    def test_an_allow_excludes_the_principals_and_accounts_that_it_names(self) -> None:
        others = {"Effect": "Allow", "NotPrincipal": {"AWS": ACCOUNT}, "Action": "*", "Resource": "*"}
        assert not decide(ann, "dynamodb:GetItem", TABLE, on_resource=(others,)).allowed
        assert decide(bob, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, on_resource=(others,)).allowed


class TestLimits:
    READ = (statement("Allow", "dynamodb:Get*"),)

    def test_a_boundary_allows_nothing_itself_and_limits_everything(self) -> None:
        assert not decide(ann, "dynamodb:GetItem", TABLE, boundary=self.READ).allowed
        assert decide(ann, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, boundary=self.READ).allowed
        outside = decide(ann, "dynamodb:PutItem", TABLE, identity=ALLOW_ALL, boundary=self.READ)
        assert outside.reason == "no-boundary"

    def test_a_boundary_whose_policy_was_deleted_allows_nothing(self) -> None:
        assert decide(ann, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, boundary=()).reason == "no-boundary"

    def test_session_policies_limit_a_session(self) -> None:
        outside = decide(session, "dynamodb:PutItem", TABLE, identity=ALLOW_ALL, session_policy=self.READ)
        assert outside.reason == "no-session-policy"
        assert decide(
            session, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, session_policy=self.READ
        ).allowed

    def test_denies_of_boundary_and_session_have_their_own_reasons(self) -> None:
        deny = (statement("Deny", "*"),)
        denied = ("Deny p #0",)
        assert decide(session, "a:b", TABLE, identity=ALLOW_ALL, boundary=deny) == Decision(
            False, "explicit-deny-boundary", denied
        )
        assert decide(session, "a:b", TABLE, identity=ALLOW_ALL, session_policy=deny) == Decision(
            False, "explicit-deny-session", denied
        )
        assert decide(session, "a:b", TABLE, identity=ALLOW_ALL, control=deny) == Decision(
            False, "explicit-deny-control", denied
        )

    def test_what_no_policy_allows_is_denied_for_that_reason_whatever_the_limits_say(self) -> None:
        decision = decide(
            ann,
            "dynamodb:PutItem",
            TABLE,
            boundary=self.READ,
            session_policy=self.READ,
            control=self.READ,
        )
        assert decision.reason == "no-identity-policy"

    def test_control_policies_limit_everything_and_what_is_denied_already_keeps_its_reason(self) -> None:
        outside = decide(ann, "dynamodb:PutItem", TABLE, on_resource=(naming(ANN),), control=self.READ)
        assert outside == Decision(False, "no-control-policy")
        assert decide(ann, "dynamodb:GetItem", TABLE, on_resource=(naming(ANN),), control=self.READ).allowed

    @pytest.mark.parametrize(
        ("caller", "principal"), [(ann, ANN), (session, SESSION), (session, "*"), (ann, "*")]
    )
    def test_a_resources_policy_that_names_the_caller_itself_exempts_it_from_limits(
        self, caller: Principal, principal: str
    ) -> None:
        decision = decide(
            caller,
            "dynamodb:PutItem",
            TABLE,
            on_resource=(naming(principal),),
            boundary=self.READ,
            session_policy=self.READ,
        )
        assert decision.allowed

    def test_a_policy_in_another_account_exempts_nobody_from_limits(self) -> None:
        decision = decide(
            bob,
            "dynamodb:PutItem",
            TABLE,
            identity=ALLOW_ALL,
            on_resource=(naming(BOB),),
            boundary=self.READ,
        )
        assert decision.reason == "no-boundary"

    def test_a_resources_policy_that_names_the_role_does_not(self) -> None:
        decision = decide(session, "dynamodb:PutItem", TABLE, on_resource=(naming(ROLE),), boundary=self.READ)
        assert decision.reason == "no-boundary"


class TestTrust:
    def trust(self, principal: str) -> dict[str, Any]:
        return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}

    def test_a_role_is_assumed_by_the_principals_that_it_trusts(self) -> None:
        assert decide(ann, "sts:AssumeRole", ROLE, on_resource=(self.trust(ANN),)).allowed
        assert not decide(
            ann, "sts:AssumeRole", ROLE, identity=ALLOW_ALL, on_resource=(self.trust(BOB),)
        ).allowed

    def test_trusting_an_account_leaves_it_to_its_policies(self) -> None:
        assert decide(ann, "sts:AssumeRole", ROLE, identity=ALLOW_ALL, on_resource=(self.trust(OWN),)).allowed
        assert not decide(ann, "sts:AssumeRole", ROLE, on_resource=(self.trust(OWN),)).allowed
        across = (self.trust(OTHER),)
        assert decide(bob, "sts:AssumeRole", ROLE, identity=ALLOW_ALL, on_resource=across).allowed


def test_a_service_may_do_what_the_resources_policy_allows_it() -> None:
    assert decide(
        service, "kms:Decrypt", KEY, on_resource=(naming({"Service": "logs.amazonaws.com"}),)
    ).allowed
    assert not decide(
        service, "kms:Decrypt", KEY, on_resource=(naming({"Service": "s3.amazonaws.com"}),)
    ).allowed
    assert not decide(service, "kms:Decrypt", KEY).allowed
    assert not decide(service, "dynamodb:GetItem", TABLE).allowed


STATEMENTS = st.builds(
    statement,
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(["*", "kms:*", "kms:Decrypt", "dynamodb:Get*"]),
    resource=st.sampled_from(["*", KEY, TABLE, f"{KEY}b"]),
)
ACCESS_REQUESTS = st.sampled_from([("kms:Decrypt", KEY), ("kms:CreateKey", "*"), ("dynamodb:GetItem", TABLE)])


@given(
    ACCESS_REQUESTS, st.lists(STATEMENTS, min_size=1, max_size=4), st.sampled_from([ann, bob, root, session])
)
def test_a_statement_that_denies_everything_always_decides(
    access: tuple[str, str], statements: Any, caller: Principal
) -> None:
    everything = statement("Deny", "*")
    assert not decide(caller, *access, identity=(*statements, everything), on_resource=(naming("*"),)).allowed


@given(ACCESS_REQUESTS, st.lists(STATEMENTS, min_size=2, max_size=4), st.sampled_from([ann, bob, session]))
def test_the_order_of_statements_does_not_matter(
    access: tuple[str, str], statements: Any, caller: Principal
) -> None:
    forward = decide(caller, *access, identity=tuple(statements), on_resource=(naming(ACCOUNT),))
    backward = decide(caller, *access, identity=tuple(reversed(statements)), on_resource=(naming(ACCOUNT),))
    assert (forward.allowed, forward.reason) == (backward.allowed, backward.reason)


@given(ACCESS_REQUESTS, st.lists(STATEMENTS, max_size=3), st.lists(STATEMENTS, min_size=1, max_size=3))
def test_a_boundary_never_allows_what_was_denied_without_it(
    access: tuple[str, str], identity: Any, boundary: Any
) -> None:
    without = decide(ann, *access, identity=tuple(identity), on_resource=(naming(ACCOUNT),))
    limited = decide(
        ann, *access, identity=tuple(identity), on_resource=(naming(ACCOUNT),), boundary=tuple(boundary)
    )
    assert without.allowed or not limited.allowed
