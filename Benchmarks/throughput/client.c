/* A closed loop of events: each connection has one event under way, and begins the next when it is over. PDK calls are
 * answered at once; the answers to all calls that have come together leave together.
 *
 *     client SOCKET protobuf|messagepack PLUGIN CONFIG CONNECTIONS SECONDS [SERVER-PID]
 *
 * Prints one line of JSON. The first fifth of the time does not count. Whatever is not as the protocol says ends it with
 * status 1.
 */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum state { METHOD, ARGUMENTS, RETURN, STARTED };

typedef struct connection {
    int descriptor;
    buffer in, out;
    enum state state;
    bool wants_value;
    uint64_t id, begun;
} connection;

static bool is_protobuf;
static uint64_t instance;
static uint64_t events_done, calls_done;
static bool counts;

/* Latencies in steps of 0.1 microseconds, up to 0.2 s. */
#define BUCKETS 2000000
static uint32_t histogram[BUCKETS];

static uint64_t nanoseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void fail(const char *text) {
    fprintf(stderr, "client: %s\n", text);
    exit(1);
}

static void begin_event(connection *c) {
    c->begun = nanoseconds();
    c->id++;
    if (is_protobuf) {
        /* RpcCall {sequence, cmd_handle_event {instance_id, event_name}} */
        size_t command = 1 + varint_size(instance) + field_size(2, 6);
        put_frame_size(&c->out, (uint32_t)(1 + varint_size(c->id) + field_size(36, command)));
        put_varint(&c->out, 1 << 3);
        put_varint(&c->out, c->id);
        put_varint(&c->out, 36 << 3 | 2);
        put_varint(&c->out, command);
        put_varint(&c->out, 1 << 3);
        put_varint(&c->out, instance);
        put_field(&c->out, 2, "access", 6);
        c->state = METHOD;
    } else {
        put(&c->out, "\x94\x00", 2);
        put_uint(&c->out, c->id);
        put_text(&c->out, "plugin.HandleEvent");
        put(&c->out, "\x91\x82", 2);
        put_text(&c->out, "InstanceId");
        put_uint(&c->out, instance);
        put_text(&c->out, "EventName");
        put_text(&c->out, "access");
    }
}

static void end_event(connection *c) {
    if (counts) {
        uint64_t latency = (nanoseconds() - c->begun) / 100;
        histogram[latency < BUCKETS ? latency : BUCKETS - 1]++;
        events_done++;
    }
    begin_event(c);
}

static void take_frame(connection *c, const uint8_t *at, const uint8_t *end) {
    field f;
    switch (c->state) {
    case METHOD:
        if (at == end) {
            c->state = RETURN;
        } else {
            c->wants_value = end - at == 23 && memcmp(at, "kong.request.get_header", 23) == 0;
            c->state = ARGUMENTS;
        }
        break;
    case ARGUMENTS:
        calls_done += counts;
        if (c->wants_value) put_frame(&c->out, "\x0a\x0elocalhost:8000", 16);
        else put_frame_size(&c->out, 0);
        c->state = METHOD;
        break;
    case RETURN:
        if (!get_field(&at, end, &f) || f.number != 1 || f.value != c->id) fail("another sequence was returned");
        end_event(c);
        break;
    case STARTED:
        while (get_field(&at, end, &f)) {
            if (f.number != 33) continue;
            const uint8_t *inner = f.bytes, *inner_end = f.bytes + f.size;
            while (get_field(&inner, inner_end, &f))
                if (f.number == 2) instance = f.value;
        }
        break;
    }
}

