import CKongPlugin

/// The version of the server, and of the PDK that belongs to it.
public let serverVersion = "0.1.0"

/// The compiler that built the server, as "6.3.1".
public let swiftVersion = String(cString: kong_swift_version())
