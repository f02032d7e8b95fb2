/// How a latency histogram divides time, in nanoseconds: each power of two into sixteen equal parts, so that a value is
/// known to within 6.25 % from 16 ns to 18 minutes, in a fixed number of places.
///
/// A bucket holds what is greater than the bound of the one before, and no greater than its own, as Prometheus counts. So a
/// power of two is always a bound, and nothing has to be guessed to tell how many values are within it.
public enum HistogramBuckets {
    /// Sixteen parts.
    private static let partBits = 4
    private static let parts = 1 << partBits
    /// The greatest bound is two to this; what is longer counts as that.
    static let lastPower = 40

    public static let count = parts + (lastPower - partBits) * parts

    /// The bucket of a duration.
    @inline(__always)
    public static func index(of nanoseconds: UInt64) -> Int {
        if nanoseconds == 0 { return 0 }
        let value = nanoseconds - 1
        if value < UInt64(parts) { return Int(value) }
        let power = UInt64.bitWidth - 1 - value.leadingZeroBitCount
        if power >= lastPower { return count - 1 }
        // The bits after the highest one say which part of the power of two it is.
        let part = Int(value >> UInt64(power - partBits)) - parts
        return parts + (power - partBits) * parts + part
    }

    /// The greatest duration that a bucket holds.
    public static func upperBound(of index: Int) -> UInt64 {
        if index < parts { return UInt64(index) + 1 }
        let (power, part) = ((index - parts) / parts + partBits, (index - parts) % parts)
        return UInt64(parts + part + 1) << UInt64(power - partBits)
    }

    /// The last bucket whose values are all within two to the power, in nanoseconds.
    static func lastIndex(within power: Int) -> Int {
        index(of: 1 << UInt64(min(power, lastPower)))
    }
}
