"""How names are declared: signatures as Python source, from what griffe read."""

import re
from collections.abc import Iterator, Sequence

import griffe

_WIDTH = 88
_FACTORY = re.compile(r"field\(default_factory=(\w+)\)")


def declaration(name: str, entry: griffe.Object) -> str:
    """Return the declaration of a class, function, property or other name."""
    match entry:
        case griffe.Class():
            parameters = [] if is_enum(entry) else list(_parameters(entry.parameters))
            return _call(f"class {name}", parameters, "") if parameters else f"class {name}"
        case griffe.Function():
            returns = f" -> {entry.returns}" if entry.returns is not None else ""
            prefix = "async def" if "async" in entry.labels else "def"
            return _call(f"{prefix} {name}", list(_parameters(entry.parameters)), returns)
        case griffe.Attribute() if entry.annotation is not None:
            return f"{name}: {entry.annotation}"
        case griffe.Attribute():
            value = str(entry.value)
            return f"{name} = {value if len(value) < _WIDTH else '...'}"
        case _:
            return name


def is_enum(entry: griffe.Class) -> bool:
    """Whether a class is an enumeration."""
    return any("Enum" in str(base) or str(base).endswith("Flag") for base in entry.bases)


def _call(head: str, parameters: Sequence[str], returns: str) -> str:
    line = f"{head}({', '.join(parameters)}){returns}"
    if len(line) <= _WIDTH:
        return line
    return "\n".join([f"{head}(", *(f"    {parameter}," for parameter in parameters), f"){returns}"])


def _parameters(parameters: griffe.Parameters) -> Iterator[str]:
    kinds = griffe.ParameterKind
    listed = [parameter for parameter in parameters if parameter.name not in ("self", "cls")]
    after_star = False
    for index, parameter in enumerate(listed):
        if parameter.kind is kinds.keyword_only and not after_star:
            after_star = True
            yield "*"
        after_star = after_star or parameter.kind is kinds.var_positional
        yield _parameter(parameter)
        following = listed[index + 1].kind if index + 1 < len(listed) else None
        if parameter.kind is kinds.positional_only and following is not kinds.positional_only:
            yield "/"


def _parameter(parameter: griffe.Parameter) -> str:
    stars = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
    text = stars.get(parameter.kind, "") if parameter.kind is not None else ""
    text += parameter.name
    if parameter.annotation is not None:
        text += f": {parameter.annotation}"
    if parameter.default is not None and parameter.kind not in stars:
        default = _FACTORY.sub(r"\1()", str(parameter.default))
        text += f" = {default}" if parameter.annotation is not None else f"={default}"
    return text
