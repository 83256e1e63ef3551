"""The older format's reserved names, type tags and fixed values."""

from enum import Enum
from hashlib import sha256

__all__ = (
    "TEXT_ENCODING",
    "MaterialDescriptionKeys",
    "MaterialDescriptionValues",
    "MinimumKeySizes",
    "ReservedAttributes",
    "SignatureValues",
    "Tag",
    "TagValues",
)

TEXT_ENCODING = "utf-8"


class MinimumKeySizes(Enum):
    """Key sizes in bits below which a key is reported as unsafe."""

    RSA = 2048
    HMAC = 128


class ReservedAttributes(Enum):
    """The two attributes that the format adds to an item."""

    MATERIAL_DESCRIPTION = "*amzn-ddb-map-desc*"
    SIGNATURE = "*amzn-ddb-map-sig*"


class Tag(Enum):
    """The type tags of serialized values: the tag's byte, DynamoDB's type name, a set member's tag."""

    BINARY = (b"b", "B")
    BINARY_SET = (b"B", "BS", b"b")
    NUMBER = (b"n", "N")
    NUMBER_SET = (b"N", "NS", b"n")
    STRING = (b"s", "S")
    STRING_SET = (b"S", "SS", b"s")
    BOOLEAN = (b"?", "BOOL")
    NULL = (b"\x00", "NULL")
    LIST = (b"L", "L")
    MAP = (b"M", "M")

    def __init__(self, tag: bytes, dynamodb_tag: str, element_tag: bytes | None = None) -> None:
        self.tag = tag
        self.dynamodb_tag = dynamodb_tag
        self.element_tag = element_tag


class TagValues(Enum):
    """The bytes of a boolean."""

    FALSE = b"\x00"
    TRUE = b"\x01"


class SignatureValues(Enum):
    """What the string to sign has for an attribute that is encrypted, and for one that is not."""

    ENCRYPTED = b"ENCRYPTED"
    PLAINTEXT = b"PLAINTEXT"

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.sha256 = sha256(raw).digest()


class MaterialDescriptionKeys(Enum):
    """The names of the entries that the library itself writes into a material description."""

    ATTRIBUTE_ENCRYPTION_MODE = "amzn-ddb-map-sym-mode"
    SIGNING_KEY_ALGORITHM = "amzn-ddb-map-signingAlg"
    WRAPPED_DATA_KEY = "amzn-ddb-env-key"
    CONTENT_ENCRYPTION_ALGORITHM = "amzn-ddb-env-alg"
    CONTENT_KEY_WRAPPING_ALGORITHM = "amzn-ddb-wrap-alg"
    ITEM_SIGNATURE_ALGORITHM = "amzn-ddb-sig-alg"


class MaterialDescriptionValues(Enum):
    """Fixed values of a material description."""

    CBC_PKCS5_ATTRIBUTE_ENCRYPTION = "/CBC/PKCS5Padding"
