"""One page per public module, from the docstrings and signatures in `src`, without importing them."""

import builtins
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import griffe
from declarations import declaration, is_enum
from staging import ROOT

MODULES: Mapping[str, str] = {
    module: f"api/{module}.md"
    for module in (
        "dynaseal",
        "dynaseal.aio",
        "dynaseal.models",
        "dynaseal.migrate",
        "dynaseal.migrate.lambda_handlers",
        "dynaseal.migrate.bulk_executor",
        "dynaseal.spark",
        "dynaseal.otel",
        "dynaseal.legacy",
        "dynaseal.testing",
        "dynaseal_lab.testing",
        "dynaseal_lab.pytest_plugin",
        "dynaseal_lab.client",
        "dynaseal_lab.server",
    )
}
"""The page of each public module."""

_SOURCES = ROOT / "src"
_TITLES: Mapping[griffe.DocstringSectionKind, str] = {
    griffe.DocstringSectionKind.attributes: "Attributes",
    griffe.DocstringSectionKind.parameters: "Arguments",
    griffe.DocstringSectionKind.raises: "Raises",
    griffe.DocstringSectionKind.returns: "Returns",
    griffe.DocstringSectionKind.yields: "Yields",
    griffe.DocstringSectionKind.warns: "Warns",
}
# A name in lower case without an underscore is rather a word of the text, such as the extra `lab`.
_CODE = re.compile(r"(?<!`)`(\w*[A-Z_]\w*)`(?!`)")
_LIST_AFTER_TEXT = re.compile(r"^(?!\s*[-*] )(?=\S)(.*\S)\n(?=[-*] )", re.MULTILINE)


def write_api_pages(folder: Path) -> None:
    """Write the page of every public module."""
    loader = griffe.GriffeLoader(search_paths=[_SOURCES], docstring_parser=griffe.Parser.google)
    for package in ("dynaseal", "dynaseal_lab"):
        loader.load(package)
    modules = {name: loader.modules_collection[name] for name in MODULES}
    pages = PublicNames({name: public_objects(module) for name, module in modules.items()})
    for name, module in modules.items():
        path = folder / MODULES[name]
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(ModulePage(module, pages).lines()), encoding="utf-8")


def public_objects(module: griffe.Module) -> Mapping[str, griffe.Object]:
    """Return the public names of a module: those in `__all__`, and what it defines and describes itself."""
    defined = {
        name
        for name, member in module.members.items()
        if not member.is_alias
        and not name.startswith("_")
        and isinstance(member, griffe.Class | griffe.Function)
        and member.docstring is not None
    }
    names = sorted({*map(str, module.exports or ())} | defined, key=lambda name: (name.lower(), name))
    return {name: _target(module.members[name]) for name in names}


def _target(member: Any) -> griffe.Object:
    return member.final_target if member.is_alias else member


@dataclass(frozen=True)
class PublicNames:
    """Every public name, by module."""

    by_module: Mapping[str, Mapping[str, griffe.Object]]

    def link(self, name: str, module: str) -> str:
        """Return a name in code, as a link to its entry if it has one; that of the same module first."""
        for candidate in (module, *self.by_module):
            if name in self.by_module[candidate]:
                page = "" if candidate == module else Path(MODULES[candidate]).name
                return f"[`{name}`]({page}#{anchor(name)})"
        return f"`{name}`"


