import JSON

/// What plugins, and Kong, are told and asked in.
public typealias JSONValue = JSON.JSONValue
public typealias InvalidJSON = JSON.InvalidJSON
