import Crypto
import Foundation
import KongPDK
import KongPDKTesting
import Testing

@testable import hmac_auth

/// A request that OpenSSL has signed: a line of Fixtures/hmac-auth/requests.jsonl.
struct RecordedRequest: Decodable, Sendable, CustomTestStringConvertible {
    let algorithm, method, target, body, digest, names, signature: String

    static let date = "Sun, 06 Nov 1994 08:49:37 GMT"
    static let secret = "the secret of ada"

    static let all: [RecordedRequest] = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../Fixtures/hmac-auth/requests.jsonl").standardized
        let lines = (try? String(contentsOf: file, encoding: .utf8))?.split(separator: "\n") ?? []
        return lines.compactMap { try? JSONDecoder().decode(RecordedRequest.self, from: Data($0.utf8)) }
    }()

    var testDescription: String { "\(algorithm) over \(names)" }

    /// As they were signed.
    var headers: Headers {
        var headers: Headers = [
            "host": "example.com", "date": Self.date, "authorization": authorization(username: "ada"), "x-tag": "one",
        ]
        headers.add("x-tag", Array("two ".utf8) + [0xE9])
        if !digest.isEmpty { headers["digest"] = digest }
        return headers
    }

    /// As it was signed; `change` alters what Kong gets.
    func kong(over connection: KongTest.Connection = .protoBuf, _ change: (inout Headers) -> Void = { _ in }) -> KongTest {
        var headers = headers
        change(&headers)
        return KongTest(request: .request(method, target, headers, Array(body.utf8)), over: connection)
    }

    func authorization(username: String, signature: String? = nil) -> String {
        "hmac username=\"\(username)\", algorithm=\"\(algorithm)\", headers=\"\(names)\", "
            + "signature=\"\(signature ?? self.signature)\""
    }
}

/// A client that signs for itself.
struct Signer {
    var username = "ada"
    var secret = RecordedRequest.secret

    /// The value of `Authorization` for a date header of a time.
    func authorization(date name: String = "date", _ date: String) -> String {
        let code = HMAC<SHA256>.authenticationCode(
            for: Data("\(name): \(date)".utf8), using: SymmetricKey(data: Data(secret.utf8)))
        let signature = Data(code).base64EncodedString()
        return #"hmac username="\#(username)", algorithm="hmac-sha256", headers="\#(name)", signature="\#(signature)""#
    }

    /// The date so many seconds from now.
    static func date(_ offset: Double) -> String {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.timeZone = TimeZone(secondsFromGMT: 0)
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return format.string(from: Date.now + offset)
    }
}

extension HMACAuth.Config {
    /// For requests that were signed long ago.
    static func test(_ change: (inout HMACAuth.Config) -> Void = { _ in }) -> HMACAuth.Config {
        var config = HMACAuth.Config()
        config.credentials = [.init(username: "ada", secret: RecordedRequest.secret), .init(username: "bob", secret: "b")]
        config.clockSkew = 10_000_000_000
        change(&config)
        return config
    }
}
