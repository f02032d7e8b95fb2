/*
 * kong_pdk.h: Kong's PDK for plugins in C, and in any language that can call C.
 *
 *     kong->service_request->set_header(kong, "x-a", "b");
 *
 * Made by `swift-pluginserver generate-header` from the server's catalogue: do not change it by hand.
 *
 * How to read this file
 *
 *   Each function is Kong's, with its name and its parameters in Kong's order; what Kong returns comes through the
 *   pointers at the end. It returns KONG_OK, or a kong_status that says why not; `kong->error(kong)` has it in words.
 *
 *   Functions without a result are not waited for: they check their arguments, are queued in order, and leave for
 *   Kong at the latest when the handler waits for a result or returns. If Kong refuses such a call, the event fails.
 *   Functions with a result send what is queued, then themselves, and wait for Kong. They can be called in the
 *   handlers of blocking plugins only, which plugins made with KONG_PLUGIN are: on an event loop they return
 *   KONG_WRONG_THREAD.
 *
 *   Texts end with a NUL. What an argument points to is borrowed until the function returns. What a result points to
 *   is the host's, and valid until the event is over; each string in it is followed by a NUL that its size does not
 *   count. Results are left as they are when the status is not KONG_OK.
 *
 *   A kong_pdk is valid while its handler runs, on its thread. Used after that it answers with KONG_EVENT_OVER, and
 *   on another thread with KONG_WRONG_THREAD.
 *
 *   Kong's Lua loses what comes after a nil. So what is left out must be at the end, but for the body of
 *   response->exit and the message of response->error, which are sent empty, and the consumer of
 *   client->authenticate: KONG_BAD_ARGUMENT.
 *
 * Structs begin with their size, and only grow at their end: look at the size before you touch a member that came
 * after ABI 1.1, which is the first that has this header.
 */
#ifndef KONG_PDK_H
#define KONG_PDK_H

#include "kong_define.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An optional number that is left to Kong. */
#define KONG_DEFAULT INT64_MIN

/* ------------------------------------------------------------------------------------------------
 * Kong's entities. A string that is missing has no data, a number is 0, and a pointer NULL.
 */

typedef struct kong_key {
    uint32_t size; /* of this struct, in the host's version of this header */
    kong_map fields; /* all that Kong sent */
    kong_string id;
} kong_key;

typedef struct kong_route {
    uint32_t size; /* of this struct, in the host's version of this header */
    kong_map fields; /* all that Kong sent */
    kong_string id;
    int64_t created_at;
    int64_t updated_at;
    kong_string name;
    kong_strings protocols;
    kong_strings methods;
    kong_strings hosts;
    kong_strings paths;
    kong_strings headers;
    int64_t https_redirect_status_code;
    int64_t regex_priority;
    bool strip_path;
    bool preserve_host;
    kong_strings snis;
    kong_strings sources;
    kong_strings destinations;
    kong_strings tags;
    const struct kong_key *service;
} kong_route;

typedef struct kong_service {
    uint32_t size; /* of this struct, in the host's version of this header */
    kong_map fields; /* all that Kong sent */
    kong_string id;
    int64_t created_at;
    int64_t updated_at;
    kong_string name;
    int64_t retries;
    kong_string protocol;
    kong_string host;
    int64_t port;
    kong_string path;
    int64_t connect_timeout;
    int64_t write_timeout;
    int64_t read_timeout;
    kong_strings tags;
    const struct kong_key *client_certificate;
} kong_service;

typedef struct kong_consumer {
    uint32_t size; /* of this struct, in the host's version of this header */
    kong_map fields; /* all that Kong sent */
    kong_string id;
    int64_t created_at;
    kong_string username;
    kong_string custom_id;
    kong_strings tags;
} kong_consumer;

typedef struct kong_credential {
    uint32_t size; /* of this struct, in the host's version of this header */
    kong_map fields; /* all that Kong sent */
    kong_string id;
    kong_string consumer_id;
} kong_credential;

typedef struct kong_dictionary_stats {
    uint32_t size; /* of this struct, in the host's version of this header */
    kong_map fields; /* all that Kong sent */
    int64_t allocated_slabs;
    int64_t capacity;
} kong_dictionary_stats;

typedef struct kong_shared_dictionaries {
    uint32_t size; /* of this struct, in the host's version of this header */
    kong_map fields; /* all that Kong sent */
    const struct kong_dictionary_stats *kong;
    const struct kong_dictionary_stats *kong_db_cache;
} kong_shared_dictionaries;

