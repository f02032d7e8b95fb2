extension Rule {
    /// The page `docs/conformance.md`.
    public static var page: String {
        var page = """
            # Rules for plugins

            `kong_plugin.h` is a contract, and `swift-pluginserver conformance FILE` says whether a plugin keeps it, in whatever
            language it is written:

                swift-pluginserver conformance dist/plugins/hello.so
                swift-pluginserver conformance --json --config '{"greeting": "welcome"}' dist/plugins/hello.so

            It is a host of its own, which drives the plugin through the contract, with nothing of Kong. For each rule below
            it says that it is kept, that it is broken, with what was seen and what to do, or that it does not apply, and why. It
            ends with status 1 if any is broken.

            What is done with a plugin for one rule is done in a process of its own, so that one that crashes or hangs leaves the others
            examined; rules about what is never to be seen are seen to in all of these. Where instances do not start, or events do not
            end, what needs them is not examined.

            The configuration is `--config`, or one that is made up from the schema. Calls are answered as Kong would answer them for a
            request that has something of everything, unless the rule is about other answers. `--timeout` is how long the plugin has for
            each thing that it is waited for.

            A plugin that is a table (`kong_define.h`) is examined as any other: what the table does not say is the host's, and kept.

            With `--json` the result is an object with the `path`, the `plugin` as Kong will see it, and `rules`, an array of objects in which
            what does not apply has no key:

            | key | what it is |
            | --- | --- |
            | id, statement | as below |
            | outcome | `kept`, `broken` or `not-applicable` |
            | found | what was seen of a rule that is broken, an array of texts |
            | fix | what to do about it |
            | last_words | what the plugin has last written to standard error before its process ended |
            | reason | why the rule does not apply, or was not examined |

            The ids and outcomes are stable; texts are not. This page is made from `Sources/PluginConformance/Rule+*.swift`.

            """
        for (title, rules) in [("Opening", opening), ("Instances", instances), ("Events", events), ("Calls and values", answers)] {
            page += "\n## \(title)\n"
            for rule in rules {
                page += "\n### \(rule.id.rawValue)\n\n\(rule.statement)\n\n\(rule.method)\n\n**Fix:** \(rule.remedy)\n"
            }
        }
        return page
    }
}
