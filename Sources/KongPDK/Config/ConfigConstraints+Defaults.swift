extension ConfigConstraints {
    /// Throws for a default that breaks a constraint, as Kong does when it loads the schema (kong/db/schema/init.lua,
    /// `validators`). Patterns and regular expressions are not tried here; the server does the former when it loads the
    /// plugin.
    func check(default value: Value, of shape: ConfigShape, at path: String) throws(SchemaError) {
        if attributes["referenceable"] != nil, value.isVaultReference { return }
        for name in attributes.keys.sorted() {
            guard let argument = attributes[name], !value.satisfies(name, argument) else { continue }
            throw SchemaError(
                path: path,
                reason: "the default \(value) breaks \(name) \(argument); a property that has no good default can be "
                    + "optional, or @Field(.required)")
        }
        switch shape {
        case .array(let element), .set(let element):
            for (index, item) in (value.arrayValue ?? []).enumerated() {
                try nested(in: "elements").check(default: item, of: element, at: "\(path)[\(index)]")
            }
        case .map(let keys, let values):
            let entries = value.mapValue ?? [:]
            for key in entries.keys.sorted() {
                let path = "\(path)[\(key.debugDescription)]"
                try nested(in: "keys").check(default: .string(key), of: keys, at: path)
                if let item = entries[key] { try nested(in: "values").check(default: item, of: values, at: path) }
            }
        case .record(let fields, _):
            for field in fields {
                guard let item = value[field.name] else { continue }
                try field.constraints.check(default: item, of: field.shape, at: "\(path).\(field.name)")
            }
        default:
            break
        }
    }
}

extension Value {
    /// Whether Kong takes the value under one constraint.
    fileprivate func satisfies(_ name: String, _ argument: Value) -> Bool {
        switch name {
        case "eq": equals(argument)
        case "ne": !equals(argument)
        case "one_of": argument.arrayValue?.contains(where: equals) ?? true
        case "not_one_of": !(argument.arrayValue?.contains(where: equals) ?? false)
        case "gt": compares(to: argument, >)
        case "timestamp": compares(to: 0, >)
        case "between": compares(to: argument[0], >=) && compares(to: argument[1], <=)
        case "len_eq": lengthCompares(to: argument, ==)
        case "len_min": lengthCompares(to: argument, >=)
        case "len_max": lengthCompares(to: argument, <=)
        case "starts_with": stringValue?.utf8.starts(with: argument.stringValue?.utf8 ?? "".utf8) ?? true
        case "uuid": stringValue?.isUUID ?? true
        case "contains": arrayValue?.contains { $0.equals(argument) } ?? true
        case "mutually_exclusive_subsets": subsetsInUse(of: argument) <= 1
        default: true
        }
    }

    /// Lua has one type of number.
    private func equals(_ other: Value) -> Bool {
        if let number = numberValue, let other = other.numberValue { return number == other }
        return self == other
    }

    private func compares(to limit: Value?, _ isRight: (Double, Double) -> Bool) -> Bool {
        guard let number = numberValue, let limit = limit?.numberValue else { return true }
        return isRight(number, limit)
    }

    private func lengthCompares(to limit: Value, _ isRight: (Int64, Int64) -> Bool) -> Bool {
        guard let length = bytesValue?.count ?? arrayValue?.count ?? mapValue?.count, let limit = limit.integerValue
        else { return true }
        return isRight(Int64(length), limit)
    }

    private func subsetsInUse(of subsets: Value) -> Int {
        (subsets.arrayValue ?? []).filter { subset in
            (subset.arrayValue ?? []).contains { self.arrayValue?.contains($0) ?? false }
        }.count
    }

    /// kong/pdk/vault.lua, `is_reference`.
    fileprivate var isVaultReference: Bool {
        stringValue.map { $0.hasPrefix("{vault://") && $0.hasSuffix("}") } ?? false
    }
}

extension String {
    fileprivate var isUUID: Bool {
        let groups = utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false)
        return groups.map(\.count) == [8, 4, 4, 4, 12]
            && groups.joined().allSatisfy { byte in
                (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
            }
    }
}
