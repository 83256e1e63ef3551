"""Generated `.env` files, as lists of entries: lines that set certain variables, and all other lines."""

from dataclasses import dataclass

from hypothesis import strategies as st

OWN = ("AWS_REGION", "DEMO_TABLE_NAME", "DEMO_CLIENT_KMS_KEY_ARN", "AWS_ENDPOINT_URL")
NEW_VALUES = {
    "AWS_REGION": "eu-west-1",
    "DEMO_TABLE_NAME": "demo",
    "DEMO_CLIENT_KMS_KEY_ARN": "arn:aws:kms:eu-west-1:111122223333:key/k",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:8765",
}


@dataclass(frozen=True)
class Entry:
    """One entry of a file: `before` the value, the value, what comes `after` it; `own` is whose it is."""

    own: str | None
    before: str
    value: str
    after: str

    @property
    def text(self) -> str:
        return f"{self.before}{self.value}{self.after}"


_exports = st.sampled_from(["", "", "export ", "  ", "\texport\t", " export  "])
_equals = st.sampled_from(["=", "=", " = ", "= "])
_afters = st.sampled_from(["", "", " ", " # a comment", "\t# AWS_REGION=not-this"])
_words = st.text("abcXYZ019_-:/.äß€", max_size=8)
_lines_of_others = st.one_of(
    st.sampled_from(
        [
            "",
            "   ",
            "# AWS_REGION=us-east-1",
            "#AWS_ENDPOINT_URL=http://127.0.0.1:1",
            "a line that is not an assignment",
            "=no name",
            "export",
            "export PATH",
            "'quoted name'=1",
            "AWS_REGION_OF_ANOTHER=x",
            "MY_AWS_REGION=x",
            "AWS_REGION+=x",
            "aws_region=lower",
            'JSON={"AWS_REGION": "x"}',
            "UNCLOSED='it",
            'KEY="-----BEGIN\nAWS_REGION=inside\n-----END"',
            "SEVERAL='first\n# not a comment\n\nexport DEMO_TABLE_NAME=inside'  # after",
            'ESCAPED="a \\" quote"',
            "PASSWORD=p#ss w0rd$(rm)`x`",
            "EMPTY=",
        ]
    ),
    st.builds("{}{}={}".format, _exports, st.from_regex(r"\A[B-CE-Z][A-Z]{1,6}\Z"), _words),
)
_others = _lines_of_others.map(lambda line: Entry(None, line, "", ""))


@st.composite
def _owns(draw: st.DrawFn) -> Entry:
    name = draw(st.sampled_from(OWN))
    before = draw(_exports) + name
    if draw(st.integers(0, 9)) == 0:
        return Entry(name, before, "", "")  # a name without a value
    before += draw(_equals)
    quote = draw(st.sampled_from(["", "", "'", '"']))
    value = draw(_words)
    after = draw(_afters)
    if not quote and not value:  # blanks around nothing belong to what follows it
        return Entry(name, before.rstrip(" "), "", " " * before.endswith(" ") + after)
    return Entry(name, before + quote, value, quote + after)


@dataclass(frozen=True)
class DotenvFile:
    """A generated file."""

    entries: tuple[Entry, ...]
    ending: str
    ends_with_newline: bool

    @property
    def content(self) -> bytes:
        lines = [entry.text.replace("\n", self.ending) for entry in self.entries]
        text = self.ending.join(lines) + (self.ending if lines and self.ends_with_newline else "")
        return text.encode()

    def expected(self, values: dict[str, str]) -> bytes:
        """The content with other values, built from the parts and not by a parser."""
        ending = self.ending if self.ending.encode() in self.content else "\n"  # one line says nothing
        lines = [self._line(entry, values).replace("\n", ending) for entry in self.entries]
        present = {entry.own for entry in self.entries}
        added = [f"{name}={value}" for name, value in values.items() if name not in present]
        ends_with_newline = self.ends_with_newline or not lines or bool(added)
        return (ending.join([*lines, *added]) + (ending if ends_with_newline else "")).encode()

    @staticmethod
    def _line(entry: Entry, values: dict[str, str]) -> str:
        if entry.own is None or entry.own not in values:
            return entry.text
        before = entry.before if "=" in entry.before else f"{entry.before}="
        return f"{before}{values[entry.own]}{entry.after}"


def _is_possible(file: DotenvFile) -> bool:
    """Whether the entries are the lines of the file: a last line that is empty has a newline."""
    return file.ends_with_newline or not file.entries or file.entries[-1].text != ""


def _is_whole(file: DotenvFile) -> bool:
    """Whether no entry's open quote is closed by a later entry, which would make the two one."""
    unclosed = [i for i, entry in enumerate(file.entries) if entry.text == "UNCLOSED='it"]
    return not unclosed or all("'" not in entry.text for entry in file.entries[unclosed[0] + 1 :])


dotenv_files = st.builds(
    DotenvFile,
    st.lists(st.one_of(_others, _owns()), max_size=9).map(tuple),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.booleans(),
).filter(lambda file: _is_possible(file) and _is_whole(file))
