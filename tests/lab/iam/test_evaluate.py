"""The decision: who may do what, by which policies; the cases of AWS's documentation and their borders."""

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

ann = Principal("user", OWN, ANN, ANN, "AIDAANNANNANNANNANNA", "ann", {"team": "red"})
bob = Principal("user", OTHER, BOB, BOB, "AIDABOBBOBBOBBOBBOBB", "bob")
root = Principal("root", OWN, ACCOUNT, ACCOUNT, OWN, "root")
other_root = Principal(
    "root", OTHER, f"arn:aws:iam::{OTHER}:root", f"arn:aws:iam::{OTHER}:root", OTHER, "root"
)
session = Principal("assumed-role", OWN, ROLE, SESSION, "AROAREADERREADERREAD:monday", "reader")
service = Principal("service", "", "", "", "", "logs.amazonaws.com")


def statement(effect: str, *actions: str, resource: str = "*", **elements: Any) -> dict[str, Any]:
    return {"Effect": effect, "Action": list(actions), "Resource": resource} | elements


def named(principal: Any, effect: str = "Allow", *actions: str, **elements: Any) -> dict[str, Any]:
    """A statement of a resource's policy."""
    principals = principal if isinstance(principal, dict) else {"AWS": principal}
    return statement(effect, *(actions or ("*",)), Principal=principals, **elements)


def text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def policies(*statements: dict[str, Any]) -> tuple[NamedPolicy, ...]:
    return (NamedPolicy("p", text(*statements)),) if statements else ()


def decide(
    principal: Principal,
    action: str,
    resource: str,
    *,
    identity: tuple[dict[str, Any], ...] = (),
    on_resource: tuple[dict[str, Any], ...] = (),
    boundary: tuple[dict[str, Any], ...] | None = None,
    session_policy: tuple[dict[str, Any], ...] | None = None,
    context: dict[str, list[str]] | None = None,
    grant: bool = False,
) -> Decision:
    access_request = AccessRequest(
        action,
        resource,
        OWN,
        resource_policies=(text(*on_resource),) if on_resource else (),
        grants_allow=grant,
    )
    gathered = Policies(
        policies(*identity),
        None if boundary is None else policies(*boundary),
        None if session_policy is None else policies(*session_policy),
    )
    keys = {key.lower(): values for key, values in (context or {}).items()}
    return evaluate(access_request, principal, gathered, principal_keys(principal) | keys)


ALLOW_ALL = (statement("Allow", "*"),)


