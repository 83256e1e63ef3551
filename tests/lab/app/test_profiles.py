"""A profile is written to the user's own files: what else is in them stays, and botocore reads it back."""

import re
import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from botocore.configloader import build_profile_map, load_config, raw_config_parse
from botocore.exceptions import ConfigParseError
from hypothesis import assume, example, given
from hypothesis import strategies as st

from dynaseal_lab.printing import CommandError
from dynaseal_lab.profiles import ProfileFiles

SETTINGS = {
    "AWS_ACCESS_KEY_ID": "AKIANEW",
    "AWS_SECRET_ACCESS_KEY": "the new secret",
    "AWS_REGION": "eu-west-1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
}
KEY = {"aws_access_key_id": "AKIANEW", "aws_secret_access_key": "the new secret"}
WHERE = {"region": "eu-west-1", "endpoint_url": "http://127.0.0.1:4566"}

NAMES = ["bob", "default", "a b", "it's", 'a"b', "a]b", "profile bob", "Zoë"]
SECTIONS = [
    *NAMES,
    "eve",
    "profile eve",
    'profile "bob"',
    "profile  bob",
    "profile 'a b'",
    "profile default",
    "profile 'open",
    "profiles",
    " bob",
    "DEFAULT",
    "sso-session bob",
    "services bob",
]
INDENTATIONS = st.sampled_from(["", "", "", " ", "    ", "\t"])
SETTING_LINES = st.sampled_from(
    ["region = us-west-2", "AWS_ACCESS_KEY_ID: AKIAOLD", "output=json", "s3 =", "empty =", "other = [bob]"]
)
OTHER_LINES = st.sampled_from(["# note", "; note", "", "  ", "    x = 1", "    [bob]", "  \tmore = [eve]"])
BODIES = st.lists(st.builds("{}{}".format, INDENTATIONS, SETTING_LINES | OTHER_LINES), max_size=6)


@st.composite
def contents(draw: st.DrawFn) -> str:
    """Draw files of profiles, each comment of which has a number of its own."""
    lines = draw(st.lists(st.sampled_from(["# note", "; note", ""]), max_size=2))
    for section in draw(st.lists(st.sampled_from(SECTIONS), max_size=4, unique=True)):
        indentation = draw(INDENTATIONS)
        # What is indented may belong to a value, and has no comment then.
        behind = "" if indentation else draw(st.sampled_from(["", "  # note", " ; note", " "]))
        lines += [f"{indentation}[{section}]{behind}", *draw(BODIES)]
    numbered = [f"{line} {number}" if "note" in line else line for number, line in enumerate(lines)]
    ending = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return ending.join(numbered) + draw(st.sampled_from(["", ending]))


def write(folder: Path, content: str) -> ProfileFiles:
    files = ProfileFiles(folder / "credentials", folder / "config")
    for path in (files.credentials, files.config):
        with path.open("w", newline="") as file:
            file.write(content)
    return files


def text_of(path: Path) -> str:
    """Return what is in a file, with its line endings."""
    with path.open(newline="") as file:
        return file.read()


def sections(path: Path) -> dict[str, Any]:
    return raw_config_parse(str(path), parse_subsections=False)


def profiles_of(path: Path, section: str) -> set[str]:
    """Return the names of the profiles that a section of the file makes, which is at most one."""
    return {section} if path.name == "credentials" else set(build_profile_map({section: {}})["profiles"])


def others(path: Path, name: str) -> list[tuple[str, Any]]:
    """Return the sections of a file that are not the profile's, in their order."""
    return [section for section in sections(path).items() if name not in profiles_of(path, section[0])]


