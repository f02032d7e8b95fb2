#!/usr/bin/env bash
# Runs the tests of plugins in C with AddressSanitizer in the server and in the plugins: ./run.sh [ROUNDS]. See README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
rounds=${1:-1}
build=(--sanitize=address --scratch-path .build-sanitizers)
swift build --build-tests "${build[@]}"
# The sanitizer reserves terabytes of addresses for its shadow, which a probe's limit would not let it have.
export TEST_SERVER_FLAGS="--probe-memory 1152921504606846976 --probe-timeout 60"
# Of the tests' own process: what is made once for it is never freed. Servers are started without an environment.
export ASAN_OPTIONS=detect_leaks=0
export TEST_CFLAGS="-fsanitize=address -g -O1"
for ((round = 1; round <= rounds; round++)); do
    echo "round $round of $rounds"
    swift test --skip-build "${build[@]}" --no-parallel --filter 'PluginServerTests.*(Native|HelloC|Blocking)|NativePDKTests|ForeignFunctionTests'
done