class TestWithinOneAccount:
    def test_what_nobody_allows_is_denied(self):
        assert decide(ann, "dynamodb:GetItem", TABLE) == Decision(False, "no-identity-policy")

    def test_an_identity_policy_allows(self):
        decision = decide(ann, "dynamodb:GetItem", TABLE, identity=(statement("Allow", "dynamodb:Get*"),))
        assert decision == Decision(True, "allowed", ("Allow p #0",))

    def test_the_resources_policy_alone_allows_whom_it_names(self):
        assert decide(ann, "dynamodb:GetItem", TABLE, on_resource=(named(ANN),)).allowed
        assert decide(session, "dynamodb:GetItem", TABLE, on_resource=(named(ROLE),)).allowed
        assert decide(session, "dynamodb:GetItem", TABLE, on_resource=(named(SESSION),)).allowed
        assert decide(ann, "dynamodb:GetItem", TABLE, on_resource=(named(ann.user_id),)).allowed

    def test_naming_the_account_leaves_it_to_the_accounts_own_policies(self):
        decision = decide(ann, "dynamodb:GetItem", TABLE, on_resource=(named(ACCOUNT),))
        assert decision == Decision(False, "no-identity-policy")

    def test_an_explicit_deny_in_either_decides(self):
        denied = statement("Deny", "*", Sid="Never")
        by_identity = decide(ann, "dynamodb:GetItem", TABLE, identity=(*ALLOW_ALL, denied))
        assert by_identity == Decision(False, "explicit-deny-identity", ("Deny p Never",))
        by_resource = decide(
            ann, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, on_resource=(named("*", "Deny"),)
        )
        assert by_resource.reason == "explicit-deny-resource"

    def test_root_needs_no_policy_and_a_resources_deny_binds_it_too(self):
        assert decide(root, "dynamodb:GetItem", TABLE).allowed
        denied = decide(root, "dynamodb:GetItem", TABLE, on_resource=(named("*", "Deny"),))
        assert denied.reason == "explicit-deny-resource"

    def test_not_action_and_not_resource_mean_all_others(self):
        all_but_delete = {"Effect": "Allow", "NotAction": "dynamodb:Delete*", "Resource": "*"}
        assert decide(ann, "dynamodb:GetItem", TABLE, identity=(all_but_delete,)).allowed
        assert not decide(ann, "dynamodb:DeleteItem", TABLE, identity=(all_but_delete,)).allowed
        all_but_table = {"Effect": "Allow", "Action": "*", "NotResource": TABLE}
        assert not decide(ann, "dynamodb:GetItem", TABLE, identity=(all_but_table,)).allowed
        assert decide(ann, "dynamodb:GetItem", TABLE + "b", identity=(all_but_table,)).allowed

    def test_a_policy_variable_is_the_callers_own_value(self):
        own = statement("Allow", "*", resource=f"{TABLE[:-1]}${{aws:username}}-*")
        assert decide(ann, "dynamodb:GetItem", f"{TABLE[:-1]}ann-x", identity=(own,)).allowed
        assert not decide(ann, "dynamodb:GetItem", f"{TABLE[:-1]}bob-x", identity=(own,)).allowed

    @pytest.mark.parametrize("effect", ["Allow", "Deny"])
    def test_all_resources_but_a_variable_without_a_value_are_those_that_it_cannot_mean(self, effect: str):
        but_own = {"Effect": effect, "Action": "*", "NotResource": f"{TABLE}${{aws:PrincipalTag/none}}"}
        decision = decide(ann, "dynamodb:GetItem", TABLE, identity=(but_own,))
        assert decision.reason == "no-identity-policy"
        elsewhere = decide(ann, "dynamodb:GetItem", "arn:aws:dynamodb:eu-west-1::x", identity=(but_own,))
        assert elsewhere.reason == ("allowed" if effect == "Allow" else "explicit-deny-identity")

    def test_several_values_without_a_set_operator_never_allow_and_deny_if_one_fits(self):
        own_keys = {"Condition": {"StringEquals": {"dynamodb:LeadingKeys": ["ann", "eve"]}}}
        two, one = {"dynamodb:LeadingKeys": ["ann", "bob"]}, {"dynamodb:LeadingKeys": ["ann"]}
        allowing, denying = statement("Allow", "*", **own_keys), statement("Deny", "*", **own_keys)
        assert decide(ann, "dynamodb:GetItem", TABLE, identity=(allowing,), context=one).allowed
        assert not decide(ann, "dynamodb:GetItem", TABLE, identity=(allowing,), context=two).allowed
        assert not decide(ann, "dynamodb:GetItem", TABLE, identity=(*ALLOW_ALL, denying), context=two).allowed

    def test_a_condition_that_does_not_hold_is_named_among_the_reasons(self):
        red = statement("Allow", "*", Condition={"StringEquals": {"aws:PrincipalTag/Team": "blue"}})
        decision = decide(ann, "dynamodb:GetItem", TABLE, identity=(red,))
        (why,) = decision.statements
        assert why.startswith('Allow p #0: condition StringEquals aws:PrincipalTag/Team "blue" does not hold')
        assert why.endswith(', the request has "red"')


class TestAcrossAccounts:
    def test_both_sides_must_allow(self):
        both = decide(bob, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, on_resource=(named(BOB),))
        assert both.allowed
        assert decide(bob, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL).reason == "no-resource-policy"
        assert (
            decide(bob, "dynamodb:GetItem", TABLE, on_resource=(named(BOB),)).reason == "no-identity-policy"
        )

    def test_naming_the_other_account_lets_its_policies_decide(self):
        there = (named(OTHER),)
        assert decide(bob, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, on_resource=there).allowed
        assert not decide(bob, "dynamodb:GetItem", TABLE, on_resource=there).allowed
        assert decide(other_root, "dynamodb:GetItem", TABLE, on_resource=there).allowed

    def test_another_accounts_root_has_no_power_of_its_own(self):
        assert decide(other_root, "dynamodb:GetItem", TABLE).reason == "no-resource-policy"


