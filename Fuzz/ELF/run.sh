#!/usr/bin/env bash
# Fuzzes the reader of ELF files: ./run.sh [SECONDS] [libFuzzer's flags]. See README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
seconds=${1:-60}
[ $# -gt 0 ] && shift
loader=../../Sources/PluginLoader headers=$PWD/../../Sources/CKongPlugin/include work=$PWD/.build
mkdir -p "$work/corpus" "$work/seeds"

echo "module CKongPlugin { header \"$headers/kong_plugin.h\" export * }" >"$work/module.modulemap"
swiftc -O -swift-version 6 -parse-as-library -sanitize=fuzzer,address -use-ld=lld -module-name ELFFuzzer \
    -Xcc "-fmodule-map-file=$work/module.modulemap" ELFFuzzer.swift $loader/ELF/*.swift \
    $loader/{Stamp,BuildVersions,FileStatus,System}.swift \
    $loader/Libraries/{LinkerCache,SymbolVersion,ToolchainFingerprint}.swift -o "$work/elf-fuzzer"

# Plugins as small as linkers make them, each another way; and a cache of ldconfig.
cat >"$work/seed.c" <<'END'
#include "kong_plugin.h"
KONG_PLUGIN_STAMP(KONG_LANGUAGE_C, KONG_RUNTIME_UNSTATED, "0.1.0", "cc")
extern int printf(const char *, ...);
const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) { printf("%p", host); return 0; }
END
echo 'KONG_1.0 { global: kong_plugin_open; kong_plugin_abi; local: *; };' >"$work/seed.map"
seed() { # NAME FLAG...
    clang -w -I "$headers" -shared -fPIC -Os -nostartfiles "$work/seed.c" -o "$work/seeds/$1" -Wl,--build-id "${@:2}"
}
seed gnu -Wl,--hash-style=gnu
seed sysv -Wl,--hash-style=sysv -Wl,-soname,libseed.so -Wl,-rpath,/a:/b
seed both -Wl,--hash-style=both -Wl,--version-script="$work/seed.map"
seed lld -fuse-ld=lld -Wl,-rpath,'$ORIGIN' -Wl,--enable-new-dtags -Wl,-s
seed packed -fuse-ld=lld -Wl,-z,noseparate-code -Wl,-s -Wl,--version-script="$work/seed.map"
head -c 2000 /etc/ld.so.cache >"$work/seeds/cache" 2>/dev/null || true

exec nice -n 19 "$work/elf-fuzzer" "$work/corpus" "$work/seeds" -max_total_time="$seconds" -max_len=20000 -timeout=10 \
    -rss_limit_mb=1024 -print_final_stats=1 -artifact_prefix="$work/" "$@"
