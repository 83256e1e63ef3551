"""The file of known differences can be read, and every line has a reason."""

from typing import get_args

from dynaseal_lab.assembly import EngineName
from parity.known import FILE, KnownDifference, known_differences
from parity.suites import SUITES


def test_every_line_names_a_suite_an_engine_a_test_and_a_reason() -> None:
    differences = known_differences()
    assert {difference.suite for difference in differences} <= {suite.name for suite in SUITES}
    assert {difference.engine for difference in differences} <= {"*", *get_args(EngineName)}
    assert all(difference.test and difference.reason for difference in differences)
    assert len(set(differences)) == len(differences)
    assert all(line == line.strip() for line in FILE.read_text().splitlines())


def test_a_line_covers_its_test_or_all_that_begin_like_it() -> None:
    one = KnownDifference("moto", "native", "tests/a.py::b", "a reason")
    all_of_file = KnownDifference("moto", "*", "tests/a.py*", "a reason")
    assert one.covers("moto", "native", "tests/a.py::b")
    assert not one.covers("moto", "ministack", "tests/a.py::b")
    assert not one.covers("moto", "native", "tests/a.py::bc")
    assert all_of_file.covers("moto", "ministack", "tests/a.py::bc")
    assert not all_of_file.covers("alternator", "ministack", "tests/a.py::bc")
