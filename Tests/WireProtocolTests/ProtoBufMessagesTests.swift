import CKongPlugin
import Foundation
import PDKCatalogue
import SwiftProtobuf
import Testing
import WireProtocol

@Suite("Arguments and results of PDK calls as protobuf messages")
struct ProtoBufMessagesTests {
    /// Arguments, the message that they are, and what Kong reads from it (as sent, if not given).
    private func check(
        _ input: ProtoMessage, _ arguments: [TestValue], _ message: some SwiftProtobuf.Message,
        read: [TestValue]? = nil
    ) throws {
        let bytes = try message.bytes()
        #expect(try encodeArguments(input, arguments) == bytes)
        #expect(try decodeArguments(input, bytes) == read ?? arguments)
    }

    @Test("Single arguments")
    func single() throws {
        try check(.empty, [], PBNothing())
        try check(.string, ["host"], PBOneString.with { $0.v = "host" })
        try check(.string, [""], PBOneString())
        try check(.string, [.bytes([0x61])], PBOneString.with { $0.v = "a" }, read: ["a"])
        try check(.byteString, [.bytes([0xff, 0])], PBOneByteString.with { $0.v = Data([0xff, 0]) })
        try check(.byteString, ["a"], PBOneByteString.with { $0.v = Data([0x61]) }, read: [.bytes([0x61])])
        try check(.int, [403], PBOneInt.with { $0.v = 403 })
        try check(.int, [-1], PBOneInt.with { $0.v = -1 })
        try check(.int, [0], PBOneInt())
        try check(.bool, [true], PBOneBool.with { $0.v = true })
        try check(.bool, [false], PBOneBool())
        try check(.number, [1.5], PBOneNumber.with { $0.v = 1.5 })
        try check(.number, [3], PBOneNumber.with { $0.v = 3 })
        try check(.structure, [["a": "b"]], Google_Protobuf_Struct(fields: ["a": "b"]))
        try check(.structure, [[]], Google_Protobuf_Struct(), read: [[:]])
        try check(.value, [["a"]], Google_Protobuf_Value(listValue: ["a"]))
    }

    @Test("Several arguments")
    func several() throws {
        try check(
            .keyValue, ["x", "y"],
            PBKeyAndValue.with {
                $0.k = "x"; $0.v = "y"
            })
        try check(
            .keyValue, ["x", false],
            PBKeyAndValue.with {
                $0.k = "x"; $0.v = false
            })
        try check(
            .keyValue, ["x", ["a", "b"]],
            PBKeyAndValue.with {
                $0.k = "x"; $0.v = Google_Protobuf_Value(listValue: ["a", "b"])
            })
        try check(.keyValue, ["x", nil], PBKeyAndValue.with { $0.k = "x" })
        try check(.keyValue, ["x"], PBKeyAndValue.with { $0.k = "x" }, read: ["x", nil])
        try check(
            .target, ["service.local", 443],
            PBHostAndPort.with {
                $0.host = "service.local"; $0.port = 443
            })
        try check(.target, ["", 0], PBHostAndPort())
        try check(
            .exitArgs, [403, .bytes([0xff]), ["x": ["a", "b"]]],
            PBExit.with {
                $0.status = 403
                $0.body = Data([0xff])
                $0.headers = ["x": Google_Protobuf_Value(listValue: ["a", "b"])]
            })
        try check(.exitArgs, [200], PBExit.with { $0.status = 200 }, read: [200, .bytes([]), nil])
        try check(
            .exitArgs, [200, nil, [:]],
            PBExit.with {
                $0.status = 200; $0.headers = [:]
            }, read: [200, .bytes([]), [:]])
        try check(
            .consumerSpec, ["bob", true],
            PBConsumerWanted.with {
                $0.id = "bob"; $0.byUsername = true
            })
        try check(.consumerSpec, ["bob"], PBConsumerWanted.with { $0.id = "bob" }, read: ["bob", false])
        try check(
            .authenticateArgs,
            [["id": "c", "username": "bob", "tags": ["a", "b"]], ["id": "k", "consumer_id": "c"]],
            PBAuthentication.with {
                $0.consumer.id = "c"
                $0.consumer.username = "bob"
                $0.consumer.tags = ["a", "b"]
                $0.credential.id = "k"
                $0.credential.consumerID = "c"
            })
        try check(.authenticateArgs, [nil, ["id": "k"]], PBAuthentication.with { $0.credential.id = "k" })
        try check(.authenticateArgs, [], PBAuthentication(), read: [nil, nil])
        let items: [TestValue] = ["a", 1, true, ["b"], ["k": "v"]]
        try check(.listValue, items, Google_Protobuf_ListValue(values: items.map(\.asProtobuf)))
        try check(.listValue, [], Google_Protobuf_ListValue())
    }

