// Unsafe pointers: functions are called at their addresses.

import ForeignFunction
import Testing

/// Functions whose types are known only when the program runs.
@Suite struct CallTests {
    private static let difference: @convention(c) (UnsafeRawPointer?, UnsafeRawPointer?) -> Int32 = { one, other in
        Int32(truncatingIfNeeded: Int(bitPattern: one) - Int(bitPattern: other))
    }

    private func address(_ function: @convention(c) (UnsafeRawPointer?, UnsafeRawPointer?) -> Int32) -> UnsafeMutableRawPointer {
        unsafeBitCast(function, to: UnsafeMutableRawPointer.self)
    }

    @Test func aFunctionIsCalledWithItsArgumentsInTheirOrder() throws {
        let function = try ForeignFunction(address(Self.difference), #require(Signature("i(pp)")))
        let result = function.call(UnsafeRawPointer(bitPattern: 3), UnsafeRawPointer(bitPattern: 10))
        #expect(result.map { Int32(truncatingIfNeeded: $0) } == -7)
    }

    @Test(arguments: ["i(pz)", "i(ppp)", "d(pp)"])
    func otherTypesAreNotCalled(_ text: String) throws {
        let function = try ForeignFunction(address(Self.difference), #require(Signature(text)))
        #expect(function.call(nil, nil) == nil)
    }

    private final class Adder {
        var calls = 0
    }

    @Test func aClosureGetsWhatItIsCalledWith() throws {
        let adder = Adder()
        let code = try Closure.make(
            #require(Signature("i(lzbp)")), context: Unmanaged.passUnretained(adder).toOpaque()
        ) { _, result, arguments, context in
            guard let arguments, let context else { return }
            Unmanaged<Adder>.fromOpaque(context).takeUnretainedValue().calls += 1
            let number = arguments[0]?.load(as: Int64.self) ?? 0
            let size = arguments[1]?.load(as: Int.self) ?? 0
            let isDoubled = arguments[2]?.load(as: UInt8.self) ?? 0
            let pointer = arguments[3]?.load(as: UnsafeRawPointer?.self).flatMap(\.self)
            let sum = Int32(truncatingIfNeeded: number) + Int32(size) + (pointer == nil ? 0 : 1000)
            Closure.setResult(result, to: isDoubled == 0 ? sum : 2 * sum)
        }
        typealias Function = @convention(c) (Int64, Int, Bool, UnsafeRawPointer?) -> Int32
        let function = unsafeBitCast(code, to: Function.self)
        #expect(function(-5, 3, false, nil) == -2)
        #expect(function(.max, 3, true, UnsafeRawPointer(bitPattern: 1)) == 2004)
        withExtendedLifetime(adder) { #expect(adder.calls == 2) }
    }
}
