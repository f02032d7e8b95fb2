import PluginLoader

extension ControlMessage {
    /// As it travels: an object with the message's name and what belongs to it.
    var json: JSONValue {
        switch self {
        case .image(let facts): message("image", ["facts": facts.json])
        case .begin(let task): message("begin", ["task": task.json])
        case .restore(let instance): message("restore", ["instance": instance.json])
        case .restored: message("restored")
        case .serve: message("serve")
        case .retire: message("retire")
        case .adopt(let connection): message("adopt", ["connection": connection.json])
        case .shutDown: message("shut down")
        case .reopenLogs: message("reopen logs")
        case .query(let number, let about): message("query", ["number": .integer(number), "about": .string(about)])
        case .loaded(let facts): message("loaded", ["facts": facts.json])
        case .refused(let facts): message("refused", ["facts": facts.json])
        case .opened: message("opened")
        case .ready: message("ready")
        case .starting(let number, let start, let instance):
            message("starting", ["number": .integer(number), "start": start.json, "instance": instance?.json ?? .null])
        case .startEnded(let number): message("start ended", ["number": .integer(number)])
        case .started(let instance): message("started", ["instance": instance.json])
        case .closed(let id): message("closed", ["id": .integer(Int64(id))])
        case .inquire(let id): message("inquire", ["id": .integer(Int64(id))])
        case .moved(let connection, let epoch):
            message("moved", ["connection": connection.json, "epoch": epoch.map { .integer(Int64($0)) } ?? .null])
        case .report(let number, let value): message("report", ["number": .integer(number), "value": value])
        }
    }

    private func message(_ name: String, _ rest: [String: JSONValue] = [:]) -> JSONValue {
        .object(rest.merging(["message": .string(name)]) { rest, _ in rest })
    }

    /// Nil: it is none that this version knows.
    init?(_ json: JSONValue) {
        guard let name = json["message"]?.asString, let message = Self.read(name, json) else { return nil }
        self = message
    }

    private static func read(_ name: String, _ json: JSONValue) -> Self? {
        let number = json["number"]?.asInteger
        switch name {
        case "image": return KeptFacts(json["facts"]).map(Self.image)
        case "begin": return WorkerTask(json["task"]).map(Self.begin)
        case "restore": return KeptInstance(json["instance"]).map(Self.restore)
        case "restored": return .restored
        case "serve": return .serve
        case "retire": return .retire
        case "adopt": return MovedConnection(json["connection"]).map(Self.adopt)
        case "shut down": return .shutDown
        case "reopen logs": return .reopenLogs
        case "query":
            guard let number, let about = json["about"]?.asString else { return nil }
            return .query(number: number, about: about)
        case "loaded": return LoadedFacts(json["facts"]).map(Self.loaded)
        case "refused": return RefusedFacts(json["facts"]).map(Self.refused)
        case "opened": return .opened
        case "ready": return .ready
        case "starting":
            guard let number, let start = StartedConfig(json["start"]) else { return nil }
            return .starting(number: number, start, instance: KeptInstance(json["instance"]))
        case "start ended": return number.map { .startEnded(number: $0) }
        case "started": return KeptInstance(json["instance"]).map(Self.started)
        case "closed": return json["id"]?.asInteger.flatMap { Int32(exactly: $0) }.map { .closed(id: $0) }
        case "inquire": return json["id"]?.asInteger.flatMap { Int32(exactly: $0) }.map { .inquire(id: $0) }
        case "moved":
            guard let connection = MovedConnection(json["connection"]) else { return nil }
            return .moved(connection, epoch: json["epoch"]?.asInteger.flatMap { Int(exactly: $0) })
        case "report":
            guard let number, let value = json["value"] else { return nil }
            return .report(number: number, value)
        default: return nil
        }
    }
}

extension WorkerTask {
    fileprivate var json: JSONValue {
        .object([
            "serverPid": .integer(Int64(serverPid)), "epoch": .integer(Int64(epoch)),
            "replacesAnother": .boolean(replacesAnother), "only": only.map(JSONValue.string) ?? .null,
            "quarantined": .array(quarantined.map(JSONValue.string)), "deadlyStarts": .array(deadlyStarts.map(\.json)),
        ])
    }

