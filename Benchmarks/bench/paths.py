"""Where things are, and where what is built goes."""

import os

BENCHMARKS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(BENCHMARKS)

SERVER = os.path.join(ROOT, "dist/bin/swift-pluginserver")
# A folder for each plugin, so that a server loads the one alone that it is measured with.
PLUGINS = os.path.join(ROOT, "dist/bench-plugins")
RESULTS = os.path.join(ROOT, "dist/bench")

BUILD = os.path.join(ROOT, ".build-bench")
CLIENT = os.path.join(BUILD, "client")
FLOOR = os.path.join(BUILD, "floor")
COUNTER = os.path.join(BUILD, "count.so")
PEER_ENVIRONMENT = os.path.join(BUILD, "kong-pdk")

DOCUMENT = os.path.join(ROOT, "docs/performance.md")
DOCUMENT_PLOT = os.path.join(ROOT, "docs/performance/throughput.svg")
