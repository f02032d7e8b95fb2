import ForeignFunction
import Testing

@Suite struct SignatureTests {
    @Test(arguments: ["i(pp)", "v()", "p(pp)", "b(biulzdp)", "d(d)"])
    func textsGoThereAndBack(_ text: String) {
        #expect(Signature(text)?.description == text)
    }

    @Test(arguments: ["", "i", "i(", "i()x", "x()", "i(v)", "i(pq)", "i(p", "ip)", "i(ü)", "i(" + String(repeating: "p", count: 33) + ")"])
    func othersAreNone(_ text: String) {
        #expect(Signature(text) == nil)
    }
}
