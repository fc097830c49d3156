"""The built executable, run as an administrator runs it: a data file, `serve`, and commands.

Nothing here knows how the appliance is made. It relies on the command line and the addresses
that scripts are promised, and on nothing else.
"""

import json
import os
import queue
import resource
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]


def executable() -> Path:
    """The executable under test: PORTCULLIS_BIN, or the release build of this repository."""
    path = Path(os.environ.get("PORTCULLIS_BIN") or REPOSITORY / "target/release/portcullis")
    path = path if path.is_absolute() else REPOSITORY / path
    if not path.is_file():
        raise FileNotFoundError(f"no executable at {path}: build it, or set PORTCULLIS_BIN")
    return path


def free_port(address: str = "127.0.0.1") -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((address, 0))
        return probe.getsockname()[1]


def clean_environment() -> dict[str, str]:
    """The caller's environment without settings of another appliance."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PORTCULLIS_")}


class CommandFailed(Exception):
    """A command exited with something other than 0."""

    def __init__(self, arguments, status: int, stdout: str, stderr: str):
        super().__init__(f"{' '.join(arguments)}: exit {status}\n{stdout}{stderr}")
        self.status = status
        self.stdout = stdout
        self.stderr = stderr


class Appliance:
    """One appliance on a data file of its own, in a directory of its own unless one is given."""

    def __init__(self, directory: Path | None = None):
        self._own = tempfile.TemporaryDirectory(prefix="portcullis-") if directory is None else None
        self.directory = Path(self._own.name) if self._own else Path(directory)
        self.data = self.directory / "portcullis.db"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen | None = None
        self.started_in: float | None = None
        self.listening: dict | None = None
        self._lines: queue.Queue[str | None] = queue.Queue()

    def __enter__(self) -> "Appliance":
        return self.start()

    def __exit__(self, *_) -> None:
        self.close()

    def start(
        self,
        *,
        tls: str = "off",
        file_limit: int | None = None,
        timeout: float = 15.0,
        extra: tuple[str, ...] = (),
    ) -> "Appliance":
        """Start `serve` and wait for its listening line; `started_in` is how long that took."""
        if tls != "off":
            self.url = f"https://127.0.0.1:{self.port}"
        arguments = [
            str(executable()), "serve", "--data", str(self.data),
            "--listen", f"127.0.0.1:{self.port}", "--tls", tls,
            "--public-url", self.url, "--log-format", "json", *extra,
        ]  # fmt: skip

        def limit_files() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (file_limit, file_limit))

        self._lines = queue.Queue()
        with open(self.directory / "serve.log", "ab") as log:
            began = time.perf_counter()
            self.process = subprocess.Popen(
                arguments,
                cwd=self.directory,
                env=clean_environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=limit_files if file_limit else None,
            )
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()

        deadline = time.monotonic() + timeout
        while self.listening is None:
            try:
                line = self._lines.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                self.kill()
                raise TimeoutError(f"no listening line in {timeout} s\n{self.log()}") from None
            if line is None:
                status = self.process.wait()
                raise CommandFailed(arguments, status, "", self.log())
            self.started_in = time.perf_counter() - began
            self.listening = listening_line(line)
        return self

    def _read(self, process: subprocess.Popen) -> None:
        lines = self._lines
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    def log(self) -> str:
        """The end of what `serve` wrote to its log."""
        path = self.directory / "serve.log"
        return path.read_text(errors="replace")[-4000:] if path.exists() else ""

    def alive(self) -> bool:
        """Whether the process that was started still runs."""
        return self.process is not None and self.process.poll() is None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is None:
            return
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self.process, self.listening = None, None

    def stop(self, timeout: float = 20.0) -> int:
        """Ask it to stop (SIGTERM) and return its exit status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            status = self.process.wait(timeout)
        finally:
            self.kill()
        return status

    def close(self) -> None:
        """End what this object started and remove its directory."""
        self.kill()
        if self._own:
            self._own.cleanup()

    def run(self, *arguments: str) -> dict | list:
        """Run one administrative command with `--json` and return what it printed."""
        whole = [str(executable()), *arguments, "--data", str(self.data), "--json"]
        done = subprocess.run(
            whole,
            env=clean_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise CommandFailed(whole, done.returncode, done.stdout, done.stderr)
        return json.loads(done.stdout)

    def resident_bytes(self) -> int:
        """The process's resident memory (VmRSS)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) * 1024

    def organization(self, slug: str = "acme") -> dict:
        """Create an organization."""
        return self.run("org", "create", slug, "--name", slug.capitalize())

    def provider(self, metadata: str, slug: str = "acme", domain: str = "acme.com") -> dict:
        """Add a provider of that metadata; returns it with this appliance's addresses."""
        provider = self.run("provider", "add", "--org", slug, "--kind", "okta", "--domain", domain)
        path = self.directory / f"{provider['id']}.xml"
        path.write_text(metadata)
        provider = self.run("provider", "set", provider["id"], "--metadata-file", str(path))
        assert provider["state"] == "active", provider
        return provider

    def scim_token(self, slug: str = "acme") -> dict:
        """Create a SCIM token: `{id, endpoint, token}`."""
        return self.run("scim", "token", "create", "--org", slug)


def listening_line(line: str) -> dict | None:
    """The JSON object of a listening line, or None for any other line."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) and value.get("event") == "listening" else None
