import contextlib
import dataclasses
import json
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layersplit.bridge import messages
from layersplit.bridge.messages import (
    MAX_LINE_BYTES,
    Hello,
    MalformedError,
    Progress,
    RawPicture,
    Split,
    decode_line,
    encode_line,
)

text = st.text(max_size=20)
whole = st.integers(-(2**60), 2**60)
plain = st.none() | st.booleans() | whole | text
json_values = st.recursive(plain, lambda inner: st.lists(inner, max_size=3), max_leaves=6)


def strategy(hint):
    """Values that a field of this type may have."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Union:
        return st.none() | strategy(arguments[0])
    if origin is list:
        return st.lists(strategy(arguments[0]), max_size=3)
    if origin is dict:
        return st.dictionaries(text, json_values, max_size=3)
    if dataclasses.is_dataclass(hint):
        return instance(hint)
    return {
        str: text,
        int: whole,
        bool: st.booleans(),
        float: st.floats(allow_nan=False, allow_infinity=False),
    }[hint]


def instance(kind):
    hints = typing.get_type_hints(kind)
    values = {item.name: strategy(hints[item.name]) for item in dataclasses.fields(kind)}
    return st.builds(kind, **values)


@given(st.one_of([instance(kind) for kind in messages.NAMES]))
def test_every_message_comes_out_as_it_went_in(message):
    line = encode_line(message)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode_line(line[:-1]) == message


def reads_or_refuses(line):
    """Nothing but MalformedError comes out of a bad line, and what was read can be written."""
    with contextlib.suppress(MalformedError):
        encode_line(decode_line(line))


@given(st.binary(max_size=200))
def test_any_bytes_are_a_message_or_malformed(line):
    reads_or_refuses(line)


@given(
    st.dictionaries(
        st.sampled_from(["job", "folder", "host", "picture", "width", "options", "stage", "x"]),
        json_values | st.dictionaries(text, json_values, max_size=3),
    ),
    st.sampled_from([*messages.TYPES, "unknown", 3, None, []]),
)
def test_any_object_is_a_message_or_malformed(body, kind):
    reads_or_refuses(json.dumps({**body, "type": kind}).encode())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "no JSON"),
        (b"[]", "no JSON object"),
        (b"{}", "no known type"),
        (b'{"type":"dance"}', "no known type"),
        (b'{"type":["split"]}', "no known type"),
        (b'{"type":"cancel"}', "lacks the field 'job'"),
        (b'{"type":"cancel","job":3}', "cancel.job has the wrong type"),
        (b'{"type":"progress","job":"1","stage":"s","fraction":1e999,"sentence":""}', "range"),
        (b'{"type":"progress","job":"1","stage":"s","fraction":NaN,"sentence":""}', "no JSON"),
        (b'{"type":"progress","job":"1","stage":"s","fraction":true,"sentence":""}', "wrong type"),
        (b'{"type":"hello","protocol":true,"version":"","providers":[]}', "wrong type"),
        (b"\xff\xfe\x00", "no JSON"),
        (b"[" * 200_000, "no JSON"),
        (b'{"a":' + b"9" * 6000 + b"}", "no JSON"),
        (b"a" * (MAX_LINE_BYTES + 1), "longer than"),
    ],
)
def test_what_is_wrong_with_a_line_is_said(line, reason):
    with pytest.raises(MalformedError, match=reason):
        decode_line(line)


def test_a_number_that_no_float_holds_is_out_of_range():
    line = b'{"type":"progress","job":"1","stage":"s","sentence":"","fraction":' + b"9" * 400 + b"}"
    with pytest.raises(MalformedError, match="out of range"):
        decode_line(line)


def test_a_newer_peer_may_send_more():
    line = b'{"type":"hello","protocol":1,"version":"9","providers":[],"colour":"blue"}'
    assert decode_line(line) == Hello(1, "9", [])


def test_whole_numbers_may_stand_for_fractions():
    message = decode_line(encode_line(Progress("1", "prepare", 1, "")))
    assert message == Progress("1", "prepare", 1.0, "")
    assert isinstance(message.fraction, float)


def test_a_path_that_is_no_text_survives_the_channel():
    odd = "/home/j\udcfcrgen"  # a Latin-1 byte in a UTF-8 world
    split = Split("1", odd, "krita", RawPicture(1, 1))
    assert decode_line(encode_line(split)).folder == odd


@pytest.mark.parametrize(("depth", "size"), [("u8", 24), ("u16", 48), ("f16", 48), ("f32", 96)])
def test_the_length_of_the_pixels_follows_from_the_picture(depth, size):
    assert RawPicture(2, 3, depth=depth).source_bytes == size
