"""Stands in for PyPI and for PyTorch's index: a proxy on loopback that answers in their names.

And wheels to put there."""

import base64
import hashlib
import os
import shutil
import ssl
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote

import pytest

HOSTS = ("pypi.test", "download.pytorch.org")
ELSEWHERE = ("UV_", "PIP_", "NO_PROXY", "no_proxy", "https_proxy")  # where settings may lead


@dataclass
class PackageIndex:
    """What the two have."""

    address: str
    certificate: Path
    pages: dict[str, dict[str, str]] = field(default_factory=dict)  # page -> file -> SHA-256 or ""
    contents: dict[str, bytes] = field(default_factory=dict)  # of files
    asked: list[str] = field(default_factory=list)  # for which pages, in order

    @property
    def environment(self) -> dict[str, str]:
        """With which uv and pip ask here and nowhere else."""
        trusted = str(self.certificate)
        here = {"HTTPS_PROXY": self.address, "SSL_CERT_FILE": trusted, "PIP_CERT": trusted}
        here["UV_DEFAULT_INDEX"] = f"https://{HOSTS[0]}/simple"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(ELSEWHERE)}
        return kept | here

    def add(self, page: str, file: str, digest: str) -> None:
        """List a file on a page such as "pypi.test/simple/torch/"."""
        self.pages.setdefault(page, {})[file] = digest


@contextmanager
def running(folder: Path) -> Iterator[PackageIndex]:
    """Start it; skips the test where no certificate can be made for it."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl, which makes the stand-in's certificate")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    names = ",".join(f"DNS:{host}" for host in HOSTS)
    made = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-subj", "/CN=a stand-in"]
    made += ["-pkeyopt", "ec_paramgen_curve:prime256v1", "-keyout", key, "-out", certificate]
    made += ["-addext", f"subjectAltName={names}", "-addext", "basicConstraints=critical,CA:FALSE"]
    subprocess.run(made, check=True, capture_output=True)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Proxy) as server:
        server.tls = tls
        server.index = PackageIndex(f"http://127.0.0.1:{server.server_port}", certificate)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server.index
        finally:
            server.shutdown()
            thread.join()


class _Proxy(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        with suppress(ConnectionResetError):  # uv hangs up when it has what it wants
            super().handle()

    def do_CONNECT(self) -> None:
        """What is said through the tunnel is for us too."""
        self.send_response(200)
        self.end_headers()
        self.request = self.connection = self.server.tls.wrap_socket(
            self.connection, server_side=True
        )
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        index, page = self.server.index, self.headers["Host"] + self.path
        name = page.rpartition("/")[2]
        if name.endswith(".metadata"):
            project, version = name.split("-")[:2]
            self._answer(f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n".encode())
        elif name:
            self._answer(index.contents.get(name))
        else:
            index.asked.append(page)
            links = [_link(*listed) for listed in index.pages.get(page, {}).items()]
            self._answer("".join(["<!DOCTYPE html>", *links]).encode() if links else None)

    def _answer(self, body: bytes | None) -> None:
        self.send_response(404 if body is None else 200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _link(file: str, digest: str) -> str:
    fragment = digest and f"#sha256={digest}"
    return f'<a href="{quote(file)}{fragment}" data-core-metadata="true">{file}</a>'


def write_wheel(folder: Path, name: str) -> str:
    """A wheel with one module that says its name; returns the wheel's SHA-256."""
    info = f"{name}-1.0.dist-info"
    files = {
        f"{name}.py": f"NAME = {name!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
        record += f"{path},sha256={digest.decode()},{len(text)}\n"
    wheel = folder / f"{name}-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for path, text in {**files, f"{info}/RECORD": record}.items():
            archive.writestr(path, text)
    return hashlib.sha256(wheel.read_bytes()).hexdigest()
