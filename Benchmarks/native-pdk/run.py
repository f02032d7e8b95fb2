#!/usr/bin/env python3
"""What a call of the PDK costs from C and from Swift. See README.md."""

import os
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.join(HERE, "..", "..")
RUNS = 9


def field(number, content):
    """A field of protobuf: a number, or bytes."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def varint(number):
    out = b""
    while number > 127:
        out += bytes([number & 127 | 128])
        number >>= 7
    return out + bytes([number])


def fields(message):
    """The fields of a message, as far as this needs them."""
    place, found = 0, {}

    def number():
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return value

    while place < len(message):
        key = number()
        value = number()
        if key & 7 == 2:
            value, place = message[place : place + value], place + value
        found[key >> 3] = value
    return found


class Kong:
    """One connection of ProtoBuf:1, from Kong's side."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.input = self.socket.makefile("rb")

    def send(self, payload):
        self.socket.sendall(struct.pack("<I", len(payload)) + payload)

    def receive(self):
        return self.input.read(struct.unpack("<I", self.input.read(4))[0])

    def start(self, plugin, config):
        self.send(field(1, 1) + field(33, field(1, plugin.encode()) + field(2, config.encode())))
        return fields(fields(self.receive())[33])[2]

    def handle(self, instance):
        """Runs an event; returns the nanoseconds that it says."""
        self.send(field(1, 2) + field(36, field(1, instance) + field(2, b"access")))
        answers, taken = b"", None
        while name := self.receive():
            arguments = self.receive()
            if name == b"kong.request.get_header":
                self.send(field(1, b"localhost"))
                continue
            if b"x-nanoseconds" in arguments:
                taken = int(fields(fields(arguments)[2])[3])
            answers += struct.pack("<I", 0)
        self.receive()
        self.socket.sendall(answers)
        return taken


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        plugins = os.path.join(folder, "plugins")
        os.mkdir(plugins, 0o755)
        for plugin in ["bench-c", "bench-swift"]:
            subprocess.run([f"{ROOT}/build.sh", "plugin", os.path.join(HERE, plugin)], check=True, stdout=sys.stderr)
            subprocess.run(["cp", f"{ROOT}/dist/plugins/{plugin}.so", plugins], check=True)
            os.remove(f"{ROOT}/dist/plugins/{plugin}.so")
        program = os.path.join(folder, "closure")
        subprocess.run(["cc", "-O2", os.path.join(HERE, "closure.c"), "-o", program, "-lffi"], check=True)
        pairs = [[float(n) for n in subprocess.check_output([program], text=True).split()] for _ in range(RUNS)]
        print("| what | one takes |\n| --- | --- |")
        print(f"| a function of the compiler's | {statistics.median(p[0] for p in pairs):.1f} ns |")
        print(f"| a closure of libffi's | {statistics.median(p[1] for p in pairs):.1f} ns |")

        path = os.path.join(folder, "socket")
        with open(os.path.join(folder, "log"), "w+") as log:
            command = [f"{ROOT}/dist/bin/swift-pluginserver", "-plugins-directory", plugins, "--socket", path, "--no-diagnostics"]
            server = subprocess.Popen(command, stderr=log, env={})
            try:
                while not os.path.exists(path):
                    if server.poll() is not None:
                        sys.exit(open(log.name).read())
                    time.sleep(0.01)
                kong = Kong(path)
                for plugin, mode, count, name in [
                    ("bench-c", "void", 20000, "set_header from C"),
                    ("bench-c", "plain", 20000, "the same by kong_host.call, without closure and types"),
                    ("bench-swift", "void", 20000, "setHeader from Swift"),
                    ("bench-c", "wait", 2000, "get_header from C, on a thread of its own, with Kong's answer"),
                    ("bench-swift", "wait", 2000, "header from Swift, on the event loop, with Kong's answer"),
                ]:
                    instance = kong.start(plugin, '{"mode":"%s","count":%d}' % (mode, count))
                    kong.handle(instance)
                    taken = statistics.median(kong.handle(instance) / count for _ in range(RUNS))
                    print(f"| {name} | {taken:,.0f} ns |", flush=True)
            finally:
                server.send_signal(signal.SIGTERM)
                server.wait()


main()
