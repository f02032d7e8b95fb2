#!/usr/bin/env bash
# Everything there is to build swift-pluginserver with. `./build.sh help` says what it can do.
[ -n "${BASH_VERSION:-}" ] || exec bash "$0" "$@"
set -euo pipefail
# Plugins and directories that a group may write to are not trusted, and Ubuntu's default is to make such.
umask 022
caller=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
    cat <<'END'
usage: ./build.sh VERB

  run                            build all, and play the tutorial's request through Plugins/goplug
  test                           build all for testing, run the tests, build the documentation, and make, build and test
                                 a new plugin's package
  docs                           dist/docs, a web site: the documentation of KongPDK and KongPDKTesting
  build                          dist/bin/swift-pluginserver, and dist/plugins/NAME.so for each folder of Plugins
  plugin DIR [--shared-runtime]  dist/plugins/NAME.so from one plugin's folder, here or elsewhere, in Swift, C or Rust.
                                 One in Swift is self-contained (about 14 MB, runs where there is no Swift) unless
                                 --shared-runtime is given (small, needs the Swift runtime of the compiler that built it)
  stress                         the tests of what crashes, kills, reloads and quarantine cost while there is traffic, at full
                                 length, with their figures: a quarter of an hour
  bench [PART] [OPTION…]         measure the server beside others: `bench --help`, and Benchmarks/README.md
  install PREFIX                 build, then copy to PREFIX/bin, PREFIX/include and PREFIX/lib/swift-pluginserver/plugins, and
                                 what plugins are built from to PREFIX/share/swift-pluginserver. Of plugins it installs those
                                 of the folder Plugins; others in dist/plugins are yours to put where Kong shall find them
  clean                          remove all that was built
  help                           this

It needs Debian or Ubuntu with Swift 6.3 or newer; what else is missing it installs with apt-get. Plugins in Rust are built
where there is a rustc, 1.63 or newer.
END
}

# A path as whoever called meant it, wherever this file is.
from_caller() { # PATH
    case $1 in
    /*) echo "$1" ;;
    *) echo "$caller/$1" ;;
    esac
}

fail() {
    echo "build.sh: $*" >&2
    exit 1
}

# --- what the machine must have -----------------------------------------------------------------------------------

# For the build: libffi, which plugins in C are called with, and a C compiler with its headers, which Swift links with and
# these are built with. For the tests: msgpack-c, whose encoder ours is compared with, and valgrind, which reads glibc's symbols.
build_packages=(gcc g++ libc6-dev libffi-dev pkg-config)
test_packages=(libmsgpack-dev binutils valgrind libc6-dbg)

need_packages() {
    local missing=() package
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -eq 0 ] && return
    command -v apt-get >/dev/null || fail "these packages are missing, and there is no apt-get to install them: ${missing[*]}"
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null || fail "install these packages as root first: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    echo "installing ${missing[*]}"
    "${as_root[@]}" apt-get update -qq >/dev/null || fail "apt-get update failed"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null ||
        fail "apt-get could not install ${missing[*]}"
}

need_swift() {
    command -v swift >/dev/null || fail "swift is not in PATH; install Swift 6.3 or newer from https://www.swift.org/install"
    swift_version=$(swift --version 2>/dev/null | sed -n 's/.*Swift version \([0-9][0-9.]*\).*/\1/p' | head -n 1)
    [ -n "$swift_version" ] || fail "'swift --version' does not say which version it is"
    local major minor
    IFS=. read -r major minor _ <<<"$swift_version.0"
    [ "$major" -gt 6 ] || { [ "$major" -eq 6 ] && [ "$minor" -ge 3 ]; } ||
        fail "Swift 6.3 or newer is needed, and this is $swift_version"
}

# --- building -----------------------------------------------------------------------------------------------------

# Flags of a release build. The two kinds of plugin go by plugin-abi.md's names; 1 and 2 are kong_plugin.h's.
release_flags() { # self-contained | shared-runtime
    # lld comes with Swift; the system's linker would print warnings of Foundation's about itself.
    flags=(--configuration release -Xswiftc -use-ld=lld -Xcc "-DKONG_SWIFT_VERSION=\"$swift_version\"")
    case $1 in
    self-contained)
        flags+=(-Xswiftc -static-stdlib -Xcc -DKONG_SWIFT_RUNTIME=1)
        static_libraries
        ;;
    shared-runtime) flags+=(-Xcc -DKONG_SWIFT_RUNTIME=2) ;;
    esac
}

