/* The floor: what an epoll loop costs that does nothing but frame, and answer with bytes that were made beforehand. It
 * knows four plugins, and makes no call before the one before it is answered.
 *
 *     floor SOCKET [SPIN-MICROSECONDS]
 */
#define _GNU_SOURCE
#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A plugin's calls: how many, and which is next, as both protocols have them. */
typedef struct call {
    buffer frames;      /* ProtoBuf:1: the method's frame and the arguments' */
    buffer message_pack; /* MessagePack: the value of Data */
} call;

typedef struct plugin {
    const char *name;
    unsigned count;
    call calls[2]; /* in turn */
} plugin;

static plugin plugins[] = {{.name = "noop"}, {.name = "goplug", .count = 1}, {.name = "tencalls", .count = 10}, {.name = "tenheaders", .count = 10}};

static call get_header(void) {
    call c = {0};
    put_frame(&c.frames, "kong.request.get_header", 23);
    put_frame(&c.frames, "\x0a\x04host", 6);
    put_byte(&c.message_pack, 0x82);
    put_text(&c.message_pack, "Method");
    put_text(&c.message_pack, "kong.request.get_header");
    put_text(&c.message_pack, "Args");
    put_byte(&c.message_pack, 0x91);
    put_text(&c.message_pack, "host");
    return c;
}

static call set_header(const char *name, const char *text) {
    call c = {0};
    put_frame(&c.frames, "kong.service.request.set_header", 31);
    size_t value_size = field_size(3, strlen(text));
    put_frame_size(&c.frames, (uint32_t)(field_size(1, strlen(name)) + field_size(2, value_size)));
    put_field(&c.frames, 1, name, strlen(name));
    put_varint(&c.frames, 2 << 3 | 2);
    put_varint(&c.frames, value_size);
    put_field(&c.frames, 3, text, strlen(text));
    put_byte(&c.message_pack, 0x82);
    put_text(&c.message_pack, "Method");
    put_text(&c.message_pack, "kong.service.request.set_header");
    put_text(&c.message_pack, "Args");
    put_byte(&c.message_pack, 0x92);
    put_text(&c.message_pack, name);
    put_text(&c.message_pack, text);
    return c;
}

typedef struct connection {
    int descriptor;
    char protocol; /* p, m, or 0: not known yet */
    buffer in, out;
    const plugin *plugin;
    unsigned step;
    uint64_t sequence;
    bool in_event;
} connection;

static const plugin *plugin_named(const void *name, size_t size) {
    for (size_t i = 0; i < sizeof plugins / sizeof *plugins; i++)
        if (strlen(plugins[i].name) == size && memcmp(plugins[i].name, name, size) == 0) return &plugins[i];
    return NULL;
}

/* --- ProtoBuf:1 --- */

static void answer_frames(connection *c) {
    if (c->step < c->plugin->count) {
        const buffer *frames = &c->plugin->calls[c->step++ % 2].frames;
        return put(&c->out, frames->data, frames->end);
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
    } else if (kind == 36 && instance >= 1 && instance <= sizeof plugins / sizeof *plugins) {
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
        const buffer *data = &c->plugin->calls[c->step++ % 2].message_pack;
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
        } else if (instance >= 1 && instance <= sizeof plugins / sizeof *plugins) {
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
    if (argc < 2) return fprintf(stderr, "usage: floor SOCKET [SPIN-MICROSECONDS]\n"), 2;
    uint64_t spin = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    plugins[1].calls[0] = plugins[1].calls[1] = set_header("x-goplug", "Set by custom Swift plugin");
    plugins[2].calls[0] = get_header();
    plugins[2].calls[1] = set_header("x-i", "localhost:8000");
    plugins[3].calls[0] = plugins[3].calls[1] = set_header("x-header-1", "a value of some length");

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, argv[1], sizeof address.sun_path - 1);
    unlink(argv[1]);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) die(argv[1]);
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
