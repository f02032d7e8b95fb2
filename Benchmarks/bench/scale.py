"""How cost and memory grow: with connections, with instances, and with the size of a body."""

import resource
import statistics
import sys

from . import build, documents, machine, servers
from .client import measure
from .tables import count, machine_sentence, mebibytes, microseconds, milliseconds, rate, table

PLUGIN = "goplug"
CONNECTIONS = (1, 10, 100, 1000, 10_000)
ACTIVE = 4
INSTANCES = (1, 100, 10_000, 100_000)
RUNS = 66  # of the client in a round, all in all
BODIES = (1, 16, 64)  # MiB
LONGER = 4  # times are the runs with bodies, of which there are few in a second
MEBIBYTE = 1 << 20
KEYED = '{"attach":true,"__key__":"plugins:goplug:#"}'


def add_options(parser):
    parser.add_argument("--seconds", type=float, default=1.0, help="how long one run takes (1)")
    parser.add_argument("--rounds", type=int, default=3, help="each figure is the median of so many runs (3)")
    parser.add_argument("--quick", action="store_true", help="short runs, and smaller numbers")
    machine.add_options(parser)
    documents.add_options(parser)


def main(options):
    build.need_server()
    build.compile_programs()
    scale = Scale(options)
    print(f"about {count(scale.minutes(), 'minute')}", flush=True)
    machine.warn_if_busy()
    facts = machine.facts(scale.cores)
    text = "\n\n".join([
        machine_sentence(facts),
        f"Connections: `{PLUGIN}`, {ACTIVE} of them active, the others idle after one event each; and all of them active.",
        scale.connections(),
        f"Instances: `{PLUGIN}`, 16 connections, events go to the instances in turn.",
        scale.instances(),
        "Bodies: `kong.request.get_raw_body` answered with so many bytes, one connection.",
        scale.bodies(),
    ])
    documents.write_json("scale.json", {"format": 1, "machine": facts, "runs": scale.runs})
    documents.write("scale.md", text + "\n")
    print("\n" + text)
    if options.update_docs:
        documents.update("scale", text)


class Pair:
    """A run of ours, and the floor's."""

    def __init__(self, floor, ours):
        self.floor, self.ours = floor, ours

    def cells(self):
        return [
            f"{rate(self.ours['events_per_second'])} ({microseconds(self.ours['server_cpu_us_per_event'])})",
            f"{self.ours['events_per_second'] / self.floor['events_per_second']:.2f}", milliseconds(self.ours["p99_us"])]


class Scale:
    def __init__(self, options):
        self.cores = machine.Cores(options.cores)
        self.seconds, self.rounds = (0.3, 1) if options.quick else (options.seconds, options.rounds)
        self.is_quick = options.quick
        self.runs = []

    def minutes(self):
        bodies = 2 * len(BODIES) * len(servers.BOTH) * (LONGER - 1) * self.seconds
        return max(1, round(self.rounds * (RUNS * (self.seconds + 0.2) + bodies + 10) / 60))

    def run(self, server, plugin, protocol, times=1, **options):
        """The medians of some runs, each so many times as long as others."""
        results = []
        for number in range(self.rounds):
            with server.start(self.cores.server, plugin) as running:
                results.append(measure(running, self.cores.client, protocol, plugin, times * self.seconds, **options))
            described = {"round": number, "server": server.name, "plugin": plugin, "protocol": protocol}
            self.runs.append(described | options | results[-1])
        return {metric: statistics.median(result[metric] for result in results) for metric in results[0]}

    def connections(self):
        """Beside the floor with as many. An idle connection's memory is what a server has more than one that has only the
        active."""
        rows = []
        for number in self.possible_connections():
            for protocol in servers.BOTH:
                few = self.beside_floor(protocol, number, min(number, ACTIVE))
                row = [f"{number:,}, {protocol}", *few.cells(), *self.beside_floor(protocol, number, number).cells(), ""]
                if number >= 100:
                    alone = self.run(servers.swift(), PLUGIN, protocol, connections=ACTIVE)
                    row[-1] = f"{(few.ours['server_rss_kb'] - alone['server_rss_kb']) / (number - ACTIVE):.2f}"
                rows.append(row)
        heads = ["events/s (µs)", "of the floor", "p99, ms"]
        few, all_of_them = ([f"{active} active: {head}" for head in heads] for active in (ACTIVE, "all"))
        return table(["connections", *few, *all_of_them, "KiB per idle one"], rows)

    def possible_connections(self):
        """As many as this user's processes may have open."""
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 100
        wanted = CONNECTIONS[: 4 if self.is_quick else None]
        possible = [number for number in wanted if most < 0 or number <= most]
        if len(possible) < len(wanted):
            print(f"bench: no more than {most} connections, for want of descriptors (ulimit -Hn)", file=sys.stderr)
        return possible

    def beside_floor(self, protocol, connections, active):
        floor, ours = (
            self.run(server, PLUGIN, protocol, connections=connections, active=active)
            for server in (servers.floor(), servers.swift()))
        return Pair(floor, ours)

    def instances(self):
        rows = []
        for protocol in servers.BOTH:
            alone = None
            for number in INSTANCES[: 3 if self.is_quick else None]:
                ours = self.run(servers.swift(), PLUGIN, protocol, connections=16, instances=number, config=KEYED)
                alone = alone or ours["server_rss_kb"]
                rows.append([
                    f"{number:,}, {protocol}",
                    f"{rate(ours['events_per_second'])} ({microseconds(ours['server_cpu_us_per_event'])})",
                    milliseconds(ours["p99_us"]), microseconds(ours["start_instance_us"]), mebibytes(ours["server_rss_kb"]),
                    f"{(ours['server_rss_kb'] - alone) / number:.2f}" if number >= 1000 else ""])
        return table(["instances", "events/s (µs)", "p99, ms", "to start one, µs", "resident, MiB", "KiB per instance"], rows)

    def bodies(self):
        rows = []
        for size in BODIES:
            for protocol in servers.BOTH:
                size_in_bytes = size * MEBIBYTE
                floor = self.run(servers.floor("--body", str(size_in_bytes)), "rawbody", protocol, LONGER, body=size_in_bytes)
                # A message is a little larger than the body in it.
                ours = self.run(servers.swift("--max-message-size", str(2 * size_in_bytes)), "rawbody", protocol, LONGER, body=size_in_bytes)
                rows.append([
                    f"{size} MiB, {protocol}", milliseconds(ours["p50_us"]), f"{ours['p50_us'] / floor['p50_us']:.2f}",
                    f"{ours['server_cpu_us_per_event'] * 1000 / size_in_bytes:.2f}",
                    f"{floor['server_cpu_us_per_event'] * 1000 / size_in_bytes:.2f}",
                    mebibytes(ours["server_rss_kb"])])
        return table(["body", "p50, ms", "times the floor's", "ns of processor per byte", "of the floor's", "resident, MiB"], rows)