# A folder with the static libffi alone, for the linker to look into first: a machine of Kong's need not have the shared
# one. The one for libraries will do for programs, too.
static_libraries() {
    local name library
    for name in libffi_pic.a libffi.a; do
        library=$(gcc -print-file-name="$name")
        [ -f "$library" ] && break
    done
    [ -f "$library" ] || fail "libffi.a is missing; it comes with libffi-dev"
    mkdir -p .build-self-contained/static-libraries
    ln -sfn "$library" .build-self-contained/static-libraries/libffi.a
    flags+=(-Xlinker "-L$PWD/.build-self-contained/static-libraries")
}

# Copies beside the target and renames, so that a server that runs never sees half a file.
put() { # FILE TARGET
    mkdir -p "$(dirname "$2")"
    install -m 755 "$1" "$2.new"
    mv -f "$2.new" "$2"
    # For a caller elsewhere, a path that means the same there.
    case $2 in
    /*) echo "built $2" ;;
    *) [ "$caller" = "$PWD" ] && echo "built $2" || echo "built $PWD/$2" ;;
    esac
}

build_all() {
    local folder
    build_server
    for folder in Plugins/*/; do
        if is_rust_plugin "$folder" && ! has_rust; then
            echo "left out $folder: there is no rustc"
        else
            build_plugin "$folder" self-contained
        fi
    done
}

build_server() {
    need_swift
    need_packages "${build_packages[@]}"
    release_flags self-contained
    swift build "${flags[@]}" --scratch-path .build-self-contained --product swift-pluginserver
    put "$(swift build "${flags[@]}" --scratch-path .build-self-contained --show-bin-path)/swift-pluginserver" \
        dist/bin/swift-pluginserver
}

build_plugin() { # DIR KIND [INTO]
    local folder=$1 into=${3:-dist/plugins} name package
    [ -d "$folder" ] || fail "there is no folder $folder"
    folder=$(cd "$folder" && pwd)
    name=$(basename "$folder")
    [[ $name =~ ^[A-Za-z0-9_][A-Za-z0-9_.-]*$ && $name != lib?* && $name != *.so ]] || fail "the folder's name is the plugin's, and \"$name\" cannot be one"
    if [ ! -f "$folder/Package.swift" ] && compgen -G "$folder/*.c" >/dev/null; then
        build_c_plugin "$folder" "$name" "$into"
        return
    fi
    if is_rust_plugin "$folder"; then
        build_rust_plugin "$folder" "$name" "$into"
        return
    fi
    need_swift
    need_packages "${build_packages[@]}"
    release_flags "$2"
    # One folder for all that is built outside of this package: KongPDK is built once for them.
    local scratch=$PWD/.build-plugins/.build-$2 bin
    package=$folder
    if [ "$folder" = "$PWD/Plugins/$name" ] && grep -q "^let plugins = .*\"$name\"" Package.swift; then
        # A plugin of this package: what it needs is built once for all of them.
        package=$PWD
        scratch=$PWD/.build-$2
    elif [ ! -f "$folder/Package.swift" ]; then
        compgen -G "$folder/*.swift" >/dev/null || fail "there is no Package.swift, and no file in Swift, C or Rust, in $folder"
        package=$PWD/.build-plugins/$name
        write_package "$package" "$name" "$folder"
    fi
    swift build "${flags[@]}" --package-path "$package" --scratch-path "$scratch" --product "$name" ||
        fail "$folder does not build: the reason is above"
    bin=$(swift build "${flags[@]}" --package-path "$package" --scratch-path "$scratch" --show-bin-path)
    [ -f "$bin/lib$name.so" ] || fail "the Package.swift in $folder must have a dynamic library named \"$name\""
    put "$bin/lib$name.so" "$into/$name.so"
}

