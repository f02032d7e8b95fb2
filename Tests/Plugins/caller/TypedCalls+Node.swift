import KongPDK

extension TypedCalls {
    static let node: [String: Call] = [
        "kong.log.alert": { kong, arguments in
            try kong.log.alert(arguments.text(0))
            return .nil
        },
        "kong.log.crit": { kong, arguments in
            try kong.log.crit(arguments.text(0))
            return .nil
        },
        "kong.log.debug": { kong, arguments in
            try kong.log.debug(arguments.text(0))
            return .nil
        },
        "kong.log.emerg": { kong, arguments in
            try kong.log.emerg(arguments.text(0))
            return .nil
        },
        "kong.log.err": { kong, arguments in
            try kong.log.err(arguments.text(0))
            return .nil
        },
        "kong.log.info": { kong, arguments in
            try kong.log.info(arguments.text(0))
            return .nil
        },
        "kong.log.notice": { kong, arguments in
            try kong.log.notice(arguments.text(0))
            return .nil
        },
        "kong.log.warn": { kong, arguments in
            try kong.log.warn(arguments.text(0))
            return .nil
        },
        "kong.log.inspect": { kong, arguments in
            try kong.log.inspect(arguments[0], arguments[1])
            return .nil
        },
        "kong.log.deprecation": { kong, arguments in
            try kong.log.deprecation(
                arguments.text(0), after: arguments[1]["after"]?.stringValue,
                removal: arguments[1]["removal"]?.stringValue, trace: arguments[1]["trace"]?.booleanValue ?? false)
            return .nil
        },
        "kong.log.set_serialize_value": { kong, arguments in
            let mode = arguments[2]["mode"]?.stringValue.flatMap { Kong.Log.SerializeMode(rawValue: $0) } ?? .set
            try kong.log.setSerializeValue(arguments.text(0), arguments[1], mode: mode)
            return .nil
        },
        "kong.log.serialize": { kong, _ in .string(try await kong.log.serialize()) },
        "kong.log.serialize bytes": { kong, _ in .bytes(try await kong.log.serializeBytes()) },

        "kong.nginx.get_var": { kong, arguments in Value(try await kong.nginx.variable(arguments.text(0))) },
        "kong.nginx.get_var bytes": { kong, arguments in
            Value(try await kong.nginx.variableBytes(arguments.text(0)))
        },
        "kong.nginx.get_tls1_version_str": { kong, _ in Value(try await kong.nginx.tlsVersion()) },
        "kong.nginx.get_ctx": { kong, arguments in try await kong.nginx.context(arguments.text(0)) },
        "kong.nginx.set_ctx": { kong, arguments in
            try kong.nginx.setContext(arguments.text(0), arguments[1])
            return .nil
        },
        "kong.nginx.req_start_time": { kong, _ in .number(try await kong.nginx.requestStartTime()) },
        "kong.nginx.get_subsystem": { kong, _ in .string(try await kong.nginx.subsystem().rawValue) },
        "kong.nginx.get_statistics": { kong, _ in
            let statistics = try await kong.nginx.statistics()
            return .array(
                [
                    statistics.active, statistics.reading, statistics.writing, statistics.waiting, statistics.accepted,
                    statistics.handled, statistics.requests,
                ].map { Value($0) })
        },

        "kong.node.get_id": { kong, _ in .string(try await kong.node.id()) },
        "kong.node.get_hostname": { kong, _ in .string(try await kong.node.hostname()) },
        "kong.node.get_memory_stats": { kong, _ in
            let stats = try await kong.node.memoryStats()
            return [
                "areas": .map(
                    stats.sharedDictionaries.mapValues { .array([Value($0.allocatedSlabs), Value($0.capacity)]) }),
                "workers": .array(stats.workers.map { .array([Value($0.pid), Value($0.luaMemory)]) }),
            ]
        },
        "kong.cluster.get_id": { kong, _ in Value(try await kong.cluster.id()) },
        "kong.plugin.get_id": { kong, _ in Value(try await kong.plugin.id()) },
        "kong.router.get_route": { kong, _ in
            guard let route = try await kong.router.route() else { return .nil }
            return [
                "id": .string(route.id), "name": Value(route.name), "service": Value(route.serviceID),
                "protocols": .array(route.protocols.map { .string($0) }),
                "methods": .array(route.methods.map { .string($0.rawValue) }),
                "paths": .array(route.paths.map { .string($0) }), "hosts": .array(route.hosts.map { .string($0) }),
                "snis": .array(route.snis.map { .string($0) }), "tags": .array(route.tags.map { .string($0) }),
                "strip_path": .boolean(route.stripsPath), "preserve_host": .boolean(route.preservesHost),
                "regex_priority": Value(route.regexPriority), "redirect": Value(route.httpsRedirectStatus),
                "created_at": Value(route.createdAt), "updated_at": Value(route.updatedAt),
            ]
        },
        "kong.router.get_service": { kong, _ in
            guard let service = try await kong.router.service() else { return .nil }
            return [
                "id": .string(service.id), "name": Value(service.name), "protocol": Value(service.networkProtocol),
                "host": Value(service.host), "port": Value(service.port), "path": Value(service.path),
                "retries": Value(service.retries), "tags": .array(service.tags.map { .string($0) }),
                "timeouts": .array(
                    [service.connectTimeout, service.writeTimeout, service.readTimeout].map { timeout in
                        timeout.map { .number($0 / .milliseconds(1)) } ?? .nil
                    }),
                "certificate": Value(service.clientCertificateID),
                "created_at": Value(service.createdAt), "updated_at": Value(service.updatedAt),
            ]
        },
        "kong.telemetry.log": { kong, arguments in
            try await kong.telemetry.log(
                arguments.text(3), type: arguments.text(2), pluginName: arguments.text(0),
                pluginID: arguments[1]["__plugin_id"]?.stringValue,
                attributes: arguments[4].isNil ? [:] : arguments.map(4))
            return true
        },

        "kong.vault.get": { kong, arguments in Value(try await kong.vault.get(arguments.text(0))) },
        "kong.vault.get bytes": { kong, arguments in Value(try await kong.vault.getBytes(arguments.text(0))) },
        "kong.vault.is_reference": { kong, arguments in
            .boolean(try await kong.vault.isReference(arguments.text(0)))
        },
        "kong.vault.parse_reference": { kong, arguments in
            guard let reference = try await kong.vault.parseReference(arguments.text(0)) else { return .nil }
            return [
                "name": .string(reference.name), "resource": .string(reference.resource), "key": Value(reference.key),
                "config": .map(reference.configuration), "version": Value(reference.version),
            ]
        },
        "kong.vault.update": { kong, arguments in .map(try await kong.vault.update(arguments.map(0))) },
        "kong.vault.warmup": { kong, arguments in
            try kong.vault.warmup(arguments[0])
            return .nil
        },
        "kong.vault.flush": { kong, _ in
            try kong.vault.flush()
            return .nil
        },
    ]
}
