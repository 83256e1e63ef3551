"""The records that IAM keeps. They are frozen: a change replaces the whole record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from dynaseal_lab.iam.bound_principals import Bindings


@dataclass(frozen=True, slots=True)
class LastUsed:
    """When, and for which service and Region, an access key last signed a request."""

    time: datetime
    service: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A user's long-term access key."""

    id: str
    secret: str = field(repr=False)
    account: str
    user_name: str
    created: datetime
    active: bool = True


@dataclass(frozen=True, slots=True)
class ControlPolicies:
    """The service control policies of an account: documents (JSON strings) by name."""

    documents: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What users, groups and roles have in common: a name, and policies.

    `inline` are policy documents (JSON strings) by policy name; `attached` are ARNs of managed policies.
    """

    name: str
    path: str
    id: str
    arn: str
    created: datetime
    inline: Mapping[str, str] = field(default_factory=dict[str, str])
    attached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Identity):
    """A group. Which users are in it is stored with the users."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Identity):
    """A user; `groups` are the names of the groups that the user is in."""

    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    boundary: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Identity):
    """A role; `trust` is its trust policy, and `max_seconds` the longest that a session of it may last.

    `trusted` are the users and roles that the trust policy names, with their unique ids.
    """

    trust: str
    trusted: Bindings = ()
    description: str | None = None
    max_seconds: int = 3600
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    boundary: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceProfile:
    """An instance profile, which hands a role to EC2's instances; the lab has no instances."""

    name: str
    path: str
    id: str
    arn: str
    created: datetime
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    role: str | None = None
    """The name of its role."""


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy; its id is `v1`, `v2` and so on."""

    id: str
    document: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedPolicy:
    """A managed policy with at most five versions, oldest first; one of them is the default."""

    name: str
    path: str
    id: str
    arn: str
    created: datetime
    updated: datetime
    description: str | None = None
    versions: tuple[PolicyVersion, ...]
    default_version: str
    next_version: int = 2
    tags: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def document(self) -> str:
        """The document of the default version."""
        return next(version.document for version in self.versions if version.id == self.default_version)
