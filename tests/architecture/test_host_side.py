"""What runs inside Krita and GIMP: an older Python, and nothing but the standard library.

The bridge is tried as set-up vendors it: a copy of ``layersplit/__init__.py`` and ``bridge`` alone,
in a Python without site-packages and without the environment.
"""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from layersplit.bridge.setup.adapters import copy_bridge

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "core" / "layersplit"
BRIDGE = PACKAGE / "bridge"
KRITA = ROOT / "krita_plugin"
GIMP = ROOT / "gimp_plugin"
OLDEST = (3, 9)
TOOLKITS = {
    BRIDGE: {"layersplit"},
    KRITA: {"layersplit", "layersplit_krita", "krita", "PyQt5", "PyQt6"},
    GIMP: {"layersplit", "layersplit_gimp", "gi"},
}


def host_files():
    for folder in TOOLKITS:
        for path in sorted(folder.rglob("*.py")):
            if "_vendor" not in path.parts:
                yield folder, path


def imported(tree):
    """(module, line) of every import, lazy ones too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module, node.lineno


@pytest.mark.parametrize(
    ("folder", "path"), list(host_files()), ids=lambda path: str(path.relative_to(ROOT))
)
def test_a_file_for_the_hosts_is_plain(folder, path):
    """Readable for the oldest Python, and importing nothing that a host does not have."""
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=OLDEST)
    for module, line in imported(tree):
        top = module.split(".")[0]
        assert top in sys.stdlib_module_names | TOOLKITS[folder], f"{path}:{line} imports {module}"
        if top == "layersplit":
            inside = module == "layersplit" or module.startswith("layersplit.bridge")
            assert inside, f"{path}:{line} imports {module}, which is not vendored"


@pytest.fixture(scope="module")
def vendored(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vendor")
    copy_bridge(PACKAGE, folder / "layersplit")
    return folder


TRIAL = """
import importlib, pathlib, sys
sys.path.append({folder!r})
for path in sorted(pathlib.Path({folder!r}).rglob("*.py")):
    parts = path.relative_to({folder!r}).with_suffix("").parts
    importlib.import_module(".".join(part for part in parts if part != "__init__"))
from layersplit.bridge.messages import RawPicture, Split, decode_line, encode_line
split = Split("1", "/tmp/\\u00fc", "gimp", RawPicture(3, 4, selection=[0, 0, 1, 1]))
assert decode_line(encode_line(split)) == split
from layersplit.bridge.client import WorkerClient
from layersplit.bridge.messages import Failed
answers = []
WorkerClient(answers.append).send(split)
assert isinstance(answers[0], Failed) and answers[0].code == "not-installed", answers
assert not {heavy!r} & set(sys.modules)
print("fine")
"""


def try_bridge(python, vendored, home):
    program = TRIAL.format(folder=str(vendored), heavy={"numpy", "PIL", "cv2", "httpx"})
    return subprocess.run(
        [python, "-I", "-S", "-X", "utf8", "-c", program],
        env={"LAYERSPLIT_HOME": str(home), "PYTHONHOME": "", "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_bridge_works_alone(vendored, tmp_path):
    tried = try_bridge(sys.executable, vendored, tmp_path)
    assert (tried.stdout, tried.returncode) == ("fine\n", 0), tried.stderr


def oldest_python():
    """A Python of the oldest version that hosts have, or None."""
    name = "python%d.%d" % OLDEST  # noqa: UP031 - a pair of numbers
    found = [shutil.which(name)]
    found += sorted(Path.home().glob(f".pyenv/versions/{OLDEST[0]}.{OLDEST[1]}.*/bin/python3"))
    for python in filter(None, found):
        asked = subprocess.run([python, "-c", "print(1)"], capture_output=True, check=False)
        if asked.returncode == 0:
            return str(python)
    return None


def test_the_bridge_works_alone_in_the_oldest_python(vendored, tmp_path):
    python = oldest_python()
    if python is None:
        pytest.skip("no Python 3.9 on this machine")
    tried = try_bridge(python, vendored, tmp_path)
    assert (tried.stdout, tried.returncode) == ("fine\n", 0), tried.stderr


def test_an_old_python_is_told_that_it_is_too_old(tmp_path):
    """install.py itself must be readable for it."""
    python = oldest_python()
    if python is None:
        pytest.skip("no Python 3.9 on this machine")
    refused = subprocess.run(
        [python, str(ROOT / "install.py")],
        env={"HOME": str(tmp_path), "PATH": "/nowhere", "LAYERSPLIT_HOME": str(tmp_path / "d")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode == 5
    assert refused.stderr.startswith("Layersplit needs Python 3.11 or newer")
    assert not (tmp_path / "d").exists()


def test_install_py_can_be_read_by_any_python_3():
    """No syntax that Python 3.4 did not have: an old Python must get to our own words."""
    ast.parse((ROOT / "install.py").read_text(encoding="utf-8"), feature_version=(3, 4))


def test_every_module_of_the_bridge_says_its_idea():
    for path in BRIDGE.rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path