# In C there is nothing to it: all of the folder's files, and the headers that are installed beside the server.
build_c_plugin() { # DIR NAME INTO
    need_packages "${build_packages[@]}"
    mkdir -p .build-plugins
    "${CC:-cc}" -std=c11 -O2 -g -Wall -Wextra -fPIC -shared -Wl,-z,defs -I Sources/CKongPlugin/include "$1"/*.c \
        -o ".build-plugins/$2.so" || fail "$1 does not build: the reason is above"
    put ".build-plugins/$2.so" "$3/$2.so"
}

is_rust_plugin() { # DIR
    [ ! -f "$1/Package.swift" ] && [ -f "$1/lib.rs" ]
}

# rustup's rustc is there even if no compiler is.
has_rust() {
    rustc --version >/dev/null 2>&1
}

# Without crates there is nothing for cargo to do. The library's name is the file's, which no crate could have.
build_rust_plugin() { # DIR NAME INTO
    local crate=${2//[.-]/_} compiler
    has_rust || fail "there is no rustc to build $1 with: apt-get install rustc, or see https://rustup.rs"
    need_packages "${build_packages[@]}"
    compiler=$(rustc --version)
    mkdir -p .build-plugins
    KONG_RUST_COMPILER=$(cut -d' ' -f1,2 <<<"$compiler") \
        rustc --edition 2021 --crate-type cdylib --crate-name "plugin_$crate" -O -C strip=debuginfo "$1/lib.rs" \
        -o ".build-plugins/$2.so" || fail "$1 does not build: the reason is above"
    put ".build-plugins/$2.so" "$3/$2.so"
}

# A package around a folder that holds nothing but a plugin's sources.
write_package() { # PACKAGE NAME SOURCES
    mkdir -p "$1"
    ln -sfn "$3" "$1/Sources"
    cat >"$1/Package.swift" <<END
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "$2",
    products: [.library(name: "$2", type: .dynamic, targets: ["$2-plugin"])],
    dependencies: [.package(name: "swift-pluginserver", path: "$PWD")],
    targets: [
        .target(
            name: "$2-plugin", dependencies: [.product(name: "KongPDK", package: "swift-pluginserver")], path: "Sources")
    ],
    swiftLanguageModes: [.v6]
)
END
}

# --- the documentation --------------------------------------------------------------------------------------------

documented=(KongPDK KongPDKTesting)

# Makes dist/docs from the modules that a build has left, within seconds: a plugin of SwiftPM would build them again, and be
# a dependency of everybody who depends on this package. Whatever is wrong with it fails: a link to nothing, a public name
# without a comment, and one that a page with topics of its own leaves out.
build_docs() {
    local bin triple work=.build/docs module target mode modules=() archives=()
    command -v docc >/dev/null || fail "docc is not in PATH; it comes with Swift, in the same directory as swift"
    bin=$(swift build --show-bin-path)
    triple=$(swift -print-target-info | sed -n 's/.*"triple": "\(.*\)",.*/\1/p' | head -n 1)
    for target in CKongPlugin CKongPluginEntry; do
        modules+=(-Xcc "-fmodule-map-file=$bin/$target.build/module.modulemap" -Xcc "-ISources/$target/include")
    done
    rm -rf "$work"
    for module in "${documented[@]}"; do
        mkdir -p "$work/$module"
        # What a module adds to its own types' pages stands there; what it adds to others' needs a page of its own.
        mode=-omit-extension-block-symbols
        [ "$module" = KongPDK ] || mode=-emit-extension-block-symbols
        swift symbolgraph-extract -module-name "$module" -I "$bin/Modules" "${modules[@]}" -target "$triple" \
            -output-dir "$work/$module" -minimum-access-level public -skip-synthesized-members \
            -skip-protocol-implementations "$mode" || fail "the symbols of $module cannot be read: the reason is above"
        docc convert "Sources/$module/$module.docc" --additional-symbol-graph-dir "$work/$module" \
            --output-path "$work/$module.doccarchive" --fallback-bundle-identifier "$module" --fallback-default-module-kind Library \
            --enable-experimental-external-link-support --enable-experimental-overloaded-symbol-presentation \
            --experimental-documentation-coverage --coverage-summary-level detailed --warnings-as-errors \
            "${archives[@]/#/--dependency=}" >"$work/$module.log" 2>&1 ||
            { grep -v '| Swift  ' "$work/$module.log" >&2; fail "the documentation of $module has errors: see above"; }
        undocumented "$module" "$work/$module.log" >"$work/$module.missing"
        [ ! -s "$work/$module.missing" ] ||
            { cat "$work/$module.missing" >&2; fail "the documentation of $module is not complete: see above"; }
        archives+=("$work/$module.doccarchive")
    done
    rm -rf dist/docs
    mkdir -p dist
    docc merge "${archives[@]}" --synthesized-landing-page-name swift-pluginserver --output-path dist/docs
    echo "built dist/docs"
}

