"""What an update does to unsigned attributes: which clauses are passed on, which values are computed here."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dynaseal.attributes import AttributeValue
from dynaseal.expressions.tree import Path
from dynaseal.expressions.update import Arithmetic, IfNotExists, ListAppend, SetSource
from dynaseal.expressions.validation import UpdateRequest

if TYPE_CHECKING:
    from dynaseal.boto.interception.updates.writes import Expression


@dataclass(frozen=True, kw_only=True)
class UnsignedClauses:
    """The clauses of one update that write unsigned attributes.

    Attributes:
        request: The update and its placeholders.
        passed_on: The attributes whose clauses are passed on to DynamoDB.
        computed: The attributes whose new values were computed here.
        required: The attributes that must be as they were read: what the condition and the right sides that
            are evaluated here read, and what was computed.
    """

    request: UpdateRequest
    passed_on: frozenset[str]
    computed: frozenset[str]
    required: frozenset[str]

    @classmethod
    def none(cls, required: frozenset[str]) -> "UnsignedClauses":
        """Return the clauses of an update that writes no unsigned attribute."""
        request = UpdateRequest(None, None, {}, {})
        return cls(request=request, passed_on=frozenset(), computed=frozenset(), required=required)

    @classmethod
    def of(cls, request: UpdateRequest, is_unsigned: Callable[[str], bool]) -> "UnsignedClauses":
        """Return the unsigned clauses of an update.

        Args:
            request: The update and its placeholders.
            is_unsigned: Whether an attribute is left to DynamoDB, by its name.
        """
        names = request.names
        actions = [
            (path.root(names), {root.root(names) for root in reads}) for path, reads in _actions(request)
        ]
        unsigned = {root for root, _ in actions if is_unsigned(root)}
        computed = {root for root, reads in actions if root in unsigned and not all(map(is_unsigned, reads))}
        read_here = {
            root
            for written, reads in actions
            if written not in unsigned or written in computed
            for root in reads
        }
        if request.condition is not None:
            read_here |= {path.root(names) for path in request.condition.paths}
        return cls(
            request=request,
            passed_on=frozenset(unsigned - computed),
            computed=frozenset(computed),
            required=frozenset(filter(is_unsigned, read_here)) | frozenset(computed),
        )

    @property
    def named(self) -> frozenset[str]:
        """Every attribute that the update or its condition names."""
        expressions = (self.request.update, self.request.condition)
        paths = [path for each in expressions if each is not None for path in each.paths]
        return frozenset(path.root(self.request.names) for path in paths)

    def add_to(self, expression: "Expression") -> None:
        """Add the clauses that are passed on."""
        update, names, values = self.request.update, self.request.names, self.request.values
        if update is None:
            return
        for path, source in update.sets:
            if self._is_passed_on(path, names):
                left = expression.path(path, names)
                expression.sets.append(f"{left}={expression.source(source, names, values)}")
        for path in update.removes:
            if self._is_passed_on(path, names):
                expression.removes.append(expression.path(path, names))
        for actions, target in ((update.adds, expression.adds), (update.deletes, expression.deletes)):
            for path, value in actions:
                if self._is_passed_on(path, names):
                    placeholder = _value(expression, values, value.name)
                    target.append(f"{expression.path(path, names)} {placeholder}")

    def _is_passed_on(self, path: Path, names: Mapping[str, str]) -> bool:
        return path.root(names) in self.passed_on


def _value(expression: "Expression", values: Mapping[str, AttributeValue], name: str) -> str:
    return expression.value(values[name])


def _actions(request: UpdateRequest) -> Iterator[tuple[Path, list[Path]]]:
    """Yield each path that is written, with the paths that are read for it."""
    update = request.update
    if update is None:
        return
    for path, source in update.sets:
        yield path, list(_paths(source))
    for path, _ in (*update.adds, *update.deletes):
        yield path, []
    for path in update.removes:
        yield path, []


def _paths(source: SetSource) -> Iterator[Path]:
    if isinstance(source, Path):
        yield source
    elif isinstance(source, Arithmetic):
        yield from _paths(source.left)
        yield from _paths(source.right)
    elif isinstance(source, IfNotExists):
        yield source.path
        yield from _paths(source.otherwise)
    elif isinstance(source, ListAppend):
        yield from _paths(source.first)
        yield from _paths(source.second)
