/* The floor: what an epoll loop costs that does nothing but frame, and answer with bytes that were made beforehand. It
 * knows the plugins of plugins.h, and makes no call before the one before it is answered.
 *
 *     floor [--spin MICROSECONDS] [--body BYTES] SOCKET
 *
 * --spin: looks for so long whether something has come before it sleeps. --body: how large a body `rawbody` is to find.
 */
#define _GNU_SOURCE
#include "plugins.h"

#include <errno.h>
#include <getopt.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

typedef struct connection {
    int descriptor;
    char protocol; /* p, m, or 0: not known yet */
    buffer in, out;
    const plugin *plugin;
    unsigned step;
    uint64_t sequence;
    bool in_event;
} connection;

/* --- ProtoBuf:1 --- */

static void answer_frames(connection *c) {
    if (c->step < c->plugin->count) {
        const call *next = plugin_call(c->plugin, c->step++);
        put_frame(&c->out, next->name_frame.data, (uint32_t)next->name_frame.end);
        put_frame(&c->out, next->arguments_frame.data, (uint32_t)next->arguments_frame.end);
        return;
    }
    c->in_event = false;
    put_frame_size(&c->out, 0);
    put_frame_size(&c->out, (uint32_t)(1 + varint_size(c->sequence)));
    put_varint(&c->out, 1 << 3);
    put_varint(&c->out, c->sequence);
}

static void take_frame(connection *c, const uint8_t *at, const uint8_t *end) {
    if (c->in_event) return answer_frames(c);
    field f, inner;
    const uint8_t *command = NULL, *command_end = NULL;
    uint32_t kind = 0;
    while (get_field(&at, end, &f)) {
        if (f.number == 1) c->sequence = f.value;
        if (f.bytes) kind = f.number, command = f.bytes, command_end = f.bytes + f.size;
    }
    const plugin *started = NULL;
    uint64_t instance = 0;
    while (command && get_field(&command, command_end, &inner)) {
        if (inner.number == 1 && inner.bytes) started = plugin_named(inner.bytes, inner.size);
        if (inner.number == 1 && !inner.bytes) instance = inner.value;
    }
    if (kind == 33 && started) {
        size_t status = field_size(1, strlen(started->name)) + 2;
        put_frame_size(&c->out, (uint32_t)(1 + varint_size(c->sequence) + field_size(33, status)));
        put_varint(&c->out, 1 << 3);
        put_varint(&c->out, c->sequence);
        put_varint(&c->out, 33 << 3 | 2);
        put_varint(&c->out, status);
        put_field(&c->out, 1, started->name, strlen(started->name));
        put_varint(&c->out, 2 << 3);
        put_varint(&c->out, (uint64_t)(started - plugins) + 1);
    } else if (kind == 36 && instance >= 1 && instance <= PLUGIN_COUNT) {
        c->plugin = &plugins[instance - 1];
        c->step = 0;
        c->in_event = true;
        answer_frames(c);
    }
}

/* --- MessagePack --- */

static void put_response(connection *c, uint64_t id) {
    put(&c->out, "\x94\x01", 2);
    put_uint(&c->out, id);
    put(&c->out, "\xc0\x82", 2);
    put_text(&c->out, "EventId");
    put_uint(&c->out, 1);
    put_text(&c->out, "Data");
    if (c->step < c->plugin->count) {
        const buffer *data = &plugin_call(c->plugin, c->step++)->data;
        put(&c->out, data->data, data->end);
    } else {
        put_text(&c->out, "ret");
    }
}

