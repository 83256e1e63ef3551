"""Finds the tenant whose key a search needs; its expressions may name only one.

- `=` with the key field names it, if the comparison is joined to the rest by AND: every item that the search
  finds is then this tenant's. So does `=` with the string of a compound beacon that has the key field as a
  signed part, if the expression has the beacon's name and not a placeholder.
- Any other comparison with a tenant's key id (IN, NOT, `<>`, one branch of an OR) is refused, unless
  it repeats the tenant that is named: the items of other tenants would be left out without an error.

Source: specification `search-config.md`, "Get beacon key for query".
"""

from collections.abc import Mapping

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.compiled.locations import Location
from dynaseal.beacons.compiled.search import CompiledSearch
from dynaseal.beacons.requests.analysis import AnalysedSearch
from dynaseal.beacons.requests.comparisons import EQUALITIES
from dynaseal.errors import UnsupportedOperationError


def tenant_key_id(
    compiled: CompiledSearch, analysis: AnalysedSearch, values: Mapping[str, AttributeValue]
) -> str | None:
    """Return the branch key id that a request's expressions name, or None.

    Raises:
        UnsupportedOperationError: they name several, or one in another way than by `=`, joined by AND.
    """
    named: set[str] = set()
    mentioned: set[str] = set()
    for expression in analysis.expressions:
        for comparison in expression.parsed.comparisons:
            found = named if comparison.operator == "=" and comparison.is_required else mentioned
            written = str(comparison.path)
            for value in comparison.values:
                string = values.get(value.name, {}).get("S")
                if string is None:
                    continue
                if analysis.names.get(written, written) == compiled.key_field:
                    found.add(string)
                else:
                    is_whole = comparison.operator in EQUALITIES
                    found.update(_within_compound(compiled, written, string, is_whole=is_whole))
    if len(named | mentioned) > 1:
        raise UnsupportedOperationError(
            f"The request names several keys by {compiled.key_field!r}: "
            f"{', '.join(sorted(named | mentioned))}",
            hint="Send one request per tenant",
        )
    if mentioned and not named:
        raise UnsupportedOperationError(
            f"The request names a tenant by {compiled.key_field!r}, but not in a comparison by = that is "
            "joined to the rest by AND: items of other tenants would be left out without an error",
            hint=f"Write {compiled.key_field} = :tenant AND (...), one request per tenant",
        )
    return named.pop() if named else None


def _within_compound(compiled: CompiledSearch, name: str, string: str, *, is_whole: bool) -> list[str]:
    """Return the tenant in a compound beacon's string, if the string has it.

    Args:
        compiled: The table's beacons.
        name: The beacon's name, as it is written.
        string: The string.
        is_whole: Whether it is a whole string. In `begins_with`, its last piece may be cut off.
    """
    beacon = compiled.compound_beacons.get(name)
    if beacon is None:
        return []
    prefixes = [
        part.prefix
        for part in beacon.parts
        if isinstance(part.source, Location) and part.source.name == compiled.key_field
    ]
    if len(prefixes) != 1:  # a beacon with several parts over the key field names no one tenant
        return []
    pieces = string.split(beacon.split)
    found = [piece for piece in (pieces if is_whole else pieces[:-1]) if piece.startswith(prefixes[0])]
    return [found[0][len(prefixes[0]) :]] if len(found) == 1 else []
