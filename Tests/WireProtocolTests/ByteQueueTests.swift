import CKongPlugin
import Testing
import WireProtocol

@Suite("The memory that codecs work in")
struct ByteQueueTests {
    @Test("Bytes leave in the order in which they came, through growing, shrinking and moving")
    func order() {
        var numbers = SeededNumbers(seed: 16)
        var queue = ByteQueue()
        var model: [UInt8] = []
        for _ in 0..<3000 {
            switch Int.random(in: 0..<6, using: &numbers) {
            case 0:
                let bytes = numbers.bytes(0...3000)
                queue.append(bytes)
                model += bytes
            case 1:
                queue.append(7 as UInt8)
                model.append(7)
            case 2:
                queue.append(bigEndian: 0x0102_0304 as UInt32)
                model += [1, 2, 3, 4]
            case 3:
                let place = Int.random(in: 0...model.count, using: &numbers)
                let bytes = numbers.bytes(0...20)
                bytes.withUnsafeBytes { queue.insert($0, at: place) }
                model.insert(contentsOf: bytes, at: place)
            case 4:
                let count = Int.random(in: 0...model.count, using: &numbers)
                queue.truncate(to: max(count, model.count / 2))
                model.removeLast(model.count - max(count, model.count / 2))
            default:
                let count = Int.random(in: 0...model.count, using: &numbers)
                queue.consume(count)
                model.removeFirst(count)
            }
            #expect(queue.bytes.elementsEqual(model))
        }
    }

    @Test("A length is written over its place")
    func overwrite() {
        #expect(
            written { queue in
                queue.append([9, 0, 0, 0, 0, 9])
                queue.overwrite(at: 1, littleEndian: 0x0102_0304)
            } == [9, 4, 3, 2, 1, 9])
    }

    @Test("An arena's values keep their content while it grows")
    func arena() {
        let arena = ValueArena()
        for _ in 0..<3 {
            var strings: [kong_string] = []
            for index in 0..<5000 {
                strings.append(
                    Array("\(index) \(String(repeating: "x", count: index % 100))".utf8).withUnsafeBytes(arena.copy))
            }
            let large = arena.allocate(UInt64.self, count: 100_000)
            large.initialize(repeating: .max)
            for (index, string) in strings.enumerated() {
                #expect(string.text == "\(index) \(String(repeating: "x", count: index % 100))")
            }
            #expect(arena.allocate(UInt64.self, count: 0).isEmpty)
            arena.reset()
        }
    }
}
