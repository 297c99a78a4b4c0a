"""Every test gets its own data folder, no keys but those of its server, and no key ring."""

import pytest
from fakes.services import SERVERS, environment


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    folder = tmp_path / "home"
    monkeypatch.setenv("LAYERSPLIT_HOME", str(folder))
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for server in SERVERS.values():
        monkeypatch.delenv(server.variable or "NONE", raising=False)
        monkeypatch.delenv(f"LAYERSPLIT_{server.name.upper()}_URL", raising=False)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return folder


@pytest.fixture
def start(monkeypatch):
    """Start a server by name; it is stopped after the test."""
    running = []

    def begin(name, **options):
        server = SERVERS[name]()
        running.append(server)
        for option, value in options.items():
            assert hasattr(server, option), option
            setattr(server, option, value)
        for variable, value in environment(server).items():
            monkeypatch.setenv(variable, value)
        return server

    yield begin
    for server in running:
        server.close()


@pytest.fixture(params=sorted(SERVERS))
def server(request, start):
    return start(request.param)
