import pytest


@pytest.fixture(autouse=True)
def data_folder(tmp_path, monkeypatch):
    """Nothing of this user's own is read or written."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("LAYERSPLIT_HOME", str(folder))
    return folder
