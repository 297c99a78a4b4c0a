import os

from hypothesis import given
from hypothesis import strategies as st

from layersplit.bridge.lines import LineSplitter, lines_of


@given(st.binary(max_size=300), st.lists(st.integers(1, 40), max_size=40))
def test_lines_do_not_depend_on_how_the_bytes_arrive(content, cuts):
    splitter, lines, rest = LineSplitter(), [], content
    for cut in [*cuts, len(content)]:
        lines += splitter.feed(rest[:cut])
        rest = rest[cut:]
    assert lines == content.split(b"\n")[:-1]


def test_a_line_without_end_costs_no_more_than_the_limit():
    splitter = LineSplitter(limit_bytes=1000)
    for _ in range(1000):
        assert splitter.feed(b"x" * 5000) == []
    (line,) = splitter.feed(b"\n")
    assert len(line) == 1001
    assert splitter.feed(b"next\n") == [b"next"]


def test_a_last_line_without_its_end_is_dropped():
    reading, writing = os.pipe()
    os.write(writing, b"one\ntwo\nhalf")
    os.close(writing)
    assert list(lines_of(reading)) == [b"one", b"two"]
    os.close(reading)
