"""The process itself: power cuts, starvation, start, stop, files that are not its own."""

import hashlib
import http.client
import json
import os
import resource
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from lib.appliance import Appliance, CommandFailed, clean_environment, executable
from lib.scim import MEDIA, ScimConnection, user
from lib.siege import HUGE, Siege

MEGABYTE = 1_000_000


def push_until_cut(appliance, token, name: str, acknowledged: dict, attempted: list) -> None:
    """Create users on one connection until it breaks; note what was answered with 201."""
    connection = ScimConnection(appliance, token)
    try:
        for number in range(100_000):
            user_name = f"{name}-{number}@acme.com"
            attempted.append(user_name)
            status, body = connection.request("POST", "/Users", user(user_name))
            assert status == 201, f"{status} {body}"
            acknowledged[user_name] = body["id"]
    except (OSError, http.client.HTTPException, ValueError):
        pass
    finally:
        connection.close()


def test_power_cut(tmp_path):
    """Whatever was answered with 201 before SIGKILL is there afterwards, three times over."""
    with Appliance(tmp_path) as appliance:
        appliance.organization()
        token = appliance.scim_token()["token"]
        acknowledged: dict[str, str] = {}
        attempted: list[str] = []
        for round_ in range(3):
            before = len(acknowledged)
            threads = [
                threading.Thread(
                    target=push_until_cut,
                    args=(appliance, token, f"r{round_}t{number}", acknowledged, attempted),
                )
                for number in range(16)
            ]
            for thread in threads:
                thread.start()
            time.sleep(1.5)
            appliance.kill()
            for thread in threads:
                thread.join()
            assert len(acknowledged) - before > 50, "too little was pushed to prove anything"
            appliance.start()

        connection = ScimConnection(appliance, token)
        for user_name, id_ in acknowledged.items():
            status, found = connection.request("GET", f"/Users/{id_}")
            assert status == 200, f"{user_name} was acknowledged and is gone"
            assert found["userName"] == user_name
        status, page = connection.request("GET", "/Users?startIndex=1&count=1")
        assert status == 200
        assert len(acknowledged) <= page["totalResults"] <= len(attempted)
        appliance.kill()
        with sqlite3.connect(appliance.data) as database:
            assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
            assert database.execute("PRAGMA foreign_key_check").fetchall() == []


class HonestClient(threading.Thread):
    """Asks again and again, each time on a new connection, and notes how long it took."""

    def __init__(self, appliance: Appliance):
        super().__init__(daemon=True)
        self.appliance = appliance
        self.answers: list[float] = []
        self.failures: list[str] = []
        self._stop_asking = threading.Event()

    def run(self) -> None:
        while not self._stop_asking.wait(0.1):
            began = time.monotonic()
            try:
                http_ = http.client.HTTPConnection("127.0.0.1", self.appliance.port, timeout=10)
                http_.request("GET", "/healthz", headers={"Connection": "close"})
                status = http_.getresponse().status
                http_.close()
                if status != 200:
                    self.failures.append(f"status {status}")
            except (OSError, http.client.HTTPException) as error:
                self.failures.append(repr(error))
            self.answers.append(time.monotonic() - began)

    def stop(self) -> None:
        """Stop asking and wait for the last answer."""
        self._stop_asking.set()
        self.join()