    @Test(
        "Without a maximum 100 are asked for: Kong refuses 0, and Int has no nil",
        arguments: [[], [nil]] as [[TestValue]])
    func defaultMaximum(arguments: [TestValue]) throws {
        try check(.int, arguments, PBOneInt.with { $0.v = 100 }, read: [100])
    }

    @Test(
        "An argument that its message cannot hold is named, and nothing is written",
        arguments: [
            (.string, [1], .badArgument(1, .wrongType)),
            (.int, [2_147_483_648], .badArgument(1, .outOfRange)),
            (.int, [1.5], .badArgument(1, .outOfRange)),
            (.keyValue, ["k", .nested(WireLimits.depth + 1)], .badArgument(2, .tooDeep)),
            (.keyValue, [1, "v"], .badArgument(1, .wrongType)),
            (.keyValue, ["k", "v", "w"], .badArgument(3, .oneTooMany)),
            (.empty, [1], .badArgument(1, .oneTooMany)),
            (.target, ["h", "80"], .badArgument(2, .wrongType)),
            (.exitArgs, [200, "x", "y"], .badArgument(3, .wrongType)),
            (.exitArgs, [200, ["a": 1]], .badArgument(2, .wrongType)),
            (.exitArgs, [200, "x", nil, nil], .badArgument(4, .oneTooMany)),
            (.authenticateArgs, [["id": 1]], .badArgument(1, .wrongType)),
            (.authenticateArgs, [nil, ["a"]], .badArgument(2, .wrongType)),
            (.listValue, ["a", .nested(WireLimits.depth)], .badArgument(2, .tooDeep)),
            (.structure, ["a"], .badArgument(1, .wrongType)),
        ] as [(ProtoMessage, [TestValue], WireError)])
    func refused(input: ProtoMessage, arguments: [TestValue], error: WireError) {
        var queue = ByteQueue()
        queue.append(1 as UInt8)
        let arena = ValueArena()
        let values = arguments.map { $0.value(in: arena) }
        #expect(throws: error) {
            try values.withUnsafeBufferPointer { try ProtoBufMessages.encodeArguments(of: input, $0, into: &queue) }
        }
        #expect(Array(queue.bytes) == [1])
    }

    /// A result, and the message that it is.
    private func check(_ output: ProtoMessage, _ message: some SwiftProtobuf.Message, _ value: TestValue) throws {
        let bytes = try message.bytes()
        #expect(try decodeResult(output, bytes) == .value(value))
        #expect(try encodeResult(output, value) == bytes)
    }

    @Test("Plain results")
    func plainResults() throws {
        try check(.empty, PBNothing(), nil)
        try check(.string, PBOneString.with { $0.v = "GET" }, "GET")
        try check(.string, PBOneString(), "")
        try check(.byteString, PBOneByteString.with { $0.v = Data([0, 0xff]) }, .bytes([0, 0xff]))
        try check(.byteString, PBOneByteString(), .bytes([]))
        try check(.int, PBOneInt.with { $0.v = 8000 }, 8000)
        try check(.int, PBOneInt(), 0)
        try check(.bool, PBOneBool.with { $0.v = true }, true)
        try check(.bool, PBOneBool(), false)
        try check(.number, PBOneNumber.with { $0.v = 1.1 }, 1.1)
        try check(.number, PBOneNumber.with { $0.v = 2 }, 2)
        try check(.number, PBOneNumber(), 0)
        try check(.structure, ["host": "a"] as Google_Protobuf_Struct, ["host": "a"])
        try check(.structure, Google_Protobuf_Struct(), [:])
        try check(.listValue, Google_Protobuf_ListValue(), [])
        try check(.value, Google_Protobuf_Value(stringValue: "x"), "x")
    }

    @Test("A string is any bytes")
    func notUTF8() throws {
        #expect(try decodeResult(.string, [0x0a, 2, 0xff, 0xc0]) == .value(.string([0xff, 0xc0])))
        #expect(try encodeArguments(.string, [.string([0xff, 0xc0])]) == [0x0a, 2, 0xff, 0xc0])
    }

    @Test("An empty answer is nil where there may be no result, and a default where there always is one")
    func optional() throws {
        for output in [.string, .int, .bool, .value, .consumer, .route] as [ProtoMessage] {
            #expect(try decodeResult(output, optional: true, []) == .value(nil))
            #expect(try encodeResult(output, nil) == (output == .value ? [8, 1] : []))
        }
        #expect(try decodeResult(.string, optional: true, [0x0a, 0]) == .value(""))
        #expect(try decodeResult(.consumer, []) == .value([:]))
    }

    @Test("A body is bytes, a file, or an error")
    func rawBody() throws {
        try check(.rawBodyResult, PBRawBody.with { $0.content = Data([0xff, 0]) }, .bytes([0xff, 0]))
        try check(.rawBodyResult, PBRawBody.with { $0.content = Data() }, .bytes([]))
        try check(.rawBodyResult, PBRawBody.with { $0.bodyFilepath = "/tmp/0001" }, ["body_filepath": "/tmp/0001"])
        #expect(try decodeResult(.rawBodyResult, []) == .value(.bytes([])))
        let error = try PBRawBody.with { $0.error = "too large" }.bytes()
        #expect(try decodeResult(.rawBodyResult, error) == .refused("too large"))
        #expect(written { ProtoBufMessages.encodeRawBodyError(kong_string("too large"), into: &$0) } == error)
        #expect(throws: WireError.unexpectedType) { try encodeResult(.rawBodyResult, 1) }
        #expect(throws: WireError.unexpectedType) { try encodeResult(.rawBodyResult, ["path": "x"]) }
    }

    @Test("Captures are an array and a map")
    func captures() throws {
        let message = PBCaptures.with {
            $0.unnamed = [Data("a".utf8), Data()]
            $0.named = ["id": Data([0xff])]
        }
        try check(.uriCapturesResult, message, ["unnamed": ["a", ""], "named": ["id": .string([0xff])]])
        try check(.uriCapturesResult, PBCaptures(), ["unnamed": [], "named": [:]])
    }

    @Test("A route")
    func route() throws {
        let message = PBRouteRecord.with {
            $0.id = "r"
            $0.createdAt = 1
            $0.updatedAt = 1 << 40
            $0.name = "n"
            $0.protocols = ["http", "https"]
            $0.methods = ["GET"]
            $0.hosts = ["h"]
            $0.paths = ["/", ""]
            $0.headers = ["x"]
            $0.httpsRedirectStatusCode = 426
            $0.regexPriority = -1
            $0.stripPath = true
            $0.preserveHost = true
            $0.snis = ["s"]
            $0.sources = ["1"]
            $0.destinations = ["2"]
            $0.tags = ["t"]
            $0.service.id = "s"
        }
        try check(
            .route, message,
            [
                "id": "r", "created_at": 1, "updated_at": 1_099_511_627_776, "name": "n",
                "protocols": ["http", "https"],
                "methods": ["GET"], "hosts": ["h"], "paths": ["/", ""], "headers": ["x"],
                "https_redirect_status_code": 426, "regex_priority": -1, "strip_path": true, "preserve_host": true,
                "snis": ["s"], "sources": ["1"], "destinations": ["2"], "tags": ["t"], "service": ["id": "s"],
            ])
    }

    @Test("A service, a consumer, a credential")
    func entities() throws {
        let service = PBServiceRecord.with {
            $0.id = "s"
            $0.createdAt = 1
            $0.updatedAt = 2
            $0.name = "n"
            $0.retries = 5
            $0.protocol = "https"
            $0.host = "h"
            $0.port = 443
            $0.path = "/"
            $0.connectTimeout = 3
            $0.writeTimeout = 4
            $0.readTimeout = 6
            $0.tags = ["t"]
            $0.clientCertificate.id = "c"
        }
        try check(
            .service, service,
            [
                "id": "s", "created_at": 1, "updated_at": 2, "name": "n", "retries": 5, "protocol": "https",
                "host": "h",
                "port": 443, "path": "/", "connect_timeout": 3, "write_timeout": 4, "read_timeout": 6, "tags": ["t"],
                "client_certificate": ["id": "c"],
            ])
        let consumer = PBConsumerRecord.with {
            $0.id = "c"
            $0.createdAt = 9
            $0.username = "bob"
            $0.customID = "x"
            $0.tags = ["a", "b"]
        }
        try check(
            .consumer, consumer, ["id": "c", "created_at": 9, "username": "bob", "custom_id": "x", "tags": ["a", "b"]])
        let credential = PBCredentialRecord.with {
            $0.id = "k"; $0.consumerID = "c"
        }
        try check(.authenticatedCredential, credential, ["id": "k", "consumer_id": "c"])
    }

    @Test("Memory statistics")
    func memory() throws {
        let message = PBMemory.with {
            $0.luaSharedDicts.kong.allocatedSlabs = 1
            $0.luaSharedDicts.kong.capacity = 2
            $0.luaSharedDicts.kongDbCache.capacity = 1 << 40
            $0.workersLuaVms = [
                .with {
                    $0.pid = 7; $0.httpAllocatedGc = 8
                }, PBWorkerMemory(), .with { $0.pid = 9 },
            ]
        }
        try check(
            .memoryStats, message,
            [
                "lua_shared_dicts": [
                    "kong": ["allocated_slabs": 1, "capacity": 2], "kong_db_cache": ["capacity": 1_099_511_627_776],
                ],
                "workers_lua_vms": [["http_allocated_gc": 8, "pid": 7], [:], ["pid": 9]],
            ])
    }

    @Test("Kong writes fields in any order, and has fields that we don't know")
    func anyOrder() throws {
        let id: [UInt8] = [0x0a, 1, 0x69]
        let tags: [UInt8] = [0x2a, 1, 0x61]
        let unknown: [UInt8] = [0x7a, 1, 0xff, 0x78, 1]
        let bytes = tags + unknown + id + tags
        #expect(try decodeResult(.consumer, bytes) == .value(["tags": ["a", "a"], "id": "i"]))
        #expect(try decodeArguments(.target, [0x10, 80, 0x0a, 1, 0x68]) == ["h", 80])
    }

    @Test("Fields of an entity that no message has are left out, and ones of another type refused")
    func otherFields() throws {
        #expect(try encodeResult(.consumer, ["id": "c", "ws_id": "w", "username": nil]) == [0x0a, 1, 0x63])
        #expect(throws: WireError.unexpectedType) { try encodeResult(.consumer, ["tags": "a"]) }
        #expect(throws: WireError.unexpectedType) { try encodeResult(.consumer, ["tags": [1]]) }
        #expect(throws: WireError.unexpectedType) { try encodeResult(.route, ["strip_path": 1]) }
        #expect(throws: WireError.outOfRange) { try encodeResult(.service, ["port": 4_294_967_296]) }
        #expect(throws: WireError.unexpectedType) { try encodeResult(.route, ["service": "s"]) }
        #expect(throws: WireError.unexpectedType) { try encodeResult(.consumer, ["a"]) }
        #expect(throws: WireError.unsupported) { try encodeResult(.keyValue, ["a"]) }
        #expect(throws: WireError.unsupported) { try decodeResult(.exitArgs, []) }
    }
}