@dataclass(frozen=True)
class ModulePage:
    """The page of one module."""

    module: griffe.Module
    names: PublicNames

    def lines(self) -> Iterator[str]:
        """Yield the page's Markdown."""
        yield f"# `{self.module.path}`"
        yield from self._docstring(self.module)
        objects = self.names.by_module[self.module.path]
        yield from ("", "| name | what it is |", "|---|---|")
        for name, entry in objects.items():
            yield f"| [`{name}`](#{anchor(name)}) | {self._summary(entry)} |"
        for name, entry in objects.items():
            yield from self._entry(name, entry)

    def _entry(self, name: str, entry: griffe.Object) -> Iterator[str]:
        yield from ("", _heading("##", name), "")
        yield from _code(declaration(name, entry))
        if isinstance(entry, griffe.Class):
            bases = [
                self.names.link(str(base), self.module.path) for base in entry.bases if self._is_known(base)
            ]
            yield from ("", f"Bases: {', '.join(bases)}.") if bases else ()
        yield from self._docstring(entry)
        if isinstance(entry, griffe.Class):
            if members := list(_enum_members(entry)):
                yield from ("", "**Members**", "", *members)
            for member in _public_members(entry):
                yield from ("", _heading("###", f"{name}.{member.name}"), "")
                yield from _code(declaration(member.name, member))
                yield from self._docstring(member)

    def _is_known(self, base: Any) -> bool:
        """Whether a base class says something to a reader: it is public, of Python itself, or botocore's."""
        public = any(str(base) in names for names in self.names.by_module.values())
        return public or hasattr(builtins, str(base)) or str(base) == "ClientError"

    def _docstring(self, entry: griffe.Object) -> Iterator[str]:
        for section in entry.docstring.parsed if entry.docstring else ():
            yield ""
            yield from self._section(section)

    def _section(self, section: griffe.DocstringSection) -> Iterator[str]:
        match section:
            case griffe.DocstringSectionText(value=text):
                yield self._prose(text)
            case griffe.DocstringSectionAdmonition(title=title, value=admonition):
                yield from (f"**{title}**", "", self._prose(_doctest_block(admonition.contents)))
            case griffe.DocstringSectionExamples(value=parts):
                yield from ("**Example**", "")
                for _, text in parts:
                    yield self._prose(_doctest_block(text))
            case _:
                yield from (f"**{_TITLES[section.kind]}**", "")
                yield from (self._item(part) for part in section.value)

    def _item(self, part: Any) -> str:
        """Return an argument, attribute, result or exception as an item of a list."""
        kind = str(part.annotation) if part.annotation is not None else ""
        name = getattr(part, "name", "")
        if name:
            head = f"`{name}`"
        else:
            head = self._linked(f"`{kind}`") if isinstance(part, griffe.DocstringRaise) else ""
        text = self._prose(part.description).replace("\n", "\n    ")
        return f"- {head}: {text}" if head else f"- {text}"

    def _summary(self, entry: griffe.Object) -> str:
        text = entry.docstring.value if entry.docstring else ""
        return self._linked(" ".join(text.partition("\n\n")[0].split())).replace("|", "&#124;")

    def _prose(self, text: str) -> str:
        return _LIST_AFTER_TEXT.sub(r"\1\n\n", self._linked(text))

    def _linked(self, text: str) -> str:
        return _CODE.sub(lambda code: self.names.link(code[1], self.module.path), text)


def _public_members(entry: griffe.Class) -> Iterator[griffe.Object]:
    """Yield the documented methods and properties of a class, also those of its bases in these packages."""
    for name, member in entry.all_members.items():
        target = _target(member)
        if not name.startswith("_") and target.docstring is not None:
            yield target


def _enum_members(entry: griffe.Class) -> Iterator[str]:
    """Yield the members of an enumeration that have no description of their own."""
    for name, member in entry.members.items():
        if (
            is_enum(entry)
            and isinstance(member, griffe.Attribute)
            and name.isupper()
            and not member.docstring
        ):
            yield f"- `{name}`"


def _doctest_block(text: str) -> str:
    """Return an example as a block of code."""
    return f"```python\n{text.strip()}\n```"


def _code(text: str) -> Iterator[str]:
    yield from ("```python", text, "```")


def anchor(name: str) -> str:
    """Return the anchor of a name: two underscores would mean bold in a heading's `{#...}`."""
    return name.strip("_")


def _heading(level: str, name: str) -> str:
    return f"{level} `{name}` {{#{anchor(name)}}}"
