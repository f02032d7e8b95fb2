/// Where in a schema something stands: the keys and indices that lead there from the record "config".
struct SchemaPath: Hashable, Sendable {
    enum Step: Hashable, Sendable {
        case key(LuaString)
        case item(Int)
    }

    private(set) var steps: [Step] = []

    static let config = SchemaPath()

    func key(_ key: LuaString) -> SchemaPath { appending(.key(key)) }
    func item(_ index: Int) -> SchemaPath { appending(.item(index)) }
    func field(_ index: Int, _ name: LuaString) -> SchemaPath { key("fields").item(index).key(name) }

    func appending(_ step: Step) -> SchemaPath {
        var path = self
        path.steps.append(step)
        return path
    }

    /// The field: `config.retry.codes[]`, where `[]` stands for the elements of an array or set, `{}` for the values of a
    /// map, and `{key}` for its keys.
    var field: String { split.field }

    /// The part of the field's definition: `match_all[0].pattern`; empty for the whole definition.
    var attribute: String { split.attribute }

    private var split: (field: String, attribute: String) {
        var field = "config"
        var rest = steps[...]
        walk: while true {
            switch (rest.first, rest.dropFirst().first, rest.dropFirst(2).first) {
            case (.key("fields"), .item, .key(let name)):
                field += ".\(name)"
                rest = rest.dropFirst(3)
            case (.key("elements"), _, _):
                field += "[]"
                rest = rest.dropFirst()
            case (.key("values"), _, _):
                field += "{}"
                rest = rest.dropFirst()
            case (.key("keys"), _, _):
                field += "{key}"
                rest = rest.dropFirst()
            default:
                break walk
            }
        }
        var attribute = ""
        for step in rest {
            switch step {
            case .key(let key): attribute += attribute.isEmpty ? "\(key)" : ".\(key)"
            case .item(let index): attribute += "[\(index)]"
            }
        }
        return (field, attribute)
    }
}