    fileprivate init?(_ json: JSONValue?) {
        guard let json, let pid = json["serverPid"]?.asInteger.flatMap({ Int32(exactly: $0) }),
            let epoch = json["epoch"]?.asInteger.flatMap({ Int(exactly: $0) }),
            case .boolean(let replacesAnother)? = json["replacesAnother"],
            case .array(let quarantined)? = json["quarantined"], case .array(let starts)? = json["deadlyStarts"]
        else { return nil }
        self.init(
            serverPid: pid, epoch: epoch, replacesAnother: replacesAnother, only: json["only"]?.asString, quarantined: quarantined.compactMap(\.asString),
            deadlyStarts: starts.compactMap { StartedConfig($0) })
    }
}

extension KeptInstance {
    var json: JSONValue {
        .object([
            "id": .integer(Int64(id)), "plugin": .string(plugin), "config": .string(config), "startedAt": .integer(startedAt),
        ])
    }

    init?(_ json: JSONValue?) {
        guard let json, let id = json["id"]?.asInteger.flatMap({ Int32(exactly: $0) }), let plugin = json["plugin"]?.asString,
            let config = json["config"]?.asString, let startedAt = json["startedAt"]?.asInteger
        else { return nil }
        self.init(id: id, plugin: plugin, config: config, startedAt: startedAt)
    }
}

extension StartedConfig {
    fileprivate var json: JSONValue { .object(["plugin": .string(plugin), "config": .string(config)]) }

    fileprivate init?(_ json: JSONValue?) {
        guard let json, let plugin = json["plugin"]?.asString, let config = json["config"]?.asString else { return nil }
        self.init(plugin: plugin, config: config)
    }
}

extension LoadedFacts {
    fileprivate var json: JSONValue {
        .object([
            "plugin": .string(plugin), "version": .string(version), "path": .string(path), "schema": .string(schema),
            "sha256": .string(sha256), "edition": .string(edition), "mappedPath": .string(mappedPath), "isKept": .boolean(isKept),
        ])
    }

    fileprivate init?(_ json: JSONValue?) {
        guard let json, let plugin = json["plugin"]?.asString, let version = json["version"]?.asString,
            let path = json["path"]?.asString, let schema = json["schema"]?.asString, let sha256 = json["sha256"]?.asString,
            let edition = json["edition"]?.asString, let mappedPath = json["mappedPath"]?.asString,
            case .boolean(let isKept)? = json["isKept"]
        else { return nil }
        self.init(
            plugin: plugin, version: version, path: path, schema: schema, sha256: sha256, edition: edition, mappedPath: mappedPath,
            isKept: isKept)
    }
}

extension RefusedFacts {
    fileprivate var json: JSONValue {
        .object([
            "plugin": plugin.map(JSONValue.string) ?? .null, "path": .string(path), "code": .string(code), "reason": .string(reason),
        ])
    }

    fileprivate init?(_ json: JSONValue?) {
        guard let json, let path = json["path"]?.asString, let code = json["code"]?.asString, let reason = json["reason"]?.asString
        else { return nil }
        self.init(plugin: json["plugin"]?.asString, path: path, code: code, reason: reason)
    }
}

extension KeptFacts {
    fileprivate var json: JSONValue {
        .object(["plugin": .string(plugin), "path": .string(path), "sha256": .string(sha256), "edition": .string(edition)])
    }

    fileprivate init?(_ json: JSONValue?) {
        guard let json, let plugin = json["plugin"]?.asString, let path = json["path"]?.asString, let sha256 = json["sha256"]?.asString,
            let edition = json["edition"]?.asString
        else { return nil }
        self.init(plugin: plugin, path: path, sha256: sha256, edition: edition)
    }
}

extension MovedConnection {
    /// The bytes are written as hexadecimal digits: they are no text.
    fileprivate var json: JSONValue {
        .object([
            "isReturned": .boolean(isReturned), "protocol": wireProtocol.map(JSONValue.string) ?? .null,
            "unread": .string(unread.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()),
        ])
    }

    fileprivate init?(_ json: JSONValue?) {
        guard let json, case .boolean(let isReturned)? = json["isReturned"], let digits = json["unread"]?.asString.map({ Array($0.utf8) }), digits.count.isMultiple(of: 2) else { return nil }
        var bytes: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let byte = UInt8(String(decoding: digits[index...(index + 1)], as: UTF8.self), radix: 16) else { return nil }
            bytes.append(byte)
        }
        self.init(wireProtocol: json["protocol"]?.asString, unread: bytes, isReturned: isReturned)
    }
}

extension JSONValue {
    var asString: String? {
        if case .string(let text) = self { text } else { nil }
    }

    var asInteger: Int64? {
        if case .integer(let number) = self { number } else { nil }
    }
}
