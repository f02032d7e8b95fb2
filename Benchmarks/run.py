#!/usr/bin/env python3
"""All benchmarks that measure a server as it runs, and the codecs. README.md beside this says what each does; `./build.sh
bench` builds what they need and starts this."""

import argparse
import sys

sys.dont_write_bytecode = True  # These folders hold sources alone.

from bench import allocations, micro, scale, throughput
from bench.errors import BenchmarkError

PARTS = {"throughput": throughput, "allocations": allocations, "scale": scale, "micro": micro}


def main():
    arguments = sys.argv[1:]
    part = arguments.pop(0) if arguments and arguments[0] in PARTS else "throughput"
    parser = argparse.ArgumentParser(
        prog=f"./build.sh bench {part}", description=PARTS[part].__doc__,
        epilog=f"The parts: {', '.join(PARTS)}. Without a part's name it is throughput.")
    PARTS[part].add_options(parser)
    try:
        PARTS[part].main(parser.parse_args(arguments))
    except BenchmarkError as error:
        sys.exit(f"bench: {error}")
    except KeyboardInterrupt:
        sys.exit("bench: interrupted")


main()
