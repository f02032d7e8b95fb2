import Foundation
import PDKCatalogue
import SwiftProtobuf

extension TestValue {
    fileprivate var text: String {
        switch self {
        case .string(let bytes), .bytes(let bytes): String(decoding: bytes, as: UTF8.self)
        default: ""
        }
    }

    fileprivate var data: Data {
        switch self {
        case .string(let bytes), .bytes(let bytes): Data(bytes)
        default: Data()
        }
    }

    fileprivate var int32: Int32 {
        if case .integer(let integer) = self { Int32(truncatingIfNeeded: integer) } else { 0 }
    }

    fileprivate var double: Double {
        switch self {
        case .integer(let integer): Double(integer)
        case .number(let number): number
        default: 0
        }
    }

    fileprivate subscript(name: String) -> TestValue {
        guard case .map(let entries) = self else { return .null }
        return entries.last { $0.key == Array(name.utf8) }?.value ?? .null
    }

    private var items: [TestValue] { if case .array(let items) = self { items } else { [] } }
    private var entries: [Entry] { if case .map(let entries) = self { entries } else { [] } }

    fileprivate var consumer: PBConsumerRecord {
        PBConsumerRecord.with {
            $0.id = self["id"].text
            $0.username = self["username"].text
            $0.customID = self["custom_id"].text
            $0.tags = self["tags"].items.map(\.text)
        }
    }

    fileprivate var credential: PBCredentialRecord {
        PBCredentialRecord.with {
            $0.id = self["id"].text
            $0.consumerID = self["consumer_id"].text
        }
    }

    fileprivate var captures: PBCaptures {
        PBCaptures.with {
            $0.unnamed = self["unnamed"].items.map(\.data)
            $0.named = Dictionary(
                self["named"].entries.map { (String(decoding: $0.key, as: UTF8.self), $0.value.data) },
                uniquingKeysWith: { $1 })
        }
    }
}

extension ProtoMessage {
    /// The message that Kong's proto has for some arguments, as SwiftProtobuf makes it.
    func swiftProtobuf(_ arguments: [TestValue]) -> any SwiftProtobuf.Message {
        func argument(_ index: Int) -> TestValue { index < arguments.count ? arguments[index] : .null }
        let first = argument(0)
        let second = argument(1)
        return switch self {
        case .listValue: Google_Protobuf_ListValue(values: arguments.map(\.asProtobuf))
        case .keyValue:
            PBKeyAndValue.with {
                $0.k = first.text
                if second != .null { $0.v = second.asProtobuf }
            }
        case .target:
            PBHostAndPort.with {
                $0.host = first.text
                $0.port = second.int32
            }
        case .exitArgs:
            PBExit.with {
                $0.status = first.int32
                $0.body = second.data
                if argument(2) != .null { $0.headers = argument(2).asStruct }
            }
        case .consumerSpec:
            PBConsumerWanted.with {
                $0.id = first.text
                $0.byUsername = second == true
            }
        case .authenticateArgs:
            PBAuthentication.with {
                if first != .null { $0.consumer = first.consumer }
                if second != .null { $0.credential = second.credential }
            }
        // Int has no nil, and Kong's own default is 100.
        case .int: PBOneInt.with { $0.v = first == .null ? 100 : first.int32 }
        default: swiftProtobuf(result: first)
        }
    }

    /// The message that Kong's proto has for a value, as SwiftProtobuf makes it; of entities the fields that tests use.
    func swiftProtobuf(result value: TestValue) -> any SwiftProtobuf.Message {
        switch self {
        case .string: PBOneString.with { $0.v = value.text }
        case .byteString: PBOneByteString.with { $0.v = value.data }
        case .bool: PBOneBool.with { $0.v = value == true }
        case .int: PBOneInt.with { $0.v = value.int32 }
        case .number: PBOneNumber.with { $0.v = value.double }
        case .value: value.asProtobuf
        case .structure: value.asStruct
        case .rawBodyResult: PBRawBody.with { $0.content = value.data }
        case .uriCapturesResult: value.captures
        case .consumer: value.consumer
        case .authenticatedCredential: value.credential
        case .route:
            PBRouteRecord.with {
                $0.id = value["id"].text
                $0.regexPriority = value["regex_priority"].int32
                $0.stripPath = value["strip_path"] == true
            }
        case .service:
            PBServiceRecord.with {
                $0.id = value["id"].text
                $0.port = value["port"].int32
            }
        case .memoryStats:
            PBMemory.with {
                $0.luaSharedDicts.kong.capacity = Int64(value["lua_shared_dicts"]["kong"]["capacity"].double)
            }
        default: PBNothing()
        }
    }
}
