"""The real programs. Without a root file system for them, everything here is skipped, visibly."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))

from gimp_host import GimpHost, needs_gimp
from homes import installed_home
from krita_host import KritaHost
from roots import RELEASE, NoRootError, root_for
from wheels import wheels_for

Place = tuple[Path, Path, Path]


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent not in item.path.parents:
            continue
        item.add_marker(pytest.mark.host)
        item.add_marker(pytest.mark.timeout(900))  # the first one makes the root
        # a key press that a busy X server loses says nothing of us; each rerun shows as R
        item.add_marker(pytest.mark.flaky(reruns=2))
        item.add_marker(pytest.mark.xdist_group("krita" if "krita" in item.path.name else "gimp"))


@contextlib.contextmanager
def prepared(run: str) -> Iterator[Place]:
    """A root, the wheels for it, and a home in which install.py has run."""
    try:
        root = root_for(RELEASE)
        wheels = wheels_for(root)
    except NoRootError as error:
        pytest.skip(str(error))
    with installed_home(RELEASE, run, root, wheels) as home:
        yield root, home, wheels


# Krita and GIMP run at the same time. Each has its home, so that a test can say what is left in it.
@pytest.fixture(scope="session")
def krita_place(testrun_uid: str) -> Iterator[Place]:
    """Where Krita runs."""
    with prepared(f"krita-{testrun_uid}") as place:
        yield place


@pytest.fixture(scope="session")
def gimp_place(testrun_uid: str) -> Iterator[Place]:
    """Where GIMP runs."""
    with prepared(f"gimp-{testrun_uid}") as place:
        needs_gimp(place[0])
        yield place


@pytest.fixture(scope="module")
def own_place(testrun_uid: str, request: pytest.FixtureRequest) -> Iterator[Place]:
    """A home of one module alone: keys and agreements stay in it."""
    name = request.module.__name__.rpartition(".")[2]
    with prepared(f"{name}-{testrun_uid}") as place:
        if "gimp" in name:
            needs_gimp(place[0])
        yield place


@pytest.fixture(scope="module")  # two Kritas cannot share a home, and some modules start their own
def krita_desktop(krita_place: Place) -> Iterator[KritaHost]:
    root, home, wheels = krita_place
    with contextlib.closing(KritaHost(root, home, wheels, name="krita")) as session:
        session.launch()
        yield session


@pytest.fixture
def krita(krita_desktop: KritaHost) -> Iterator[KritaHost]:
    """The running Krita, without any document."""
    yield krita_desktop
    krita_desktop.call("close_windows")
    krita_desktop.call("close_documents")


@pytest.fixture(scope="session")
def gimp_console(gimp_place: Place) -> Iterator[GimpHost]:
    root, home, wheels = gimp_place
    with contextlib.closing(GimpHost(root, home, wheels, name="gimp-console")) as session:
        session.launch(console=True)
        yield session


@pytest.fixture
def gimp(gimp_console: GimpHost) -> Iterator[GimpHost]:
    """The running GIMP without a window, without any image."""
    yield gimp_console
    gimp_console.call("close_all")


@pytest.fixture(scope="module")
def gimp_window(gimp_place: Place) -> Iterator[GimpHost]:
    """A GIMP with a window."""
    root, home, wheels = gimp_place
    with contextlib.closing(GimpHost(root, home, wheels, name="gimp-window")) as session:
        session.launch()
        yield session
