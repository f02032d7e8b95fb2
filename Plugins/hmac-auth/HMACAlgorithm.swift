import Crypto
import FoundationEssentials

/// How a text is signed.
enum HMACAlgorithm: String, Codable, CaseIterable {
    case sha256 = "hmac-sha256"
    case sha384 = "hmac-sha384"
    case sha512 = "hmac-sha512"

    /// Whether it is the signature of a text. The time that it takes does not depend on where the two differ.
    func verifies(_ signature: Data, of text: [UInt8], with key: SymmetricKey) -> Bool {
        switch self {
        case .sha256: HMAC<SHA256>.isValidAuthenticationCode(signature, authenticating: text, using: key)
        case .sha384: HMAC<SHA384>.isValidAuthenticationCode(signature, authenticating: text, using: key)
        case .sha512: HMAC<SHA512>.isValidAuthenticationCode(signature, authenticating: text, using: key)
        }
    }
}
