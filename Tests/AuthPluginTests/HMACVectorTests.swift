import Crypto
import Foundation
import Testing

@testable import hmac_auth

/// The test cases of RFC 4231, sections 4.2 to 4.8, without the one whose codes are cut off.
@Suite struct HMACVectorTests {
    struct Vector: Sendable {
        let key: [UInt8]
        let text: [UInt8]
        let codes: [HMACAlgorithm: String]
    }

    static let vectors: [Vector] = [
        Vector(
            key: [UInt8](repeating: 0x0B, count: 20), text: Array("Hi There".utf8),
            codes: [
                .sha256: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
                .sha384: "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6",
                .sha512: "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4"
                    + "be9d914eeb61f1702e696c203a126854",
            ]),
        Vector(
            key: Array("Jefe".utf8), text: Array("what do ya want for nothing?".utf8),
            codes: [
                .sha256: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
                .sha384: "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649",
                .sha512: "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fd"
                    + "caeab1a34d4a6b4b636e070a38bce737",
            ]),
        Vector(
            key: [UInt8](repeating: 0xAA, count: 20), text: [UInt8](repeating: 0xDD, count: 50),
            codes: [
                .sha256: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
                .sha384: "88062608d3e6ad8a0aa2ace014c8a86f0aa635d947ac9febe83ef4e55966144b2a5ab39dc13814b94e3ab6e101a34f27",
                .sha512: "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39bf3e848279a722c806b485a47e67c807"
                    + "b946a337bee8942674278859e13292fb",
            ]),
        Vector(
            key: Array(1...25), text: [UInt8](repeating: 0xCD, count: 50),
            codes: [
                .sha256: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
                .sha384: "3e8a69b7783c25851933ab6290af6ca77a9981480850009cc5577c6e1f573b4e6801dd23c4a7d679ccf8a386c674cffb",
                .sha512: "b0ba465637458c6990e5a8c5f61d4af7e576d97ff94b872de76f8050361ee3dba91ca5c11aa25eb4d679275cc5788063"
                    + "a5f19741120c4f2de2adebeb10a298dd",
            ]),
        Vector(
            key: [UInt8](repeating: 0xAA, count: 131), text: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            codes: [
                .sha256: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
                .sha384: "4ece084485813e9088d2c63a041bc5b44f9ef1012a2b588f3cd11f05033ac4c60c2ef6ab4030fe8296248df163f44952",
                .sha512: "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f3526b56d037e05f2598bd0fd2215d6a1e52"
                    + "95e64f73f63f0aec8b915a985d786598",
            ]),
        Vector(
            key: [UInt8](repeating: 0xAA, count: 131),
            text: Array(
                ("This is a test using a larger than block-size key and a larger than block-size data. "
                    + "The key needs to be hashed before being used by the HMAC algorithm.").utf8),
            codes: [
                .sha256: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
                .sha384: "6617178e941f020d351e2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e",
                .sha512: "e37b6a775dc87dbaa4dfa9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15"
                    + "134676fb6de0446065c97440fa8c6a58",
            ]),
    ]

    @Test(arguments: vectors.indices, HMACAlgorithm.allCases)
    func theCodeOfTheRFCIsRightAndNoOtherIs(_ index: Int, _ algorithm: HMACAlgorithm) throws {
        let vector = Self.vectors[index]
        var code = Self.bytes(try #require(vector.codes[algorithm]))
        let key = SymmetricKey(data: vector.key)
        #expect(algorithm.verifies(Data(code), of: vector.text, with: key))
        #expect(!algorithm.verifies(Data(code), of: vector.text + [0], with: key))
        #expect(!algorithm.verifies(Data(code.dropLast()), of: vector.text, with: key))
        #expect(!algorithm.verifies(Data(), of: vector.text, with: key))
        code[code.count - 1] ^= 1
        #expect(!algorithm.verifies(Data(code), of: vector.text, with: key))
    }

    private static func bytes(_ hexadecimal: String) -> [UInt8] {
        let digits = hexadecimal.compactMap(\.hexDigitValue)
        return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    // MARK: Dates

    @Test func datesAreThoseOfFoundation() throws {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        for seconds in stride(from: 0, to: 253_402_300_799, by: 12_345_678 * 7 + 1) {
            #expect(HTTPDate(format.string(from: Date(timeIntervalSince1970: Double(seconds))))?.seconds == seconds)
        }
        #expect(HTTPDate("Sun, 06 Nov 1994 08:49:37 GMT")?.seconds == 784_111_777)
        #expect(HTTPDate("Thu, 29 Feb 2024 23:59:60 GMT")?.seconds == 1_709_251_200)
    }

    @Test(arguments: [
        "", " ", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 CET", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 94 08:49:37 GMT", "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT", "Sun, 06 Nov 1994 08:49 GMT", "Sun, 06 Nov 1994 08:49:3\u{663} GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 06 Nov 1994 -8:49:37 GMT", "Sun,  06 Nov 1994 08:49:37 GMT", "784111777",
        "Sun, 06 Nov 1994 08:49:+7 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
    ])
    func whatIsNoDateIsNone(_ text: String) { #expect(HTTPDate(text) == nil) }
}
