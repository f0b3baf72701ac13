"""Behind a reverse proxy: at an address of its own, below a path; nginx with the documented file."""

import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
from fastapi.testclient import TestClient

from parkdispatch.interfaces.commands.serving.serve import server_config
from parkdispatch.interfaces.service.access.auth import SESSION_COOKIE
from parkdispatch.interfaces.service.service_app import create_app
from parkdispatch.interfaces.service.service_state import Service
from tests.support.paths import ROOT
from tests.support.services.small_service import prepared_service
from tests.support.web.served_pages import serving

BELOW = "/energy/parkdispatch"
PROXY_FILE = ROOT / "docs" / "examples" / "service" / "nginx.conf"
needs_nginx = pytest.mark.skipif(
    not shutil.which("nginx") or not shutil.which("openssl"), reason="no nginx or no openssl on this machine"
)


def signed_in(client: Any, root: str, token: str) -> Any:
    """The answer to signing in at the form of a page that is not open yet."""
    form = client.get(f"{root}/park/small/month", headers={"accept": "text/html"}, follow_redirects=True)
    nonce = re.findall(r'name="login_token" value="([^"]+)"', form.text)[0]
    target = re.findall(r'name="next" value="([^"]+)"', form.text)[0]
    (action,) = re.findall(r'<form method="post" action="([^"]+)"', form.text)
    fields = {"secret": token, "login_token": nonce, "next": target}
    return client.post(action, data=fields, follow_redirects=False)


def test_below_a_path_every_address_is_below_it(tmp_path: Path) -> None:
    service, tokens = prepared_service(tmp_path, root_path=BELOW)
    with TestClient(create_app(service), root_path=BELOW, raise_server_exceptions=False) as client:
        assert signed_in(client, BELOW, tokens["plan"]).headers["location"] == f"{BELOW}/park/small/month"
        home = client.get(f"{BELOW}/", follow_redirects=False)
        assert home.headers["location"] == f"{BELOW}/park/small/today"
        for name in (
            "today",
            "tomorrow",
            "changes",
            "order",
            "month",
            "year",
            "settlement",
            "studies",
            "none",
        ):
            page = client.get(f"{BELOW}/park/small/{name}", headers={"accept": "text/html"}).text
            links = re.findall(r'(?:href|src|action)="(?!data:|#|&quot;)([^"]*)"', page)
            assert [link for link in links if not link.startswith(f"{BELOW}/")] == [], name
            assert links or name == "none", name
        style = re.findall(r'href="([^"]+web\.css[^"]*)"', client.get(f"{BELOW}/login").text)[0]
        assert client.get(style).status_code == 200
        header = {"Authorization": f"Bearer {tokens['plan']}", "Prefer": "wait=10"}
        job = client.post(f"{BELOW}/api/v1/plan", json={"case": "small"}, headers=header)
        assert job.headers["location"].startswith(f"{BELOW}/api/v1/jobs/")
        assert client.get(job.json()["files"]["report.html"], headers=header).status_code == 200
        assert client.get(f"{BELOW}/api/v1/openapi.json").json()["servers"] == [{"url": BELOW}]
        assert client.get(f"{BELOW}/health/live").status_code == 200
        assert (
            f"Path={BELOW}"
            in signed_in(TestClient(client.app, root_path=BELOW), BELOW, tokens["read"]).headers["set-cookie"]
        )


@contextmanager
def behind_nginx(folder: Path, service: Service, root: str) -> Iterator[str]:
    """The address of nginx with the documented file in front of a service, on this machine alone."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
         "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True,
    )  # fmt: skip
    with serving(server_config(service, "127.0.0.1")) as address:
        port = free_port()
        content = PROXY_FILE.read_text(encoding="utf-8")
        if root:
            content = content.replace("location / {", f"location {root}/ {{")
            content = content.replace("http://127.0.0.1:8360;", "http://127.0.0.1:8360/;")
        for documented, tried in {
            "listen 443": f"listen 127.0.0.1:{port}", "http://127.0.0.1:8360": address,
            "/etc/ssl/park.example.pem": str(certificate), "/etc/ssl/park.example.key": str(key),
        }.items():  # fmt: skip
            assert documented in content
            content = content.replace(documented, tried)
        kept = "".join(
            f"{kind}_temp_path {folder}/{kind};"
            for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        file = folder / "nginx.conf"
        file.write_text(
            f"daemon off; master_process off; pid {folder}/pid;\nevents {{}}\n"
            f"http {{ access_log off; {kept}\n{content}\n}}\n",
            encoding="utf-8",
        )
        with subprocess.Popen(["nginx", "-e", str(folder / "error.log"), "-c", str(file)]) as process:
            try:
                yield f"https://127.0.0.1:{port}"
            finally:
                process.terminate()


def free_port() -> int:
    """A port of this machine that nobody listens at."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@needs_nginx
@pytest.mark.slow
def test_the_documented_proxy_serves_pages_forms_and_uploads(tmp_path: Path, root: str = "") -> None:
    service, tokens = prepared_service(tmp_path, https=True, root_path=root, failures_per_minute=2)
    with behind_nginx(tmp_path, service, root) as address:
        trust = ssl.create_default_context(cafile=str(tmp_path / "certificate.pem"))
        with httpx2.Client(base_url=address, verify=trust, timeout=30) as client:
            deadline = time.monotonic() + 20
            while not is_ready(client, root) and time.monotonic() < deadline:
                time.sleep(0.02)
            answer = signed_in(client, root, tokens["plan"])
            assert answer.headers["location"] == f"{root}/park/small/month"
            cookie = next(text for text in answer.headers.get_list("set-cookie") if SESSION_COOKIE in text)
            assert {"Secure", "HttpOnly", f"Path={root or '/'}"} <= set(cookie.split("; "))
            page = client.get(answer.headers["location"]).text
            field = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]
            upload = f"{root}/api/v1/uploads?name=load.csv"
            large = b"x" * 300_000
            assert client.post(upload, content=large).status_code == 403
            header = {"X-CSRF-Token": field}
            assert client.post(upload, content=large, headers=header).json()["size_bytes"] == len(large)
            assert client.post(upload, content=b"x" * 20_500_000, headers=header).status_code == 413
            # the proxy's word for who asks is believed: failures of one address are not those of another
            guess = {"Authorization": "Bearer pd_0_x"}
            tries = [client.get(f"{root}/api/v1/jobs", headers=guess).status_code for _ in range(3)]
            assert tries == [401, 401, 429]
            form = {"csrf_token": field}
            assert client.post(f"{root}/logout", data=form).headers["location"] == f"{root}/login"


def is_ready(client: httpx2.Client, root: str) -> bool:
    """Whether the service answers through the proxy."""
    try:
        return client.get(f"{root}/health/ready").status_code == 200
    except httpx2.HTTPError:
        return False
