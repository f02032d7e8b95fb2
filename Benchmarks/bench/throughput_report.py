"""The tables of throughput, of latencies and of memory."""

import os

from . import paths
from .tables import count, machine_sentence, mebibytes, microseconds, milliseconds, rate, table

SHORT = {"protobuf": "P", "messagepack": "M"}


def for_document(results):
    plot = os.path.relpath(paths.DOCUMENT_PLOT, os.path.dirname(paths.DOCUMENT))
    return f"![Throughput and processor time, relative to the floor]({plot})\n\n" + markdown(results)


def markdown(results):
    entries = Entries(results)
    parts = [
        f"{results['began'][:10]}; {count(results['rounds'], 'round')}, {results['seconds']:g} s each. {machine_sentence(results['machine'])}"
        + (f" The peer: {results['peer']}." if results["peer"] else ""),
        "Events per second: of the floor as a number, of others as a ratio to the floor; in brackets the server's processor time"
        " for an event, in µs. M is MessagePack, P is ProtoBuf:1.",
        throughput_table(entries),
    ]
    if entries.has("polling floor"):
        parts += ["One connection, beside a floor that polls for 100 µs before it sleeps:", polling_table(entries)]
    parts.append(limited_by_client(entries))
    parts += ["Latencies: p50 / p99 / p99.9 in ms.", latency_table(entries), "Resident memory in MiB.", memory_table(entries)]
    return "\n\n".join(part for part in parts if part) + "\n"


class Entries:
    """A summary's entries, to be looked up."""

    def __init__(self, results):
        self.entries = results["summary"]
        # One column for each server and protocol.
        self.columns = [
            (server, protocol) for server in results["servers"] for protocol in ("messagepack", "protobuf")
            if any(entry["server"] == server and entry["protocol"] == protocol for entry in self.entries)]
        self.settings = list(dict.fromkeys((entry["plugin"], entry["connections"]) for entry in self.entries))

    def has(self, server):
        return any(column[0] == server for column in self.columns)

    def find(self, server, protocol, plugin, connections):
        wanted = {"server": server, "protocol": protocol, "plugin": plugin, "connections": connections}
        for entry in self.entries:
            if wanted.items() <= entry.items():
                return entry
        return None

    def cell(self, column, setting, write):
        entry = self.find(*column, *setting)
        return write(entry) if entry else ""


def title(column):
    return f"{column[0]}, {SHORT[column[1]]}"


def throughput_table(entries):
    columns = [column for column in entries.columns if column[0] != "polling floor"]

    def write(entry):
        first = rate(entry["events_per_second"]) if entry["server"] == "floor" else f"{entry['ratio']:.2f}"
        return f"{first} ({microseconds(entry['server_cpu_us_per_event'])})"

    rows = [
        [f"`{plugin}`, {connections}"] + [entries.cell(column, (plugin, connections), write) for column in columns]
        for plugin, connections in entries.settings]
    return table(["plugin, connections", *map(title, columns)], rows)


def limited_by_client(entries):
    """Where the client's core was used up and the server's was not, it is the client that was measured. The floor is known to be
    about as busy as the client."""
    limited = [
        f"{entry['server']}, {SHORT[entry['protocol']]}, `{entry['plugin']}`, {entry['connections']}" for entry in entries.entries
        if not entry["server"].endswith("floor") and entry["client_busy"] > max(0.9, entry["server_busy"])]
    return f"The client was busier than the server, and is what was measured: {'; '.join(limited)}." if limited else ""


def polling_table(entries):
    columns = [column for column in entries.columns if column[0] != "floor"]

    def write(entry):
        if entry["server"] == "polling floor":
            return f"{rate(entry['events_per_second'])}, {entry['ratio']:.2f} of the floor"
        return f"{entry['ratio_to_polling']:.2f}" if "ratio_to_polling" in entry else ""

    rows = [
        [f"`{plugin}`"] + [entries.cell(column, (plugin, connections), write) for column in columns]
        for plugin, connections in entries.settings if connections == 1]
    return table(["plugin", *map(title, columns)], rows)


def latency_table(entries):
    columns = [column for column in entries.columns if column[0] != "polling floor"]

    def write(entry):
        return " / ".join(milliseconds(entry[metric]) for metric in ("p50_us", "p99_us", "p999_us"))

    rows = [
        [f"`{plugin}`, {connections}"] + [entries.cell(column, (plugin, connections), write) for column in columns]
        for plugin, connections in entries.settings]
    return table(["plugin, connections", *map(title, columns)], rows)


def memory_table(entries):
    """From the least to the most that any plugin and protocol needs."""
    servers = list(dict.fromkeys(server for server, _ in entries.columns if server != "polling floor"))
    rows = []
    for connections in dict.fromkeys(connections for _, connections in entries.settings):
        row = [str(connections)]
        for server in servers:
            sizes = [
                entry["server_rss_kb"] for entry in entries.entries
                if (entry["server"], entry["connections"]) == (server, connections)]
            least, most = mebibytes(min(sizes)), mebibytes(max(sizes))
            row.append(least if least == most else f"{least} - {most}")
        rows.append(row)
    return table(["connections", *servers], rows)
