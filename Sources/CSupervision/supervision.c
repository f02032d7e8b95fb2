#define _GNU_SOURCE
#include "supervision.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

int supervision_end_with_parent(void) { return prctl(PR_SET_PDEATHSIG, SIGKILL); }

void supervision_name_process(const char *name) { prctl(PR_SET_NAME, name); }

int supervision_close_from(posix_spawn_file_actions_t *actions, int lowest) {
    return posix_spawn_file_actions_addclosefrom_np(actions, lowest);
}

enum { descriptor_limit = 16 };

ssize_t supervision_send(int socket, const void *bytes, size_t size, int descriptor, int flags) {
    struct iovec piece = {.iov_base = (void *)bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &piece, .msg_iovlen = 1};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof descriptor)];
    } control;
    if (descriptor >= 0) {
        memset(&control, 0, sizeof control);
        message.msg_control = &control;
        message.msg_controllen = sizeof control.space;
        struct cmsghdr *header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof descriptor);
        memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    return sendmsg(socket, &message, flags | MSG_NOSIGNAL);
}

ssize_t supervision_receive(int socket, void *bytes, size_t size, int *descriptors, int capacity, int *count, int flags) {
    struct iovec piece = {.iov_base = bytes, .iov_len = size};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(descriptor_limit * sizeof(int))];
    } control;
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.space};
    *count = 0;
    ssize_t received = recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC);
    if (received < 0) return received;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        size_t found = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t index = 0; index < found; index++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + index * sizeof descriptor, sizeof descriptor);
            if (*count < capacity)
                descriptors[(*count)++] = descriptor;
            else
                close(descriptor);
        }
    }
    return received;
}

int supervision_make_memory(size_t size) {
    int memory = memfd_create("swift-pluginserver", MFD_CLOEXEC);
    if (memory < 0) return -1;
    if (ftruncate(memory, (off_t)size) != 0) {
        int error = errno;
        close(memory);
        errno = error;
        return -1;
    }
    return memory;
}

int32_t supervision_next_number(uint32_t *counter) {
    uint32_t number;
    do {
        number = (__atomic_add_fetch(counter, 1, __ATOMIC_RELAXED)) & INT32_MAX;
    } while (number == 0);
    return (int32_t)number;
}
