"""Which addresses are asked with the key, which are followed, and which are not."""

import pytest

from layersplit.errors import InputError
from layersplit.remote.addresses import Addresses, in_path, safe_link, service_addresses
from layersplit.remote.trouble import Kind, Trouble

OFFICIAL = {"": "https://queue.fal.run", "rest": "https://rest.fal.ai"}
PUBLIC = Addresses(hosts=OFFICIAL, is_public=True)


def resolver(*found):
    return lambda _host, _port: list(found)


def test_a_variable_replaces_every_host_of_a_service(monkeypatch):
    monkeypatch.setenv("LAYERSPLIT_FAL_URL", "http://127.0.0.1:9/")
    addresses = service_addresses("fal", OFFICIAL, {"fal": "https://ignored.example"})
    assert addresses.url("/a") == "http://127.0.0.1:9/a"
    assert addresses.url("/a", "rest") == "http://127.0.0.1:9/a"
    assert not addresses.is_public


def test_the_settings_come_after_the_variable(monkeypatch):
    monkeypatch.setenv("LAYERSPLIT_FAL_URL", "  ")
    addresses = service_addresses("fal", OFFICIAL, {"fal": "https://proxy.example/fal"})
    assert addresses.url("/a") == "https://proxy.example/fal/a"
    assert addresses.is_public


def test_without_either_the_published_hosts_are_used(monkeypatch):
    monkeypatch.delenv("LAYERSPLIT_FAL_URL", raising=False)
    assert service_addresses("fal", OFFICIAL, {}).url("/a", "rest") == "https://rest.fal.ai/a"


@pytest.mark.parametrize(
    "address",
    [
        "http://example.org",
        "http://192.168.1.2:8188",
        "ftp://example.org",
        "example.org",
        "https://user:secret@example.org",
        "https://example.org/?a=b",
        "https://[::1",
        "http://127.0.0.1.example.org",
    ],
)
def test_an_address_that_is_not_safe_is_refused_without_being_shown(monkeypatch, address):
    monkeypatch.setenv("LAYERSPLIT_FAL_URL", address)
    with pytest.raises(InputError) as caught:
        service_addresses("fal", OFFICIAL, {})
    assert "LAYERSPLIT_FAL_URL" in caught.value.fact
    assert "secret" not in " ".join(caught.value.sentences)


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://localhost:1", "http://[::1]:1"])
def test_plain_http_is_fine_on_this_machine(monkeypatch, address):
    monkeypatch.setenv("LAYERSPLIT_FAL_URL", address)
    assert service_addresses("fal", OFFICIAL, {}).url("/x") == f"{address}/x"


def test_a_comfyui_server_that_the_user_names_may_be_plain_http(monkeypatch):
    monkeypatch.setenv("LAYERSPLIT_COMFYUI_URL", "http://192.168.1.2:8188")
    addresses = service_addresses("comfyui", {"": "http://127.0.0.1:8188"}, {}, plain_http=True)
    own = safe_link("http://192.168.1.2:8188/view?a=b", addresses)
    assert own.url.endswith("/view?a=b")
    with pytest.raises(Trouble):
        safe_link("http://192.168.1.3:8188/view", addresses)


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("https://queue.fal.run/x/requests/1/status", "/x/requests/1/status"),
        ("https://queue.fal.run:443/x?logs=1", "/x?logs=1"),
        ("https://queue.fal.run.evil.example/x", None),
        ("http://queue.fal.run/x", None),
        ("https://queue.fal.run@evil.example/x", None),
        ("https://evil.example/https://queue.fal.run/x", None),
        ("/x", None),
        ("", None),
    ],
)
def test_only_links_to_the_services_own_hosts_get_the_key(link, path):
    assert PUBLIC.own_path(link) == path


@pytest.mark.parametrize(
    "found",
    [
        "10.0.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.4.4",
        "192.168.0.1",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - an address that is refused
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fc00::1",
        "::ffff:10.0.0.1",
    ],
)
def test_a_public_service_leads_to_no_private_network(found):
    with pytest.raises(Trouble) as caught:
        safe_link("https://cdn.example/x", PUBLIC, resolver=resolver("93.184.216.34", found))
    assert caught.value.kind is Kind.UNSAFE
    literal = f"[{found}]" if ":" in found else found
    with pytest.raises(Trouble):
        safe_link(f"https://{literal}/x", PUBLIC, resolver=resolver())


def test_a_public_link_is_followed_to_the_address_that_was_checked():
    link = safe_link("https://cdn.example/x?sig=1", PUBLIC, resolver=resolver("93.184.216.34"))
    assert link.connect_to == "93.184.216.34"
    assert link.host == "cdn.example"


def test_behind_a_proxy_the_name_is_the_proxys_to_resolve():
    link = safe_link("https://cdn.example/x", PUBLIC, proxied=True, resolver=resolver())
    assert link.connect_to is None
    with pytest.raises(Trouble):
        safe_link("https://10.0.0.1/x", PUBLIC, proxied=True)


@pytest.mark.parametrize("remote_id", ["..", "a" * 301, "."])
def test_an_id_that_is_none_is_refused(remote_id):
    with pytest.raises(Trouble):
        in_path(remote_id)


def test_an_id_cannot_climb_to_another_path():
    assert in_path("../../admin?x=1") == "..%2F..%2Fadmin%3Fx%3D1"
