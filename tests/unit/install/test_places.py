"""The rules of every system; none of them needs that system, because they are pure."""

import pytest

from layersplit.bridge.setup.places import (
    GimpPlace,
    KritaPlace,
    gimp_places,
    krita_place_for,
    krita_places,
    once,
    resource_folder,
)


@pytest.fixture
def home(tmp_path):
    return tmp_path / "ann"


def made(*folders):
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)


def pairs(places):
    return {place.package: (place.resources, place.kritarc) for place in places}


def test_krita_on_linux(home):
    found = pairs(krita_places("linux", {}, home))
    assert found == {
        "native or AppImage": (home / ".local/share/krita", home / ".config/kritarc"),
        "Flatpak": (
            home / ".var/app/org.kde.krita/data/krita",
            home / ".var/app/org.kde.krita/config/kritarc",
        ),
        "Snap": (
            home / "snap/krita/current/.local/share/krita",
            home / "snap/krita/current/.config/kritarc",
        ),
    }


def test_krita_follows_the_xdg_folders_if_they_are_absolute(home, tmp_path):
    env = {"XDG_DATA_HOME": str(tmp_path / "d"), "XDG_CONFIG_HOME": "relative"}
    native = krita_places("linux", env, home)[0]
    assert native.resources == tmp_path / "d" / "krita"
    assert native.kritarc == home / ".config" / "kritarc"


def test_only_sandboxed_packages_are_marked(home):
    marks = {place.package: place.sandboxed for place in krita_places("linux", {}, home)}
    assert marks == {"native or AppImage": False, "Flatpak": True, "Snap": True}


def test_krita_on_windows_and_from_its_store(home):
    local, roaming = home / "AppData" / "Local", home / "AppData" / "Roaming"
    store = local / "Packages" / "49800Krita_abc123" / "LocalCache"
    made(store)
    env = {"APPDATA": str(roaming), "LOCALAPPDATA": str(local)}
    expected = {
        "installed": (roaming / "krita", local / "kritarc"),
        "Microsoft Store": (store / "Roaming" / "krita", store / "Local" / "kritarc"),
    }
    assert pairs(krita_places("win32", env, home)) == expected
    assert pairs(krita_places("win32", {}, home)) == expected


def test_krita_on_a_mac(home):
    assert pairs(krita_places("darwin", {}, home)) == {
        "application": (
            home / "Library/Application Support/krita",
            home / "Library/Preferences/kritarc",
        )
    }


@pytest.mark.parametrize(
    ("text", "folder"),
    [
        ("", None),
        ("ResourceDirectory=/art/krita\n[python]\n", "/art/krita"),
        ("a=1\nResourceDirectory = /art/krita\n", "/art/krita"),
        ("[python]\nResourceDirectory=/not/this\n", None),
        ("ResourceDirectory=\n", None),
        ("XResourceDirectory=/no\n", None),
    ],
)
def test_a_kritarc_can_move_the_resources(text, folder):
    assert resource_folder(text) == folder


def test_moved_resources_are_used(home, tmp_path):
    made(home / ".config")
    (home / ".config/kritarc").write_text(f"ResourceDirectory={tmp_path / 'art'}\n")
    assert krita_places("linux", {}, home)[0].resources == tmp_path / "art"


def test_a_krita_is_there_when_it_has_left_something(home):
    place = KritaPlace("native or AppImage", home / "share/krita", home / "kritarc")
    assert not place.exists
    made(home / "share/krita")
    assert place.exists


@pytest.mark.parametrize(
    ("folder", "rc"),
    [
        (".local/share/krita", ".config/kritarc"),
        (".var/app/org.kde.krita/data/krita", ".var/app/org.kde.krita/config/kritarc"),
        ("Library/Application Support/krita", "Library/Preferences/kritarc"),
        ("AppData/Roaming/krita", "AppData/Local/kritarc"),
    ],
)
def test_a_named_folder_finds_its_kritarc_by_the_layout_around_it(home, tmp_path, folder, rc):
    other = tmp_path / "other"
    place = krita_place_for(other / folder, krita_places("linux", {}, home))
    assert (place.resources, place.kritarc) == (other / folder, other / rc)


