"""The parts of a request, each about one table: the one place that knows where requests name tables and keys.

A batch has a part for each table, a transaction for each action, a batch of PartiQL for each statement; every
other request is one part. Each class below is one form that requests have. It reads the parts, and it writes
the same request with other table names.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from dynaseal_lab.dynamodb.json_values import as_list, as_object, as_string, required_string
from dynaseal_lab.dynamodb.partiql import Statement, parse_statement
from dynaseal_lab.dynamodb.partiql_tokens import with_table_names
from dynaseal_lab.model import Fault, Params

Rename = Callable[[Any], Any]
"""Returns the name to write in place of a table's name; whatever else stands there is returned unchanged."""

_PUTS = frozenset({"Put", "PutRequest"})
_TABLE_PARAMETERS = ("TableName", "SourceTableName")


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a request.

    Args:
        table: The table as the request names it, by name or ARN.
        params: The parameters of this part, from which condition keys are read.
        index: The index that is read in place of the table.
        keys: The items or keys that the part names.
        queried: Whether a key condition names the partition, as in a Query.
        statement: The PartiQL statement, where the part is one.
        action: The action that the part needs, where that is not the request's own.
        enclosed: Whether the part's permission has `dynamodb:EnclosingOperation`.
    """

    table: str
    params: Params
    index: str | None = None
    keys: tuple[Params, ...] = ()
    queried: bool = False
    statement: Statement | None = None
    action: str | None = None
    enclosed: bool = False


class RequestForm(Protocol):
    """Where requests of one form hold their parts."""

    def parts(self, params: Params) -> Iterator[Part]:
        """Read the parts of a request.

        Raises:
            Fault: the request does not have this form.
        """
        ...

    def renamed(self, params: Params, rename: Rename) -> Params:
        """Return the request with every table's name replaced.

        Raises:
            Fault: the request does not have this form.
        """
        ...


@dataclass(frozen=True, slots=True)
class WholeRequest:
    """A request that is one part, about the table in `TableName`.

    Args:
        read: Reads the part.
    """

    read: Callable[[Params], Part]

    def parts(self, params: Params) -> Iterator[Part]:
        """Read the one part."""
        yield self.read(params)

    def renamed(self, params: Params, rename: Rename) -> Params:
        """Return the request with the name of the table, or of the table to restore from, replaced."""
        return _renamed_parameters(params, rename)


@dataclass(frozen=True, slots=True)
class TablesOfItems:
    """A batch: `RequestItems` maps each table to what is done there.

    Args:
        read_table: Reads the parameters and the keys of one table's part.
    """

    read_table: Callable[[Any], tuple[Params, tuple[Params, ...]]]

    def parts(self, params: Params) -> Iterator[Part]:
        """Read one part for each table."""
        for table, content in as_object(params.get("RequestItems", {})).items():
            table_params, keys = self.read_table(content)
            yield Part(table=table, params=table_params, keys=keys)

    def renamed(self, params: Params, rename: Rename) -> Params:
        """Return the batch with each table's name replaced; the same table twice is refused."""
        if "RequestItems" not in params:
            return params
        tables = as_object(params["RequestItems"])
        renamed = {rename(table): content for table, content in tables.items()}
        if len(renamed) != len(tables):
            raise Fault("ValidationException", "RequestItems names a table twice: by its name and by its ARN")
        return {**params, "RequestItems": renamed}


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction: `TransactItems` is a list of actions, `{"Put": {...}}`.

    Args:
        actions: The IAM action for each word that a transaction may have.
    """

    actions: Mapping[str, str]

    def parts(self, params: Params) -> Iterator[Part]:
        """Read one part for each action."""
        for entry in as_list(params.get("TransactItems") or []):
            for word, content in as_object(entry).items():
                if word not in self.actions:
                    raise Fault("ValidationException", f"An entry of TransactItems cannot contain {word}")
                part = as_object(content)
                yield Part(
                    table=required_string(part, "TableName"),
                    params=part,
                    keys=(_key_of(word, part),),
                    action=self.actions[word],
                    enclosed=True,
                )

    def renamed(self, params: Params, rename: Rename) -> Params:
        """Return the transaction with the table's name in each action replaced."""
        if "TransactItems" not in params:
            return params
        entries = map(as_object, as_list(params["TransactItems"]))
        renamed = [
            {word: _renamed_parameters(as_object(part), rename) for word, part in entry.items()}
            for entry in entries
        ]
        return {**params, "TransactItems": renamed}


