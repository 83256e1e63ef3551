"""Wrappers cannot be copied or pickled: they hold connections, credentials and keys."""

from typing import Any, NoReturn, SupportsIndex


class NotCopyable:
    """A base class of the wrappers: `copy`, `deepcopy` and `pickle` say what to do instead."""

    def __reduce_ex__(self, _protocol: SupportsIndex) -> NoReturn:
        name = type(self).__name__
        raise TypeError(
            f"An {name} cannot be copied or pickled: it holds connections, credentials and keys. Share it "
            "between threads as boto3's own object may be shared, and make one in each process"
        )

    def __copy__(self) -> Any:
        self.__reduce_ex__(4)

    def __deepcopy__(self, _memo: dict[int, Any]) -> Any:
        self.__reduce_ex__(4)
