"""The CRC-32 of two byte strings one after the other, from the CRC-32 of each.

So each part of a gzip member can be compressed and summed in another process.

Source: RFC 1952, section 8; the method is that of zlib's `crc32_combine`.
"""

_POLYNOMIAL = 0xEDB88320
_ONE = 1 << 31
_SQUARINGS = 64


def combine_crc32(first: int, second: int, second_length: int) -> int:
    """Return the CRC-32 of two strings together.

    Args:
        first: The first string's CRC-32.
        second: The second string's.
        second_length: The second string's length in bytes.

    Example:
        >>> from zlib import crc32
        >>> combine_crc32(crc32(b"ab"), crc32(b"cde"), 3) == crc32(b"abcde")
        True
    """
    return _multiply(_shift(second_length), first) ^ second


def _multiply(left: int, right: int) -> int:
    """Multiply two polynomials over GF(2) modulo the CRC's; the highest bit is the coefficient of 1."""
    product = 0
    bit = _ONE
    while left:
        if left & bit:
            product ^= right
            left ^= bit
        bit >>= 1
        right = (right >> 1) ^ _POLYNOMIAL if right & 1 else right >> 1
    return product


def _shift(length: int) -> int:
    """Return x to the power of eight times the length: what appending that many zero bytes multiplies by."""
    result = _ONE
    power = 0
    while length:
        if length & 1:
            result = _multiply(_POWERS[power], result)
        length >>= 1
        power += 1
    return result


def _powers() -> tuple[int, ...]:
    """Return x**8, x**16, x**32 and so on, each the square of the one before."""
    value = _ONE >> 8
    powers = [value]
    for _ in range(_SQUARINGS - 1):
        value = _multiply(value, value)
        powers.append(value)
    return tuple(powers)


_POWERS = _powers()
