"""How often an event takes memory from the heap: the server runs with a malloc that counts."""

import os
import tempfile

from . import build, documents, machine, paths, servers
from .client import measure
from .tables import table

PLUGINS = ("noop", "goplug", "tencalls", "tenheaders")


def add_options(parser):
    parser.add_argument("--seconds", type=float, default=1.0, help="how long one run takes (1)")
    parser.add_argument("--connections", type=int, default=16, help="(16)")
    machine.add_options(parser)
    documents.add_options(parser)


def main(options):
    build.need_server()
    build.compile_programs()
    build.compile_counter()
    cores = machine.Cores(options.cores)
    results, rows = [], []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for plugin in PLUGINS:
            row = [f"`{plugin}`"]
            for protocol in ("messagepack", "protobuf"):
                counts = os.path.join(folder, f"{plugin}-{protocol}")
                server = servers.swift("--no-supervisor", environment={"LD_PRELOAD": paths.COUNTER, "COUNT_ALLOCATIONS": counts})
                with server.start(cores.server, plugin) as running:
                    result = measure(
                        running, cores.client, protocol, plugin, options.seconds, connections=options.connections, counters=counts)
                results.append({"plugin": plugin, "protocol": protocol, "connections": options.connections} | result)
                row.append(f"{result['allocations_per_event']:.2f} ({result['allocated_bytes_per_event']:,.0f} B)")
            rows.append(row)
    documents.write_json("allocations.json", {"format": 1, "machine": machine.facts(cores), "runs": results})
    text = table(["plugin", "MessagePack", "ProtoBuf:1"], rows)
    documents.write("allocations.md", text + "\n")
    print("\n" + text)
    if options.update_docs:
        documents.update("allocations", text)
