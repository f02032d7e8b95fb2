#!/usr/bin/env bash
# Runs tests of the server under valgrind's memcheck: ./valgrind.sh [FILTER]. See README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
filter=${1:-PluginServerTests.*(Native|HelloC|Blocking|PDKCall|PDKAnswer|MessagePackReplay|ProtoBufReplay|Hostile|HandlerFailure|RequestPlugin|AuthPluginSocket)}
swift build --build-tests
build=$(swift build --show-bin-path)
stripped=$(mktemp -d)
trap 'rm -rf "$stripped"' EXIT
# Not all of Swift's debug information is known to all of valgrind's versions.
for file in "$build/swift-pluginserver" "$build"/lib*.so; do objcopy --strip-debug "$file" "$stripped/$(basename "$file")"; done
export TEST_BUILD=$stripped
# What is lost is not an error: what is made once is never freed. ValgrindTests compares how much it is.
TEST_SERVER_RUNNER="$(command -v valgrind) -q --error-exitcode=99 --num-callers=30 --leak-check=no"
export TEST_SERVER_RUNNER="$TEST_SERVER_RUNNER --suppressions=$PWD/Tests/Sanitizers/valgrind.supp"
export TEST_CFLAGS="-gdwarf-4 -O1"
swift test --skip-build --no-parallel --filter "$filter"