typedef struct kong_worker_memory {
    uint32_t size; /* of this struct, in the host's version of this header */
    kong_map fields; /* all that Kong sent */
    int64_t http_allocated_gc;
    int64_t pid;
} kong_worker_memory;

typedef struct kong_memory_stats {
    uint32_t size; /* of this struct, in the host's version of this header */
    kong_map fields; /* all that Kong sent */
    const struct kong_shared_dictionaries *lua_shared_dicts;
    const struct kong_worker_memory *const *workers_lua_vms;
    size_t workers_lua_vms_count;
} kong_memory_stats;

typedef struct kong_uri_captures {
    uint32_t size; /* of this struct, in the host's version of this header */
    kong_map fields; /* all that Kong sent */
    kong_strings unnamed;
    kong_map named;
} kong_uri_captures;

/* ------------------------------------------------------------------------------------------------
 * The functions
 */

/* kong.client */
typedef struct kong_pdk_client {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.client.get_ip, since Kong 2.0. Phases: rewrite, access, response, preread.
     * The address of the other end of the connection, which may be a proxy. */
    kong_status (*get_ip)(const kong_pdk *kong, kong_string *result);

    /* kong.client.get_forwarded_ip, since Kong 2.0. Phases: rewrite, access, response, preread.
     * The client's address, as a trusted proxy tells it. */
    kong_status (*get_forwarded_ip)(const kong_pdk *kong, kong_string *result);

    /* kong.client.get_port, since Kong 2.0. Phases: rewrite, access, response, preread.
     * The port of the other end of the connection. */
    kong_status (*get_port)(const kong_pdk *kong, int64_t *result);

    /* kong.client.get_forwarded_port, since Kong 2.0. Phases: rewrite, access, response, preread.
     * The client's port, as a trusted proxy tells it. */
    kong_status (*get_forwarded_port)(const kong_pdk *kong, int64_t *result);

    /* kong.client.get_credential, since Kong 2.0. Phases: access, response, log.
     * The credential that an authentication plugin found.
     * If there is none: NULL. */
    kong_status (*get_credential)(const kong_pdk *kong, const kong_credential **result);

    /* kong.client.load_consumer, since Kong 2.0. Phases: access, response, log.
     * A consumer from Kong's database, by id (a UUID) or, if asked to, by user name.
     * If there is none: NULL. */
    kong_status (*load_consumer)(const kong_pdk *kong, const char *consumer_id, bool search_by_username,
                                 const kong_consumer **result);

    /* kong.client.get_consumer, since Kong 2.0. Phases: access, response, log.
     * The consumer that an authentication plugin found.
     * If there is none: NULL. */
    kong_status (*get_consumer)(const kong_pdk *kong, const kong_consumer **result);

    /* kong.client.authenticate, since Kong 2.0. Phases: access.
     * Makes a consumer (a map with its id) the one that the request is from. One of the two must be there.
     * May be left out: consumer NULL, credential NULL. */
    kong_status (*authenticate)(const kong_pdk *kong, const kong_map *consumer, const kong_map *credential);

    /* kong.client.get_protocol, since Kong 2.0. Phases: access, response.
     * The protocol of the matched route, as "https"; with allow_terminated as a trusted proxy tells it.
     * If there is none: data is NULL. */
    kong_status (*get_protocol)(const kong_pdk *kong, bool allow_terminated, kong_string *result);
} kong_pdk_client;

/* kong.client.tls */
typedef struct kong_pdk_client_tls {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.client.tls.request_client_certificate, since Kong 2.1. Phases: certificate, over MessagePack only.
     * Asks the client for a certificate while the connection is made.
     * If there is none: false. */
    kong_status (*request_client_certificate)(const kong_pdk *kong, bool *result);

    /* kong.client.tls.disable_session_reuse, since Kong 2.1. Phases: certificate, over MessagePack only.
     * Has the client make a whole handshake for each connection.
     * If there is none: false. */
    kong_status (*disable_session_reuse)(const kong_pdk *kong, bool *result);

    /* kong.client.tls.get_full_client_certificate_chain, since Kong 2.1. Phases: rewrite, access, response,
     * over MessagePack only.
     * The certificates that the client has shown, as PEM.
     * If there is none: data is NULL. */
    kong_status (*get_full_client_certificate_chain)(const kong_pdk *kong, kong_string *result);

    /* kong.client.tls.set_client_verify, since Kong 2.1. Phases: rewrite, access, response, over MessagePack
     * only.
     * What became of the check of the client's certificate: "SUCCESS", "NONE" or "FAILED:reason". */
    kong_status (*set_client_verify)(const kong_pdk *kong, const char *v);

    /* kong.client.tls.disable_http2_alpn, since Kong 3.9. No phase, over MessagePack only.
     * Kong allows it in client_hello only, where it runs no plugin server.
     * If there is none: false. */
    kong_status (*disable_http2_alpn)(const kong_pdk *kong, bool *result);
} kong_pdk_client_tls;

