"""KMS's refusals as DynamoDB passes them on.

* A refused permission is an AccessDeniedException; a key that is disabled, pending deletion or gone is a
  ValidationException; anything else is DynamoDB's own failure (HTTP 500), even a key of the wrong kind.
* The text is that of the Java client with which DynamoDB calls KMS.
"""

from dynaseal_lab.model import Fault

_NAMED = {
    "DisabledException": "KMS key disabled error",
    "KMSInvalidStateException": "KMS validation error",
    "NotFoundException": "KMS validation error",
}


def passed_on(fault: Fault, request_id: str) -> Fault:
    """DynamoDB's fault for one of KMS's.

    >>> refused = Fault("DisabledException", "KEY is disabled.")
    >>> passed_on(refused, "r").message.partition(" (Service")[0]
    'KMS key disabled error: com.amazonaws.services.kms.model.DisabledException: KEY is disabled.'
    """
    code = fault.code
    details = (
        f"{fault.message} (Service: AWSKMS; Status Code: 400; Error Code: {code}; "
        f"Request ID: {request_id}; Proxy: null)"
    )
    package = "com.amazonaws.services.kms.model"
    if code == "AccessDeniedException":
        return Fault(code, f"KMS key access denied error: {package}.AWSKMSException: {details}")
    if code in _NAMED:
        return Fault("ValidationException", f"{_NAMED[code]}: {package}.{code}: {details}")
    return Fault(
        "InternalServerError", f"KMS internal error: {package}.AWSKMSException: {details}", status=500
    )
