"""The machine: its facts, which of its cores are used, and what else it is doing."""

import argparse
import os
import platform
import subprocess
import sys

from . import paths


class Cores:
    """One core for the server, and one for the client."""

    def __init__(self, chosen=None):
        allowed = chosen or sorted(os.sched_getaffinity(0))
        self.server = allowed[0]
        # Two threads of one core would share what is measured.
        apart = [core for core in allowed[1:] if chosen or core not in siblings(self.server)]
        self.client = (apart or allowed[1:] or allowed)[0]

    @property
    def is_shared(self):
        return self.server == self.client

    def __str__(self):
        if self.is_shared:
            return f"server and client share core {self.server}"
        return f"server on core {self.server}, client on core {self.client}"


def siblings(core):
    """The processors that are threads of the same core."""
    text = read(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list") or str(core)
    found = set()
    for part in text.split(","):
        first, _, last = part.partition("-")
        found.update(range(int(first), int(last or first) + 1))
    return found


def facts(cores):
    """What figures depend on, for results.json."""
    return {
        "cpu": cpu_model(),
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "kernel": platform.release(),
        "system": system_name(),
        "governor": read(f"/sys/devices/system/cpu/cpu{cores.server}/cpufreq/scaling_governor"),
        "virtual": "hypervisor" in (read("/proc/cpuinfo") or ""),
        "server_core": cores.server,
        "client_core": cores.client,
        "load_average": round(os.getloadavg()[0], 2),
        "swift_pluginserver": version([paths.SERVER, "-version"]),
        "swift": version(["swift", "--version"]),
        "compiler": version([os.environ.get("CC", "cc"), "--version"]),
        "python": platform.python_version(),
    }


def cpu_model():
    for line in (read("/proc/cpuinfo") or "").splitlines():
        if line.lower().startswith(("model name", "cpu model")):
            return line.partition(":")[2].strip()
    return platform.processor() or "unknown"


def system_name():
    for line in (read("/etc/os-release") or "").splitlines():
        if line.startswith("PRETTY_NAME="):
            return line.partition("=")[2].strip('"')
    return platform.system()


def version(command):
    """The first line of what a program says of itself; None if it is not there."""
    try:
        output = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=60).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    return (output.strip().splitlines() or [None])[0]


def read(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return None


class Activity:
    """What the machine's processors do from now on: of a virtual machine, also what its host takes away."""

    def __init__(self):
        self.begin = self.times()

    @staticmethod
    def times():
        return [int(number) for number in (read("/proc/stat") or "cpu 0").splitlines()[0].split()[1:9]]

    def stolen(self):
        """The share of the time that the host gave to others."""
        spent = [end - begin for begin, end in zip(self.begin, self.times())]
        return round(spent[7] / sum(spent), 4) if len(spent) == 8 and sum(spent) > 0 else 0.0


def busy_warning():
    """What to say if others work on this machine; None if it is quiet."""
    load = os.getloadavg()[0]
    if load > 0.3 * len(os.sched_getaffinity(0)):
        return f"the load average is {load:.1f}: others use the processors, and the figures will be worse than they should be"
    return None


def warn_if_busy():
    warning = busy_warning()
    if warning:
        print(f"bench: {warning}", file=sys.stderr, flush=True)


def add_options(parser):
    parser.add_argument(
        "--cores", type=two_cores, metavar="SERVER,CLIENT",
        help="which processors; unless given, the first two that are no threads of one core")


def two_cores(text):
    cores = [int(number) for number in text.split(",")]
    if len(cores) != 2 or not set(cores) <= os.sched_getaffinity(0):
        raise argparse.ArgumentTypeError(f"two of {sorted(os.sched_getaffinity(0))} are wanted")
    return cores
