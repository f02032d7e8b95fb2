/* A closed loop of events: each connection has one event under way, and begins the next when it is over. PDK calls are
 * answered at once, as Kong does; the answers to all calls that have come together leave together. Each call must be the
 * one that plugins.h has, and each event must end as it should: whatever else comes ends this with status 1.
 *
 * `client` without arguments says how it is used. It prints one line of JSON, which ../README.md describes. The first fifth
 * of the time does not count.
 */
#define _GNU_SOURCE
#include "histogram.h"
#include "plugins.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <stdarg.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum state { STARTING, METHOD, ARGUMENTS, RETURN };

typedef struct connection {
    int descriptor;
    enum state state;
    unsigned step;
    bool is_idle;
    uint64_t id, begun;
    buffer rest; /* of a message that is not whole yet */
} connection;

static bool is_protobuf;
static const plugin *expected;
static size_t body_size;

/* Events go to the instances in turn. */
static uint64_t *instances;
static size_t instance_count, started_count, next_instance;

static int active_count;
static bool counts;
static uint64_t calls_done;
static histogram latencies;

/* What is to be sent over the connection that is being served. */
static buffer out;

static uint64_t clock_nanoseconds(clockid_t clock) {
    struct timespec now;
    if (clock_gettime(clock, &now)) return 0;
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t nanoseconds(void) { return clock_nanoseconds(CLOCK_MONOTONIC); }

__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("client: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

static void wait_for(connection *c, short what) {
    struct pollfd entry = {.fd = c->descriptor, .events = what};
    if (poll(&entry, 1, 60000) == 0) fail("the server has done nothing for a minute");
}

static void send_out(connection *c) {
    while (out.begin < out.end) {
        ssize_t sent = send(c->descriptor, out.data + out.begin, out.end - out.begin, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) wait_for(c, POLLOUT);
        else if (sent > 0) out.begin += (size_t)sent;
        else if (errno != EINTR) fail("the server has closed a connection");
    }
}

/* --- Events ------------------------------------------------------------------------------------------------------ */

static void begin_event(connection *c) {
    uint64_t instance = instances[next_instance];
    next_instance = next_instance + 1 < instance_count ? next_instance + 1 : 0;
    c->id++;
    c->step = 0;
    c->state = METHOD;
    if (is_protobuf) {
        /* RpcCall {sequence, cmd_handle_event {instance_id, event_name}} */
        size_t command = 1 + varint_size(instance) + field_size(2, 6);
        put_frame_size(&out, (uint32_t)(1 + varint_size(c->id) + field_size(36, command)));
        put_varint(&out, 1 << 3);
        put_varint(&out, c->id);
        put_varint(&out, 36 << 3 | 2);
        put_varint(&out, command);
        put_varint(&out, 1 << 3);
        put_varint(&out, instance);
        put_field(&out, 2, "access", 6);
    } else {
        put(&out, "\x94\x00", 2);
        put_uint(&out, c->id);
        put_text(&out, "plugin.HandleEvent");
        put(&out, "\x91\x82", 2);
        put_text(&out, "InstanceId");
        put_uint(&out, instance);
        put_text(&out, "EventName");
        put_text(&out, "access");
    }
}

static void end_event(connection *c) {
    if (c->step != expected->count) fail("an event of %s made %u calls", expected->name, c->step);
    uint64_t now = nanoseconds();
    if (counts) histogram_add(&latencies, now - c->begun);
    c->begun = now;
    if (c->is_idle) active_count--;
    else begin_event(c);
}

static const call *expected_call(connection *c) {
    if (c->step >= expected->count) fail("an event of %s makes more calls than %u", expected->name, expected->count);
    return plugin_call(expected, c->step);
}

/* A body of this size, whose content nobody looks at. */
static void put_body(buffer *b) {
    buffer_reserve(b, body_size);
    memset(b->data + b->end, 'x', body_size);
    b->end += body_size;
}

/* --- ProtoBuf:1 -------------------------------------------------------------------------------------------------- */

static void answer_call(const call *made) {
    if (strcmp(made->method, GET_HEADER) == 0) {
        put_frame_size(&out, (uint32_t)field_size(1, strlen(HOST)));
        put_field(&out, 1, HOST, strlen(HOST));
    } else if (strcmp(made->method, GET_RAW_BODY) == 0) {
        put_frame_size(&out, (uint32_t)field_size(1, body_size));
        put_varint(&out, 1 << 3 | 2);
        put_varint(&out, body_size);
        put_body(&out);
    } else {
        put_frame_size(&out, 0);
    }
}

static bool is_frame(const buffer *b, const uint8_t *at, const uint8_t *end) {
    return (size_t)(end - at) == b->end && memcmp(b->data, at, b->end) == 0;
}

static void take_frame(connection *c, const uint8_t *at, const uint8_t *end) {
    field f;
    switch (c->state) {
    case METHOD:
        if (at == end) {
            c->state = RETURN;
        } else {
            if (!is_frame(&expected_call(c)->name_frame, at, end))
                fail("%.*s was called", (int)(end - at), (const char *)at);
            c->state = ARGUMENTS;
        }
        break;
    case ARGUMENTS: {
        const call *made = expected_call(c);
        if (!is_frame(&made->arguments_frame, at, end)) fail("%s was called with other arguments", made->method);
        calls_done += counts;
        c->step++;
        answer_call(made);
        c->state = METHOD;
        break;
    }
    case RETURN:
        if (!get_field(&at, end, &f) || f.number != 1 || f.value != c->id) fail("another sequence was returned");
        end_event(c);
        break;
    case STARTING:
        while (get_field(&at, end, &f)) {
            if (f.number != 33) continue;
            const uint8_t *inner = f.bytes, *inner_end = f.bytes + f.size;
            while (get_field(&inner, inner_end, &f))
                if (f.number == 2) instances[started_count] = f.value;
        }
        started_count++;
        break;
    }
}

static size_t take_frames(connection *c, const uint8_t *data, size_t size) {
    size_t used = 0;
    uint32_t length;
    while (size - used >= 4) {
        memcpy(&length, data + used, 4);
        if (size - used - 4 < length) break;
        const uint8_t *frame = data + used + 4;
        used += 4 + (size_t)length;
        take_frame(c, frame, frame + length);
    }
    return used;
}

/* --- MessagePack -------------------------------------------------------------------------------------------------- */

/* The value with this key in a map, passed over as a whole. */
static bool find(const uint8_t *map, const uint8_t *end, const char *key, const uint8_t **found) {
    value v, name;
    if (get_value(&map, end, &v) != 1 || v.kind != 'm') return false;
    for (uint64_t i = 0; i < v.number; i++) {
        if (get_value(&map, end, &name) != 1) return false;
        *found = map;
        if (is_text(&name, key)) return true;
        if (skip_value(&map, end) != 1) return false;
    }
    return false;
}

static bool find_value(const uint8_t *map, const uint8_t *end, const char *key, value *v) {
    const uint8_t *found;
    return find(map, end, key, &found) && get_value(&found, end, v) == 1;
}

static void check_call(const call *made, const uint8_t *data, const uint8_t *end) {
    value v;
    const uint8_t *arguments;
    if (!find_value(data, end, "Method", &v) || !is_text(&v, made->method))
        fail("another method than %s was called", made->method);
    unsigned count = argument_count(made);
    if (count == 0) return; /* A plugin may say how much it will take. */
    if (!find(data, end, "Args", &arguments) || get_value(&arguments, end, &v) != 1 || v.kind != 'a' || v.number != count)
        fail("%s was called with more or fewer arguments", made->method);
    for (unsigned i = 0; i < count; i++)
        if (get_value(&arguments, end, &v) != 1 || !is_text(&v, made->arguments[i]))
            fail("%s was called with other arguments", made->method);
}

static void put_step(connection *c, uint64_t event, const call *made) {
    bool is_header = strcmp(made->method, GET_HEADER) == 0, is_body = strcmp(made->method, GET_RAW_BODY) == 0;
    c->id++;
    put(&out, "\x94\x00", 2);
    put_uint(&out, c->id);
    put_text(&out, "plugin.Step");
    put(&out, is_header || is_body ? "\x91\x82" : "\x91\x81", 2);
    put_text(&out, "EventId");
    put_uint(&out, event);
    if (is_header || is_body) put_text(&out, "Data");
    if (is_header) put_text(&out, HOST);
    if (is_body) {
        uint8_t head[5] = {0xc6};
        for (int i = 1; i < 5; i++) head[i] = (uint8_t)(body_size >> (32 - 8 * i));
        put(&out, head, 5);
        put_body(&out);
    }
}

static void take_result(connection *c, const uint8_t *result, const uint8_t *end) {
    value event, data;
    const uint8_t *made;
    if (c->state == STARTING) {
        if (!find_value(result, end, "Id", &event)) fail("no instance was started");
        instances[started_count++] = event.number;
        return;
    }
    if (!find_value(result, end, "EventId", &event) || !find_value(result, end, "Data", &data))
        fail("an answer is not an event's");
    if (data.kind != 'm') {
        if (!is_text(&data, "ret")) fail("neither a call nor the end was returned");
        return end_event(c);
    }
    find(result, end, "Data", &made);
    check_call(expected_call(c), made, end);
    put_step(c, event.number, expected_call(c));
    calls_done += counts;
    c->step++;
}

/* Takes as many messages as are whole. */
static size_t take_messages(connection *c, const uint8_t *data, size_t size) {
    const uint8_t *at = data, *end = data + size, *after = data;
    while (at < end) {
        int whole = skip_value(&after, end);
        if (whole == 0) break;
        value v, kind, id;
        if (whole < 0 || get_value(&at, end, &v) != 1 || v.kind != 'a' || get_value(&at, end, &kind) != 1)
            fail("no message of MessagePack-RPC");
        if (kind.number == 1) {
            if (get_value(&at, end, &id) != 1 || id.number != c->id) fail("another id was returned");
            if (get_value(&at, end, &v) != 1 || v.kind != 'n')
                fail("an error was returned: %.*s", v.kind == 's' ? (int)v.number : 0, (const char *)v.bytes);
            take_result(c, at, after);
        } /* else serverPid */
        at = after;
    }
    return (size_t)(at - data);
}

/* --- Connections -------------------------------------------------------------------------------------------------- */

static void serve(connection *c) {
    /* One for all connections: what they take up should not be what is measured. */
    static uint8_t inbox[65536];
    bool is_new = c->rest.begin == c->rest.end;
    if (!is_new) buffer_reserve(&c->rest, sizeof inbox);
    ssize_t count = is_new ? recv(c->descriptor, inbox, sizeof inbox, 0)
                           : recv(c->descriptor, c->rest.data + c->rest.end, c->rest.capacity - c->rest.end, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) fail("the server has closed a connection");
    if (!is_new) c->rest.end += (size_t)count;
    const uint8_t *data = is_new ? inbox : c->rest.data + c->rest.begin;
    size_t size = is_new ? (size_t)count : c->rest.end - c->rest.begin;
    size_t used = is_protobuf ? take_frames(c, data, size) : take_messages(c, data, size);
    if (!is_new) c->rest.begin += used;
    else if (used < size) put(&c->rest, inbox + used, size - used);
    send_out(c);
}

/* A configuration for an instance: its number where `config` has a #. */
static char *numbered(const char *config, size_t number) {
    char *text;
    const char *place = strchr(config, '#');
    int size = place ? asprintf(&text, "%.*s%zu%s", (int)(place - config), config, number, place + 1)
                     : asprintf(&text, "%s", config);
    if (size < 0) die("asprintf");
    return text;
}

static void start_instance(connection *c, const char *config) {
    c->state = STARTING;
    c->id++;
    if (is_protobuf) {
        size_t command = field_size(1, strlen(expected->name)) + field_size(2, strlen(config));
        put_frame_size(&out, (uint32_t)(1 + varint_size(c->id) + field_size(33, command)));
        put_varint(&out, 1 << 3);
        put_varint(&out, c->id);
        put_varint(&out, 33 << 3 | 2);
        put_varint(&out, command);
        put_field(&out, 1, expected->name, strlen(expected->name));
        put_field(&out, 2, config, strlen(config));
    } else {
        put(&out, "\x94\x00", 2);
        put_uint(&out, c->id);
        put_text(&out, "plugin.StartInstance");
        put(&out, "\x91\x82", 2);
        put_text(&out, "Name");
        put_text(&out, expected->name);
        put_text(&out, "Config");
        put_text(&out, config);
    }
    send_out(c);
    for (size_t before = started_count; started_count == before;) {
        wait_for(c, POLLIN);
        serve(c);
    }
}

/* Opens them; the first `active` go on with events until the end, the others have one each. */
static connection *open_connections(int count, int active, const char *path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) limit.rlim_cur = limit.rlim_max, setrlimit(RLIMIT_NOFILE, &limit);
    connection *connections = calloc((size_t)count, sizeof *connections);
    if (!connections) die("calloc");
    for (int i = 0; i < count; i++) {
        connection *c = &connections[i];
        c->id = (uint64_t)i * 1000;
        c->is_idle = i >= active;
        c->descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
        if (c->descriptor < 0 || connect(c->descriptor, (struct sockaddr *)&address, sizeof address)) die(path);
        fcntl(c->descriptor, F_SETFL, O_NONBLOCK);
    }
    active_count = count;
    return connections;
}

/* --- What the server uses ---------------------------------------------------------------------------------------- */

/* Memory that is not shared with other processes' files counts as well as what is: VmRSS. */
static long resident_kilobytes(pid_t pid) {
    char path[64], line[256];
    long result = 0;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &result) == 1) break;
    fclose(file);
    return result;
}

