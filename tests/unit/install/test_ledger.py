"""Everything that set-up writes can be undone, whatever happened in between."""

import contextlib
import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layersplit.bridge.setup.ledger import Ledger


def trimmed(text, before):
    return text.replace("ours\n", before or "")


class World:
    """A folder of a host, and a ledger beside it that is read from disk each time."""

    def __init__(self, base):
        self.base = base
        self.host = base / "host"
        self.host.mkdir(parents=True)

    @property
    def ledger(self):
        return Ledger(self.base / "data" / "l.json", self.base / "data" / "b", {"trim": trimmed})

    def tree(self):
        return {
            str(path.relative_to(self.host)): path.read_bytes() if path.is_file() else None
            for path in self.host.rglob("*")
        }


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


def plugin(path, content="v1"):
    path.mkdir()
    (path / "__init__.py").write_text(content)


def add_ours(text):
    return text if "ours\n" in text else text + "ours\n"


def test_what_was_placed_goes_and_new_folders_with_it(world):
    before = world.tree()
    target = world.host / "share" / "krita" / "plug"
    assert world.ledger.place(target, plugin)
    assert (target / "__init__.py").read_text() == "v1"
    assert world.ledger.undo() == []
    assert world.tree() == before


def test_placing_the_same_again_touches_nothing(world):
    target = world.host / "plug"
    world.ledger.place(target, plugin)
    stamp = (target / "__init__.py").stat().st_mtime_ns
    (target / "__pycache__").mkdir()
    assert not world.ledger.place(target, plugin)
    assert (target / "__init__.py").stat().st_mtime_ns == stamp


def test_a_new_version_replaces_the_old_one(world):
    target = world.host / "plug"
    world.ledger.place(target, plugin)
    assert world.ledger.place(target, lambda path: plugin(path, "v2"))
    assert (target / "__init__.py").read_text() == "v2"
    world.ledger.undo()
    assert world.tree() == {}


def test_a_stranger_of_the_same_name_comes_back(world):
    target = world.host / "plug"
    plugin(target, "a stranger's")
    before = world.tree()
    world.ledger.place(target, plugin)
    world.ledger.place(target, lambda path: plugin(path, "v2"))
    assert (target / "__init__.py").read_text() == "v2"
    world.ledger.undo()
    assert world.tree() == before


def test_a_folder_with_somebody_elses_file_stays(world):
    world.ledger.place(world.host / "pykrita" / "plug", plugin)
    (world.host / "pykrita" / "other.py").write_text("x")
    world.ledger.undo()
    assert world.tree() == {"pykrita": None, "pykrita/other.py": b"x"}


@pytest.mark.parametrize("original", [None, b"", b"a=1\n", b"\xff\xfe no text\r\n"])
def test_an_edited_file_comes_back_byte_for_byte(world, original):
    path = world.host / "config" / "rc"
    if original is not None:
        path.parent.mkdir()
        path.write_bytes(original)
        path.chmod(0o600)
    before = world.tree()
    assert world.ledger.edit(path, add_ours, "trim", None)
    assert path.read_bytes() == (original or b"") + b"ours\n"
    assert not world.ledger.edit(path, add_ours, "trim", None)
    if original is not None:
        assert path.stat().st_mode & 0o777 == 0o600
    world.ledger.undo()
    assert world.tree() == before


def test_only_our_line_goes_when_the_host_wrote_the_file_meanwhile(world):
    path = world.host / "rc"
    path.write_text("a=1\n")
    world.ledger.edit(path, add_ours, "trim", None)
    path.write_text("a=2\nours\nnew=1\n")
    world.ledger.undo()
    assert path.read_text() == "a=2\nnew=1\n"


def test_a_change_between_two_of_our_edits_is_not_lost(world):
    path = world.host / "rc"
    path.write_text("a=1\n")
    world.ledger.edit(path, add_ours, "trim", None)
    path.write_text("a=2\n")  # the host dropped our line
    world.ledger.edit(path, add_ours, "trim", None)
    world.ledger.undo()
    assert path.read_text() == "a=2\n"


def test_a_link_keeps_pointing_where_it_points(world):
    real = world.host / "dotfiles-rc"
    real.write_text("a=1\n")
    (world.host / "rc").symlink_to(real)
    world.ledger.edit(world.host / "rc", add_ours, "trim", None)
    assert (world.host / "rc").is_symlink()
    assert real.read_text() == "a=1\nours\n"
    world.ledger.undo()
    assert (world.host / "rc").is_symlink()
    assert real.read_text() == "a=1\n"


def test_only_the_part_that_was_named_is_undone(world):
    for owner in ("krita", "gimp"):
        ledger = world.ledger
        ledger.owner = owner
        ledger.place(world.host / owner, plugin)
    world.ledger.undo("krita")
    assert sorted(world.tree()) == ["gimp", "gimp/__init__.py"]
    world.ledger.undo()
    assert world.tree() == {}


def test_what_cannot_be_removed_is_said_and_remembered(world, monkeypatch):
    target = world.host / "plug"
    world.ledger.place(target, plugin)

    def refuse(*_arguments, **_options):
        raise PermissionError(13, "in use", str(target))

    monkeypatch.setattr("layersplit.bridge.setup.ledger.shutil.rmtree", refuse)
    assert world.ledger.undo() == [f"{target}: in use"]
    monkeypatch.undo()
    assert world.ledger.undo() == []
    assert world.tree() == {}


class Interrupted(BaseException):
    pass


@settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cut=st.integers(0, 60), again=st.booleans(), stranger=st.booleans())
def test_an_interruption_anywhere_can_be_undone(tmp_path_factory, cut, again, stranger):
    """Stop before the n-th change of the disk; then undo, at once or after a complete run."""
    world = World(tmp_path_factory.mktemp("world"))
    (world.host / "rc").write_text("a=1\n")
    if stranger:
        plugin(world.host / "plug", "a stranger's")
    before = world.tree()
    left = cut

    def counted(original):
        def change(*arguments, **options):
            nonlocal left
            left -= 1
            if left < 0:
                raise Interrupted
            return original(*arguments, **options)

        return change

    def work():
        world.ledger.place(world.host / "plug", plugin)
        world.ledger.place(world.host / "new" / "plug", plugin)
        world.ledger.edit(world.host / "rc", add_ours, "trim", None)
        world.ledger.edit(world.host / "made" / "rc", add_ours, "trim", None)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("mkdir", "rename", "replace", "unlink", "rmdir"):
            patch.setattr(os, name, counted(getattr(os, name)))
        with contextlib.suppress(Interrupted):
            work()
    if again:
        work()
        assert (world.host / "plug" / "__init__.py").read_text() == "v1"
        assert "ours\n" in (world.host / "rc").read_text()
    assert world.ledger.undo() == []
    assert world.tree() == before
