"""Builds what is not Swift: the client, the floor, the counter of allocations, and the peer's environment."""

import os
import subprocess
import sys

from . import paths
from .errors import BenchmarkError


def need_server():
    """The server and the plugins are build.sh's business."""
    if not os.path.exists(paths.SERVER) or not os.path.isdir(paths.PLUGINS):
        raise BenchmarkError("the server or the plugins are not built; start this with ./build.sh bench")


def compile_programs():
    compile_c("throughput/client.c", paths.CLIENT)
    compile_c("throughput/floor.c", paths.FLOOR)


def compile_counter():
    compile_c("allocations/count.c", paths.COUNTER, "-shared", "-fPIC")


def compile_c(source, target, *flags):
    os.makedirs(os.path.dirname(target), exist_ok=True)
    compiler = os.environ.get("CC", "cc")
    command = [compiler, "-std=gnu11", "-O2", "-Wall", "-Wextra", *flags, os.path.join(paths.BENCHMARKS, source), "-o", target]
    try:
        subprocess.run(command, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchmarkError(f"{source} cannot be compiled: {error}") from error


def install_peer():
    """Kong's plugin server for Python, in a virtual environment. Returns its program, or None if it cannot be had."""
    program = os.path.join(paths.PEER_ENVIRONMENT, "bin/kong-python-pluginserver")
    requirements = os.path.join(paths.BENCHMARKS, "peers/kong-pdk/requirements.txt")
    installed = os.path.join(paths.PEER_ENVIRONMENT, "installed.txt")
    with open(requirements) as file:
        wanted = file.read()
    if os.path.exists(program) and os.path.exists(installed) and open(installed).read() == wanted:
        return program
    print("installing kong-pdk into .build-bench/kong-pdk", flush=True)
    try:
        run_quietly(sys.executable, "-m", "venv", "--clear", paths.PEER_ENVIRONMENT)
        run_quietly(os.path.join(paths.PEER_ENVIRONMENT, "bin/pip"), "install", "--disable-pip-version-check", "-r", requirements)
    except (OSError, subprocess.SubprocessError) as error:
        output = (getattr(error, "stdout", None) or str(error)).strip()
        print(f"bench: goes on without kong-pdk, which cannot be installed: {output.splitlines()[-1]}", file=sys.stderr)
        return None
    with open(installed, "w") as file:
        file.write(wanted)
    return program


def peer_version():
    """The peer's version, and those of what it stands on."""
    pip = os.path.join(paths.PEER_ENVIRONMENT, "bin/pip")
    listed = subprocess.run([pip, "freeze"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout.split()
    return ", ".join(line.replace("==", " ") for line in listed if line.startswith(("kong-pdk", "gevent", "msgpack")))


def run_quietly(*command):
    subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
