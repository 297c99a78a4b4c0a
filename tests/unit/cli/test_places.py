from pathlib import Path

import pytest

from layersplit.cli.places import places
from layersplit.errors import InputError


def test_a_picture_becomes_an_openraster_file_beside_it(tmp_path):
    [place] = places([str(tmp_path / "a.b.png")], None)
    assert place.output == tmp_path / "a.b.ora"


def test_an_earlier_result_is_never_overwritten_unasked(tmp_path):
    (tmp_path / "cat.ora").write_bytes(b"edited by hand")
    [place] = places([str(tmp_path / "cat.png")], None)
    assert place.output == tmp_path / "cat-2.ora"


def test_two_pictures_of_one_name_get_two_files(tmp_path):
    first, second = places([str(tmp_path / "cat.png"), str(tmp_path / "cat.jpg")], None)
    assert (first.output.name, second.output.name) == ("cat.ora", "cat-2.ora")


def test_a_named_output_is_taken_as_it_is(tmp_path):
    [place] = places(["cat.png"], str(tmp_path / "layers.psd"))
    assert place.output == tmp_path / "layers.psd"


def test_a_batch_goes_into_a_folder(tmp_path):
    batch = places(["a/cat.png", "b/cat.png", "dog.webp"], str(tmp_path))
    assert [place.output for place in batch] == [
        tmp_path / "cat.ora",
        tmp_path / "cat-2.ora",
        tmp_path / "dog.ora",
    ]


def test_a_batch_cannot_become_one_file():
    with pytest.raises(InputError, match="2 pictures cannot become one file"):
        places(["a.png", "b.png"], "out.ora")


def test_an_address_is_named_after_its_last_part():
    [place] = places(["https://example.org/a%20b/cat%20one.png?size=2"], None)
    assert place.output == Path("cat one.ora")


@pytest.fixture
def folder(tmp_path):
    """Two pictures and other things."""
    made = tmp_path / "pictures"
    (made / "deeper.png").mkdir(parents=True)
    for name in ("b.JPG", "a.png", "notes.txt"):
        (made / name).touch()
    return made


def test_a_folder_stands_for_the_pictures_in_it(folder, tmp_path):
    batch = places([str(folder)], str(tmp_path / "out"))
    assert [place.picture for place in batch] == [str(folder / "a.png"), str(folder / "b.JPG")]
    assert [place.output.name for place in batch] == ["a.ora", "b.ora"]
    beside = places([str(folder)], None)
    assert [place.output for place in beside] == [folder / "a.ora", folder / "b.ora"]


def test_a_folder_with_one_picture_is_a_batch_too(folder, tmp_path):
    (folder / "a.png").unlink()
    [place] = places([str(folder)], str(tmp_path / "out"))
    assert place.output == tmp_path / "out" / "b.ora"
    with pytest.raises(InputError, match="cannot become one file"):
        places([str(folder)], str(tmp_path / "out.psd"))


def test_a_folder_without_pictures_is_refused(tmp_path):
    with pytest.raises(InputError, match="holds no picture"):
        places([str(tmp_path)], None)