# Reads docc's table of symbols, with "true" or "false" for a comment and for a place among topics written by hand.
undocumented() { # MODULE TABLE
    local catalog=Sources/$1/$1.docc pages top
    # The pages whose topics are written by hand, as paths. The module's own page counts for docc in any case, so its
    # topics are read here.
    pages=$(find "$catalog" -name '*.md' -exec sed -n 's/^# ``\(.*\)``$/\1/p' {} + | sed 's/-swift\.[a-z]*//g')
    top=$(sed -n "s/^- \`\`\(.*\)\`\`$/\1/p" "$catalog/$1.md")
    awk -F ' *[|] *' -v module="$1" -v pages="$pages" -v top="$top" '
        BEGIN {
            count = split(pages, list, "\n"); for (i = 1; i <= count; i++) byHand[list[i]] = 1
            count = split(top, list, "\n"); for (i = 1; i <= count; i++) placed[module "/" list[i]] = 1
        }
        $NF !~ /^doc:/ || $2 ~ /Module|CollectionGroup|Article/ { next }
        {
            path = $NF
            sub(/^.*\/documentation\//, "", path)
            gsub(/-swift\.[a-z.]*/, "", path)
            if ($3 == "false") print path " has no comment"
            # Of functions with one name it is their common page that stands in the topics.
            sub(/-[0-9a-z]+$/, "", path)
            parent = path
            sub(/\/[^\/]*$/, "", parent)
            if (parent in byHand) known[path] = 1
            if (parent != module && $4 == "true") placed[path] = 1
        }
        END { for (path in known) if (!(path in placed)) print path " is in none of the topics of its page" }' "$2"
}

# What plugins and their tests are built from, as a package that needs no other.
write_pdk() { # FOLDER
    local rooms=(CKongPlugin CKongPluginEntry KongPDK PDKCatalogue WireProtocol KongSimulator KongPDKTesting) room
    rm -rf "$1.new"
    mkdir -p "$1.new/Sources"
    for room in "${rooms[@]}"; do cp -R "Sources/$room" "$1.new/Sources/$room"; done
    {
        sed -n '1,/^let stayingOnExecutor/p' Package.swift
        cat <<'END'

let package = Package(
    name: "swift-pluginserver",
    products: [
        .library(name: "KongPDK", targets: ["KongPDK"]),
        .library(name: "KongPDKTesting", targets: ["KongPDKTesting"]),
    ],
    targets: [
        .target(name: "CKongPlugin", cSettings: toolchain),
        .target(name: "CKongPluginEntry", dependencies: ["CKongPlugin"], cSettings: toolchain),
        .target(name: "KongPDK", dependencies: ["CKongPlugin", "CKongPluginEntry"], swiftSettings: stayingOnExecutor),
        .target(name: "PDKCatalogue"),
        .target(name: "WireProtocol", dependencies: ["CKongPlugin", "PDKCatalogue"]),
        .target(name: "KongSimulator", dependencies: ["PDKCatalogue", "WireProtocol"]),
        .target(
            name: "KongPDKTesting", dependencies: ["CKongPlugin", "KongPDK", "PDKCatalogue", "WireProtocol", "KongSimulator"]),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
END
    } >"$1.new/Package.swift"
    rm -rf "$1"
    mv "$1.new" "$1"
}

# --- the verbs ----------------------------------------------------------------------------------------------------

run_tests() {
    need_swift
    need_packages "${build_packages[@]}" "${test_packages[@]}"
    swift build --build-tests
    # Processes, sockets and timeouts: two cores serve them better a few at a time.
    swift test --skip-build --no-parallel
    build_docs
    test_new_plugin
}

# What `test` does a little of.
run_stress() {
    need_swift
    need_packages "${build_packages[@]}" "${test_packages[@]}"
    swift build --build-tests
    KONG_STRESS=full swift test --skip-build --no-parallel --filter StressTests
}

# What a newcomer does, outside of this checkout and with what an installation has.
test_new_plugin() {
    local program=$PWD/.build/debug/swift-pluginserver
    new_plugin=$(mktemp -d)
    trap 'rm -rf "$new_plugin"' EXIT
    write_pdk "$new_plugin/share/swift-pluginserver"
    "$program" new my-plugin --path "$new_plugin" --pdk "$new_plugin/share/swift-pluginserver"
    swift build --package-path "$new_plugin/my-plugin"
    swift test --package-path "$new_plugin/my-plugin"
    "$program" try "$new_plugin/my-plugin/.build/debug/libmy-plugin.so" --config '{"greeting": "welcome"}'
}

install_to() { # PREFIX
    local plugin
    build_all
    put dist/bin/swift-pluginserver "$1/bin/swift-pluginserver"
    mkdir -p "$1/include"
    install -m 644 Sources/CKongPlugin/include/kong_*.h "$1/include"
    # What has been built from elsewhere is for somebody's own Kong, and not part of this.
    for plugin in Plugins/*/; do
        plugin=$(basename "$plugin").so
        put "dist/plugins/$plugin" "$1/lib/swift-pluginserver/plugins/$plugin"
    done
    write_pdk "$1/share/swift-pluginserver"
    echo "put the PDK into $1/share/swift-pluginserver"
}

# Where nothing else should run. Each plugin has a folder of its own, so that a server loads only the one it is measured with.
run_benchmarks() {
    local folder name
    command -v python3 >/dev/null || need_packages python3 python3-venv
    case " $* " in
    *" -h "* | *" --help "* | " micro "*) ;; # No server runs.
    *)
        build_server
        for folder in Plugins/goplug Benchmarks/Plugins/*; do
            name=$(basename "$folder")
            build_plugin "$folder" self-contained "dist/bench-plugins/$name"
        done
        ;;
    esac
    exec python3 Benchmarks/run.py "$@"
}

verb=${1:-help}
[ $# -gt 0 ] && shift
case $verb in
run)
    [ $# -eq 0 ] || fail "run takes no arguments"
    build_all
    dist/bin/swift-pluginserver demo --plugins-directory dist/plugins
    ;;
test)
    [ $# -eq 0 ] || fail "test takes no arguments"
    run_tests
    ;;
docs)
    [ $# -eq 0 ] || fail "docs takes no arguments"
    need_swift
    need_packages "${build_packages[@]}"
    swift build --target KongPDKTesting
    build_docs
    ;;
build)
    [ $# -eq 0 ] || fail "build takes no arguments"
    build_all
    ;;
plugin)
    kind=self-contained
    folder=
    for argument in "$@"; do
        case $argument in
        --shared-runtime) kind=shared-runtime ;;
        -*) fail "plugin has no option $argument" ;;
        *)
            [ -z "$folder" ] || fail "plugin takes one folder"
            folder=$argument
            ;;
        esac
    done
    [ -n "$folder" ] || fail "which plugin? ./build.sh plugin DIR"
    build_plugin "$(from_caller "$folder")" "$kind"
    ;;
stress)
    [ $# -eq 0 ] || fail "stress takes no arguments"
    run_stress
    ;;
bench)
    run_benchmarks "$@"
    ;;
install)
    [ $# -eq 1 ] || fail "where to? ./build.sh install PREFIX"
    install_to "$(from_caller "$1")"
    ;;
clean)
    [ $# -eq 0 ] || fail "clean takes no arguments"
    rm -rf .build .build-* dist
    ;;
help | -h | --help)
    usage
    ;;
*)
    fail "there is no verb \"$verb\"; ./build.sh help says which there are"
    ;;
esac