class TestKeys:
    def test_without_delegation_identity_policies_count_for_nothing(self):
        decision = decide(ann, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=(named(BOB),))
        assert decision.reason == "no-resource-policy"

    def test_a_policy_that_names_the_account_hands_its_actions_on(self):
        delegates = (named(ACCOUNT, "Allow", "kms:Decrypt"),)
        assert decide(ann, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=delegates).allowed
        assert decide(ann, "kms:Decrypt", KEY, on_resource=delegates).reason == "no-identity-policy"
        encrypt = decide(ann, "kms:Encrypt", KEY, identity=ALLOW_ALL, on_resource=delegates)
        assert encrypt.reason == "no-resource-policy"

    def test_a_delegation_holds_under_its_conditions_only(self):
        delegates = (
            named(ACCOUNT, "Allow", "kms:*", Condition={"StringEquals": {"kms:ViaService": "dynamodb"}}),
        )
        through = {"kms:ViaService": ["dynamodb"]}
        assert decide(
            ann, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=delegates, context=through
        ).allowed
        assert not decide(ann, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=delegates).allowed

    def test_whom_the_key_policy_names_needs_no_identity_policy(self):
        assert decide(ann, "kms:Decrypt", KEY, on_resource=(named(ANN),)).allowed

    def test_everybody_of_the_account_is_a_star_and_a_condition(self):
        anyone = (named("*", Condition={"StringEquals": {"kms:CallerAccount": OWN}}),)
        assert decide(
            ann, "kms:Decrypt", KEY, on_resource=anyone, context={"kms:CallerAccount": [OWN]}
        ).allowed
        assert not decide(
            bob,
            "kms:Decrypt",
            KEY,
            identity=ALLOW_ALL,
            on_resource=anyone,
            context={"kms:CallerAccount": [OTHER]},
        ).allowed

    def test_root_has_only_what_the_key_policy_gives(self):
        assert decide(root, "kms:Decrypt", KEY, on_resource=(named(ACCOUNT),)).allowed
        assert decide(root, "kms:Decrypt", KEY, on_resource=(named(ANN),)).reason == "no-resource-policy"

    def test_an_action_on_no_key_is_up_to_identity_policies(self):
        assert decide(ann, "kms:CreateKey", "*", identity=ALLOW_ALL).allowed
        assert decide(ann, "kms:CreateAlias", f"{KEY.rsplit(':', 1)[0]}:alias/a", identity=ALLOW_ALL).allowed

    def test_a_grant_allows_and_a_deny_takes_it_back(self):
        assert decide(ann, "kms:Decrypt", KEY, on_resource=(named(BOB),), grant=True).allowed
        denied = decide(ann, "kms:Decrypt", KEY, on_resource=(named(ANN, "Deny"),), grant=True)
        assert denied.reason == "explicit-deny-resource"

    def test_a_grant_across_accounts_needs_the_callers_own_policies_too(self):
        assert decide(bob, "kms:Decrypt", KEY, identity=ALLOW_ALL, grant=True).allowed
        assert not decide(bob, "kms:Decrypt", KEY, grant=True).allowed


SPARES_ANN = {"Effect": "Deny", "NotPrincipal": {"AWS": [ANN, ACCOUNT]}, "Action": "*", "Resource": "*"}


class TestNotPrincipal:
    def test_a_deny_spares_whom_it_names(self):
        assert decide(
            ann, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=(named(ACCOUNT), SPARES_ANN)
        ).allowed

    @pytest.mark.parametrize("caller", [session, bob])
    def test_a_deny_meets_everybody_else(self, caller: Principal):
        decision = decide(
            caller, "kms:Decrypt", KEY, identity=ALLOW_ALL, on_resource=(named(["*"]), SPARES_ANN)
        )
        assert decision.reason == "explicit-deny-resource"

    def test_the_accounts_arn_spares_root_alone(self):
        only_root = SPARES_ANN | {"NotPrincipal": {"AWS": ACCOUNT}}
        assert decide(root, "kms:Decrypt", KEY, on_resource=(named(ACCOUNT), only_root)).allowed
        assert not decide(ann, "kms:Decrypt", KEY, on_resource=(named(ANN), only_root)).allowed

    def test_a_deny_never_spares_a_caller_with_a_permissions_boundary(self):
        spared = {"identity": ALLOW_ALL, "on_resource": (named(ACCOUNT), SPARES_ANN), "boundary": ALLOW_ALL}
        assert decide(ann, "kms:Decrypt", KEY, **spared).reason == "explicit-deny-resource"

    def test_an_allow_leaves_out_whom_it_names_and_the_accounts(self):
        others = {"Effect": "Allow", "NotPrincipal": {"AWS": ACCOUNT}, "Action": "*", "Resource": "*"}
        assert not decide(ann, "dynamodb:GetItem", TABLE, on_resource=(others,)).allowed
        assert decide(bob, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, on_resource=(others,)).allowed


