/// Every function of Kong's PDK that a plugin server can call, in one table.
///
/// Whatever knows the PDK's methods (wire formats, argument checks, typed functions for other languages, the
/// simulator) reads them here.
public enum PDKCatalogue {
    /// All methods: the one at index i has the id i + 1.
    public static let all: [PDKMethod] = {
        var methods =
            clientMethods + tlsMethods + contextMethods + nginxMethods + logMethods + nodeMethods + vaultMethods
            + requestMethods + responseMethods + serviceMethods + serviceRequestMethods + serviceResponseMethods
        for index in methods.indices { methods[index].id = MethodID(rawValue: UInt32(index + 1)) }
        return methods
    }()

    private static let facts = ContiguousArray(all.map(\.facts))

    private static let ids = Dictionary(all.map { ($0.name, $0.id) }, uniquingKeysWith: { first, _ in first })

    /// The method with Kong's name for it. To be looked up once, not with each call.
    public static func method(named name: String) -> MethodID? {
        ids[name]
    }

    /// Everything about a method; nil if there is no such method.
    public static subscript(_ id: MethodID) -> PDKMethod? {
        guard id != .none, id.rawValue <= UInt32(all.count) else { return nil }
        return all[Int(id.rawValue) - 1]
    }

    /// What a call has to know about its method; nil if there is no such method. Takes a few instructions.
    public static func facts(_ id: MethodID) -> MethodFacts? {
        let index = Int(id.rawValue) - 1
        guard index >= 0, index < facts.count else { return nil }
        return facts[index]
    }
}
