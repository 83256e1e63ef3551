"""One Query or Scan, prepared: analysed once, and used to write the request and to filter the reply.

- Names of beacons become their stored names, and values that are compared with them become beacon values.
- Values that no expression uses are refused, as DynamoDB refuses them, but before it has seen them.
- DynamoDB also finds items that only share a hash with what was asked for. These false matches are left out
  of the reply: the caller's expressions are evaluated on the decrypted items, as DynamoDB would on a table in
  plain text, with the plain values of beacons under the beacons' names.
- A beacon that cannot be made from an item has no value there, and that is not an error: the item was
  written, so another configuration wrote it.
- `Select=COUNT` would count false matches. Such a search is sent for whole items, and only counts them.
- An ExclusiveStartKey that is built from a decrypted item has real values; they become beacon values. Code
  that takes the attributes of a LastEvaluatedKey from an item finds stored beacons there (`IndexedItem`).

Source: specification `ddb-support.md`, "QueryInputForBeacons", "Filter Expressions for Query",
"ScanInputForBeacons" and "QueryOutputForBeacons".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, NoReturn

from dynaseal.attributes import AttributeValue, Item
from dynaseal.beacons.compiled.hashes import BEACON_PREFIX, HmacKeys
from dynaseal.beacons.compiled.search import Beacon, CompiledSearch
from dynaseal.beacons.compiled.standard import CompiledStandardBeacon, NotASetError
from dynaseal.beacons.key_sources import SingleKeySource
from dynaseal.beacons.requests.analysis import (
    AnalysedExpression,
    AnalysedSearch,
    NameItems,
    ReplyConditions,
    analyse_search,
    refuse,
    reply_conditions,
)
from dynaseal.beacons.requests.comparisons import (
    CONTAINS,
    FILTER,
    KEY_CONDITION,
    NAMES,
    PROJECTION,
    VALUES,
    Comparison,
)
from dynaseal.beacons.requests.compound_values import compound_values
from dynaseal.beacons.requests.earlier_queries import EarlierQueries
from dynaseal.beacons.requests.partition_filters import filter_for_partitions
from dynaseal.beacons.requests.partitions import (
    PARTITION_VALUE,
    refuse_undefined,
    requested_partition,
)
from dynaseal.beacons.requests.start_keys import start_beacon, start_value
from dynaseal.beacons.requests.tenants import tenant_key_id
from dynaseal.beacons.surrogates.keys import TokenKeys
from dynaseal.beacons.surrogates.requests import START, with_tokens
from dynaseal.core import header
from dynaseal.core.header import HEADER_NAME
from dynaseal.core.values.types import MalformedValueError
from dynaseal.errors import EncryptError, FormatError, UnsupportedOperationError
from dynaseal.expressions import ConditionExpression, matches, parse_condition
from dynaseal.expressions.parse import CACHED_EXPRESSIONS

SELECT = "Select"


class IndexedItem(dict[str, Any]):
    """A decrypted item of a search through an index; stored beacons can be looked up in it by `item[name]`.

    A decrypted item has no beacons. But PynamoDB and others make the key from which a search goes on with
    `{name: item[name] for name in names}`, where the names are the index's keys: stored beacons. They are
    found in that way only: the item does not contain them, and iterating over it leaves them out.

    Attributes:
        stored_item: The item as it is stored.
    """

    stored_item: Item

    def __missing__(self, name: str) -> Any:
        value = self.stored_item.get(name) if name.startswith(BEACON_PREFIX) else None
        if value is None:
            raise KeyError(name)
        # A boto3 resource has replaced the wire values of this item by Python values.
        is_wire = all(isinstance(each, Mapping) for each in self.values())
        return value if is_wire else next(iter(value.values()))


class SearchRequests:
    """Prepares the Query and Scan requests of one table. Safe for many threads.

    Args:
        compiled: The table's beacons.
        beacon_keys: Returns the keys of the standard beacons for a beacon key id.
        token_keys: Returns the keys of the surrogate keys' tokens.
    """

    def __init__(
        self,
        compiled: CompiledSearch,
        beacon_keys: Callable[[str], HmacKeys],
        token_keys: Callable[[], TokenKeys],
    ) -> None:
        self._compiled = compiled
        self._has_tenants = compiled.key_field is not None
        self._beacon_keys = beacon_keys
        self._token_keys = token_keys
        # What is cached depends on expressions and names, never on the values of a request.
        cache = lru_cache(maxsize=CACHED_EXPRESSIONS)
        self._analyse = cache(partial(analyse_search, compiled))
        self._reply_conditions = cache(partial(reply_conditions, compiled))

    def prepare(self, operation: str, caller_request: Mapping[str, Any]) -> "PreparedSearch":
        """Prepare a request.

        Raises:
            UnsupportedOperationError: an expression needs something that no beacon and no token supports.
            KeyStoreError: the key of the tokens or of a tenant cannot be fetched.
        """
        compiled = self._compiled
        request = caller_request
        if compiled.surrogates.keys:
            request = with_tokens(compiled.surrogates, operation, caller_request, self._token_keys())
        key_condition, filter_, names = _expressions(request)
        analysis = self._analyse(key_condition, filter_, request.get(PROJECTION), names)
        values: Mapping[str, AttributeValue] = request.get(VALUES) or {}
        partition, queries = 0, 1
        if PARTITION_VALUE in values or (operation == "Query" and compiled.partitions > 1):
            partition, queries = requested_partition(compiled, operation, analysis, values)
            values = {name: value for name, value in values.items() if name != PARTITION_VALUE}
        if not analysis.used_values.issuperset(values):
            refuse_unused(operation, values.keys() - analysis.used_values)
        tenant = tenant_key_id(compiled, analysis, values) if self._has_tenants else None
        # DynamoDB refuses a projection with COUNT, so such a request is sent unchanged.
        only_counts = (
            caller_request.get(SELECT) == "COUNT"
            and (analysis.has_false_matches or tenant is not None)
            and not caller_request.get(PROJECTION)
        )
        return PreparedSearch(
            caller_request=caller_request,
            only_counts=only_counts,
            uses_index="IndexName" in caller_request,
            reply_conditions=self._reply_conditions(*_expressions(caller_request)),
            request=request,
            analysis=analysis,
            values=values,
            partition=partition,
            queries=queries,
            tenant=tenant,
            compiled=compiled,
            # A tenant's key is fetched even if no beacon needs it: a tenant that does not exist is refused.
            keys=None if tenant is None else self._beacon_keys(tenant),
            fetch_keys=self._beacon_keys,
        )


@dataclass(slots=True, kw_only=True, repr=False)
class PreparedSearch:
    """One Query or Scan request of a table.

    Attributes:
        caller_request: The request as the caller wrote it.
        only_counts: Whether the caller wants the number of items, which DynamoDB alone cannot count.
        uses_index: Whether it goes through an index, whose keys may be beacons.
        reply_conditions: The conditions that the decrypted items of the reply must fulfil.
        request: The request with tokens for the values of surrogate keys.
        analysis: The expressions of this request.
        values: Its ExpressionAttributeValues, without the partition.
        partition: The partition that it names; 0 if it names none.
        queries: How many queries it needs to cover all partitions.
        tenant: The branch key id that it names, in a table of tenants.
        compiled: The table's beacons.
        keys: The keys of the standard beacons, once they are fetched.
        fetch_keys: Fetches them for a beacon key id.
    """

    caller_request: Mapping[str, Any]
    only_counts: bool
    uses_index: bool
    reply_conditions: ReplyConditions
    request: Mapping[str, Any]
    analysis: AnalysedSearch
    values: Mapping[str, AttributeValue]
    partition: int
    queries: int
    tenant: str | None
    compiled: CompiledSearch
    keys: HmacKeys | None
    fetch_keys: Callable[[str], HmacKeys]

    def sent_request(self) -> dict[str, Any]:
        """Return the request to send.

        Raises:
            UnsupportedOperationError: a beacon has no hash of a value, or a value is needed in two forms.
            KeyStoreError: the beacons' key cannot be fetched.
        """
        request = self._request_for(self.partition)
        if request.get(START):
            request[START] = self._start_key(request[START])
        if self.only_counts:
            # Whole items, where DynamoDB can return them: for a local index it reads them from the table.
            request[SELECT] = "ALL_ATTRIBUTES"
        return request

    def items_of_tenant(self, stored_items: Sequence[Item]) -> Sequence[Item]:
        """Return the items of a reply that are encrypted under the named tenant's key; all if none is named.

        An item that is not encrypted counts as the tenant's: whether it may be read is checked afterwards.
        """
        tenant = self.tenant
        return stored_items if tenant is None else [each for each in stored_items if _is_under(each, tenant)]

    def without_false_matches(self, items: Iterable[tuple[Item, dict[str, Any]]]) -> list[dict[str, Any]]:
        """Return the decrypted items that the caller asked for.

        Args:
            items: The items of the reply, each as it is stored and decrypted.
        """
        names, values = self.caller_request.get(NAMES), self.caller_request.get(VALUES)
        conditions, beacons = self.reply_conditions.conditions, self.reply_conditions.beacons
        earlier: EarlierQueries | None = None
        found: list[dict[str, Any]] = []
        for stored, item in items:
            searched = _with_plain_beacons(item, beacons) if beacons else item
            if self.tenant is not None and self.compiled.drops_key_field:
                # The item is this tenant's (`items_of_tenant`), and was written without saying so.
                searched = {**searched, str(self.compiled.key_field): {"S": self.tenant}}
            if not _fulfils(searched, conditions, names, values):
                continue
            if self.partition:
                # Hashes of two partitions may be equal, and then the query for an earlier partition has found
                # the item already. That depends on the stored item, as DynamoDB has it.
                if earlier is None:
                    earlier = self._earlier_queries()
                if earlier.find(stored):
                    continue
            if self.uses_index:
                item = IndexedItem(item)  # noqa: PLW2901 it is the same item
                item.stored_item = stored
            found.append(item)
        return found

    def _earlier_queries(self) -> EarlierQueries:
        key_condition = self.analysis.key_condition
        assert key_condition is not None  # noqa: S101 only a Query names a partition
        return EarlierQueries(
            parse_condition(key_condition.with_stored_names, KEY_CONDITION),
            self.analysis.sent_names,
            [self._values_for(key_condition, earlier) for earlier in range(self.partition)],
            self._request_for,
        )

    def _request_for(self, partition: int) -> dict[str, Any]:
        request = {name: value for name, value in self.request.items() if name not in (NAMES, VALUES)}
        if self.analysis.sent_names:
            request[NAMES] = dict(self.analysis.sent_names)
        key_condition, filter_ = self.analysis.key_condition, self.analysis.filter
        values: dict[str, AttributeValue] = {} if key_condition or filter_ else dict(self.values)
        if key_condition is not None:
            request[KEY_CONDITION] = key_condition.with_stored_names
            self._add_values(values, key_condition, partition)
        if filter_ is not None:
            request[FILTER] = filter_.with_stored_names
            self._add_values(values, filter_, partition)
            # The items that this query finds are of its own partition and of every `queries`-th one after it:
            # for the beacons of the key condition, these have the same hashes (see `partitions.py`).
            covered = range(partition, self.compiled.partitions, self.queries)
            if len(covered) > 1:
                by_partition = [self._values_for(filter_, each) for each in covered]
                request[FILTER] = filter_for_partitions(filter_, by_partition, values)
        if values:
            request[VALUES] = values
        return request

    def _values_for(self, expression: AnalysedExpression, partition: int) -> dict[str, AttributeValue]:
        values: dict[str, AttributeValue] = {}
        self._add_values(values, expression, partition)
        return values

    def _add_values(
        self, values: dict[str, AttributeValue], expression: AnalysedExpression, partition: int
    ) -> None:
        """Add what is sent for the values of an expression; it must be the same wherever a value is used."""
        parameter = expression.parsed.parameter
        for beacon, comparison in expression.beacon_comparisons:
            plain = {value.name: self._plain_value(value.name, parameter) for value in comparison.values}
            if isinstance(beacon, CompiledStandardBeacon):
                hashed = self._hashes(beacon, comparison, plain, parameter, partition)
            else:
                hashed = compound_values(
                    beacon, comparison, plain, parameter, partition=partition, keys=self._keys_for
                )
            for name, value in hashed.items():
                if values.setdefault(name, value) != value:
                    _refuse_two_forms(name)
        for name in expression.other_values:
            value = self._plain_value(name, parameter)
            if values.setdefault(name, value) != value:
                _refuse_two_forms(name)

    def _plain_value(self, name: str, parameter: str) -> AttributeValue:
        value = self.values.get(name)
        if value is None:
            refuse_undefined(parameter, name)
        return value

    def _hashes(
        self,
        beacon: CompiledStandardBeacon,
        comparison: Comparison,
        values: Mapping[str, AttributeValue],
        parameter: str,
        partition: int,
    ) -> dict[str, AttributeValue]:
        keys = self._keys_for(beacon.name)
        within_contains = comparison.operator == CONTAINS
        hashed: dict[str, AttributeValue] = {}
        for name, value in values.items():
            try:
                hashed[name] = beacon.hash_operand(value, keys, partition, within_contains=within_contains)
            except (MalformedValueError, NotASetError) as error:
                refuse(
                    parameter,
                    f"compares the beacon {beacon.name!r} with {name}",
                    f"the beacon has no hash of it: {error}",
                    "Give a value that the attribute could have",
                )
        return hashed

    def _start_key(self, start: Mapping[str, AttributeValue]) -> dict[str, Any]:
        """Return an ExclusiveStartKey with beacon values in place of real values.

        A key that DynamoDB returned has beacon values already.

        Raises:
            UnsupportedOperationError: it has an encrypted attribute without a beacon, a value that no item
                could have, or a beacon whose value depends on an item's partition.
        """
        partitions = range(self.partition, self.compiled.partitions, self.queries)
        start_key: dict[str, Any] = {}
        for name, value in start.items():
            beacon = start_beacon(self.compiled, name, value)
            if beacon is None:
                start_key[name] = value
            elif beacon.attribute not in start:
                start_key[beacon.attribute] = start_value(beacon, value, partitions, self._keys_for)
        return start_key

    def _keys_for(self, beacon_name: str) -> HmacKeys:
        if self.keys is None:
            source = self.compiled.key_source
            if not isinstance(source, SingleKeySource):
                raise UnsupportedOperationError(
                    f"The request compares the beacon {beacon_name!r} and does not name the tenant whose key "
                    "it uses",
                    hint=f"Compare {source.key_field_name!r} with the tenant's branch key id as well",
                )
            self.keys = self.fetch_keys(source.beacon_key_id)
        return self.keys


def _expressions(request: Mapping[str, Any]) -> tuple[str | None, str | None, NameItems]:
    names: Mapping[str, str] = request.get(NAMES) or {}
    return request.get(KEY_CONDITION), request.get(FILTER), tuple(names.items())


def refuse_unused(operation: str, names: Iterable[str]) -> NoReturn:
    """Refuse a request with values that none of its expressions uses.

    Raises:
        UnsupportedOperationError: always.
    """
    raise UnsupportedOperationError(
        f"{operation} has values in ExpressionAttributeValues that are unused in expressions: "
        f"{', '.join(sorted(names))}. DynamoDB would refuse them too, after it has seen them",
        hint="Leave them out, or correct the placeholder in the expression",
    )


def _refuse_two_forms(name: str) -> NoReturn:
    raise UnsupportedOperationError(
        f"The value {name} is compared with a beacon and with something else, and would have to be sent in "
        "two forms, which would show DynamoDB that both are the same value",
        hint="Use a different value placeholder for each",
    )


def _is_under(stored: Item, branch_key_id: str) -> bool:
    value = stored.get(HEADER_NAME, {}).get("B")
    if value is None:
        return True
    try:
        data_keys = header.parse(bytes(value)).encrypted_data_keys
    except FormatError:
        return True
    return len(data_keys) == 1 and data_keys[0].provider_info == branch_key_id.encode()


def _with_plain_beacons(item: Item, beacons: Iterable[tuple[str, Beacon]]) -> dict[str, Any]:
    """Return an item with the plain values of beacons under the beacons' names."""
    searched: dict[str, Any] = dict(item)
    for name, beacon in beacons:
        value = _plain_beacon(beacon, item)
        if value is None:
            searched.pop(name, None)
        else:
            searched[name] = value
    return searched


def _plain_beacon(beacon: Beacon, item: Item) -> AttributeValue | None:
    try:
        if isinstance(beacon, CompiledStandardBeacon):
            return beacon.plain_value(item)
        string = beacon.plain_string(item)
    except EncryptError:
        return None
    return None if string is None else {"S": string}


def _fulfils(
    item: Item,
    conditions: Iterable[ConditionExpression],
    names: Mapping[str, str] | None,
    values: Mapping[str, AttributeValue] | None,
) -> bool:
    for condition in conditions:  # noqa: SIM110 a generator's frame would be entered again for each condition
        if not matches(condition, item, names, values):
            return False
    return True
