// Unsafe pointers: digits are written into the arena's memory.

import CKongPlugin

extension ValueArena {
    /// An integer in decimal.
    func decimal(_ number: some FixedWidthInteger) -> kong_string {
        // The longest are -2^63 and 2^64 - 1, with 20 characters.
        withUnsafeTemporaryAllocation(byteCount: 20, alignment: 1) { digits in
            var start = digits.count
            var rest = UInt64(number.magnitude)
            repeat {
                start -= 1
                digits[start] = UInt8(ascii: "0") + UInt8(rest % 10)
                rest /= 10
            } while rest > 0
            if number < 0 {
                start -= 1
                digits[start] = UInt8(ascii: "-")
            }
            return copy(UnsafeRawBufferPointer(rebasing: digits[start...]))
        }
    }
}
