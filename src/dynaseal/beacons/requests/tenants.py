"""Which tenant's key does a query mean? The one that its expressions name, and only one.

- A comparison with the key field names it, whatever the operator; so does the text of a compound beacon that
  has the key field as a signed part, if the beacon is written by its name.

Source: specification `search-config.md`, "Get beacon key for query".
"""

from collections.abc import Iterable, Mapping

from dynaseal.attributes import AttributeValue
from dynaseal.beacons.compiled.locations import Location
from dynaseal.beacons.compiled.search import CompiledSearch
from dynaseal.beacons.requests.comparisons import Question
from dynaseal.errors import UnsupportedOperationError


def key_id_in(
    compiled: CompiledSearch,
    questions: Iterable[Question],
    names: Mapping[str, str],
    values: Mapping[str, AttributeValue],
) -> str | None:
    """Find the beacon key id that a request's expressions name, or None.

    Raises:
        UnsupportedOperationError: they name several.
    """
    found: set[str] = set()
    for question in questions:
        for comparison in question.comparisons:
            written = str(comparison.path)
            for value in comparison.values:
                text = values.get(value.name, {}).get("S")
                if text is None:
                    continue
                if names.get(written, written) == compiled.key_field:
                    found.add(text)
                else:
                    found.update(_within_compound(compiled, written, text))
    if len(found) > 1:
        raise UnsupportedOperationError(
            f"The request names several keys by {compiled.key_field!r}: {', '.join(sorted(found))}",
            hint="Ask for one tenant at a time",
        )
    return found.pop() if found else None


def _within_compound(compiled: CompiledSearch, name: str, text: str) -> list[str]:
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
    pieces = [piece for piece in text.split(beacon.split) if piece.startswith(prefixes[0])]
    return [pieces[0][len(prefixes[0]) :]] if len(pieces) == 1 else []