class TestLimits:
    READ = (statement("Allow", "dynamodb:Get*"),)

    def test_a_boundary_allows_nothing_and_limits_everything(self):
        assert not decide(ann, "dynamodb:GetItem", TABLE, boundary=self.READ).allowed
        assert decide(ann, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, boundary=self.READ).allowed
        outside = decide(ann, "dynamodb:PutItem", TABLE, identity=ALLOW_ALL, boundary=self.READ)
        assert outside.reason == "no-boundary"

    def test_a_boundary_whose_policy_is_gone_allows_nothing(self):
        assert decide(ann, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, boundary=()).reason == "no-boundary"

    def test_session_policies_limit_a_session(self):
        outside = decide(session, "dynamodb:PutItem", TABLE, identity=ALLOW_ALL, session_policy=self.READ)
        assert outside.reason == "no-session-policy"
        assert decide(
            session, "dynamodb:GetItem", TABLE, identity=ALLOW_ALL, session_policy=self.READ
        ).allowed

    def test_denies_of_boundary_and_session_have_their_own_reasons(self):
        deny = (statement("Deny", "*"),)
        assert decide(ann, "a:b", TABLE, identity=ALLOW_ALL, boundary=deny).reason == "explicit-deny-boundary"
        assert decide(session, "a:b", TABLE, session_policy=deny).reason == "explicit-deny-session"

    @pytest.mark.parametrize(
        ("caller", "principal"), [(ann, ANN), (session, SESSION), (session, "*"), (ann, "*")]
    )
    def test_a_resource_that_means_the_caller_itself_lifts_the_limits(
        self, caller: Principal, principal: str
    ):
        limits = {"boundary": self.READ, "session_policy": self.READ}
        assert decide(caller, "dynamodb:PutItem", TABLE, on_resource=(named(principal),), **limits).allowed

    def test_a_resource_that_means_the_role_does_not(self):
        decision = decide(session, "dynamodb:PutItem", TABLE, on_resource=(named(ROLE),), boundary=self.READ)
        assert decision.reason == "no-boundary"


class TestTrust:
    def trusting(self, principal: str) -> dict[str, Any]:
        return {"Effect": "Allow", "Principal": {"AWS": principal}, "Action": "sts:AssumeRole"}

    def test_a_role_is_assumed_by_whom_it_trusts(self):
        assert decide(ann, "sts:AssumeRole", ROLE, on_resource=(self.trusting(ANN),)).allowed
        assert not decide(
            ann, "sts:AssumeRole", ROLE, identity=ALLOW_ALL, on_resource=(self.trusting(BOB),)
        ).allowed

    def test_trusting_an_account_leaves_it_to_its_policies(self):
        assert decide(
            ann, "sts:AssumeRole", ROLE, identity=ALLOW_ALL, on_resource=(self.trusting(OWN),)
        ).allowed
        assert not decide(ann, "sts:AssumeRole", ROLE, on_resource=(self.trusting(OWN),)).allowed
        across = (self.trusting(OTHER),)
        assert decide(bob, "sts:AssumeRole", ROLE, identity=ALLOW_ALL, on_resource=across).allowed


def test_a_service_has_what_the_resources_policy_gives_it():
    assert decide(
        service, "kms:Decrypt", KEY, on_resource=(named({"Service": "logs.amazonaws.com"}),)
    ).allowed
    assert not decide(
        service, "kms:Decrypt", KEY, on_resource=(named({"Service": "s3.amazonaws.com"}),)
    ).allowed
    assert not decide(service, "kms:Decrypt", KEY).allowed


STATEMENTS = st.builds(
    statement,
    st.sampled_from(["Allow", "Deny"]),
    st.sampled_from(["*", "kms:*", "kms:Decrypt", "dynamodb:Get*"]),
    resource=st.sampled_from(["*", KEY, TABLE, f"{KEY}b"]),
)
QUESTIONS = st.sampled_from([("kms:Decrypt", KEY), ("kms:CreateKey", "*"), ("dynamodb:GetItem", TABLE)])


@given(QUESTIONS, st.lists(STATEMENTS, min_size=1, max_size=4), st.sampled_from([ann, bob, root, session]))
def test_a_deny_of_everything_always_decides(question: tuple[str, str], statements: Any, caller: Principal):
    everything = statement("Deny", "*")
    assert not decide(
        caller, *question, identity=(*statements, everything), on_resource=(named("*"),)
    ).allowed


@given(QUESTIONS, st.lists(STATEMENTS, min_size=2, max_size=4), st.sampled_from([ann, bob, session]))
def test_the_order_of_statements_does_not_matter(
    question: tuple[str, str], statements: Any, caller: Principal
):
    forward = decide(caller, *question, identity=tuple(statements), on_resource=(named(ACCOUNT),))
    backward = decide(caller, *question, identity=tuple(reversed(statements)), on_resource=(named(ACCOUNT),))
    assert (forward.allowed, forward.reason) == (backward.allowed, backward.reason)


@given(QUESTIONS, st.lists(STATEMENTS, max_size=3), st.lists(STATEMENTS, min_size=1, max_size=3))
def test_a_boundary_never_gives_what_was_denied_without_it(
    question: tuple[str, str], identity: Any, boundary: Any
):
    without = decide(ann, *question, identity=tuple(identity), on_resource=(named(ACCOUNT),))
    limited = decide(
        ann, *question, identity=tuple(identity), on_resource=(named(ACCOUNT),), boundary=tuple(boundary)
    )
    assert without.allowed or not limited.allowed
