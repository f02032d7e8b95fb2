import Testing

@testable import KongPDK

/// Kong's tables as types, in the forms that they have over MessagePack and that no message of ProtoBuf:1 has.
@Suite struct EntityTests {
    private func answer(_ value: Value) -> Answer { Answer(value, .routerGetRoute) }

    @Test func aRouteHasHeadersAndAService() throws {
        let route = try #require(
            try Route(
                answer([
                    "id": "r", "headers": ["x-version": ["1", "2"]], "service": ["id": "s"],
                    "sources": [["ip": "10.0.0.1"]], "https_redirect_status_code": 426,
                ])))
        #expect(route.headers == ["x-version": ["1", "2"]])
        #expect(route.serviceID == "s")
        #expect(route.fields["sources"] == [["ip": "10.0.0.1"]])
        #expect(route.name == nil && !route.stripsPath && route.paths.isEmpty)
    }

    @Test func aFieldOfAnotherTypeIsMissingAndStillThere() throws {
        let service = try #require(
            try Service(answer(["id": "s", "port": "443", "name": .bytes([0xFF]), "tags": ["a", 1, "b"]])))
        #expect(service.port == nil && service.name == nil)
        #expect(service.tags == ["a", "b"])
        #expect(service.fields["name"] == .bytes([0xFF]))
        #expect(service.fields["port"] == "443")
    }

    @Test(arguments: ["text", 1, true, ["a"], [:], ["id": 1], ["id": .nil], ["id": .bytes([0xFF])]] as [Value])
    func whatHasNoIDIsAnError(_ value: Value) {
        func fails(_ make: () throws(PDKError) -> Any?) -> Bool {
            do {
                _ = try make()
                return false
            } catch {
                return error.code == .unexpectedResult
            }
        }
        #expect(fails { () throws(PDKError) in try Route(answer(value)) })
        #expect(fails { () throws(PDKError) in try KongPDK.Service(answer(value)) })
        #expect(fails { () throws(PDKError) in try Consumer(answer(value)) })
    }

    @Test func nilIsNoEntity() throws {
        #expect(try Route(answer(.nil)) == nil)
        #expect(try KongPDK.Service(answer(.nil)) == nil)
        #expect(try Consumer(answer(.nil)) == nil)
        #expect(try Credential(answer(.nil)) == nil)
        #expect(try VaultReference(answer(.nil)) == nil)
    }

    @Test func aCredentialNamesItsConsumerInOneOfTwoWays() throws {
        #expect(try Credential(answer(["consumer": ["id": "c"]]))?.consumerID == "c")
        #expect(try Credential(answer(["consumer_id": "c"]))?.consumerID == "c")
        // One that a plugin has made up need not have anything.
        #expect(try Credential(answer([]))?.id == nil)
        let own = Credential(id: "k", consumerID: "c", fields: ["key": "x"])
        #expect(own.fields == ["id": "k", "consumer_id": "c", "key": "x"])
    }

    @Test func capturesWithTheWholeMatchAreAMap() throws {
        let captures = try URICaptures(
            answer(["unnamed": ["0": "/a/b", "1": "a", "3": .bytes([0xFF]), "2": false], "named": ["first": "a"]]))
        #expect(captures.allBytes == [Array("a".utf8), nil, [0xFF]])
        #expect(captures.all == ["a", nil, "\u{FFFD}"])
        #expect(captures["first"] == "a" && captures["second"] == nil)
        #expect(captures.named == ["first": "a"])
    }

    @Test(arguments: [
        "text", ["unnamed": "x"], ["unnamed": ["x": "y"]], ["unnamed": ["-1": "y"]], ["unnamed": ["99": "y"]],
        ["unnamed": [1]], ["unnamed": [true]], ["named": ["a": ["b"]]],
    ] as [Value])
    func noCaptures(_ value: Value) {
        #expect(throws: PDKError.self) { try URICaptures(answer(value)) }
    }

    @Test func memoryOfEveryArea() throws {
        let stats = try MemoryStats(
            answer([
                "lua_shared_dicts": ["prometheus_metrics": ["capacity": 5, "allocated_slabs": 1], "odd": "?"],
                "workers_lua_vms": [["pid": 1, "err": "unknown"], "?", ["http_allocated_gc": 2]],
            ]))
        #expect(stats.sharedDictionaries["prometheus_metrics"] == .init(allocatedSlabs: 1, capacity: 5))
        #expect(stats.sharedDictionaries["odd"] == .init(allocatedSlabs: 0, capacity: 0))
        #expect(stats.workers == [.init(pid: 1, luaMemory: nil)])
    }

    @Test func anAnswerOfTrueIsDoneAndNothingElse() {
        #expect(throws: Never.self) { try answer(true).done() }
        for value in [.nil, false, "true", 1] as [Value] {
            #expect(performing: { try answer(value).done() }, throws: { ($0 as? PDKError)?.code == .refused })
        }
    }

    @Test func numbersAreTextAndTextIsBytes() throws {
        #expect(try answer(5).string() == "5")
        #expect(try answer(.bytes(Array("x".utf8))).string() == "x")
        #expect(try answer("x").bytes() == Array("x".utf8))
        #expect(try answer(.bytes([0xFF])).bytes() == [0xFF])
        #expect(performing: { try answer(.bytes([0xFF])).string() }, throws: { ($0 as? PDKError)?.code == .notUTF8 })
        #expect(try answer(3.0).integer() == 3)
        #expect(throws: PDKError.self) { try answer(1e300).integer() }
        #expect(throws: PDKError.self) { try answer(1.5).integer() }
    }
}