/* At one moment: processor time of server and client, and what Benchmarks/allocations has counted. */
typedef struct sample {
    uint64_t time, server, client, allocations[2];
} sample;

static sample take_sample(clockid_t server, int counters) {
    sample s = {.time = nanoseconds(), .client = clock_nanoseconds(CLOCK_PROCESS_CPUTIME_ID)};
    if (server) s.server = clock_nanoseconds(server);
    if (counters >= 0 && pread(counters, s.allocations, sizeof s.allocations, 0) != sizeof s.allocations) die("counters");
    return s;
}

static void usage(void) {
    fputs("usage: client --socket PATH --protocol protobuf|messagepack --plugin NAME [OPTION…]\n\n"
          "  --config JSON       the instance's configuration; {\"attach\":true} unless given\n"
          "  --connections N     each with an event under way; 1 unless given\n"
          "  --active N          how many of them go on after one event; all unless given\n"
          "  --instances N       events go to them in turn; a # in the configuration is the instance's number\n"
          "  --body BYTES        how large a body get_raw_body answers\n"
          "  --seconds S         how long; 5 unless given\n"
          "  --pid PID           the server, whose processor time and memory are to be measured\n"
          "  --counters FILE     what Benchmarks/allocations has counted in the server\n", stderr);
    exit(2);
}

