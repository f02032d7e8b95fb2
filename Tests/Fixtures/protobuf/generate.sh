#!/bin/sh
# Makes Tests/WireProtocolTests/KongMessages.pb.swift of kong_messages.proto.
# Needs protoc (Debian: protobuf-compiler libprotobuf-dev) and, in PATH or $PROTOC_GEN_SWIFT, the protoc-gen-swift of the swift-protobuf
# that Package.resolved names: swift build --product protoc-gen-swift in a checkout of it.
set -eu
cd "$(dirname "$0")"
generator=${PROTOC_GEN_SWIFT:-$(command -v protoc-gen-swift)}
out=$(mktemp -d)
trap 'rm -r "$out"' EXIT
protoc --plugin=protoc-gen-swift="$generator" --swift_out="$out" kong_messages.proto
mv "$out/kong_messages.pb.swift" ../../WireProtocolTests/KongMessages.pb.swift
