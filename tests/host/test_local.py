"""This computer's own model from inside the real Krita and the real GIMP: the same in both.

The hosts' private environment uses the packages of the environment that runs these tests (torch for
the processor, diffusers), put there as ``install.py --packages-from`` puts them; so its Python has
to run in the root as well. The model is the tiny one of ``tests/local``.
"""

from __future__ import annotations

import contextlib
import importlib.util
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from gimp_host import DIALOG as GIMP_DIALOG
from gimp_host import PLUGIN, GimpHost, home_of, needs_gimp
from homes import installed_home
from krita_host import DIALOG, KritaHost
from pictures import poster, to_bgra
from PIL import Image
from roots import RELEASE, NoRootError, root_for
from session import Session

LOCAL: Final = Path(__file__).parent.parent / "local"
PACKAGES: Final = "/work/packages"
MODEL: Final = "/work/models/tiny"
COMMAND: Final = "/work/.local/share/layersplit/venv/bin/layersplit"
TITLE: Final = "This computer's GPU"
Place = dict[str, Any]


@pytest.fixture(scope="module")
def place(testrun_uid: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """Arguments of a Session in a home whose private environment has torch; the model is there."""
    if importlib.util.find_spec("torch") is None:
        pytest.skip("torch is not installed")
    try:
        root = root_for(RELEASE)
    except NoRootError as error:
        pytest.skip(str(error))
    prefix = Path(sys.base_prefix)
    at = "/work/python" if prefix == Path("/usr") else str(prefix)  # else its libraries are missed
    mounts = {at: prefix, PACKAGES: Path(sysconfig.get_path("purelib"))}
    python = f"{at}/bin/python{sys.version_info.major}.{sys.version_info.minor}"
    here: Place = {"root": root, "wheels": LOCAL, "mounts": mounts}
    empty = tmp_path_factory.mktemp("home")
    with contextlib.closing(Session(work=empty, name="try", **here)) as trial:
        status, _, errors = trial.run(python, "-I", "-c", "import ssl, sqlite3, ctypes")
    if status:
        pytest.skip(f"{python} does not run in the root: {errors.strip()}")
    install = (python, "/repository/install.py", "--local", "--packages-from", PACKAGES)
    with installed_home(
        RELEASE, f"local-{testrun_uid}", root, LOCAL, install=install, mounts=mounts
    ) as home:
        save_tiny_model(home / "models/tiny")
        yield {**here, "work": home}


def save_tiny_model(folder: Path) -> None:
    """In a process of its own: torch would stay in this one."""
    code = "import sys, pathlib, tiny; tiny.save(pathlib.Path(sys.argv[1]))"
    subprocess.run([sys.executable, "-c", code, folder], cwd=LOCAL, check=True, timeout=120)


@pytest.fixture(scope="module")
def krita(place: Place) -> Iterator[KritaHost]:
    with contextlib.closing(KritaHost(**place, name="krita")) as session:
        session.launch(OMP_NUM_THREADS="1")
        yield session


def test_krita_asks_for_a_model_and_splits_with_it(krita: KritaHost) -> None:
    pixels = to_bgra(poster())
    krita.new_document("picture", pixels)
    krita.ask()
    krita.call("choose", DIALOG, TITLE)
    krita.wait_until("it says so", lambda: "is not on this computer" in krita.text(DIALOG))
    assert not krita.call("is_button_enabled", DIALOG, "Split")
    krita.screenshot("no-model")
    krita.call("press_button", DIALOG, "Model")
    krita.wait_until("the question", lambda: krita.window("layersplit_model"))
    assert "4bit (18.0 GB, licence Apache-2.0)" in krita.text("layersplit_model")
    krita.call("fill", "layersplit_model", "Model", MODEL)
    krita.screenshot("model")
    krita.call("press_button", "layersplit_model", "Use")
    krita.wait_until("ready", lambda: "The picture stays" in krita.text(DIALOG))
    krita.call("press_button", DIALOG, "Advanced")
    krita.wait_until("more fields", lambda: "Steps" in krita.text(DIALOG))
    krita.call("press_button", DIALOG, "Automatic")
    for label, value in (
        ("Layers", 2), ("Description", "a ball"), ("Steps", 1), ("Guidance", 1.0), ("Seed", 7)
    ):  # fmt: skip
        krita.call("fill", DIALOG, label, value)
    krita.screenshot("filled")
    krita.call("press_button", DIALOG, "Split")
    krita.wait_for_groups("picture", 1, seconds=180)
    assert np.array_equal(krita.picture_of_top("picture", pixels), pixels)
    assert len(krita.tree("picture")) == 2


def test_krita_splits_again_without_loading_again(krita: KritaHost) -> None:
    pixels = to_bgra(poster(seed=5))
    krita.new_document("again", pixels)
    krita.split_again("again", seconds=180)
    assert np.array_equal(krita.picture_of_top("again", pixels), pixels)


@pytest.fixture(scope="module")
def gimp(place: Place) -> Iterator[GimpHost]:
    needs_gimp(place["root"])
    with contextlib.closing(GimpHost(**place, name="gimp")) as session:
        session.run(COMMAND, "model", "use")  # forgotten again
        session.launch()
        yield session


def test_gimp_asks_for_a_model(gimp: GimpHost) -> None:
    pixels = poster()
    Image.fromarray(pixels[..., :3]).save(gimp.work / "picture.png")
    gimp.run("gimp", "-s", "/work/picture.png")  # hands it to the GIMP that runs
    gimp.wait_until("it is open", lambda: gimp.call("adopt_newest", "picture"))
    gimp.wait_until("its title", lambda: gimp.windows("picture"))
    gimp.press_in_gimp("ctrl+shift+k")
    gimp.wait_until("the dialog", lambda: gimp.windows(GIMP_DIALOG))

    def asked_for_a_model() -> list[str]:
        """The last provider of the list, once the list is there, and its button."""
        for keys in ("alt+p", "space", "End", "Return", "alt+m"):
            gimp.press(keys)
            time.sleep(0.3)
        return gimp.windows("^Model for this computer")

    gimp.wait_until("the question", asked_for_a_model, 60)
    gimp.screenshot("model")
    gimp.run("xdotool", "type", MODEL)
    gimp.press("Return")
    settings = home_of(gimp) / "settings.json"
    gimp.wait_until("it is kept", lambda: MODEL in settings.read_text(encoding="utf-8"), 60)
    gimp.wait_until("no question", lambda: not gimp.windows("^Model for|^Looking at the model"))
    gimp.screenshot("ready")

    def closed() -> bool:
        for window in gimp.windows(GIMP_DIALOG):
            gimp.press("Escape", window=window)
        time.sleep(0.3)
        return not gimp.do("processes", PLUGIN)

    gimp.wait_until("the dialog is closed", closed, 60)


def test_gimp_splits_with_it(gimp: GimpHost) -> None:
    pixels = poster()
    gimp.new_image("quiet", pixels)
    gimp.split("quiet", provider="local", layers=2, steps=1, guidance=1.0, prompt="a ball")
    (group,) = gimp.groups("quiet")
    assert len(group["children"]) >= 1
    assert np.array_equal(gimp.picture("quiet", pixels, top=True), pixels)
