import os
import subprocess
import sys

from layersplit.bridge.environment import worker_environment


def test_what_the_host_set_for_itself_is_gone():
    host = {
        "PYTHONPATH": "/krita/pykrita",
        "PYTHONHOME": "/bundle",
        "PYTHONEXECUTABLE": "/bundle/python",
        "__PYVENV_LAUNCHER__": "/bundle/python",
        "LD_PRELOAD": "libbabl.so",
        "LD_LIBRARY_PATH": "/run/mount/lib",
        "DYLD_LIBRARY_PATH": "/Applications/krita.app",
        "GI_TYPELIB_PATH": "/gimp",
        "GDK_PIXBUF_MODULE_FILE": "/gimp",
        "QT_PLUGIN_PATH": "/krita",
        "QML2_IMPORT_PATH": "/krita",
    }
    assert not set(host) & set(worker_environment(host))


def test_what_the_worker_needs_stays():
    host = {
        "HOME": "/home/a",
        "PATH": "/usr/bin:/bin",
        "FAL_KEY": "secret",
        "HTTPS_PROXY": "http://proxy",
        "DBUS_SESSION_BUS_ADDRESS": "unix:",
        "CUDA_VISIBLE_DEVICES": "1",
    }
    environment = worker_environment(host, home="/data")
    assert {name: environment[name] for name in host} == host
    assert environment["LAYERSPLIT_HOME"] == "/data"
    assert environment["PYTHONUTF8"] == "1"


def test_an_appimage_does_not_offer_its_own_programs():
    host = {"APPDIR": "/run/mount_x", "PATH": "/run/mount_x/usr/bin:/run/mount_xy:/usr/bin"}
    environment = worker_environment(host)
    assert environment["PATH"] == "/run/mount_xy:/usr/bin"
    assert "APPDIR" not in environment


def test_a_virtual_environment_stays_itself_in_the_environment_of_an_embedded_python():
    """Without the scrub this Python takes the base's prefix for its own, even under -I."""
    host = {**os.environ, "PYTHONEXECUTABLE": "/usr/bin/python3", "PYTHONPATH": "/nowhere"}
    question = "import sys; print(sys.prefix, '/nowhere' in sys.path)"
    answer = subprocess.run(
        [sys.executable, "-I", "-c", question],
        env=worker_environment(host),
        capture_output=True,
        text=True,
        check=True,
    )
    assert answer.stdout.split() == [sys.prefix, "False"]
