"""Writes results: into dist/bench, and into docs/performance.md between a part's markers."""

import json
import os

from . import paths
from .errors import BenchmarkError


def add_options(parser):
    parser.add_argument("--update-docs", action="store_true", help="write the figures into docs/performance.md")


def write(name, text):
    replace(os.path.join(paths.RESULTS, name), text)
    print(f"wrote {os.path.relpath(os.path.join(paths.RESULTS, name), paths.ROOT)}")


def write_json(name, value):
    write(name, json.dumps(value, indent=1) + "\n")


def replace(path, text):
    """Writes a file whole: who reads it sees the old one or the new one."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w") as file:
        file.write(text)
    os.replace(path + ".new", path)


def update(part, text):
    """Puts a part's figures between `<!-- bench:PART:begin -->` and `<!-- bench:PART:end -->`."""
    begin, end = f"<!-- bench:{part}:begin -->\n", f"<!-- bench:{part}:end -->\n"
    with open(paths.DOCUMENT) as file:
        before, found, rest = file.read().partition(begin)
    _, found_end, after = rest.partition(end)
    if not found or not found_end:
        raise BenchmarkError(f"docs/performance.md has no place for {part}")
    replace(paths.DOCUMENT, before + begin + "\n" + text.strip() + "\n\n" + end + after)
    print("wrote docs/performance.md")
