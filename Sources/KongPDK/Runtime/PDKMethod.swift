import CKongPlugin

/// The methods of Kong's PDK that `Kong` calls, by Kong's names for them. A host resolves them once, when the plugin
/// is opened; one that it does not know makes that call throw, and no other.
enum PDKMethod: String, CaseIterable {
    case clientGetConsumer = "kong.client.get_consumer"
    case clientGetCredential = "kong.client.get_credential"
    case clientGetForwardedIP = "kong.client.get_forwarded_ip"
    case clientGetForwardedPort = "kong.client.get_forwarded_port"
    case clientGetIP = "kong.client.get_ip"
    case clientGetPort = "kong.client.get_port"
    case clientGetProtocol = "kong.client.get_protocol"

    case ctxSharedGet = "kong.ctx.shared.get"
    case ctxSharedSet = "kong.ctx.shared.set"

    case logAlert = "kong.log.alert"
    case logCrit = "kong.log.crit"
    case logDebug = "kong.log.debug"
    case logErr = "kong.log.err"
    case logInfo = "kong.log.info"
    case logNotice = "kong.log.notice"
    case logSerialize = "kong.log.serialize"
    case logSetSerializeValue = "kong.log.set_serialize_value"
    case logWarn = "kong.log.warn"

    case requestGetForwardedHost = "kong.request.get_forwarded_host"
    case requestGetForwardedPort = "kong.request.get_forwarded_port"
    case requestGetForwardedScheme = "kong.request.get_forwarded_scheme"
    case requestGetHTTPVersion = "kong.request.get_http_version"
    case requestGetHeader = "kong.request.get_header"
    case requestGetHeaders = "kong.request.get_headers"
    case requestGetHost = "kong.request.get_host"
    case requestGetMethod = "kong.request.get_method"
    case requestGetPath = "kong.request.get_path"
    case requestGetPathWithQuery = "kong.request.get_path_with_query"
    case requestGetPort = "kong.request.get_port"
    case requestGetQuery = "kong.request.get_query"
    case requestGetRawBody = "kong.request.get_raw_body"
    case requestGetRawQuery = "kong.request.get_raw_query"
    case requestGetScheme = "kong.request.get_scheme"

    case responseAddHeader = "kong.response.add_header"
    case responseClearHeader = "kong.response.clear_header"
    case responseExit = "kong.response.exit"
    case responseGetHeader = "kong.response.get_header"
    case responseGetHeaders = "kong.response.get_headers"
    case responseGetSource = "kong.response.get_source"
    case responseGetStatus = "kong.response.get_status"
    case responseSetHeader = "kong.response.set_header"
    case responseSetHeaders = "kong.response.set_headers"
    case responseSetStatus = "kong.response.set_status"

    case serviceRequestAddHeader = "kong.service.request.add_header"
    case serviceRequestClearHeader = "kong.service.request.clear_header"
    case serviceRequestSetHeader = "kong.service.request.set_header"
    case serviceRequestSetHeaders = "kong.service.request.set_headers"
    case serviceRequestSetMethod = "kong.service.request.set_method"
    case serviceRequestSetPath = "kong.service.request.set_path"
    case serviceRequestSetQuery = "kong.service.request.set_query"
    case serviceRequestSetRawBody = "kong.service.request.set_raw_body"
    case serviceRequestSetRawQuery = "kong.service.request.set_raw_query"
    case serviceRequestSetScheme = "kong.service.request.set_scheme"

    /// A number below `allCases.count`, for tables: an enum without payloads is stored as the number of its case.
    var index: Int { Int(unsafeBitCast(self, to: UInt8.self)) }
}
