"""The tenant whose key a search needs: the one that its expressions name, and only one.

- A comparison with the key field names it, whatever the operator. So does the string of a compound beacon
  that has the key field as a signed part, if the expression has the beacon's name and not a placeholder.

Source: specification `search-config.md`, "Get beacon key for query".
"""

from collections.abc import Mapping

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.compiled.locations import Location
from dynaseal.beacons.compiled.search import CompiledSearch
from dynaseal.beacons.requests.analysis import AnalysedSearch
from dynaseal.errors import UnsupportedOperationError


def tenant_key_id(
    compiled: CompiledSearch, analysis: AnalysedSearch, values: Mapping[str, AttributeValue]
) -> str | None:
    """Return the branch key id that a request's expressions name, or None.

    Raises:
        UnsupportedOperationError: they name several.
    """
    found: set[str] = set()
    for expression in analysis.expressions:
        for comparison in expression.parsed.comparisons:
            written = str(comparison.path)
            for value in comparison.values:
                string = values.get(value.name, {}).get("S")
                if string is None:
                    continue
                if analysis.names.get(written, written) == compiled.key_field:
                    found.add(string)
                else:
                    found.update(_within_compound(compiled, written, string))
    if len(found) > 1:
        raise UnsupportedOperationError(
            f"The request names several keys by {compiled.key_field!r}: {', '.join(sorted(found))}",
            hint="Send one request per tenant",
        )
    return found.pop() if found else None


def _within_compound(compiled: CompiledSearch, name: str, string: str) -> list[str]:
    beacon = compiled.compound_beacons.get(name)
    if beacon is None:
        return []
    prefixes = [
        part.prefix
        for part in beacon.parts
        if isinstance(part.source, Location) and part.source.name == compiled.key_field
    ]
    if len(prefixes) != 1:
        return []
    pieces = [piece for piece in string.split(beacon.split) if piece.startswith(prefixes[0])]
    return [pieces[0][len(prefixes[0]) :]] if len(pieces) == 1 else []
