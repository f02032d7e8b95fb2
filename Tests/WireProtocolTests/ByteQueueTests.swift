import CKongPlugin
import PDKCatalogue
import Testing
import WireProtocol

@Suite("The memory that codecs work in")
struct ByteQueueTests {
    /// More than any address space has.
    private static let tooMuch = 1 << 50

    @Test("Where there is no memory, the queue says so, and what was in it stays")
    func noMemory() {
        var queue = ByteQueue()
        queue.append([1, 2, 3, 4, 5])
        queue.consume(1)
        let before = queue.count
        // Nobody reads from there.
        queue.append(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: 16), count: Self.tooMuch))
        var hasFailed = queue.hasFailed
        #expect(hasFailed)
        // What follows has places that it may not have got.
        queue.append(6 as UInt8)
        queue.append(bigEndian: 7 as UInt32)
        queue.overwrite(at: before + 100, littleEndian: 9)
        #expect(queue.bytes.prefix(4).elementsEqual([2, 3, 4, 5]))
        // Some of what was lost would be left.
        queue.truncate(to: before + 1)
        hasFailed = queue.hasFailed
        #expect(hasFailed)
        queue.truncate(to: before)
        hasFailed = queue.hasFailed
        #expect(!hasFailed)
        queue.append([8])
        #expect(queue.bytes.elementsEqual([2, 3, 4, 5, 8]))
    }

    @Test("Room that cannot be had is not lent")
    func noRoom() {
        var queue = ByteQueue()
        queue.append([1, 2, 3])
        let room = queue.room(minimum: Self.tooMuch).count
        let (hasFailed, before) = (queue.hasFailed, queue.count)
        #expect(hasFailed && room < 1 << 20 && before == 3)
        queue.commit(min(room, 2))
        let count = queue.count
        #expect(count == 3 + min(room, 2))
    }

    @Test("A call that finds no memory is refused, and leaves nothing behind", arguments: [0, 3])
    func noMemoryForACall(_ before: Int) {
        var queue = ByteQueue()
        queue.append([UInt8](repeating: 7, count: before))
        let none = UnsafeBufferPointer<kong_value>(start: nil, count: 0)
        for wireProtocol in [WireProtocolKind.messagePack, .protoBuf] {
            queue.append(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: 16), count: Self.tooMuch))
            do throws(WireError) {
                switch wireProtocol {
                case .messagePack: try MessagePackSession.appendCall("kong.request.get_method", none, limit: .max, to: &queue)
                case .protoBuf: try ProtoBufSession.appendCall(named: "kong.request.get_method", input: .empty, none, limit: .max, to: &queue)
                }
                Issue.record("it was appended")
            } catch {
                #expect(error == .noMemory)
            }
            let (count, hasFailed) = (queue.count, queue.hasFailed)
            #expect(count == before && !hasFailed)
        }
    }

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
