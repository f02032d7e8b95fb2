import CKongPlugin
import PDKCatalogue
import Testing
import WireProtocol

@Suite("Arguments are checked against the catalogue")
struct ArgumentCheckTests {
    private func check(_ name: String, _ arguments: [TestValue]) throws -> String? {
        let method = try #require(PDKCatalogue.method(named: name).flatMap { PDKCatalogue[$0] })
        let arena = ValueArena()
        let values = arguments.map { $0.value(in: arena) }
        return values.withUnsafeBufferPointer { values in
            let message = method.check(values)
            #expect(method.facts.accepts(values) == (message == nil))
            return message
        }
    }

    @Test(
        "What a method takes is accepted",
        arguments: [
            ("kong.request.get_method", []),
            ("kong.request.get_header", ["host"]),
            ("kong.request.get_header", [.bytes([0xff])]),
            ("kong.request.get_headers", []),
            ("kong.request.get_headers", [nil]),
            ("kong.request.get_headers", [50]),
            ("kong.service.request.set_header", ["x", "y"]),
            ("kong.service.request.set_header", ["x", 1]),
            ("kong.service.request.set_header", ["x", 1.5]),
            ("kong.service.request.set_header", ["x", false]),
            ("kong.service.request.set_header", ["x", ["a", "b"]]),
            ("kong.service.request.set_headers", [["x": "y"]]),
            ("kong.service.request.set_headers", [[]]),
            ("kong.service.request.set_raw_body", ["text"]),
            ("kong.response.exit", [200]),
            ("kong.response.exit", [200, nil, ["x": "y"]]),
            ("kong.response.exit", [200, .bytes([0]), nil]),
            ("kong.client.authenticate", []),
            ("kong.client.authenticate", [nil, ["id": "x"]]),
            ("kong.ctx.shared.set", ["key"]),
            ("kong.ctx.shared.set", ["key", ["any": [1, nil]]]),
            ("kong.log.err", []),
            ("kong.log.err", ["a", 1, nil, true, [], ["k": "v"], "g", "h", "i", "j", "k", "l"]),
        ] as [(String, [TestValue])])
    func accepted(name: String, arguments: [TestValue]) throws {
        #expect(try check(name, arguments) == nil)
    }

    @Test(
        "What it does not take is named",
        arguments: [
            (
                "kong.service.request.set_header", ["x", ["a": 1]],
                "argument 2 (value): expected string, number, boolean or array, got map"
            ),
            (
                "kong.service.request.set_header", ["x"],
                "argument 2 (value): expected string, number, boolean or array, got nothing"
            ),
            (
                "kong.service.request.set_header", ["x", nil],
                "argument 2 (value): expected string, number, boolean or array, got nil"
            ),
            ("kong.service.request.set_header", [1, "x"], "argument 1 (name): expected string, got integer"),
            ("kong.service.request.set_header", ["x", "y", "z"], "expected 2 arguments, got 3"),
            ("kong.request.get_header", [], "argument 1 (name): expected string, got nothing"),
            ("kong.request.get_header", ["a", "b"], "expected 1 argument, got 2"),
            ("kong.request.get_method", [1], "expected no arguments, got 1"),
            ("kong.request.get_headers", [1.5], "argument 1 (max_headers): expected integer or nil, got number"),
            ("kong.request.get_headers", [1, 2], "expected 0 or 1 argument, got 2"),
            ("kong.response.set_status", [nil], "argument 1 (status): expected integer, got nil"),
            ("kong.response.set_headers", [["a"]], "argument 1 (headers): expected map, got array"),
            ("kong.response.exit", [], "argument 1 (status): expected integer, got nothing"),
            ("kong.response.exit", [200, ["x": "y"]], "argument 2 (body): expected string or nil, got map"),
            ("kong.response.exit", [200, "x", "y"], "argument 3 (headers): expected map or nil, got string"),
            ("kong.response.exit", [200, "x", nil, nil], "expected 1 to 3 arguments, got 4"),
            (
                "kong.client.load_consumer", ["x", "y"],
                "argument 2 (search_by_username): expected boolean or nil, got string"
            ),
            ("kong.ctx.shared.set", [true, 1], "argument 1 (key): expected string, got boolean"),
        ] as [(String, [TestValue], String)])
    func refused(name: String, arguments: [TestValue], message: String) throws {
        #expect(try check(name, arguments) == "\(name): \(message)")
    }

    @Test("A value of a type that does not exist is refused")
    func unknownType() throws {
        let method = try #require(PDKCatalogue.method(named: "kong.log.err").flatMap { PDKCatalogue[$0] })
        var value = kong_value()
        value.type = 8
        withUnsafePointer(to: value) { value in
            let values = UnsafeBufferPointer(start: value, count: 1)
            #expect(!method.facts.accepts(values))
            #expect(method.check(values)?.contains("the unknown type 8") == true)
        }
    }

    @Test("Whatever the arguments, their message is written or refused, and refused arguments are named")
    func everyMethod() throws {
        var numbers = SeededNumbers(seed: 1)
        for method in PDKCatalogue.all {
            guard let input = method.input else { continue }
            for _ in 0..<100 {
                let arguments = (0..<Int.random(in: 0...4, using: &numbers)).map { _ in numbers.value(depth: 1) }
                let message = try check(method.name, arguments)
                #expect(message?.hasPrefix(method.name + ": ") != false)
                // More arguments than the message has room for are refused before this.
                if message == nil, arguments.count <= Int(input.argumentCount) {
                    // What the check accepts can fail only for what it does not look at: sizes, and content of records.
                    do {
                        _ = try encodeArguments(input, arguments)
                    } catch let error as WireError {
                        guard case .badArgument(_, let fault) = error, fault != .oneTooMany else { throw error }
                    }
                }
            }
        }
    }
}
