import KongPDK

/// What is to be done to headers, or to the arguments of a query; in this order.
struct Transformation: Sendable {
    let remove: [String]
    /// Only what is there; a name that is there already loses its own values.
    let rename: [Pair]
    /// Only what is there, with all its values.
    let replace: [Pair]
    /// Only what is not there.
    let add: [Pair]
    /// One more value of what may be there.
    let append: [Pair]

    var isEmpty: Bool { remove.isEmpty && rename.isEmpty && replace.isEmpty && add.isEmpty && append.isEmpty }

    /// Returns the names of all that has changed, in lower case.
    func apply(to list: inout some NamedList) -> Set<String> {
        var changed: Set<String> = []
        for name in remove where list.contains(name) {
            list.remove(name)
            changed.insert(name.lowercased())
        }
        for pair in rename where list.rename(pair.name, to: pair.value) {
            changed.formUnion([pair.name.lowercased(), pair.value.lowercased()])
        }
        for pair in replace where list.contains(pair.name) {
            list[pair.name] = pair.value
            changed.insert(pair.name.lowercased())
        }
        for pair in add where !list.contains(pair.name) {
            list[pair.name] = pair.value
            changed.insert(pair.name.lowercased())
        }
        for pair in append {
            list.append(pair.name, pair.value)
            changed.insert(pair.name.lowercased())
        }
        return changed
    }
}

/// What `Headers` and `Query` have in common here.
protocol NamedList {
    subscript(name: String) -> String? { get set }
    func contains(_ name: String) -> Bool
    mutating func remove(_ name: String)
    mutating func rename(_ name: String, to newName: String) -> Bool
    mutating func append(_ name: String, _ value: String)
}

extension Headers: NamedList {
    mutating func append(_ name: String, _ value: String) { add(name, value) }
}

extension Query: NamedList {
    mutating func append(_ name: String, _ value: String) { add(name, value) }
}