@dataclass(frozen=True, slots=True)
class OneStatement:
    """A request that is one statement of PartiQL."""

    def parts(self, params: Params) -> Iterator[Part]:
        """Read the statement."""
        yield _statement_part(params, enclosed=False)

    def renamed(self, params: Params, rename: Rename) -> Params:
        """Return the request with the table's ARN in the statement replaced."""
        return _renamed_statement(params, rename)


@dataclass(frozen=True, slots=True)
class Statements:
    """A request with a list of PartiQL statements.

    Args:
        parameter: The parameter that holds the list.
    """

    parameter: str

    def parts(self, params: Params) -> Iterator[Part]:
        """Read one part for each statement."""
        for entry in as_list(params.get(self.parameter) or []):
            yield _statement_part(as_object(entry), enclosed=True)

    def renamed(self, params: Params, rename: Rename) -> Params:
        """Return the request with the table's ARN in each statement replaced."""
        if self.parameter not in params:
            return params
        entries = map(as_object, as_list(params[self.parameter]))
        return {**params, self.parameter: [_renamed_statement(entry, rename) for entry in entries]}


def table_part(params: Params) -> Part:
    """Read a request about a table."""
    return Part(table=required_string(params, "TableName"), params=params)


def key_part(params: Params, *, member: str = "Key") -> Part:
    """Read a request about one item, which it names by its key."""
    keys = (_object(params, member),)  # first: a value of the wrong type precedes a missing parameter
    return Part(table=required_string(params, "TableName"), params=params, keys=keys)


def item_part(params: Params) -> Part:
    """Read a request that puts one item."""
    return key_part(params, member="Item")


def scan_part(params: Params, *, queried: bool = False) -> Part:
    """Read a request that reads a table or one of its indexes."""
    table = required_string(params, "TableName")
    index = as_string(params["IndexName"]) if params.get("IndexName") is not None else None
    return Part(table=table, params=params, index=index, queried=queried)


def query_part(params: Params) -> Part:
    """Read a request that reads one partition of a table or of one of its indexes."""
    return scan_part(params, queried=True)


def keys_to_get(content: Any) -> tuple[Params, tuple[Params, ...]]:
    """Read one table's part of a batch that reads items."""
    table_params = as_object(content)
    return table_params, tuple(as_object(key) for key in as_list(table_params.get("Keys") or []))


def items_to_write(content: Any) -> tuple[Params, tuple[Params, ...]]:
    """Read one table's part of a batch that puts and deletes items."""
    keys = tuple(
        _key_of(word, as_object(request))
        for write in as_list(content)
        for word, request in as_object(write).items()
    )
    return {"Items": keys}, keys


def _key_of(word: str, params: Params) -> Params:
    """Return the item that one write of a batch or transaction puts, or the key that any other names.

    Only that member counts: the engine ignores the other one, so a permission must not rest on it.
    """
    return _object(params, "Item" if word in _PUTS else "Key")


def _object(params: Params, member: str) -> Params:
    return as_object(params.get(member) or {})


def _renamed_parameters(params: Params, rename: Rename) -> Params:
    return {**params, **{name: rename(params[name]) for name in _TABLE_PARAMETERS if name in params}}


def _statement_part(params: Params, *, enclosed: bool) -> Part:
    parameters = as_list(params.get("Parameters") or [])
    statement = parse_statement(required_string(params, "Statement"), parameters)
    return Part(
        table=statement.table,
        params=params,
        index=statement.index,
        statement=statement,
        action=f"PartiQL{statement.verb}",
        enclosed=enclosed,
    )


def _renamed_statement(params: Params, rename: Rename) -> Params:
    statement = params.get("Statement")
    if not isinstance(statement, str):
        return params
    return {**params, "Statement": with_table_names(statement, rename)}
