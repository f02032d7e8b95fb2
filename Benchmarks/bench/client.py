"""Runs the client against a server."""

import json
import os
import subprocess

from . import paths
from .errors import BenchmarkError


def measure(running, core, protocol, plugin, seconds, **options):
    """What the client has measured, as Benchmarks/README.md describes it. Options are those of the client."""
    command = [
        paths.CLIENT, "--socket", running.socket, "--pid", str(running.pid), "--protocol", protocol, "--plugin", plugin,
        "--seconds", str(seconds),
    ]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    what = f"{running.server.name}, {plugin}, {protocol}, {options}"
    try:
        result = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=seconds + 300,
            preexec_fn=lambda: os.sched_setaffinity(0, {core}))
    except subprocess.TimeoutExpired as error:
        raise BenchmarkError(f"{what}: the client does not end") from error
    if result.returncode != 0:
        raise BenchmarkError(f"{what}: {result.stderr.strip() or result.returncode}")
    return json.loads(result.stdout)
