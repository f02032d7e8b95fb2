#!/usr/bin/env python3
"""What starting costs: wall time and peak memory of whole processes. See README.md."""

import argparse
import os
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def fill(directory, plugin, count):
    """Copies of a plugin, each a file of its own: one file is opened once."""
    os.mkdir(directory, 0o755)
    for number in range(count):
        copy = os.path.join(directory, f"plugin{number:03}.so")
        shutil.copyfile(plugin, copy)
        os.chmod(copy, 0o755)
    return directory


def finish(process, errors):
    """Waits for a process; returns the peak memory in MB: its own, or a probe's if that had more."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        errors.seek(0)
        sys.exit(f"{process.args} ended with {process.returncode}:\n{errors.read()[-2000:]}")
    return usage.ru_maxrss / 1024


def run(command):
    """Runs a command to its end: seconds, MB."""
    with tempfile.TemporaryFile("w+") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=errors, env={})
        memory = finish(process, errors)
        return time.perf_counter() - begin, memory


# MessagePack-RPC: [0, 1, "plugin.GetStatus", []]. Connections are taken before a server is there to answer.
QUESTION = b"\x94\x00\x01\xb0plugin.GetStatus\x90"


def start(command, path):
    """Starts a server, and stops it once it has answered: seconds until then, MB."""
    with tempfile.TemporaryFile("w+") as errors:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stderr=errors, env={})
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.connect(path)
                    client.sendall(QUESTION)
                    client.recv(1)
                break
            except OSError:
                if process.poll() is not None:
                    sys.exit(f"{command} ended before it answered")
                time.sleep(0.0005)
        seconds = time.perf_counter() - begin
        process.send_signal(signal.SIGTERM)
        return seconds, finish(process, errors)


def report(name, runs, measure):
    measure()  # Files are in memory from here on.
    results = [measure() for _ in range(runs)]
    times = [seconds * 1000 for seconds, _ in results]
    memory = max(megabytes for _, megabytes in results)
    print(
        f"| {name} | {statistics.median(times):,.0f} ms | {min(times):,.0f} - {max(times):,.0f} ms | {memory:,.0f} MB |", flush=True
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", default=os.path.join(ROOT, "dist/bin/swift-pluginserver"))
    parser.add_argument("--plugin", default=os.path.join(ROOT, "dist/plugins/goplug.so"))
    parser.add_argument("--copies", type=int, default=200)
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    server, runs = os.path.abspath(options.server), options.runs
    os.umask(0o022)
    with tempfile.TemporaryDirectory(prefix="start-up-") as prefix:
        os.chmod(prefix, 0o755)
        one = fill(os.path.join(prefix, "one"), options.plugin, 1)
        twenty = fill(os.path.join(prefix, "twenty"), options.plugin, 20)
        many = fill(os.path.join(prefix, "many"), options.plugin, options.copies)
        path = os.path.join(prefix, "socket")

        def dump(directory, *flags):
            return [server, "-kong-prefix", prefix, "-plugins-directory", directory, *flags, "-dump-all-plugins"]

        def serve(directory, *flags):
            return [server, "-kong-prefix", prefix, "-plugins-directory", directory, "-socket", path, *flags]

        size = os.path.getsize(options.plugin) / 1e6
        print(f"{os.path.basename(options.plugin)}, {size:.1f} MB; {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}; {runs} runs, after one\n")
        print("| what | median | range | peak memory |\n| --- | --- | --- | --- |")
        report("`-version`", runs, lambda: run([server, "-version"]))
        for directory, count in [(one, 1), (many, options.copies)]:
            report(f"{count} × `check`", runs, lambda: run([server, "check", directory]))
            # The diagnostics' records have each file's SHA-256, for which it is read as a whole.
            for label, flags in [("", []), (" `--no-diagnostics`", ["-no-diagnostics"])]:
                report(f"{count} × `-dump-all-plugins`{label}", runs, lambda: run(dump(directory, *flags)))
                report(f"{count} × until it answers{label}", runs, lambda: start(serve(directory, *flags), path))
        for parallelism in ["1", "2"]:
            report(
                f"20 × `-dump-all-plugins` `--no-diagnostics`, {parallelism} probed at a time", runs,
                lambda: run(dump(twenty, "-no-diagnostics", "-probe-parallelism", parallelism)))


main()
