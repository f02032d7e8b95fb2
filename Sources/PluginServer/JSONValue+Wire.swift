import PluginLoader
import WireProtocol

extension JSONValue {
    /// Appends the value to a MessagePack message.
    public func appendMessagePack(to output: inout ByteQueue) {
        switch self {
        case .null: output.appendMessagePackNil()
        case .boolean(let value): output.appendMessagePack(value)
        case .integer(let value): output.appendMessagePack(value)
        case .number(let value): output.appendMessagePack(value)
        case .string(let value): output.appendMessagePack(string: value)
        case .array(let values):
            output.appendMessagePack(arrayCount: values.count)
            for value in values { value.appendMessagePack(to: &output) }
        case .object(let object):
            output.appendMessagePack(mapCount: object.count)
            for (key, value) in object.sorted(by: { $0.key < $1.key }) {
                output.appendMessagePack(string: key)
                value.appendMessagePack(to: &output)
            }
        }
    }
}
