"""One line of an export file: bytes in, bytes out."""

from collections.abc import Mapping
from typing import NamedTuple

from dynaseal.encryptor import ItemEncryptor
from dynaseal.materials.kms_calls import KmsCall
from dynaseal.migrate.exports.json_lines import JsonParser, json_parser
from dynaseal.migrate.exports.records import RecordError, RecordState, RecordTransformer
from dynaseal.migrate.transforming import Target

_NOT_JSON = "The line is not JSON in UTF-8"


class TransformedLine(NamedTuple):
    """What became of one line.

    Attributes:
        state: `changed`, `skipped`, `failed` or `blank`.
        line: The line to write, without a line break; None if it failed or was blank.
        reason: Why it failed; None otherwise.
        key: The item's key attributes in DynamoDB JSON, of a failed line in which they could be found.
    """

    state: RecordState
    line: bytes | None = None
    reason: str | None = None
    key: bytes | None = None


class LineTransformer:
    """Transforms lines of DynamoDB JSON; safe for use by many threads.

    Args:
        source: Reads items of the old configuration.
        target: Writes items of the new one; or `PLAINTEXT`.
        parser: What reads and writes JSON; by default the fastest that is installed.

    Raises:
        ConfigError: the target writes items that are not encrypted, without being `PLAINTEXT`.
    """

    def __init__(self, source: ItemEncryptor, target: Target, parser: JsonParser | None = None) -> None:
        self._records = RecordTransformer(source, target)
        parser = parser or json_parser()
        self._loads = parser.loads
        self._dumps = parser.dumps

    def transform(self, line: bytes) -> TransformedLine:
        """Transform one line; an error of it is an outcome too, and not an exception.

        A line that is skipped is returned as it is, except for white space around it.
        """
        line = line.strip(b" \t\r\n")
        if not line:
            return TransformedLine("blank")
        try:
            record = self._loads(line)
        except (ValueError, RecursionError):
            return TransformedLine("failed", reason=_NOT_JSON)
        try:
            transformed = self._records.transform(record)
        except RecordError as error:
            key = None if error.key is None else self._dumps(error.key)
            return TransformedLine("failed", reason=error.reason, key=key)
        if transformed.state == "skipped":
            return TransformedLine("skipped", line)
        return TransformedLine("changed", self._dumps(transformed.record))

    def kms_calls(self) -> Mapping[KmsCall, int]:
        """Return how many KMS calls the two configurations have made, by operation and key."""
        first, *others = (each.kms_calls for each in self._records.encryptors)
        for other in others:
            first.update(other)
        return first
