/// What the groups of a route's regular expression have captured of the path.
///
/// Where a capture is a `String`, U+FFFD stands for what is not UTF-8.
public struct URICaptures: Sendable, Hashable {
    private let groups: [LuaString?]
    private let groupsByName: [String: LuaString]

    init(_ answer: Answer) throws(PDKError) {
        let fields = try answer.map()
        var groups: [LuaString?] = []
        switch fields["unnamed"] {
        case nil, .nil: break
        case .array(let items): groups = try items.map { (item) throws(PDKError) in try Self.capture(item, answer) }
        case .map(let map):
            // Over MessagePack the whole match may be there too, as number 0, which makes a map of the array.
            for (key, item) in map {
                guard let number = Int(key), number >= 0, number <= map.count else {
                    throw answer.unexpected("captures by number")
                }
                if number == 0 { continue }
                while groups.count < number { groups.append(nil) }
                groups[number - 1] = try Self.capture(item, answer)
            }
        default: throw answer.unexpected("an array of captures")
        }
        self.groups = groups
        var groupsByName: [String: LuaString] = [:]
        for (name, item) in fields["named"]?.mapValue ?? [:] { groupsByName[name] = try Self.capture(item, answer) }
        self.groupsByName = groupsByName
    }

    /// `false` is Lua's word for a group that has captured nothing.
    private static func capture(_ value: Value, _ answer: Answer) throws(PDKError) -> LuaString? {
        switch value {
        case .string(let text): LuaString(text)
        case .bytes(let bytes): LuaString(bytes)
        case .nil, .boolean(false): nil
        default: throw answer.unexpected("a capture")
        }
    }

    /// What a named group has captured; nil if there is no such group, or it has captured nothing.
    public subscript(name: String) -> String? { groupsByName[name]?.text }

    /// The groups in order, also those that have names; nil for one that has captured nothing.
    public var all: [String?] { groups.map { $0?.text } }
    /// The groups in order, whatever bytes they are made of.
    public var allBytes: [[UInt8]?] { groups.map { $0?.bytes } }

    /// The groups that have names.
    public var named: [String: String] { groupsByName.mapValues(\.text) }
    /// The groups that have names, whatever bytes they are made of.
    public var namedBytes: [String: [UInt8]] { groupsByName.mapValues(\.bytes) }
}
