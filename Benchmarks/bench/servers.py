"""The servers that are compared, and a process of one, pinned to a core."""

import contextlib
import os
import shlex
import signal
import socket
import stat
import subprocess
import tempfile
import time

from . import paths
from .errors import BenchmarkError

BOTH = ("protobuf", "messagepack")


class Server:
    """How to start a server.

    In `command` stand {prefix} for a folder of its own, {socket} for the socket's path in it, and {plugin} for the plugin's
    name. One that has a name of its own for its socket is found by looking into the folder.
    """

    def __init__(self, name, command, protocols=BOTH, environment=None, only_with=None, has_worker=False):
        self.name = name
        self.command = command
        self.protocols = protocols
        self.environment = environment or {}
        # The numbers of connections that it is measured with; None: all.
        self.only_with = only_with
        # Whether it is a child of the process that serves.
        self.has_worker = has_worker

    def serves(self, setting):
        return setting.protocol in self.protocols and (self.only_with is None or setting.connections in self.only_with)

    @contextlib.contextmanager
    def start(self, core, plugin):
        """A process of it, until the end of the block."""
        with tempfile.TemporaryDirectory(prefix="bench-") as prefix:
            os.chmod(prefix, 0o755)
            names = {"prefix": prefix, "socket": os.path.join(prefix, "socket"), "plugin": plugin}
            command = [part.format(**names) for part in self.command]
            environment = {"PATH": os.environ.get("PATH", ""), "HOME": prefix} | self.environment
            with open(os.path.join(prefix, "log"), "w+") as log:
                try:
                    process = subprocess.Popen(
                        command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                        preexec_fn=lambda: os.sched_setaffinity(0, {core}))
                except OSError as error:
                    raise BenchmarkError(f"{self.name} cannot be started: {error}") from error
                try:
                    yield Running(self, process, self.wait_for_socket(process, prefix, log))
                finally:
                    end(process)

    def wait_for_socket(self, process, prefix, log):
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            for name in os.listdir(prefix):
                # Ours is asked for its status at another socket, and makes each under another name at first.
                if name.endswith(".control") or name.rpartition(".")[2].isdigit():
                    continue
                path = os.path.join(prefix, name)
                if is_socket(path) and accepts(path):
                    return path
            if process.poll() is not None:
                break
            time.sleep(0.002)
        log.seek(0)
        raise BenchmarkError(f"{self.name} does not listen:\n{log.read()[-2000:]}")


class Running:
    """A server that listens."""

    def __init__(self, server, process, socket_path):
        self.server = server
        self.pid = worker_of(process.pid) if server.has_worker else process.pid
        self.socket = socket_path


def worker_of(pid):
    """Its only child. The server listens before it has one."""
    deadline = time.monotonic() + 30
    while True:
        with open(f"/proc/{pid}/task/{pid}/children") as children:
            pids = children.read().split()
        if len(pids) == 1:
            return int(pids[0])
        if pids or time.monotonic() > deadline:
            raise BenchmarkError(f"process {pid} has {len(pids)} children, and not one worker")
        time.sleep(0.002)


def is_socket(path):
    try:
        return stat.S_ISSOCK(os.stat(path).st_mode)
    except OSError:
        return False


def accepts(path):
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(path)
        except OSError:
            return False
    return True


def end(process):
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


# --- Which there are ----------------------------------------------------------------------------------------------------


def swift(*flags, environment=None):
    """Ours: one loop, since it has one core. Its figures are those of its worker: the supervisor does nothing for an event."""
    command = [
        paths.SERVER, "-kong-prefix", "{prefix}", "-plugins-directory", os.path.join(paths.PLUGINS, "{plugin}"),
        "--socket", "{socket}", "--no-diagnostics", "--loops", "1", *flags,
    ]
    return Server("swift-pluginserver", command, environment=environment, has_worker="--no-supervisor" not in flags)


def floor(*flags):
    return Server("floor", [paths.FLOOR, *flags, "{socket}"])


def polling_floor():
    """The floor that does not sleep at once: it shows what is there to gain where one connection waits for each answer."""
    return Server("polling floor", [paths.FLOOR, "--spin", "100", "{socket}"], only_with=(1,))


def kong_pdk(program):
    plugins = os.path.join(paths.BENCHMARKS, "peers/kong-pdk")
    # No byte code beside the plugins, which are this repository's.
    environment = {"PYTHONDONTWRITEBYTECODE": "1"}
    return Server(
        "kong-pdk", [program, "--gevent", "--no-lua-style", "-p", "{prefix}", "-d", plugins], ("messagepack",), environment)


def other(text):
    """NAME[:PROTOCOL]=COMMAND, as somebody has it for a server of theirs."""
    name, separator, command = text.partition("=")
    name, _, protocol = name.partition(":")
    if not separator or not name or not command or (protocol and protocol not in BOTH):
        raise BenchmarkError(f"--server {text}: it must be NAME=COMMAND, NAME:protobuf=COMMAND or NAME:messagepack=COMMAND")
    return Server(name, shlex.split(command), (protocol,) if protocol else BOTH)
