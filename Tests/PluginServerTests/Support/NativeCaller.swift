import CKongPlugin
import PDKCatalogue
import WireProtocol

@testable import NativePDK

/// A plugin in C that calls the function which its configuration names, with the arguments that it finds in
/// `kong.ctx.shared`, and leaves there what came of it: the twin of the plugin `caller`.
///
/// Its source is written from the same table as kong_pdk.h, and the C compiler holds the one against the other.
enum NativeCaller {
    static var source: String {
        var text = #"""
            #include "kong_pdk.h"
            #include <stdio.h>
            #include <stdlib.h>

            struct config { const char *method; };
            static const kong_field fields[] = {KONG_FIELD(struct config, method, "required: true")};

            /* What a handler's values are made of. */
            static _Thread_local kong_value values[4096];
            static _Thread_local size_t used;
            static kong_value *room(size_t count) {
                used += count;
                return used <= 4096 ? &values[used - count] : (abort(), values);
            }
            static kong_value array_of(const kong_value *items, size_t count) { return kong_value_of_array(items, count); }

            static const kong_value *argument(kong_array arguments, size_t index) {
                return index < arguments.count && arguments.items[index].type != KONG_NIL ? &arguments.items[index] : NULL;
            }
            static const char *text(kong_array arguments, size_t index) { return kong_value_string(argument(arguments, index)).data; }
            static kong_string bytes(kong_array arguments, size_t index) { return kong_value_string(argument(arguments, index)); }
            static int64_t integer(kong_array arguments, size_t index) {
                const kong_value *value = argument(arguments, index);
                return !value ? KONG_DEFAULT : value->type == KONG_NUMBER ? (int64_t)value->number : value->integer;
            }
            static bool boolean(kong_array arguments, size_t index) {
                const kong_value *value = argument(arguments, index);
                return value && value->boolean;
            }
            static const kong_map *map(kong_array arguments, size_t index) {
                static const kong_map empty = {NULL, 0};
                const kong_value *value = argument(arguments, index);
                return !value ? NULL : value->type == KONG_MAP ? &value->map : &empty;
            }

            static kong_value of_string(kong_string string) {
                if (string.data && string.data[string.size] != 0) abort();
                return string.data ? kong_value_of_string(string) : kong_value_nil();
            }
            static kong_value of_strings(kong_strings strings) {
                kong_value *items = room(strings.count);
                for (size_t i = 0; i < strings.count; i++) items[i] = of_string(strings.items[i]);
                return array_of(items, strings.count);
            }
            static kong_value of_map(kong_map map) { return map.entries ? kong_value_of_map(map) : kong_value_nil(); }


            """#
        for structure in NativeStruct.all { text += function(for: structure) }
        text += """
            static kong_status call(const kong_pdk *kong, const char *method, kong_array arguments, kong_value *result) {

            """
        for method in NativeMethod.all { text += call(of: method) }
        text += #"""
                return KONG_UNKNOWN_METHOD;
            }

            static kong_status handle(const kong_pdk *kong, const struct config *config) {
                kong_value arguments, result = kong_value_nil();
                kong_status status = kong->ctx_shared->get(kong, "arguments", &arguments);
                if (status != KONG_OK) return status;
                if (arguments.type != KONG_ARRAY) arguments = array_of(NULL, 0);
                used = 0;
                status = call(kong, config->method, arguments.array, &result);
                if (status == KONG_OK) {
                    kong->ctx_shared->set(kong, "result", &result);
                } else {
                    char message[4096];
                    snprintf(message, sizeof message, "%d: %s", (int)status, kong->error(kong).data);
                    kong_value error = kong_value_of_text(message);
                    kong->ctx_shared->set(kong, "error", &error);
                }
                return KONG_OK;
            }

            KONG_PLUGIN("1.0.0", 1, struct config, fields, KONG_HANDLER(KONG_CERTIFICATE, handle, struct config),
                        KONG_HANDLER(KONG_REWRITE, handle, struct config), KONG_HANDLER(KONG_ACCESS, handle, struct config),
                        KONG_HANDLER(KONG_RESPONSE, handle, struct config), KONG_HANDLER(KONG_PREREAD, handle, struct config),
                        KONG_HANDLER(KONG_LOG, handle, struct config))
            """#
        return text
    }

    private static func call(of method: NativeMethod) -> String {
        var arguments = ["kong"]
        for (index, parameter) in method.parameters.enumerated() {
            switch parameter.kind {
            case .text: arguments.append("text(arguments, \(index))")
            case .bytes: arguments += ["bytes(arguments, \(index)).data", "bytes(arguments, \(index)).size"]
            case .integer: arguments.append("integer(arguments, \(index))")
            case .number: arguments.append("(double)integer(arguments, \(index))")
            case .boolean: arguments.append("boolean(arguments, \(index))")
            case .value: arguments.append("argument(arguments, \(index))")
            case .values: arguments += ["arguments.items", "arguments.count"]
            case .map: arguments.append("map(arguments, \(index))")
            }
        }
        var (declarations, conversion) = ("", "")
        switch method.result {
        case .string, .body: (declarations, conversion) = ("kong_string out;", "of_string(out)")
        case .integer: (declarations, conversion) = ("int64_t out;", "kong_value_of_integer(out)")
        case .optionalInteger:
            (declarations, conversion) = ("int64_t out; bool is_there;", "is_there ? kong_value_of_integer(out) : kong_value_nil()")
            arguments.append("&out")
        case .number: (declarations, conversion) = ("double out;", "kong_value_of_number(out)")
        case .boolean: (declarations, conversion) = ("bool out;", "kong_value_of_boolean(out)")
        case .value: (declarations, conversion) = ("kong_value out;", "out")
        case .map: (declarations, conversion) = ("kong_map out;", "of_map(out)")
        case .structure(let structure):
            (declarations, conversion) = ("const \(structure.name) *out;", "of_\(structure.name)(out)")
        case nil: break
        }
        if case .optionalInteger? = method.result { arguments.append("&is_there") } else if method.result != nil { arguments.append("&out") }
        return """
                if (strcmp(method, "\(method.method.name)") == 0) {
                    \(declarations)
                    kong_status status = kong->\(method.group)->\(method.function)(\(arguments.joined(separator: ", ")));
                    \(method.result == nil ? "(void)result;" : "if (status == KONG_OK) *result = \(conversion);")
                    return status;
                }

            """
    }

    /// A function that makes a map of a struct: what is missing in it is nil, 0 or empty there too.
    private static func function(for structure: NativeStruct) -> String {
        var text = """
            static kong_value of_\(structure.name)(const \(structure.name) *it) {
                if (!it) return kong_value_nil();
                if (it->size != sizeof *it) abort();
                kong_entry *entries = (kong_entry *)(void *)room(\(structure.members.count * 2));
                size_t n = 0;

            """
        for member in structure.members {
            let value =
                switch member.kind {
                case .string: "of_string(it->\(member.name))"
                case .strings: "of_strings(it->\(member.name))"
                case .integer: "kong_value_of_integer(it->\(member.name))"
                case .boolean: "kong_value_of_boolean(it->\(member.name))"
                case .map: "of_map(it->\(member.name))"
                case .structure(let other): "of_\(other.name)(it->\(member.name))"
                case .structures: "items_\(member.name)"
                }
            if case .structures(let other) = member.kind {
                text += """
                        kong_value *list = room(it->\(member.name)_count);
                        for (size_t i = 0; i < it->\(member.name)_count; i++) list[i] = of_\(other.name)(it->\(member.name)[i]);
                        kong_value items_\(member.name) = array_of(list, it->\(member.name)_count);

                    """
            }
            text += "    entries[n++] = kong_entry_of(\"\(member.name)\", \(value));\n"
        }
        return text + "    return kong_value_of_map(kong_map_of(entries, n));\n}\n"
    }

    // MARK: What it should make of an answer

    /// The arguments as C can have them: a text ends with the first NUL.
    static func arguments(_ arguments: [OwnedValue], of method: NativeMethod) -> [OwnedValue] {
        arguments.enumerated().map { index, argument in
            guard index < method.parameters.count, case .text = method.parameters[index].kind, let bytes = argument.stringBytes
            else { return argument }
            return .string(bytes.filter { $0 != 0 })
        }
    }

    /// What the plugin says of Kong's answer.
    static func result(of answer: OwnedValue, by method: NativeMethod) -> OwnedValue {
        switch method.result {
        case .boolean: answer == .null ? false : answer
        case .structure(let structure): answer == .null ? .null : expected(structure, answer)
        case .map: answer == .array([]) ? [:] : answer
        case .string, .body, .integer, .optionalInteger, .number, .value: answer
        case nil: .null
        }
    }

    private static func expected(_ structure: NativeStruct, _ answer: OwnedValue) -> OwnedValue {
        var map: [[UInt8]: OwnedValue] = [:]
        for member in structure.members {
            let value = answer[member.name]
            map[Array(member.name.utf8)] =
                switch member.kind {
                case .string: value ?? .null
                case .strings: value ?? []
                case .integer: value ?? 0
                case .boolean: value ?? false
                case .map: value ?? [:]
                case .structure(let other): value.map { expected(other, $0) } ?? .null
                case .structures(let other): .array((value?.items ?? []).map { expected(other, $0) })
                }
        }
        return .map(map)
    }
}