/* Whether a whole request was there, and was answered. */
static bool take_request(connection *c) {
    const uint8_t *at = c->in.data + c->in.begin, *end = c->in.data + c->in.end;
    value v, id, method;
    if (get_value(&at, end, &v) != 1 || get_value(&at, end, &v) != 1 || get_value(&at, end, &id) != 1 ||
        get_value(&at, end, &method) != 1)
        return false;
    const uint8_t *arguments = at;
    if (skip_value(&at, end) != 1) return false;
    const uint8_t *after = at;
    if (is_text(&method, "plugin.StartInstance") || is_text(&method, "plugin.HandleEvent")) {
        value map, key, entry = {0};
        const plugin *started = NULL;
        uint64_t instance = 0;
        get_value(&arguments, end, &v);
        get_value(&arguments, end, &map);
        for (uint64_t i = 0; i < map.number; i++) {
            get_value(&arguments, end, &key);
            const uint8_t *at_entry = arguments;
            get_value(&at_entry, end, &entry);
            if (is_text(&key, "Name")) started = plugin_named(entry.bytes, entry.number);
            if (is_text(&key, "InstanceId")) instance = entry.number;
            skip_value(&arguments, end);
        }
        if (started) {
            put(&c->out, "\x94\x01", 2);
            put_uint(&c->out, id.number);
            put(&c->out, "\xc0\x82", 2);
            put_text(&c->out, "Name");
            put_text(&c->out, started->name);
            put_text(&c->out, "Id");
            put_uint(&c->out, (uint64_t)(started - plugins) + 1);
        } else if (instance >= 1 && instance <= PLUGIN_COUNT) {
            c->plugin = &plugins[instance - 1];
            c->step = 0;
            put_response(c, id.number);
        }
    } else if (c->plugin) {
        put_response(c, id.number);
    }
    c->in.begin += (size_t)(after - (c->in.data + c->in.begin));
    return true;
}

/* --- The loop --- */

static bool serve(connection *c) {
    buffer_reserve(&c->in, 16384);
    ssize_t count = recv(c->descriptor, c->in.data + c->in.end, c->in.capacity - c->in.end, 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return true;
    if (count <= 0) return false;
    c->in.end += (size_t)count;
    if (!c->protocol && c->in.end - c->in.begin >= 4)
        c->protocol = c->in.data[c->in.begin] == 0x94 && c->in.data[c->in.begin + 1] == 0 ? 'm' : 'p';
    if (c->protocol == 'm') {
        while (take_request(c)) {}
    } else {
        uint32_t size;
        while (c->in.end - c->in.begin >= 4) {
            memcpy(&size, c->in.data + c->in.begin, 4);
            if (c->in.end - c->in.begin - 4 < size) break;
            const uint8_t *frame = c->in.data + c->in.begin + 4;
            c->in.begin += 4 + size;
            take_frame(c, frame, frame + size);
        }
    }
    while (c->out.begin < c->out.end) {
        ssize_t sent = send(c->descriptor, c->out.data + c->out.begin, c->out.end - c->out.begin, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) continue; /* The client always reads. */
        if (sent <= 0) return false;
        c->out.begin += (size_t)sent;
    }
    return true;
}

static uint64_t microseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

int main(int argc, char **argv) {
    uint64_t spin = 0;
    size_t body = 0;
    const struct option options[] = {{"spin", required_argument, 0, 's'}, {"body", required_argument, 0, 'b'}, {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        if (option == 's') spin = strtoull(optarg, NULL, 10);
        else if (option == 'b') body = strtoull(optarg, NULL, 10);
        else return 2;
    }
    if (optind + 1 != argc) return fprintf(stderr, "usage: floor [--spin MICROSECONDS] [--body BYTES] SOCKET\n"), 2;
    const char *path = argv[optind];
    prepare_plugins(body);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    unlink(path);
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) limit.rlim_cur = limit.rlim_max, setrlimit(RLIMIT_NOFILE, &limit);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) die(path);
    int loop = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, events[256];
    epoll_ctl(loop, EPOLL_CTL_ADD, listener, &event);

    for (;;) {
        int count = epoll_wait(loop, events, 256, spin ? 0 : -1);
        if (count == 0 && spin) {
            uint64_t end = microseconds() + spin;
            while ((count = epoll_wait(loop, events, 256, 0)) == 0 && microseconds() < end) {}
            if (count == 0) count = epoll_wait(loop, events, 256, -1);
        }
        for (int i = 0; i < count; i++) {
            connection *c = events[i].data.ptr;
            if (!c) {
                int descriptor;
                while ((descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    c = calloc(1, sizeof *c);
                    if (!c) die("calloc");
                    c->descriptor = descriptor;
                    event.data.ptr = c;
                    epoll_ctl(loop, EPOLL_CTL_ADD, descriptor, &event);
                }
            } else if (!serve(c)) {
                close(c->descriptor);
                free(c->in.data);
                free(c->out.data);
                free(c);
            }
        }
    }
}