def test_a_named_folder_with_a_kritarc_inside_uses_that(home, tmp_path):
    made(tmp_path / "portable")
    (tmp_path / "portable" / "kritarc").write_text("")
    place = krita_place_for(tmp_path / "portable", krita_places("linux", {}, home))
    assert place.kritarc == tmp_path / "portable" / "kritarc"


def test_a_named_folder_of_no_known_layout_uses_the_native_kritarc(home, tmp_path):
    place = krita_place_for(tmp_path / "art", krita_places("linux", {}, home))
    assert place.kritarc == home / ".config" / "kritarc"


def test_a_known_folder_that_is_named_is_the_known_one(home):
    known = krita_places("linux", {}, home)
    assert krita_place_for(known[1].resources, known) == known[1]


def folders(places):
    return [place.folder for place in places]


def test_gimp_on_linux(home):
    base = home / ".config" / "GIMP"
    assert folders(gimp_places("linux", {}, home)) == [base / "3.0", base / "3.2"]


def test_newer_gimps_are_taken_and_older_ones_are_not(home):
    base = home / ".config" / "GIMP"
    made(base / "2.10", base / "3.4", base / "3.10", base / "3.0.bak")
    names = [place.version for place in gimp_places("linux", {}, home)]
    assert names == ["3.0", "3.2", "3.4", "3.10"]


def test_a_gimp_is_there_when_its_folder_is(home):
    made(home / ".config" / "GIMP" / "3.2")
    there = [place.version for place in gimp_places("linux", {}, home) if place.exists]
    assert there == ["3.2"]


def test_gimp_follows_the_xdg_folder_and_its_own_variable(home, tmp_path):
    env = {"XDG_CONFIG_HOME": str(tmp_path / "c")}
    assert gimp_places("linux", env, home)[0].folder == tmp_path / "c" / "GIMP" / "3.0"
    env = {"GIMP3_DIRECTORY": str(tmp_path / "mine")}
    assert folders(gimp_places("linux", env, home)) == [tmp_path / "mine"]
    assert folders(gimp_places("linux", {"GIMP3_DIRECTORY": "g3"}, home)) == [home / "g3"]


def test_gimp_on_windows_and_on_a_mac(home):
    roaming = home / "R"
    windows = gimp_places("win32", {"APPDATA": str(roaming)}, home)
    assert folders(windows) == [roaming / "GIMP" / "3.0", roaming / "GIMP" / "3.2"]
    mac = gimp_places("darwin", {}, home)
    assert folders(mac)[1] == home / "Library" / "Application Support" / "GIMP" / "3.2"


def test_both_places_of_a_flatpak_are_served(home):
    inside = home / ".var/app/org.gimp.GIMP"
    made(inside)
    found = gimp_places("linux", {}, home)
    assert inside / "config/GIMP/3.0" in folders(found)
    assert home / ".config/GIMP/3.2" in folders(found)
    assert len(folders(found)) == len(set(folders(found)))


def test_inside_a_flatpak_the_hosts_folder_is_used(home, tmp_path):
    made(home / ".var/app/org.gimp.GIMP")
    env = {"HOST_XDG_CONFIG_HOME": str(tmp_path / "hc")}
    assert tmp_path / "hc" / "GIMP" / "3.2" in folders(gimp_places("linux", env, home))


def test_old_and_new_snaps_are_served(home, tmp_path):
    made(home / "snap" / "gimp")
    env = {"SNAP_REAL_HOME": str(tmp_path / "real")}
    found = folders(gimp_places("linux", env, home))
    assert tmp_path / "real" / ".config" / "GIMP" / "3.2" in found
    assert home / "snap" / "gimp" / "current" / ".config" / "GIMP" / "3.0" in found


def test_a_place_that_two_packages_share_is_one_place(home):
    same = [GimpPlace("native", home), GimpPlace("Flatpak", home, sandboxed=True)]
    assert once(same) == same[:1]