int main(int argc, char **argv) {
    const char *path = NULL, *name = NULL, *config = "{\"attach\":true}", *counters_path = NULL;
    int count = 1, active = -1, protocol = 0;
    double seconds = 5;
    pid_t pid = 0;
    instance_count = 1;
    enum { SOCKET, PROTOCOL, PLUGIN, CONFIG, CONNECTIONS, ACTIVE, INSTANCES, BODY, SECONDS, PID, COUNTERS };
    const struct option options[] = {
        {"socket", 1, 0, SOCKET}, {"protocol", 1, 0, PROTOCOL}, {"plugin", 1, 0, PLUGIN}, {"config", 1, 0, CONFIG},
        {"connections", 1, 0, CONNECTIONS}, {"active", 1, 0, ACTIVE}, {"instances", 1, 0, INSTANCES}, {"body", 1, 0, BODY},
        {"seconds", 1, 0, SECONDS}, {"pid", 1, 0, PID}, {"counters", 1, 0, COUNTERS}, {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case SOCKET: path = optarg; break;
        case PROTOCOL: protocol = strcmp(optarg, "protobuf") == 0 ? 'p' : strcmp(optarg, "messagepack") == 0 ? 'm' : 0; break;
        case PLUGIN: name = optarg; break;
        case CONFIG: config = optarg; break;
        case CONNECTIONS: count = atoi(optarg); break;
        case ACTIVE: active = atoi(optarg); break;
        case INSTANCES: instance_count = strtoull(optarg, NULL, 10); break;
        case BODY: body_size = strtoull(optarg, NULL, 10); break;
        case SECONDS: seconds = atof(optarg); break;
        case PID: pid = atoi(optarg); break;
        case COUNTERS: counters_path = optarg; break;
        default: usage();
        }
    }
    if (active < 0) active = count;
    if (optind != argc || !path || !name || !protocol) usage();
    if (count < 1 || active < 1 || active > count || instance_count < 1 || seconds <= 0) usage();
    is_protobuf = protocol == 'p';
    expected = plugin_named(name, strlen(name));
    if (!expected) fail("the plugin %s is not in plugins.h", name);
    if (body_size > UINT32_MAX / 2) fail("such a body has no room in a frame");
    prepare_plugins(body_size);
    clockid_t server_clock = 0;
    if (pid && clock_getcpuclockid(pid, &server_clock)) fail("there is no process %d", pid);
    int counters = counters_path ? open(counters_path, O_RDONLY) : -1;
    if (counters_path && counters < 0) die(counters_path);

    int loop = epoll_create1(0);
    connection *connections = open_connections(count, active, path);
    instances = calloc(instance_count, sizeof *instances);
    if (!instances) die("calloc");
    uint64_t start_begun = nanoseconds();
    for (size_t i = 0; i < instance_count; i++) {
        char *text = numbered(config, i);
        start_instance(&connections[0], text);
        free(text);
    }
    double start_microseconds = (double)(nanoseconds() - start_begun) / 1e3 / (double)instance_count;
    for (int i = 0; i < count; i++) {
        connection *c = &connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(loop, EPOLL_CTL_ADD, c->descriptor, &event);
        c->begun = nanoseconds();
        begin_event(c);
        send_out(c);
    }

    uint64_t begun = nanoseconds(), whole = (uint64_t)(seconds * 1e9);
    sample first = {0};
    struct epoll_event events[256];
    for (;;) {
        uint64_t now = nanoseconds();
        if (!counts && active_count == active && now - begun >= whole / 5) {
            counts = true;
            first = take_sample(server_clock, counters);
        } else if (counts && now - first.time >= whole - whole / 5) {
            break;
        }
        if (!counts && now - begun > whole + 60000000000) fail("the connections have not had an event each within a minute");
        int ready = epoll_wait(loop, events, 256, 100);
        for (int i = 0; i < ready; i++) serve(events[i].data.ptr);
    }
    sample last = take_sample(server_clock, counters);
    if (latencies.count == 0) fail("no event has ended");
    double events_done = (double)latencies.count, elapsed = (double)(last.time - first.time);
    double server = (double)(last.server - first.server), client = (double)(last.client - first.client);
    printf("{\"events_per_second\": %.1f, \"calls_per_event\": %.2f, "
           "\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, "
           "\"client_cpu_us_per_event\": %.3f, \"client_busy\": %.3f, \"start_instance_us\": %.1f",
           events_done * 1e9 / elapsed, (double)calls_done / events_done, histogram_microseconds(&latencies, 0.5),
           histogram_microseconds(&latencies, 0.99), histogram_microseconds(&latencies, 0.999), (double)latencies.greatest / 1e3,
           client / 1e3 / events_done, client / elapsed, start_microseconds);
    if (pid)
        printf(", \"server_cpu_us_per_event\": %.3f, \"server_busy\": %.3f, \"server_rss_kb\": %ld", server / 1e3 / events_done,
               server / elapsed, resident_kilobytes(pid));
    if (counters_path)
        printf(", \"allocations_per_event\": %.2f, \"allocated_bytes_per_event\": %.0f",
               (double)(last.allocations[0] - first.allocations[0]) / events_done,
               (double)(last.allocations[1] - first.allocations[1]) / events_done);
    puts("}");
    return 0;
}