/* kong.ip */
typedef struct kong_pdk_ip {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.ip.is_trusted, since Kong 2.0. All phases.
     * Whether an address is one of `trusted_ips` in Kong's configuration. */
    kong_status (*is_trusted)(const kong_pdk *kong, const char *address, bool *result);
} kong_pdk_ip;

/* kong.ctx.shared */
typedef struct kong_pdk_ctx_shared {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.ctx.shared.set, since Kong 2.1. All phases.
     * Sets a value that lives as long as the request, shared with all plugins; NULL removes it. */
    kong_status (*set)(const kong_pdk *kong, const char *key, const kong_value *value);

    /* kong.ctx.shared.get, since Kong 2.1. All phases.
     * A value that a plugin has set for this request.
     * If there is none: KONG_NIL. */
    kong_status (*get)(const kong_pdk *kong, const char *key, kong_value *result);
} kong_pdk_ctx_shared;

/* kong.nginx */
typedef struct kong_pdk_nginx {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.nginx.get_var, since Kong 2.0. Phases: rewrite, access, response, preread.
     * A variable of nginx.
     * If there is none: data is NULL. */
    kong_status (*get_var)(const kong_pdk *kong, const char *name, kong_string *result);

    /* kong.nginx.get_tls1_version_str, since Kong 2.0. Phases: certificate, rewrite, access, response, preread.
     * The version of TLS, as "TLSv1.3".
     * If there is none: data is NULL. */
    kong_status (*get_tls1_version_str)(const kong_pdk *kong, kong_string *result);

    /* kong.nginx.set_ctx, since Kong 2.1. All phases.
     * Sets a value of ngx.ctx. */
    kong_status (*set_ctx)(const kong_pdk *kong, const char *key, const kong_value *value);

    /* kong.nginx.get_ctx, since Kong 2.0. All phases.
     * A value of ngx.ctx.
     * If there is none: KONG_NIL. */
    kong_status (*get_ctx)(const kong_pdk *kong, const char *key, kong_value *result);

    /* kong.nginx.req_start_time, since Kong 2.0. All phases.
     * When the request began, in seconds since 1970. */
    kong_status (*req_start_time)(const kong_pdk *kong, double *result);

    /* kong.nginx.get_subsystem, since Kong 2.0. All phases.
     * "http" or "stream". */
    kong_status (*get_subsystem)(const kong_pdk *kong, kong_string *result);

    /* kong.nginx.get_statistics, since Kong 3.0. All phases, over MessagePack only.
     * nginx's counts of connections and requests, as "connections_active". */
    kong_status (*get_statistics)(const kong_pdk *kong, kong_map *result);
} kong_pdk_nginx;

/* kong.log */
typedef struct kong_pdk_log {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.log.alert, since Kong 2.0. All phases.
     * A line in Kong's error log. */
    kong_status (*alert)(const kong_pdk *kong, const char *message);

    /* kong.log.crit, since Kong 2.0. All phases.
     * A line in Kong's error log. */
    kong_status (*crit)(const kong_pdk *kong, const char *message);

    /* kong.log.err, since Kong 2.0. All phases.
     * A line in Kong's error log. */
    kong_status (*err)(const kong_pdk *kong, const char *message);

    /* kong.log.warn, since Kong 2.0. All phases.
     * A line in Kong's error log. */
    kong_status (*warn)(const kong_pdk *kong, const char *message);

    /* kong.log.notice, since Kong 2.0. All phases.
     * A line in Kong's error log. */
    kong_status (*notice)(const kong_pdk *kong, const char *message);

    /* kong.log.info, since Kong 2.0. All phases.
     * A line in Kong's error log. */
    kong_status (*info)(const kong_pdk *kong, const char *message);

    /* kong.log.debug, since Kong 2.0. All phases.
     * A line in Kong's error log. */
    kong_status (*debug)(const kong_pdk *kong, const char *message);

    /* kong.log.emerg, since Kong 2.0. All phases, over MessagePack only.
     * A line in Kong's error log. */
    kong_status (*emerg)(const kong_pdk *kong, const char *message);

    /* kong.log.inspect, since Kong 2.0. All phases, over MessagePack only.
     * Writes values to Kong's error log as Lua shows them. For debugging: it is slow. */
    kong_status (*inspect)(const kong_pdk *kong, const kong_value *values, size_t count);

    /* kong.log.deprecation, since Kong 2.6. All phases, over MessagePack only.
     * A line in Kong's error log about something that one should not do any more. */
    kong_status (*deprecation)(const kong_pdk *kong, const char *message);

    /* kong.log.set_serialize_value, since Kong 2.3. Phases: rewrite, access, response.
     * Sets a field of the record that `serialize` returns; NULL removes it. Options: {mode: "set", "add" or
     * "replace"}.
     * May be left out: options NULL. */
    kong_status (*set_serialize_value)(const kong_pdk *kong, const char *key, const kong_value *value,
                                       const kong_map *options);

    /* kong.log.serialize, since Kong 2.0. Phases: log.
     * The record of the request that logging plugins write, as JSON. */
    kong_status (*serialize)(const kong_pdk *kong, kong_string *result);
} kong_pdk_log;

