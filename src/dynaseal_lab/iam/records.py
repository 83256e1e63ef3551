"""What IAM keeps: frozen records, replaced whole when something changes; policy documents as texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LastUsed:
    """When and for what an access key signed last."""

    time: datetime
    service: str
    region: str


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A user's long-term key."""

    id: str
    secret: str = field(repr=False)
    account: str
    user_name: str
    created: datetime
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """What users, groups and roles have in common: a name, and policies inline and attached (by ARN)."""

    name: str
    path: str
    id: str
    arn: str
    created: datetime
    inline: Mapping[str, str] = field(default_factory=dict[str, str])
    attached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Holder):
    """A group; users name their groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class User(Holder):
    """A user, with the names of the groups they are in."""

    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    boundary: str | None = None
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Role(Holder):
    """A role; `trust` is the document that says who may assume it, `max_seconds` a session's longest life."""

    trust: str
    description: str | None = None
    max_seconds: int = 3600
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    boundary: str | None = None


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy: `v1`, `v2`..."""

    id: str
    document: str
    created: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedPolicy:
    """A managed policy with at most five versions, oldest first, one of them the default."""

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
        """The text of the default version."""
        return next(version.document for version in self.versions if version.id == self.default_version)
