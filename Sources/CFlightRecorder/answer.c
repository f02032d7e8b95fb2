/* What is left to say to Kong, said without anything that could have been damaged. */
#define _GNU_SOURCE
#include "recorder.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

/* The process ends after that, whatever Kong does. */
enum { LONGEST_ANSWER = 1000, QUIET = 50, STEP = 10 };

static int64_t milliseconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool send_all(int fd, const uint8_t *bytes, size_t size, int64_t deadline) {
    while (size > 0) {
        ssize_t count = send(fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (count > 0) {
            bytes += count;
            size -= (size_t)count;
            continue;
        }
        if (errno == EINTR) continue;
        if (errno != EAGAIN) return false;
        struct pollfd room = {.fd = fd, .events = POLLOUT};
        int64_t left = deadline - milliseconds();
        if (left <= 0 || (poll(&room, 1, (int)left) < 0 && errno != EINTR)) return false;
    }
    return true;
}

/* Lets Kong answer the calls that it has been sent. The connection must be there as long as it does: it takes one that
 * breaks meanwhile for a failure of the event, and runs the event again. It closes the connection after an exit; after an
 * event's end it falls silent. */
static void hear_out(int fd, int64_t deadline) {
    uint8_t answers[1024];
    int64_t last_sound = milliseconds();
    for (int64_t now = last_sound; now < deadline; now = milliseconds()) {
        struct pollfd sound = {.fd = fd, .events = POLLIN};
        if (poll(&sound, 1, STEP) > 0) {
            ssize_t count = recv(fd, answers, sizeof answers, MSG_DONTWAIT);
            if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) return;
            if (count > 0) last_sound = milliseconds();
            continue;
        }
        int unread = 0;
        if (ioctl(fd, SIOCOUTQ, &unread) == 0 && unread > 0) last_sound = now;
        else if (now - last_sound >= QUIET) return;
    }
}

/* The event's end, which is an empty frame, and RpcReturn{sequence}. Returns its size. */
static size_t protobuf_end(int64_t sequence, uint8_t end[64]) {
    memset(end, 0, 8);
    size_t size = 8;
    if (sequence != 0) {
        end[size++] = 1 << 3;
        uint64_t rest = (uint64_t)sequence;
        while (rest >= 0x80) {
            end[size++] = (uint8_t)(rest | 0x80);
            rest >>= 7;
        }
        end[size++] = (uint8_t)rest;
    }
    end[4] = (uint8_t)(size - 8);
    return size;
}

static uint8_t *put(uint8_t *to, const char *bytes, size_t size) {
    memcpy(to, bytes, size);
    return to + size;
}

static uint8_t *put_integer(uint8_t *to, uint64_t number) {
    *to++ = 0xd3;
    for (int shift = 56; shift >= 0; shift -= 8) *to++ = (uint8_t)(number >> shift);
    return to;
}

/* [1, id, nil, {EventId: event, Data: …: as far as it is known before. Returns its size. */
static size_t messagepack_begin(int64_t id, uint64_t event, uint8_t begin[64]) {
    uint8_t *to = put(begin, "\x94\x01", 2);
    to = put_integer(to, (uint64_t)id);
    to = put(to, "\xc0\x82\xa7" "EventId", 10);
    to = put_integer(to, event);
    to = put(to, "\xa4" "Data", 5);
    return (size_t)(to - begin);
}

/* Tells Kong the id that it was going to get. It has sent nothing since, and says nothing after that. */
static bool answer_start(void) {
    const struct recorded_thread *thread = &recorded_thread;
    if (thread->start_answer.bytes == NULL) return false;
    const flight_connection connection = *thread->start_connection;
    if (connection.fd < 0 || connection.is_cut || connection.sends != thread->start_sends) return false;
    int fd = fcntl(connection.fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return false;
    bool sent = send_all(fd, thread->start_answer.bytes, thread->start_answer.size, milliseconds() + LONGEST_ANSWER);
    close(fd);
    return sent;
}

bool flight_answer(const flight_mark *mark) {
    if (mark->what == FLIGHT_START) return answer_start();
    const flight_reply *reply = mark->reply;
    if (reply == NULL || reply->connection == NULL || mark->plugin >= FLIGHT_MOST_PLUGINS || mark->phase >= FLIGHT_PHASES
        || reply->protocol >= FLIGHT_PROTOCOLS)
        return false;
    const struct recorded_answer *answer = &recorder.answers[mark->plugin][mark->phase][reply->protocol];
    const flight_connection connection = *reply->connection;
    if (answer->bytes == NULL || connection.fd < 0 || connection.is_cut) return false;
    if (reply->protocol == FLIGHT_MESSAGEPACK && connection.sends != reply->sends) return false;
    /* The loop of a blocking event goes on, and may close its own. */
    int fd = fcntl(connection.fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return false;
    int64_t deadline = milliseconds() + LONGEST_ANSWER;
    /* In one piece: Kong may close the connection as soon as it has read the exit. */
    uint8_t message[FLIGHT_LONGEST_ANSWER + 64];
    size_t size;
    if (reply->protocol == FLIGHT_PROTOBUF) {
        memcpy(message, answer->bytes, answer->size);
        size = answer->size + protobuf_end(reply->number, message + answer->size);
    } else {
        size = messagepack_begin(reply->number, mark->event, message);
        memcpy(message + size, answer->bytes, answer->size);
        size += answer->size;
    }
    bool sent = send_all(fd, message, size, deadline);
    /* Over MessagePack it says nothing after this. */
    if (sent && reply->protocol == FLIGHT_PROTOBUF) hear_out(fd, deadline);
    close(fd);
    return sent;
}