/* Whether a whole message was there. */
static bool take_message(connection *c) {
    const uint8_t *at = c->in.data + c->in.begin, *end = c->in.data + c->in.end;
    value v, kind, id;
    if (get_value(&at, end, &v) != 1 || get_value(&at, end, &kind) != 1) return false;
    if (v.kind != 'a') fail("no message of MessagePack-RPC");
    if (kind.number == 2) { /* serverPid */
        if (skip_value(&at, end) != 1 || skip_value(&at, end) != 1) return false;
        c->in.begin = (size_t)(at - c->in.data);
        return true;
    }
    if (get_value(&at, end, &id) != 1) return false;
    const uint8_t *error = at;
    if (skip_value(&at, end) != 1) return false;
    const uint8_t *result = at;
    if (skip_value(&at, end) != 1) return false;
    c->in.begin = (size_t)(at - c->in.data);
    if (get_value(&error, end, &v) != 1 || v.kind != 'n') fail("an error was returned");
    if (id.number != c->id) fail("another id was returned");
    value map, key, entry, event = {0}, data = {0};
    bool wants_value = false;
    get_value(&result, end, &map);
    for (uint64_t i = 0; i < map.number; i++) {
        get_value(&result, end, &key);
        const uint8_t *inner = result;
        get_value(&inner, end, &entry);
        if (is_text(&key, "Id")) instance = entry.number;
        if (is_text(&key, "EventId")) event = entry;
        if (is_text(&key, "Data")) {
            data = entry;
            for (uint64_t j = 0; entry.kind == 'm' && j < data.number; j++) {
                value name, text;
                get_value(&inner, end, &name);
                const uint8_t *of_entry = inner;
                get_value(&of_entry, end, &text);
                if (is_text(&name, "Method")) wants_value = is_text(&text, "kong.request.get_header");
                skip_value(&inner, end);
            }
        }
        skip_value(&result, end);
    }
    if (c->state == STARTED) return true;
    if (data.kind != 'm') {
        if (!is_text(&data, "ret")) fail("neither a call nor the end was returned");
        end_event(c);
        return true;
    }
    calls_done += counts;
    c->id++;
    put(&c->out, "\x94\x00", 2);
    put_uint(&c->out, c->id);
    put_text(&c->out, "plugin.Step");
    put(&c->out, wants_value ? "\x91\x82" : "\x91\x81", 2);
    put_text(&c->out, "EventId");
    put_uint(&c->out, event.number);
    if (wants_value) {
        put_text(&c->out, "Data");
        put_text(&c->out, "localhost:8000");
    }
    return true;
}