/* kong.node */
typedef struct kong_pdk_node {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.node.get_id, since Kong 2.0. All phases.
     * The id of this Kong. */
    kong_status (*get_id)(const kong_pdk *kong, kong_string *result);

    /* kong.node.get_memory_stats, since Kong 2.0. All phases.
     * What memory Kong's workers use. */
    kong_status (*get_memory_stats)(const kong_pdk *kong, const kong_memory_stats **result);

    /* kong.node.get_hostname, since Kong 2.3. All phases, over MessagePack only.
     * The name of Kong's machine. */
    kong_status (*get_hostname)(const kong_pdk *kong, kong_string *result);
} kong_pdk_node;

/* kong.cluster */
typedef struct kong_pdk_cluster {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.cluster.get_id, since Kong 2.3. All phases, over MessagePack only.
     * The id of the cluster.
     * If there is none: data is NULL. */
    kong_status (*get_id)(const kong_pdk *kong, kong_string *result);
} kong_pdk_cluster;

/* kong.plugin */
typedef struct kong_pdk_plugin {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.plugin.get_id, since Kong 3.3. Phases: rewrite, access, response, log, over MessagePack only.
     * The id of this configuration in Kong's database.
     * If there is none: data is NULL. */
    kong_status (*get_id)(const kong_pdk *kong, kong_string *result);
} kong_pdk_plugin;

/* kong.router */
typedef struct kong_pdk_router {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.router.get_route, since Kong 2.0. Phases: access, response, log.
     * The route that the request matches.
     * If there is none: NULL. */
    kong_status (*get_route)(const kong_pdk *kong, const kong_route **result);

    /* kong.router.get_service, since Kong 2.0. Phases: access, response, log.
     * The service that the request is for.
     * If there is none: NULL. */
    kong_status (*get_service)(const kong_pdk *kong, const kong_service **result);
} kong_pdk_router;

/* kong.telemetry */
typedef struct kong_pdk_telemetry {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.telemetry.log, since Kong 3.8. Phases: rewrite, access, response, log, over MessagePack only.
     * Writes a record for OpenTelemetry.
     * May be left out: message NULL, attributes NULL.
     * If there is none: false. */
    kong_status (*log)(const kong_pdk *kong, const char *plugin_name, const kong_map *plugin_config,
                       const char *message_type, const char *message, const kong_map *attributes, bool *result);
} kong_pdk_telemetry;