def test_siege(tmp_path):
    """256 descriptors, 2,000 idle connections, slow heads, a 100 GB promise: still answering."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    with closing(Appliance(tmp_path)) as appliance:
        appliance.start(file_limit=256)
        honest = HonestClient(appliance)
        honest.start()
        sieges = []
        try:
            sieges.append(Siege(appliance.port, count=2000, addresses=400, first=0))
            sieges.append(Siege(appliance.port, count=200, addresses=200, first=400, slow=True))
            for number in range(20):
                with socket.socket() as client:
                    client.settimeout(10)
                    client.bind((f"127.0.9.{1 + number}", 0))
                    client.connect(("127.0.0.1", appliance.port))
                    client.sendall(HUGE)
                    try:
                        answer = client.recv(64)
                    except (TimeoutError, ConnectionError):
                        answer = b""
                    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 503"))
            time.sleep(15)
            assert appliance.alive(), appliance.log()
            open_files = len(list(Path(f"/proc/{appliance.process.pid}/fd").iterdir()))
            memory = appliance.resident_bytes()
        finally:
            honest.stop()
            for siege in sieges:
                siege.close()
        print(f"asked {len(honest.answers)}, slowest {max(honest.answers):.3f} s, "
              f"{open_files} descriptors, {memory / MEGABYTE:.1f} MB")  # fmt: skip
        assert honest.failures == []
        assert len(honest.answers) > 30
        assert max(honest.answers) < 5
        assert open_files <= 256
        # Some 200 connections at most, each with a thread, its stack and its heap.
        assert memory < 200 * MEGABYTE


def test_one_client_cannot_take_every_connection(appliance):
    """All 2,000 idle connections from one address: it and others are answered."""
    siege = Siege(appliance.port, count=2000, addresses=1, first=700)
    try:
        for source in (siege.sockets[0].getsockname()[0], "127.0.0.1"):
            http_ = http.client.HTTPConnection(
                "127.0.0.1", appliance.port, timeout=5, source_address=(source, 0)
            )
            http_.request("GET", "/healthz")
            assert http_.getresponse().status == 200, source
            http_.close()
    finally:
        siege.close()


@contextmanager
def undisturbed():
    """Before other programs' turn where that is allowed: what is timed is ours, not theirs."""
    before = os.sched_getscheduler(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        pass
    try:
        yield
    finally:
        os.sched_setscheduler(0, before, os.sched_param(0))


def test_start_and_idle_memory(tmp_path, capsys):
    """From exec to the listening line on an empty directory, best of five; memory when idle."""
    took: dict[str, list[float]] = {"off": [], "self-signed": []}
    memory = 0
    for tls, times in took.items():
        for number in range(5):
            directory = tmp_path / f"{tls}{number}"
            directory.mkdir()
            with closing(Appliance(directory)) as appliance:
                with undisturbed():
                    appliance.start(tls=tls)
                times.append(appliance.started_in)
                if number == 4:
                    # What the start needed is given back within two seconds.
                    time.sleep(2.5)
                    memory = max(memory, appliance.resident_bytes())
    with capsys.disabled():
        for tls, times in took.items():
            listed = ", ".join(f"{1000 * taken:.0f}" for taken in times)
            print(f"\nstart, --tls {tls}: {listed} ms")
        print(f"idle memory: {memory / MEGABYTE:.1f} MB")
    assert min(took["off"]) < 0.1
    assert min(took["self-signed"]) < 0.1
    assert memory < 20 * MEGABYTE


def test_restart_keeps_everything(tmp_path):
    """SIGTERM, start again: the same keys, tokens and addresses."""
    with Appliance(tmp_path) as appliance:
        organization = appliance.organization()
        token = appliance.scim_token()["token"]
        provider = appliance.run(
            "provider", "add", "--org", "acme", "--kind", "okta", "--domain", "acme.com"
        )
        path = provider["metadata_url"].removeprefix(appliance.url)
        before = read(appliance, path)
        assert appliance.stop() == 0
        appliance.start()
        assert read(appliance, path) == before
        assert ScimConnection(appliance, token).request("GET", "/Users")[0] == 200
        assert appliance.run("provider", "show", provider["id"])["acs_url"] == provider["acs_url"]
        assert organization["scim_endpoint"].startswith(appliance.url)


def read(appliance: Appliance, path: str) -> bytes:
    """One GET."""
    http_ = http.client.HTTPConnection("127.0.0.1", appliance.port, timeout=10)
    http_.request("GET", path)
    response = http_.getresponse()
    assert response.status == 200
    return response.read()


def test_stop_finishes_a_running_request(appliance):
    """A push whose body is still on its way when SIGTERM comes is answered and kept; exit 0."""
    token = appliance.scim_token()["token"]
    body = json.dumps(user("late@acme.com")).encode()
    with socket.create_connection(("127.0.0.1", appliance.port), timeout=15) as client:
        client.sendall(
            b"POST /scim/v2/acme/Users HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            + f"Authorization: Bearer {token}\r\nContent-Type: {MEDIA}\r\n".encode()
            + f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body[:50]
        )
        time.sleep(0.3)
        appliance.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        client.sendall(body[50:])
        answer = client.makefile("rb").readline()
    assert answer.startswith(b"HTTP/1.1 201"), answer
    assert appliance.process.wait(20) == 0
    appliance.kill()
    appliance.start()
    status, found = ScimConnection(appliance, token).request(
        "GET", "/Users?filter=userName%20eq%20%22late%40acme.com%22"
    )
    assert (status, found["totalResults"]) == (200, 1)


def test_stop_with_idle_connections(appliance):
    """Idle connections do not hold it up."""
    siege = Siege(appliance.port, count=20, addresses=20, first=0)
    began = time.monotonic()
    assert appliance.stop() == 0
    assert time.monotonic() - began < 10
    siege.close()


def refused_file(path: Path) -> str:
    """`serve` on that file must exit with an error and leave it as it was; returns the error."""
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    names = {file.name for file in path.parent.iterdir()}
    done = subprocess.run(
        [executable(), "serve", "--data", path, "--listen", "127.0.0.1:0", "--tls", "off"],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode not in (0, 101) and done.returncode > 0, done
    assert "listening" not in done.stdout
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before, "the file was changed"
    left = {file.name for file in path.parent.iterdir()} - names
    assert not left, f"left behind: {left}"
    assert done.stderr.strip(), "refused without a word"
    return done.stderr


def test_newer_file(tmp_path):
    """A data file of a later version."""
    with Appliance(tmp_path) as appliance:
        assert appliance.stop() == 0
    with sqlite3.connect(appliance.data) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        version = database.execute("PRAGMA user_version").fetchone()[0]
        database.execute(f"PRAGMA user_version = {version + 1000}")
    database.close()
    assert "version" in refused_file(appliance.data).lower()


def test_foreign_database(tmp_path):
    """A SQLite file of another program, with a user_version that might pass for one of ours."""
    path = tmp_path / "foreign.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE notes (text)")
        database.execute("PRAGMA user_version = 1")
    database.close()
    refused_file(path)


def test_not_a_database(tmp_path):
    """A file that is no database at all."""
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam,\n" * 400)
    refused_file(path)


def test_foreign_file_and_commands(tmp_path):
    """Administrative commands refuse it as well."""
    path = tmp_path / "portcullis.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE notes (text)")
    database.close()
    before = path.read_bytes()
    appliance = Appliance(tmp_path)
    with pytest.raises(CommandFailed):
        appliance.organization()
    assert path.read_bytes() == before


def test_demo(tmp_path):
    """The demonstration runs through, with a tick for each step and no cross."""
    done = subprocess.run(
        [executable(), "demo", "--once"],
        cwd=tmp_path,
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("✓") >= 5, done.stdout
    assert "✗" not in done.stdout
