extension Diagnosis {
    /// What was found. Stable: scripts match on the raw values. `docs/doctor.md` has all of
    /// them.
    enum Code: String, Encodable, CaseIterable {
        // The server's own program and process.
        case executable
        case executableNotForOthers = "executable-not-for-others"
        case descriptorLimit = "descriptor-limit"
        case descriptorLimitLow = "descriptor-limit-low"

        // Kong's prefix directory, and the logs in it.
        case prefix
        case prefixMissing = "prefix-missing"
        case prefixNotADirectory = "prefix-not-a-directory"
        case prefixNotWritable = "prefix-not-writable"
        case prefixOpen = "prefix-open"
        case logs
        case logsMissing = "logs-missing"
        case logsNotWritable = "logs-not-writable"
        case logFileNotWritable = "log-file-not-writable"

        // The directories of plugins.
        case pluginsDirectory = "plugins-directory"
        case pluginsDirectoryUnknown = "plugins-directory-unknown"
        case pluginsDirectoryRefused = "plugins-directory-refused"
        case pluginsDirectoryNotReadable = "plugins-directory-not-readable"
        case plugins
        case pluginsRefused = "plugins-refused"
        case pluginsNone = "plugins-none"

        // The sockets.
        case socketPath = "socket-path"
        case socketPathTight = "socket-path-tight"
        case socketPathTooLong = "socket-path-too-long"
        case socketDirectoryMissing = "socket-directory-missing"
        case socketDirectoryNotWritable = "socket-directory-not-writable"
        case socketFree = "socket-free"
        case socketStale = "socket-stale"
        case socketLive = "socket-live"
        case socketNotASocket = "socket-not-a-socket"
        case socketUnknown = "socket-unknown"
        case socketLeftover = "socket-leftover"

        // Kong's configuration as a whole.
        case kongSettingsNone = "kong-settings-none"
        case kongConf = "kong-conf"
        case kongEnvironment = "kong-environment"
        case kongConfMissing = "kong-conf-missing"
        case kongConfNotAFile = "kong-conf-not-a-file"
        case kongConfUnreadable = "kong-conf-unreadable"
        case kongConfTooLarge = "kong-conf-too-large"
        case kongConfBinary = "kong-conf-binary"
        case kongConfLine = "kong-conf-line"
        case kongConfTwice = "kong-conf-twice"
        case kongQuotes = "kong-quotes"
        case kongUser = "kong-user"
        case kongUserUnknown = "kong-user-unknown"
        case kongLogLevel = "kong-log-level"
        case kongPrefixDiffers = "kong-prefix-differs"

        // Kong's plugin servers.
        case kongServer = "kong-server"
        case kongServerNone = "kong-server-none"
        case kongServerForeign = "kong-server-foreign"
        case kongServerTwice = "kong-server-twice"
        case kongSettingUnused = "kong-setting-unused"
        case kongGoSettingsIgnored = "kong-go-settings-ignored"
        case kongNamesIgnored = "kong-names-ignored"
        case kongSocketDiffers = "kong-socket-differs"
        case kongStartMissing = "kong-start-missing"
        case kongStartElsewhere = "kong-start-elsewhere"
        case kongStartTwice = "kong-start-twice"
        case kongStartDumps = "kong-start-dumps"
        case kongQueryMissing = "kong-query-missing"
        case kongQueryServes = "kong-query-serves"
        case kongDirectoryDiffers = "kong-directory-differs"
        case kongDirectoryNotAsked = "kong-directory-not-asked"

        // Their commands.
        case kongCommandInvalid = "kong-command-invalid"
        case kongCommandShell = "kong-command-shell"
        case kongExecutableMissing = "kong-executable-missing"
        case kongExecutableNotPermitted = "kong-executable-not-permitted"
        case kongExecutableDiffers = "kong-executable-differs"
        case kongRelativePath = "kong-relative-path"

        // Kong's plugins.
        case kongPlugin = "kong-plugin"
        case kongPluginsOff = "kong-plugins-off"
        case kongPluginNotEnabled = "kong-plugin-not-enabled"
        case kongPluginNotOffered = "kong-plugin-not-offered"
        case kongPluginElsewhere = "kong-plugin-elsewhere"
        case kongPluginOfferedTwice = "kong-plugin-offered-twice"
        case kongPluginRefused = "kong-plugin-refused"
        case kongQueryPluginMissing = "kong-query-plugin-missing"
        case kongQueryManyPlugins = "kong-query-many-plugins"
        case kongProtocol = "kong-protocol"

        /// Codes are grouped by their names.
        var area: Area {
            let name = rawValue
            return if name.hasPrefix("kong") {
                .kong
            } else if name.hasPrefix("socket") {
                .socket
            } else if name.hasPrefix("plugins") {
                .plugins
            } else if name.hasPrefix("prefix") || name.hasPrefix("log") {
                .prefix
            } else {
                .server
            }
        }
    }
}