/* kong.vault */
typedef struct kong_pdk_vault {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.vault.get, since Kong 2.8. All phases, over MessagePack only.
     * The secret that a reference such as {vault://env/name} stands for.
     * If there is none: data is NULL. */
    kong_status (*get)(const kong_pdk *kong, const char *reference, kong_string *result);

    /* kong.vault.is_reference, since Kong 2.8. All phases, over MessagePack only.
     * Whether a text has the form of a reference. */
    kong_status (*is_reference)(const kong_pdk *kong, const char *reference, bool *result);

    /* kong.vault.parse_reference, since Kong 2.8. All phases, over MessagePack only.
     * The parts of a reference: name, resource, key, config, version.
     * If there is none: entries is NULL. */
    kong_status (*parse_reference)(const kong_pdk *kong, const char *reference, kong_map *result);

    /* kong.vault.update, since Kong 3.4. All phases, over MessagePack only.
     * The table with the references in its `$refs` resolved anew. */
    kong_status (*update)(const kong_pdk *kong, const kong_map *options, kong_map *result);

    /* kong.vault.warmup, since Kong 3.5. All phases, over MessagePack only.
     * Has the references in a table fetched before they are needed. */
    kong_status (*warmup)(const kong_pdk *kong, const kong_value *input);

    /* kong.vault.flush, since Kong 3.3. All phases, over MessagePack only.
     * Forgets the secrets that have been fetched. */
    kong_status (*flush)(const kong_pdk *kong);
} kong_pdk_vault;

/* kong.request */
typedef struct kong_pdk_request {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.request.get_scheme, since Kong 2.0. Phases: rewrite, access, response.
     * "http" or "https". */
    kong_status (*get_scheme)(const kong_pdk *kong, kong_string *result);

    /* kong.request.get_host, since Kong 2.0. Phases: rewrite, access, response.
     * The host of the request line or the header Host. */
    kong_status (*get_host)(const kong_pdk *kong, kong_string *result);

    /* kong.request.get_port, since Kong 2.0. Phases: rewrite, access, response, preread.
     * The port that the request came in on. */
    kong_status (*get_port)(const kong_pdk *kong, int64_t *result);

    /* kong.request.get_forwarded_scheme, since Kong 2.0. Phases: rewrite, access, response.
     * The scheme, as a trusted proxy tells it. */
    kong_status (*get_forwarded_scheme)(const kong_pdk *kong, kong_string *result);

    /* kong.request.get_forwarded_host, since Kong 2.0. Phases: rewrite, access, response.
     * The host, as a trusted proxy tells it. */
    kong_status (*get_forwarded_host)(const kong_pdk *kong, kong_string *result);

    /* kong.request.get_forwarded_port, since Kong 2.0. Phases: rewrite, access, response.
     * The port, as a trusted proxy tells it. */
    kong_status (*get_forwarded_port)(const kong_pdk *kong, int64_t *result);

    /* kong.request.get_forwarded_path, since Kong 2.1. Phases: rewrite, access, response, over MessagePack
     * only.
     * The path, as a trusted proxy tells it. */
    kong_status (*get_forwarded_path)(const kong_pdk *kong, kong_string *result);

    /* kong.request.get_forwarded_prefix, since Kong 2.2. Phases: rewrite, access, response, over MessagePack
     * only.
     * What a trusted proxy, or Kong, has cut from the front of the path.
     * If there is none: data is NULL. */
    kong_status (*get_forwarded_prefix)(const kong_pdk *kong, kong_string *result);

    /* kong.request.get_http_version, since Kong 2.0. Phases: rewrite, access, response.
     * 1, 1.1, 2 or 3. */
    kong_status (*get_http_version)(const kong_pdk *kong, double *result);

    /* kong.request.get_method, since Kong 2.0. Phases: rewrite, access, response.
     * As "GET". */
    kong_status (*get_method)(const kong_pdk *kong, kong_string *result);

    /* kong.request.get_path, since Kong 2.0. Phases: rewrite, access, response.
     * The normalised path, without the query. */
    kong_status (*get_path)(const kong_pdk *kong, kong_string *result);

    /* kong.request.get_raw_path, since Kong 3.0. Phases: rewrite, access, response, over MessagePack only.
     * The path as it came, without the query. */
    kong_status (*get_raw_path)(const kong_pdk *kong, kong_string *result);

    /* kong.request.get_path_with_query, since Kong 2.0. Phases: rewrite, access, response.
     * The path as it came, with the query. */
    kong_status (*get_path_with_query)(const kong_pdk *kong, kong_string *result);

    /* kong.request.get_raw_query, since Kong 2.0. Phases: rewrite, access, response.
     * The query as it came, without its question mark. */
    kong_status (*get_raw_query)(const kong_pdk *kong, kong_string *result);

    /* kong.request.get_query_arg, since Kong 2.0. Phases: rewrite, access, response.
     * The first value of an argument of the query; "" if it has none (over ProtoBuf:1 Kong refuses such: use
     * get_query).
     * If there is none: data is NULL. */
    kong_status (*get_query_arg)(const kong_pdk *kong, const char *name, kong_string *result);

    /* kong.request.get_query, since Kong 2.0. Phases: rewrite, access, response.
     * The arguments of the query: strings or arrays of them, `true` for one without a value.
     * Takes max_args 1 … 1000.
     * May be left out: max_args KONG_DEFAULT. */
    kong_status (*get_query)(const kong_pdk *kong, int64_t max_args, kong_map *result);

    /* kong.request.get_header, since Kong 2.0. Phases: rewrite, access, response, log.
     * The first value of a header.
     * If there is none: data is NULL. */
    kong_status (*get_header)(const kong_pdk *kong, const char *name, kong_string *result);

    /* kong.request.get_headers, since Kong 2.0. Phases: rewrite, access, response, log.
     * The headers, with names in lower case: strings or arrays of them.
     * Takes max_headers 1 … 1000.
     * May be left out: max_headers KONG_DEFAULT. */
    kong_status (*get_headers)(const kong_pdk *kong, int64_t max_headers, kong_map *result);

    /* kong.request.get_raw_body, since Kong 2.0. Phases: rewrite, access, response.
     * The body; one that Kong has written to a file is read from there, up to the size given, 64 MiB by
     * default.
     * Takes max_allowed_file_size at least 1.
     * May be left out: max_allowed_file_size KONG_DEFAULT. */
    kong_status (*get_raw_body)(const kong_pdk *kong, int64_t max_allowed_file_size, kong_string *result);

    /* kong.request.get_body, since Kong 2.0. Phases: rewrite, access, response, over MessagePack only.
     * The body as Kong parses it: a form or JSON, for Kong 2 without a null in it. Without mimetype leave out
     * the rest.
     * Takes max_args 1 … 1000, max_allowed_file_size at least 1.
     * May be left out: mimetype NULL, max_args KONG_DEFAULT, max_allowed_file_size KONG_DEFAULT.
     * If there is none: KONG_NIL. */
    kong_status (*get_body)(const kong_pdk *kong, const char *mimetype, int64_t max_args,
                            int64_t max_allowed_file_size, kong_value *result);

    /* kong.request.get_start_time, since Kong 3.0. Phases: rewrite, access, response, log, over MessagePack
     * only.
     * When the request began, in milliseconds since 1970. */
    kong_status (*get_start_time)(const kong_pdk *kong, double *result);

    /* kong.request.get_uri_captures, since Kong 3.1. Phases: rewrite, access, response, log.
     * What the regular expression of the route's path has captured. */
    kong_status (*get_uri_captures)(const kong_pdk *kong, const kong_uri_captures **result);
} kong_pdk_request;

/* kong.response */
typedef struct kong_pdk_response {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.response.get_status, since Kong 2.0. Phases: response, log.
     * The status that the client gets. */
    kong_status (*get_status)(const kong_pdk *kong, int64_t *result);

    /* kong.response.get_header, since Kong 2.0. Phases: response, log.
     * The first value of a header that the client gets.
     * If there is none: data is NULL. */
    kong_status (*get_header)(const kong_pdk *kong, const char *name, kong_string *result);

    /* kong.response.get_headers, since Kong 2.0. Phases: response, log.
     * The headers that the client gets: strings or arrays of them.
     * Takes max_headers 1 … 1000.
     * May be left out: max_headers KONG_DEFAULT. */
    kong_status (*get_headers)(const kong_pdk *kong, int64_t max_headers, kong_map *result);

    /* kong.response.get_source, since Kong 2.0. Phases: response, log.
     * Who made the answer: "service", "exit" or "error". */
    kong_status (*get_source)(const kong_pdk *kong, kong_string *result);

    /* kong.response.set_status, since Kong 2.0. Phases: rewrite, access, response.
     * Changes the status that the client gets.
     * Takes status 100 … 599. */
    kong_status (*set_status)(const kong_pdk *kong, int64_t status);

    /* kong.response.set_header, since Kong 2.0. Phases: rewrite, access, response.
     * Sets a header for the client. For several values: set_headers. */
    kong_status (*set_header)(const kong_pdk *kong, const char *name, const char *value);

    /* kong.response.add_header, since Kong 2.0. Phases: rewrite, access, response.
     * Adds a header for the client. */
    kong_status (*add_header)(const kong_pdk *kong, const char *name, const char *value);

    /* kong.response.clear_header, since Kong 2.0. Phases: rewrite, access, response.
     * Removes a header. */
    kong_status (*clear_header)(const kong_pdk *kong, const char *name);

    /* kong.response.set_headers, since Kong 2.0. Phases: rewrite, access, response.
     * Sets headers for the client: strings or arrays of them. */
    kong_status (*set_headers)(const kong_pdk *kong, const kong_map *headers);

    /* kong.response.get_raw_body, since Kong 2.7. No phase, over MessagePack only.
     * Kong allows it in body_filter only, where it runs no plugin server.
     * If there is none: data is NULL. */
    kong_status (*get_raw_body)(const kong_pdk *kong, kong_string *result);

    /* kong.response.set_raw_body, since Kong 2.7. No phase, over MessagePack only.
     * Kong allows it in body_filter only, where it runs no plugin server. */
    kong_status (*set_raw_body)(const kong_pdk *kong, const void *body, size_t body_size);

    /* kong.response.exit, since Kong 2.0. Phases: rewrite, access, response, preread.
     * Answers the client and ends the event: return from the handler after it.
     * Takes status 100 … 599.
     * May be left out: body NULL, headers NULL. */
    kong_status (*exit)(const kong_pdk *kong, int64_t status, const void *body, size_t body_size,
                        const kong_map *headers);

    /* kong.response.error, since Kong 2.1. Phases: rewrite, access, response, over MessagePack only.
     * The same with a body that Kong makes of the message, in the form that the client accepts.
     * Takes status 400 … 599.
     * May be left out: message NULL, headers NULL. */
    kong_status (*error)(const kong_pdk *kong, int64_t status, const char *message, const kong_map *headers);
} kong_pdk_response;

/* kong.service */
typedef struct kong_pdk_service {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.service.set_upstream, since Kong 2.0. Phases: access.
     * Sends the request to an upstream of Kong's; false if there is no such one. Over ProtoBuf:1 Kong before
     * 3.7 fails if there is.
     * If there is none: false. */
    kong_status (*set_upstream)(const kong_pdk *kong, const char *host, bool *result);

    /* kong.service.set_target, since Kong 2.0. Phases: access, preread.
     * Sends the request to a host and port.
     * Takes port 0 … 65535. */
    kong_status (*set_target)(const kong_pdk *kong, const char *host, int64_t port);

    /* kong.service.set_retries, since Kong 3.8. Phases: access, over MessagePack only.
     * How often Kong tries again.
     * Takes retries 0 … 32767. */
    kong_status (*set_retries)(const kong_pdk *kong, int64_t retries);

    /* kong.service.set_timeouts, since Kong 3.8. Phases: access, over MessagePack only.
     * How long Kong waits for the service, in milliseconds.
     * Takes connect_timeout 1 … 2147483646, write_timeout 1 … 2147483646, read_timeout 1 … 2147483646. */
    kong_status (*set_timeouts)(const kong_pdk *kong, int64_t connect_timeout, int64_t write_timeout,
                                int64_t read_timeout);

    /* kong.service.set_tls_verify, since Kong 2.1. Phases: rewrite, access, preread, over MessagePack only.
     * Whether the service's certificate is checked.
     * If there is none: false. */
    kong_status (*set_tls_verify)(const kong_pdk *kong, bool on, bool *result);

    /* kong.service.set_tls_verify_depth, since Kong 2.1. Phases: rewrite, access, preread, over MessagePack
     * only.
     * How long the chain of the service's certificate may be.
     * Takes depth 0 … 2147483647.
     * If there is none: false. */
    kong_status (*set_tls_verify_depth)(const kong_pdk *kong, int64_t depth, bool *result);
} kong_pdk_service;

/* kong.service.request */
typedef struct kong_pdk_service_request {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.service.request.set_scheme, since Kong 2.0. Phases: rewrite, access.
     * "http" or "https". In rewrite from Kong 3.8 on. */
    kong_status (*set_scheme)(const kong_pdk *kong, const char *scheme);

    /* kong.service.request.set_path, since Kong 2.0. Phases: rewrite, access.
     * Begins with a slash; without the query. In rewrite from Kong 3.8 on. */
    kong_status (*set_path)(const kong_pdk *kong, const char *path);

    /* kong.service.request.set_raw_query, since Kong 2.0. Phases: rewrite, access.
     * The query as it shall be sent, without a question mark. */
    kong_status (*set_raw_query)(const kong_pdk *kong, const char *query);

    /* kong.service.request.set_method, since Kong 2.0. Phases: rewrite, access.
     * As "GET". */
    kong_status (*set_method)(const kong_pdk *kong, const char *method);

    /* kong.service.request.set_query, since Kong 2.0. Phases: rewrite, access.
     * The arguments of the query: strings, arrays of them, or `true` for one without a value. */
    kong_status (*set_query)(const kong_pdk *kong, const kong_map *args);

    /* kong.service.request.clear_query_arg, since Kong 3.9. Phases: rewrite, access, over MessagePack only.
     * Removes an argument of the query. */
    kong_status (*clear_query_arg)(const kong_pdk *kong, const char *name);

    /* kong.service.request.set_header, since Kong 2.0. Phases: rewrite, access.
     * Sets a header for the service. For several values: set_headers. */
    kong_status (*set_header)(const kong_pdk *kong, const char *name, const char *value);

    /* kong.service.request.add_header, since Kong 2.0. Phases: rewrite, access.
     * Adds a header for the service. */
    kong_status (*add_header)(const kong_pdk *kong, const char *name, const char *value);

    /* kong.service.request.clear_header, since Kong 2.0. Phases: rewrite, access.
     * Removes a header. */
    kong_status (*clear_header)(const kong_pdk *kong, const char *name);

    /* kong.service.request.set_headers, since Kong 2.0. Phases: rewrite, access.
     * Sets headers for the service: strings or arrays of them. */
    kong_status (*set_headers)(const kong_pdk *kong, const kong_map *headers);

    /* kong.service.request.set_raw_body, since Kong 2.0. Phases: rewrite, access.
     * The body, as it is. */
    kong_status (*set_raw_body)(const kong_pdk *kong, const void *body, size_t body_size);

    /* kong.service.request.set_body, since Kong 2.0. Phases: rewrite, access, over MessagePack only.
     * A form or JSON, made of a map by Kong; false if there is no content type.
     * May be left out: mimetype NULL.
     * If there is none: false. */
    kong_status (*set_body)(const kong_pdk *kong, const kong_value *args, const char *mimetype, bool *result);

    /* kong.service.request.enable_buffering, since Kong 2.0. Phases: rewrite, access, over MessagePack only.
     * Has Kong keep the service's answer, for the response phase. */
    kong_status (*enable_buffering)(const kong_pdk *kong);

    /* kong.service.request.disable_tls, since Kong 2.0. Phases: preread, over MessagePack only.
     * Talks to the service without TLS.
     * If there is none: false. */
    kong_status (*disable_tls)(const kong_pdk *kong, bool *result);
} kong_pdk_service_request;

/* kong.service.response */
typedef struct kong_pdk_service_response {
    uint32_t size; /* of this struct, in the host's version of this header */

    /* kong.service.response.get_status, since Kong 2.0. Phases: response.
     * The status of the service's answer; missing if it has not answered.
     * If there is none: is_there is false. */
    kong_status (*get_status)(const kong_pdk *kong, int64_t *result, bool *is_there);

    /* kong.service.response.get_header, since Kong 2.0. Phases: response.
     * The first value of a header of the service's answer.
     * If there is none: data is NULL. */
    kong_status (*get_header)(const kong_pdk *kong, const char *name, kong_string *result);

    /* kong.service.response.get_headers, since Kong 2.0. Phases: response.
     * The headers of the service's answer.
     * Takes max_headers 1 … 1000.
     * May be left out: max_headers KONG_DEFAULT. */
    kong_status (*get_headers)(const kong_pdk *kong, int64_t max_headers, kong_map *result);

    /* kong.service.response.get_raw_body, since Kong 2.0. Phases: response.
     * The body of the service's answer. */
    kong_status (*get_raw_body)(const kong_pdk *kong, kong_string *result);

    /* kong.service.response.get_body, since Kong 2.0. Phases: response, over MessagePack only.
     * The body of the service's answer, as Kong parses it.
     * Takes max_args 1 … 1000.
     * May be left out: mimetype NULL, max_args KONG_DEFAULT.
     * If there is none: KONG_NIL. */
    kong_status (*get_body)(const kong_pdk *kong, const char *mimetype, int64_t max_args, kong_value *result);
} kong_pdk_service_response;

/* ------------------------------------------------------------------------------------------------
 * Kong, as a handler sees it
 */
struct kong_pdk {
    uint32_t size;    /* of this struct, in the host's version of this header */
    kong_phase phase; /* that is being handled */
    kong_event event; /* for the functions of the host */
    const kong_host *host;

    /* Why the last function of this header that failed on this thread did; valid until the next one fails. */
    kong_string (*error)(const kong_pdk *kong);

    /* Waits until Kong has done all that is queued. */
    kong_status (*flush)(const kong_pdk *kong);

    const kong_pdk_client *client; /* kong.client */
    const kong_pdk_client_tls *client_tls; /* kong.client.tls */
    const kong_pdk_ip *ip; /* kong.ip */
    const kong_pdk_ctx_shared *ctx_shared; /* kong.ctx.shared */
    const kong_pdk_nginx *nginx; /* kong.nginx */
    const kong_pdk_log *log; /* kong.log */
    const kong_pdk_node *node; /* kong.node */
    const kong_pdk_cluster *cluster; /* kong.cluster */
    const kong_pdk_plugin *plugin; /* kong.plugin */
    const kong_pdk_router *router; /* kong.router */
    const kong_pdk_telemetry *telemetry; /* kong.telemetry */
    const kong_pdk_vault *vault; /* kong.vault */
    const kong_pdk_request *request; /* kong.request */
    const kong_pdk_response *response; /* kong.response */
    const kong_pdk_service *service; /* kong.service */
    const kong_pdk_service_request *service_request; /* kong.service.request */
    const kong_pdk_service_response *service_response; /* kong.service.response */
};

#ifdef __cplusplus
}
#endif

#endif /* KONG_PDK_H */
