"""Names that every format, program and file system can hold."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layersplit.export.names import clean_name, file_slug


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("Background", "Background"),
        ("", "Layer 3"),
        (" \t\n", "Layer 3"),
        ("two\nlines\x1b", "two lines"),
        ("<b>&\"'", "<b>&\"'"),
        ("名前 🎈", "名前 🎈"),
        ("\ud800", "Layer 3"),
        ("a\uffffb\U0001fffe", "ab"),
    ],
)
def test_names_lose_only_what_cannot_be_shown(name, clean):
    assert clean_name(name, 3) == clean


@given(st.text() | st.text(alphabet=st.characters(codec=None), max_size=400))
def test_every_name_can_be_written(name):
    clean = clean_name(name, 1)
    assert clean.strip() == clean != ""
    assert len(clean.encode("utf-16-le")) // 2 <= 255
    element = ET.Element("layer", {"name": clean})
    again = ET.fromstring(ET.tostring(element, encoding="UTF-8"))  # noqa: S314 - ours
    assert again.get("name") == clean


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Background", "background"), ("Ährchen & Öl", "ahrchen-ol"), ("../x", "x"), ("名前", "layer"),
     ("CON", "con"), ("a" * 60, "a" * 40), ("-.-", "layer"), ("A" * 39 + " b", "a" * 39)],
)  # fmt: skip
def test_file_names_are_plain(name, slug):
    assert file_slug(name) == slug
