"""How cost and memory grow: with connections, with instances, and with the size of a body."""

from . import build, documents, machine, servers
from .client import measure
from .tables import mebibytes, microseconds, milliseconds, rate, table

PLUGIN = "goplug"
CONNECTIONS = (1, 10, 100, 1000, 10_000)
ACTIVE = 4
INSTANCES = (1, 100, 10_000, 100_000)
BODIES = (1, 16, 64)  # MiB
MEBIBYTE = 1 << 20
KEYED = '{"attach":true,"__key__":"plugins:goplug:#"}'


def add_options(parser):
    parser.add_argument("--seconds", type=float, default=1.0, help="how long one run takes (1)")
    parser.add_argument("--quick", action="store_true", help="short runs, and smaller numbers")
    machine.add_options(parser)
    documents.add_options(parser)


def main(options):
    build.need_server()
    build.compile_programs()
    scale = Scale(machine.Cores(options.cores), 0.3 if options.quick else options.seconds, options.quick)
    machine.warn_if_busy()
    text = "\n\n".join([
        f"Connections: `{PLUGIN}`, {ACTIVE} of them active, the others idle after one event each; and all of them active.",
        scale.connections(),
        f"Instances: `{PLUGIN}`, 16 connections, events go to the instances in turn.",
        scale.instances(),
        "Bodies: `kong.request.get_raw_body` answered with so many bytes, one connection.",
        scale.bodies(),
    ])
    documents.write_json("scale.json", {"format": 1, "machine": machine.facts(scale.cores), "runs": scale.runs})
    documents.write("scale.md", text + "\n")
    print("\n" + text)
    if options.update_docs:
        documents.update("scale", text)


class Scale:
    def __init__(self, cores, seconds, is_quick):
        self.cores, self.seconds, self.is_quick = cores, seconds, is_quick
        self.runs = []

    def run(self, server, plugin, protocol, **options):
        with server.start(self.cores.server, plugin) as running:
            result = measure(running, self.cores.client, protocol, plugin, self.seconds, **options)
        self.runs.append({"server": server.name, "plugin": plugin, "protocol": protocol} | options | result)
        return result

    def connections(self):
        rows = []
        for count in CONNECTIONS[: 4 if self.is_quick else None]:
            for protocol in servers.BOTH:
                row = [f"{count:,}, {protocol}"]
                for active in (min(count, ACTIVE), count):
                    floor = self.run(servers.floor(), PLUGIN, protocol, connections=count, active=active)
                    ours = self.run(servers.swift(), PLUGIN, protocol, connections=count, active=active)
                    row += [
                        f"{rate(ours['events_per_second'])} ({microseconds(ours['server_cpu_us_per_event'])})",
                        f"{ours['events_per_second'] / floor['events_per_second']:.2f}", milliseconds(ours["p99_us"])]
                    if active < count:
                        idle = ours["server_rss_kb"]
                alone = self.alone(protocol)
                row.append(f"{(idle - alone) / (count - ACTIVE):.2f}" if count >= 100 else "")
                rows.append(row)
        heads = ["connections", f"{ACTIVE} active: events/s (µs)", "of the floor", "p99, ms", "all active: events/s (µs)", "of the floor", "p99, ms", "KiB per idle one"]
        return table(heads, rows)

    def alone(self, protocol):
        """The memory of a server with as few connections as are active above."""
        return self.run(servers.swift(), PLUGIN, protocol, connections=ACTIVE)["server_rss_kb"]

    def instances(self):
        rows = []
        for protocol in servers.BOTH:
            alone = None
            for count in INSTANCES[: 3 if self.is_quick else None]:
                ours = self.run(servers.swift(), PLUGIN, protocol, connections=16, instances=count, config=KEYED)
                alone = alone or ours["server_rss_kb"]
                rows.append([
                    f"{count:,}, {protocol}", f"{rate(ours['events_per_second'])} ({microseconds(ours['server_cpu_us_per_event'])})",
                    milliseconds(ours["p99_us"]), microseconds(ours["start_instance_us"]), mebibytes(ours["server_rss_kb"]),
                    f"{(ours['server_rss_kb'] - alone) / count:.2f}" if count > 1 else ""])
        return table(["instances", "events/s (µs)", "p99, ms", "to start one, µs", "resident, MiB", "KiB per instance"], rows)

    def bodies(self):
        rows = []
        for size in BODIES:
            for protocol in servers.BOTH:
                bytes_ = size * MEBIBYTE
                floor = self.run(servers.floor("--body", str(bytes_)), "rawbody", protocol, body=bytes_)
                # A message is a little larger than the body in it.
                ours = self.run(servers.swift("--max-message-size", str(2 * bytes_)), "rawbody", protocol, body=bytes_)
                rows.append([
                    f"{size} MiB, {protocol}", milliseconds(ours["p50_us"]), f"{ours['p50_us'] / floor['p50_us']:.2f}",
                    f"{ours['server_cpu_us_per_event'] * 1000 / bytes_:.2f}", f"{floor['server_cpu_us_per_event'] * 1000 / bytes_:.2f}",
                    mebibytes(ours["server_rss_kb"])])
        return table(["body", "p50, ms", "times the floor's", "ns of processor per byte", "of the floor's", "resident, MiB"], rows)
