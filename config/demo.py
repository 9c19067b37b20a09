"""The whole system on one's own machine: `make demo` starts it, Ctrl-C ends it.

One process looks after all others: it alone hears the signals, starts everything in order and
ends everything in reverse. What was entered is kept for the next time.
"""

import fcntl
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from config import embedded

HERE = embedded.instance(os.environ.get("CSTRAJECT_INSTANCE", "demo"))
MANAGE = [sys.executable, str(embedded.PROJECT / "manage.py")]
FIRST_PORT = 8000
SECONDS_TO_END = 10.0
SECONDS_TO_ANSWER = 60.0

stopping = threading.Event()

Child = subprocess.Popen[bytes]
Children = dict[str, Child]


class Failed(RuntimeError):
    """The demo cannot go on; the message says why."""


class Stopped(Exception):
    """Somebody asked the demo to end before it was up."""


def main(arguments: list[str]) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings.dev"
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Who started us with nohup wants the demo to outlive the terminal.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, lambda _number, _frame: stopping.set())
    try:
        if arguments == ["--clean"]:
            clean()
        else:
            run()
    except Stopped:
        return 0
    except (Failed, embedded.CannotStart) as reason:
        print(f"demo: {reason}", file=sys.stderr)
        return 1
    return 0


def run() -> None:
    with _only_one() as address_file:
        began = time.monotonic()
        children: Children = {}
        _end_left_behind()
        with embedded.running(os.environ):
            _took("PostgreSQL and Redis", began)
            try:
                _step("database brought up to date", [*MANAGE, "migrate", "--verbosity=0"])
                _step("example data", [*MANAGE, "load_demo"])
                address = _start_all(children)
                address_file.write_text(address)
                _welcome(address)
                while not stopping.wait(0.5):
                    _all_alive(children)
            finally:
                _say("\nEnding ...")
                _end(*children.values())
        _say("Ended. What was entered is kept for the next `make demo`.")


def clean() -> None:
    """Deletes the example data, but never under somebody's feet."""
    with _only_one(), HERE.unused() as unused:
        if not unused:
            raise Failed("a command still uses the demo's database; end it first")
        HERE.destroy()
    _say(f"Deleted {HERE.folder}")


@contextmanager
def _only_one() -> Iterator[Path]:
    """Two demos would serve and ring twice on the same data; the second learns of the first."""
    HERE.make_folders()
    address_file = HERE.folder / "address"
    with open(HERE.home / f"{HERE.name}.demo", "a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            where = address_file.read_text() if address_file.exists() else "(it is still starting)"
            raise Failed(f"the demo already runs: {where}") from None
        try:
            yield address_file
        finally:
            address_file.unlink(missing_ok=True)


def _step(what: str, command: list[str]) -> None:
    """Runs one command to its end; what it prints is its progress."""
    began = time.monotonic()
    # In a session of its own, as all children: a Ctrl-C reaches the whole terminal, and only we
    # may decide what ends when.
    child = subprocess.Popen(command, start_new_session=True)
    while child.poll() is None:
        if stopping.wait(0.1):
            _end(child)
            raise Stopped
    if child.returncode != 0:
        raise Failed(f"{what}: `{' '.join(command[1:])}` ended with {child.returncode}")
    _took(what, began)


def _start_all(children: Children) -> str:
    port = _free_port(int(os.environ.get("PORT") or FIRST_PORT))
    celery = [sys.executable, "-m", "celery", "-A", "config.celery"]
    commands = {
        "web": [
            *(sys.executable, "-m", "gunicorn", "config.wsgi", f"--bind=127.0.0.1:{port}"),
            *("--worker-class=gthread", "--workers=2", "--threads=2", "--no-control-socket"),
        ],
        "worker": [*celery, "worker", "--concurrency=2", "--loglevel=INFO"],
        "beat": [*celery, "beat", f"--schedule={HERE.folder / 'beat-schedule'}", "--pidfile="],
    }
    began = time.monotonic()
    for name, command in commands.items():
        with (HERE.folder / "logs" / f"{name}.log").open("ab") as log:
            children[name] = subprocess.Popen(
                command,
                cwd=embedded.PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        (HERE.folder / f"{name}.pid").write_text(str(children[name].pid))
    address = f"http://127.0.0.1:{port}/"
    while not _answers(f"{address}health/"):
        _all_alive(children)
        if time.monotonic() - began > SECONDS_TO_ANSWER:
            raise Failed(f"the web does not answer; see {HERE.folder / 'logs' / 'web.log'}")
        if stopping.wait(0.1):
            raise Stopped
    _took("web, worker and beat", began)
    return address


def _free_port(port: int) -> int:
    """The wished one, or the next that nobody uses."""
    for candidate in range(port, min(port + 100, 65536)):
        with socket.socket() as probe, suppress(OSError):
            # Not kept from us by the last demo's connections that are still fading.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", candidate))
            return candidate
    raise Failed(f"no free port from {port} on; give another one in PORT")


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _all_alive(children: Children) -> None:
    for name, child in children.items():
        if child.poll() is not None:
            log = HERE.folder / "logs" / f"{name}.log"
            raise Failed(f"{name} ended by itself with {child.returncode}; see {log}")


def _end(*children: Child) -> None:
    """Asks, waits, and only then kills a child and the workers that it has of its own."""
    for child in children:
        if child.poll() is None:
            child.terminate()
    deadline = time.monotonic() + SECONDS_TO_END
    for child in children:
        with suppress(subprocess.TimeoutExpired):
            child.wait(timeout=max(deadline - time.monotonic(), 0))
        # Also when it ended by itself: it may have died without its workers.
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _end_left_behind() -> None:
    """A demo that was itself killed leaves its children, who would ring and serve twice."""
    for pid_file in HERE.folder.glob("*.pid"):
        if pid := embedded.living_pid(pid_file, command="config."):
            os.killpg(pid, signal.SIGKILL)
        pid_file.unlink()


def _took(what: str, began: float) -> None:
    _say(f"  {what:<32} {time.monotonic() - began:6.1f} s")


def _welcome(address: str) -> None:
    sign_ins = embedded.sign_ins()
    _say(f"\ncstraject runs at {address}")
    by_name = address.replace("127.0.0.1", "localhost")
    _say(f"(passkeys and security keys work by name alone: {by_name})\n")
    if os.environ.get("SECOND_FACTOR") == "off":
        _say(
            "A password is enough here (SECOND_FACTOR=off); a server refuses to start like that.\n"
        )
    if sign_ins.exists():
        _say(sign_ins.read_text())
    _say(f"Logs: {HERE.folder / 'logs'}. Ctrl-C ends it.")


def _say(text: str) -> None:
    """A terminal that was closed must not keep us from ending what we started."""
    with suppress(OSError):
        print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