static void send_all(connection *c) {
    while (c->out.begin < c->out.end) {
        ssize_t sent = send(c->descriptor, c->out.data + c->out.begin, c->out.end - c->out.begin, MSG_NOSIGNAL);
        if (sent < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (sent <= 0) fail("the server has closed a connection");
        c->out.begin += (size_t)sent;
    }
}

static void serve(connection *c) {
    buffer_reserve(&c->in, 16384);
    ssize_t count = recv(c->descriptor, c->in.data + c->in.end, c->in.capacity - c->in.end, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) fail("the server has closed a connection");
    c->in.end += (size_t)count;
    if (is_protobuf) {
        uint32_t size;
        while (c->in.end - c->in.begin >= 4) {
            memcpy(&size, c->in.data + c->in.begin, 4);
            if (c->in.end - c->in.begin - 4 < size) break;
            const uint8_t *frame = c->in.data + c->in.begin + 4;
            c->in.begin += 4 + size;
            take_frame(c, frame, frame + size);
        }
    } else {
        while (c->in.begin < c->in.end && take_message(c)) {}
    }
    send_all(c);
}

static void start_instance(connection *c, const char *plugin, const char *config) {
    c->state = STARTED;
    c->id = 1;
    if (is_protobuf) {
        size_t command = field_size(1, strlen(plugin)) + field_size(2, strlen(config));
        put_frame_size(&c->out, (uint32_t)(2 + field_size(33, command)));
        put(&c->out, "\x08\x01", 2);
        put_varint(&c->out, 33 << 3 | 2);
        put_varint(&c->out, command);
        put_field(&c->out, 1, plugin, strlen(plugin));
        put_field(&c->out, 2, config, strlen(config));
    } else {
        put(&c->out, "\x94\x00", 2);
        put_uint(&c->out, c->id);
        put_text(&c->out, "plugin.StartInstance");
        put(&c->out, "\x91\x82", 2);
        put_text(&c->out, "Name");
        put_text(&c->out, plugin);
        put_text(&c->out, "Config");
        put_text(&c->out, config);
    }
    send_all(c);
    while (!instance) {
        usleep(100);
        serve(c);
    }
}

/* A process's time on processors, in microseconds. */
static double processor_time(const char *pid) {
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[size] = 0;
    unsigned long user = 0, system = 0;
    char *at = strrchr(text, ')');
    if (at) sscanf(at + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
    return (double)(user + system) * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static long resident_kilobytes(const char *pid) {
    char path[64], line[256];
    long result = 0;
    snprintf(path, sizeof path, "/proc/%s/status", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    while (fgets(line, sizeof line, file))
        if (sscanf(line, "VmRSS: %ld", &result) == 1) break;
    fclose(file);
    return result;
}

static double percentile(double share) {
    uint64_t rank = (uint64_t)((double)events_done * share), seen = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        if ((seen += histogram[i]) > rank) return (double)i / 10;
    return BUCKETS / 10;
}

int main(int argc, char **argv) {
    if (argc < 7) return fprintf(stderr, "usage: client SOCKET protobuf|messagepack PLUGIN CONFIG CONNECTIONS SECONDS [SERVER-PID]\n"), 2;
    is_protobuf = strcmp(argv[2], "protobuf") == 0;
    int count = atoi(argv[5]);
    double seconds = atof(argv[6]);
    const char *pid = argc > 7 ? argv[7] : NULL;
    if (count < 1 || seconds <= 0) return fprintf(stderr, "client: CONNECTIONS and SECONDS must be more than 0\n"), 2;

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    int loop = epoll_create1(0);
    connection *connections = calloc((size_t)count, sizeof *connections);
    if (!connections) die("calloc");
    for (int i = 0; i < count; i++) {
        connection *c = &connections[i];
        c->descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
        if (c->descriptor < 0 || connect(c->descriptor, (struct sockaddr *)&address, sizeof address)) die(argv[1]);
        fcntl(c->descriptor, F_SETFL, O_NONBLOCK);
        if (i == 0) start_instance(c, argv[3], argv[4]);
        c->id = (uint64_t)i * 1000;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(loop, EPOLL_CTL_ADD, c->descriptor, &event);
    }
    for (int i = 0; i < count; i++) {
        begin_event(&connections[i]);
        if (!is_protobuf) connections[i].state = METHOD;
        send_all(&connections[i]);
    }

    uint64_t begun = nanoseconds(), measured = 0, end = begun + (uint64_t)(seconds * 1e9);
    double used = 0;
    struct epoll_event events[256];
    for (;;) {
        uint64_t now = nanoseconds();
        if (now >= end) break;
        if (!counts && now >= begun + (end - begun) / 5) {
            counts = true;
            measured = now;
            used = pid ? processor_time(pid) : 0;
        }
        int ready = epoll_wait(loop, events, 256, 100);
        for (int i = 0; i < ready; i++) serve(events[i].data.ptr);
    }
    double elapsed = (double)(nanoseconds() - measured) / 1e9;
    used = pid ? processor_time(pid) - used : 0;
    if (events_done == 0) fail("no event has ended");
    printf("{\"events_per_second\": %.0f, \"calls_per_event\": %.2f, \"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, "
           "\"server_cpu_us_per_event\": %.2f, \"server_rss_kb\": %ld}\n",
           (double)events_done / elapsed, (double)calls_done / (double)events_done, percentile(0.5), percentile(0.99),
           percentile(0.999), used / (double)events_done, pid ? resident_kilobytes(pid) : 0);
    return 0;
}