@given(content=contents(), name=st.sampled_from(NAMES))
@example(content="[bob]  # note 1\naws_access_key_id = AKIAOLD\n", name="bob")
@example(content="[bob]\nregion = us-west-2\n\n# note 1\n[eve]\nregion = us-west-2", name="bob")
@example(content="[bob]\n    [eve]\n    region = us-west-2\n", name="bob")
@example(content='[profile "bob"]\nregion = us-west-2\n[profile bob]\noutput = json\n', name="bob")
def test_everything_else_stays_and_botocore_reads_what_was_written(
    tmp_path_factory: pytest.TempPathFactory, content: str, name: str
) -> None:
    folder = tmp_path_factory.mktemp("aws")
    try:
        # With a section more, since botocore does not look at what DEFAULT says where there is no other.
        load_config(str(write(folder, f"{content}\n[one more]\n").config))
    except ConfigParseError:
        assume(False)
    files = write(folder, content)
    paths = (files.credentials, files.config)
    old_key = sections(files.credentials).get(name, {}).get("aws_access_key_id")
    old_others = [others(path, name) for path in paths]
    files.check(name)
    assert files.access_key_id(name) == old_key

    assert files.write(name, SETTINGS) == paths

    assert [others(path, name) for path in paths] == old_others
    assert sections(files.credentials)[name].items() >= KEY.items()
    assert load_config(str(files.config))["profiles"][name].items() >= WHERE.items()
    assert files.access_key_id(name) == "AKIANEW"
    written = [text_of(path) for path in paths]
    for text in written:
        assert re.findall(r".*[#;] note \d+", text) == re.findall(r".*[#;] note \d+", content)
        assert "\r\n" not in content or text.count("\n") == text.count("\r\n")
    files.write(name, SETTINGS)
    assert [text_of(path) for path in paths] == written


def test_a_replaced_profile_keeps_its_place_and_only_its_comments(tmp_path: Path) -> None:
    files = write(
        tmp_path, "[bob]  # lab\n# old\nrole_arn = x\ns3 =\n    y = 1\n\n# the auditor\n[eve]\nz = 2\n"
    )
    files.write("bob", SETTINGS)
    assert files.credentials.read_text() == (
        "[bob]  # lab\naws_access_key_id = AKIANEW\naws_secret_access_key = the new secret\n# old\n\n"
        "# the auditor\n[eve]\nz = 2\n"
    )


def test_a_new_profile_is_added_behind_an_empty_line(tmp_path: Path) -> None:
    files = ProfileFiles(tmp_path / "aws" / "credentials", tmp_path / "aws" / "config")
    files.write("bob", SETTINGS)
    files.write("it's", SETTINGS)
    assert files.config.read_text() == (
        "[profile bob]\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:4566\n\n"
        "[profile 'it'\"'\"'s']\nregion = eu-west-1\nendpoint_url = http://127.0.0.1:4566\n"
    )


@pytest.mark.parametrize("exists", [True, False])
def test_a_symbolic_link_stays_one_and_the_file_that_it_names_is_written(
    tmp_path: Path, exists: bool
) -> None:
    kept = tmp_path / "kept" / "credentials"
    if exists:
        kept.parent.mkdir()
        kept.write_text("[eve]\naws_access_key_id = x\n")
        kept.chmod(0o644)
    link = tmp_path / "credentials"
    link.symlink_to(kept)
    ProfileFiles(link, tmp_path / "config").write("bob", SETTINGS)
    assert link.is_symlink()
    assert ("[eve]" in kept.read_text()) is exists
    assert sections(kept)["bob"] == KEY
    if sys.platform != "win32":
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_write_that_fails_leaves_the_old_file_and_no_copy_of_the_secret(tmp_path: Path) -> None:
    files = write(tmp_path, "[eve]\nregion = x\n")
    cannot_be_encoded = {**SETTINGS, "AWS_SECRET_ACCESS_KEY": "secret \ud800"}
    with pytest.raises(UnicodeEncodeError):
        files.write("bob", cannot_be_encoded)
    assert files.credentials.read_text() == "[eve]\nregion = x\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config", "credentials"]


@pytest.mark.parametrize("name", ["", "DEFAULT", "a\nb", "a\rb", "a\x1b[2J", "\ud800"])
def test_a_name_that_is_not_one_of_a_profile_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(CommandError, match="cannot be the name of a profile"):
        ProfileFiles(tmp_path / "credentials", tmp_path / "config").check(name)


@pytest.mark.parametrize("broken", ["credentials", "config"])
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[bob]\n[bob]\n", "line 2 repeats a section or a setting"),
        (b"[bob]\nx = 1\nx = secret\n", "line 3 repeats a section or a setting"),
        (b"key = secret\n", "line 1 is in no section"),
        (b"[bob]\nsecret\n", "line 2 is neither a section nor a setting"),
        (b"[bob]\nkey = secret \x81\n", "it is not text in the encoding of this system"),
    ],
)
def test_a_file_that_awss_tools_cannot_read_is_refused_without_its_content(
    tmp_path: Path, broken: str, content: bytes, reason: str
) -> None:
    files = write(tmp_path, "")
    (tmp_path / broken).write_bytes(content)
    with pytest.raises(CommandError) as caught:
        files.check("bob")
    assert caught.value.message == f"{tmp_path / broken} cannot be read by AWS's tools: {reason}"
