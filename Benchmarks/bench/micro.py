"""What the codecs cost by themselves: nanoseconds and MB/s for typical messages, encoded and decoded."""

import json
import os
import subprocess

from . import documents, machine, paths
from .errors import BenchmarkError
from .tables import machine_sentence, table


def add_options(parser):
    parser.add_argument("--rounds", type=int, default=9, help="each figure is the median of so many measurements (9)")
    machine.add_options(parser)
    documents.add_options(parser)


def main(options):
    cores = machine.Cores(options.cores)
    command = [
        "swift", "build", "--configuration", "release", "--package-path", os.path.join(paths.BENCHMARKS, "micro"),
        "--scratch-path", os.path.join(paths.BUILD, "micro")]
    try:
        subprocess.run(command, check=True)
        folder = subprocess.run([*command, "--show-bin-path"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        output = subprocess.run(
            [os.path.join(folder, "micro"), str(options.rounds)], check=True, stdout=subprocess.PIPE, text=True,
            preexec_fn=lambda: os.sched_setaffinity(0, {cores.server})).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise BenchmarkError(f"the codecs cannot be measured: {error}") from error
    facts = machine.facts(cores)
    measured = [json.loads(line) for line in output.splitlines()]
    documents.write_json("micro.json", {"format": 1, "machine": facts, "measured": measured})
    rows = [
        [
            entry["name"], f"{entry['bytes']:,}", f"{entry['nanoseconds']:,.1f}",
            f"{entry['bytes'] * 1000 / entry['nanoseconds']:,.0f}",
        ]
        for entry in measured]
    text = machine_sentence(facts) + "\n\n" + table(["what", "bytes", "ns", "MB/s"], rows)
    documents.write("micro.md", text + "\n")
    print("\n" + text)
    if options.update_docs:
        documents.update("micro", text)
