"""How many events a server handles, how long each takes, and what it costs, against the floor and against others. All
servers take turns in rounds, pinned to one core, with the client on another."""

import collections
import statistics
import sys
import time

from . import build, documents, machine, paths, plot, servers, throughput_report
from .client import measure
from .errors import BenchmarkError
from .tables import count

PLUGINS = ("noop", "goplug", "tencalls", "tenheaders")
CONNECTIONS = (1, 16, 128, 512)

Setting = collections.namedtuple("Setting", "plugin connections protocol")

# Seconds that a run takes beside the client's: the processes start and end.
OVERHEAD = {"floor": 0.05, "polling floor": 0.05, "swift-pluginserver": 0.15}
OVERHEAD_OF_OTHERS = 0.8


def add_options(parser):
    parser.add_argument("--rounds", type=int, help="how often each is measured (5)")
    parser.add_argument("--seconds", type=float, help="how long one run takes; its first fifth does not count (1.5)")
    parser.add_argument("--connections", type=numbers, default=CONNECTIONS, metavar="N,N", help="(1,16,128,512)")
    parser.add_argument("--only", type=names, default=PLUGINS, metavar="PLUGIN,PLUGIN", help=f"of {', '.join(PLUGINS)}")
    parser.add_argument("--protocols", type=names, default=servers.BOTH, metavar="NAME", help="protobuf, messagepack or both")
    parser.add_argument("--quick", action="store_true", help="one short round: shows that it works, and hardly more")
    parser.add_argument("--no-peer", action="store_true", help="without Kong's server for Python")
    parser.add_argument(
        "--server", action="append", default=[], metavar="NAME[:PROTOCOL]=COMMAND",
        help="one more server; see Benchmarks/README.md")
    machine.add_options(parser)
    documents.add_options(parser)


def numbers(text):
    return tuple(int(number) for number in text.split(","))


def names(text):
    return tuple(text.split(","))


def main(options):
    check(options)
    rounds = options.rounds or (1 if options.quick else 5)
    seconds = options.seconds or (0.5 if options.quick else 1.5)
    build.need_server()
    build.compile_programs()
    cores = machine.Cores(options.cores)
    contestants = contestants_for(options, cores)
    settings = [
        Setting(plugin, connections, protocol)
        for plugin in options.only for connections in options.connections for protocol in options.protocols]
    announce(settings, contestants, rounds, seconds, cores)

    activity = machine.Activity()
    facts = machine.facts(cores)
    begun = time.time()
    runs = []
    for number in range(rounds):
        runs += measure_round(number, settings, contestants, seconds, cores)
    results = {
        "format": 1,
        "machine": facts | {"stolen": activity.stolen()},
        "began": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(begun)),
        "took_seconds": round(time.time() - begun),
        "rounds": rounds,
        "seconds": seconds,
        "servers": [server.name for server in contestants],
        "peer": build.peer_version() if "kong-pdk" in [server.name for server in contestants] else None,
        "summary": summarize(runs),
        "runs": runs,
    }
    documents.write_json("results.json", results)
    table = throughput_report.markdown(results)
    documents.write("throughput.md", table)
    drawing = plot.throughput(results)
    documents.write("throughput.svg", drawing)
    print("\n" + table)
    if options.update_docs:
        documents.replace(paths.DOCUMENT_PLOT, drawing)
        documents.update("throughput", throughput_report.for_document(results))


def check(options):
    for name in options.only:
        if name not in PLUGINS:
            raise BenchmarkError(f"--only {name}: there are {', '.join(PLUGINS)}")
    for name in options.protocols:
        if name not in servers.BOTH:
            raise BenchmarkError(f"--protocols {name}: there are {', '.join(servers.BOTH)}")


def contestants_for(options, cores):
    contestants = [servers.floor(), servers.swift()]
    # Where server and client share a core, polling takes from the client what it waits for.
    if 1 in options.connections and not cores.is_shared:
        contestants.insert(1, servers.polling_floor())
    if not options.no_peer and "messagepack" in options.protocols:
        program = build.install_peer()
        if program:
            contestants.append(servers.kong_pdk(program))
    contestants += [servers.other(text) for text in options.server]
    names = [server.name for server in contestants]
    if len(set(names)) < len(names):
        raise BenchmarkError("two servers have one name")
    return contestants


def announce(settings, contestants, rounds, seconds, cores):
    took = [
        seconds + OVERHEAD.get(server.name, OVERHEAD_OF_OTHERS)
        for setting in settings for server in contestants if server.serves(setting)]
    minutes = max(1, round(rounds * sum(took) / 60))
    print(f"{count(rounds, 'round')} of {count(len(took), 'run')}, {seconds:g} s each: about {count(minutes, 'minute')}")
    print(f"{', '.join(server.name for server in contestants)}: {cores}", flush=True)
    machine.warn_if_busy()


def measure_round(number, settings, contestants, seconds, cores):
    """Runs of one round: for each setting all servers, one after the other, in another order each time."""
    runs = []
    for place, setting in enumerate(settings):
        turn = [server for server in contestants if server.serves(setting)]
        first = (number + place) % len(turn)
        for server in turn[first:] + turn[:first]:
            with server.start(cores.server, setting.plugin) as running:
                result = measure(
                    running, cores.client, setting.protocol, setting.plugin, seconds, connections=setting.connections)
            runs.append({"round": number, "server": server.name} | setting._asdict() | result)
    print(f"round {number + 1} is done", file=sys.stderr, flush=True)
    return runs


# --- From runs to figures ----------------------------------------------------------------------------------------------


def summarize(runs):
    """For each server and setting the medians over the rounds. A ratio is of two runs of one round, and the median of these."""
    groups = collections.defaultdict(dict)
    for run in runs:
        setting = Setting(run["plugin"], run["connections"], run["protocol"])
        groups[run["server"], setting][run["round"]] = run
    summary = []
    for (server, setting), by_round in groups.items():
        described = {"round", "server", *Setting._fields}
        entry = {"server": server} | setting._asdict()
        for metric in sorted(set(next(iter(by_round.values()))) - described):
            entry[metric] = statistics.median(run[metric] for run in by_round.values())
        for base, name in (("floor", "ratio"), ("polling floor", "ratio_to_polling")):
            of_base = groups.get((base, setting), {})
            ratios = [
                run["events_per_second"] / of_base[number]["events_per_second"]
                for number, run in by_round.items() if number in of_base]
            if ratios:
                entry |= {name: statistics.median(ratios), f"{name}_low": min(ratios), f"{name}_high": max(ratios)}
        summary.append(entry)
    return summary
