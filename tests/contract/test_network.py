"""TLS, proxies and names: what stands between here and a service."""

import socket
import ssl
import threading
from pathlib import Path

import pytest
from fakes.faulty_http import FaultyServer, Response
from fakes.services import IMPATIENT, split

from layersplit.errors import SetupError, UnreachableError
from layersplit.remote.addresses import Addresses, SafeLink
from layersplit.remote.timing import Timing
from layersplit.remote.transport import Transport
from layersplit.run import Run

CERTIFICATE = Path(__file__).parents[1] / "fakes" / "nobodys_certificate.pem"
"""Made for these tests, for localhost, and signed by nobody."""


@pytest.fixture
def tls_port():
    """A port behind which somebody shows a certificate that nobody has signed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    listener = socket.create_server(("127.0.0.1", 0))
    heard = []

    def serve():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    heard.append(secured.recv(1000))
            except OSError:
                connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1], heard
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_a_certificate_that_nobody_signed_gets_no_key(start, monkeypatch, tls_port):
    port, heard = tls_port
    server = start("wavespeed")
    monkeypatch.setenv("LAYERSPLIT_WAVESPEED_URL", f"https://127.0.0.1:{port}")
    with pytest.raises(UnreachableError, match="secure connection to WaveSpeedAI") as caught:
        split(server, timing=IMPATIENT)
    assert "SSL_CERT_FILE" in caught.value.remedy
    assert heard == []


def test_a_proxy_is_used_and_its_refusal_is_its_own_sentence(start, monkeypatch):
    server = start("fal")
    proxy = FaultyServer(lambda _request: Response(b"", 407), lambda _request: "proxy")
    monkeypatch.setenv("LAYERSPLIT_FAL_URL", "https://fal.invalid")
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(
        UnreachableError, match="The proxy did not let the request to fal"
    ) as caught:
        split(server, timing=IMPATIENT)
    assert "HTTPS_PROXY" in caught.value.remedy
    assert {request.method for request in proxy.requests} == {"CONNECT"}
    assert all(server.key not in str(request.headers) for request in proxy.requests)
    proxy.close()


def test_a_proxy_stays_out_of_what_goes_on_on_this_machine(start, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert len(split(start("runcomfy")).layers) == 3


def test_a_name_that_cannot_be_found_is_a_matter_of_the_network(start, monkeypatch):
    server = start("replicate")
    monkeypatch.setenv("LAYERSPLIT_REPLICATE_URL", "https://replicate.invalid")
    with pytest.raises(UnreachableError, match="cannot be found on the network") as caught:
        split(server, timing=IMPATIENT)
    assert "No job was started" in caught.value.meaning


def test_a_checked_link_is_read_from_the_address_that_was_checked():
    server = FaultyServer(lambda _request: Response(b"layer"), lambda _request: "read")
    port = server.url.rpartition(":")[2]
    transport = Transport(
        Addresses(hosts={"": "https://service.example"}, is_public=True),
        run=Run(),
        timing=Timing(),
        explain=lambda _status, _body: None,
        key_header=("Authorization", "Bearer secret-key"),
    )
    url = f"http://cdn.example:{port}/x.png?sig=1"
    link = SafeLink(url=url, host="cdn.example", connect_to="127.0.0.1")
    assert transport.read_elsewhere(link, 1000).content == b"layer"
    transport.close()
    (request,) = server.requests
    assert request.headers["host"] == f"cdn.example:{port}"
    assert request.query == {"sig": "1"}
    assert "authorization" not in request.headers
    server.close()


@pytest.mark.parametrize("value", ["sk ey", "ключ", "sk\nkey"])
def test_what_can_be_no_key_is_said_and_not_sent(start, monkeypatch, value):
    server = start("fal")
    monkeypatch.setenv(server.variable, value)
    with pytest.raises(SetupError, match="is no key for fal") as caught:
        split(server)
    assert value not in " ".join(caught.value.sentences)
    assert server.api.requests == []


def test_a_full_disk_does_not_lose_a_job_that_is_paid(start, monkeypatch):
    import layersplit.private_files as private  # noqa: PLC0415 - changed here only

    server = start("wavespeed")
    whole = private.os.fsync

    def fail(_descriptor):
        raise OSError(28, "No space left on device")

    server.spoil("submit", "hook", hook=lambda: monkeypatch.setattr(private.os, "fsync", fail))
    assert len(split(server, job="mine").layers) == 3
    monkeypatch.setattr(private.os, "fsync", whole)
    assert server.billed == 1
