/* Threads that plugins start, and so the Swift runtime in them: a stack that is used up can only be told of on another one.
 *
 * The program's own pthread_create comes before the C library's, also for what is loaded later, as a program's own malloc would. The
 * thread's second stack is a piece of its first, at the end that is used last. It takes memory only when it is used. */
#define _GNU_SOURCE
#include "recorder.h"
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
/* They have a pthread_create of their own, and stacks too. */
#define HAS_ANOTHER 1
#endif
#endif

#ifndef HAS_ANOTHER
enum { SECOND_STACK_SIZE = 64 * 1024, LEAST_STACK_SIZE = 512 * 1024 };

struct thread_start {
    void *(*body)(void *);
    void *argument;
};

static void leave_second_stack(void *context) {
    (void)context;
    /* What comes after this frame may lie where the stack was. */
    sigaltstack(&(stack_t){.ss_flags = SS_DISABLE}, NULL);
}

static void *run_with_second_stack(void *context) {
    struct thread_start start = *(struct thread_start *)context;
    free(context);
    _Alignas(16) char second_stack[SECOND_STACK_SIZE];
    sigaltstack(&(stack_t){.ss_sp = second_stack, .ss_size = sizeof second_stack}, NULL);
    void *result;
    pthread_cleanup_push(leave_second_stack, NULL);
    result = start.body(start.argument);
    pthread_cleanup_pop(1);
    return result;
}

__attribute__((visibility("default"))) int pthread_create(
    pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
    static int (*create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    int (*next)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *) = __atomic_load_n(&create, __ATOMIC_ACQUIRE);
    if (next == NULL) {
        next = (int (*)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *))dlsym(RTLD_NEXT, "pthread_create");
        __atomic_store_n(&create, next, __ATOMIC_RELEASE);
    }
    size_t size = 0;
    pthread_attr_t usual;
    if (attributes != NULL) {
        pthread_attr_getstacksize(attributes, &size);
    } else if (pthread_getattr_default_np(&usual) == 0) {
        pthread_attr_getstacksize(&usual, &size);
        pthread_attr_destroy(&usual);
    }
    /* Only where crashes are written down, and where it fits. */
    struct thread_start *start = recorder.page != NULL && size >= LEAST_STACK_SIZE ? malloc(sizeof *start) : NULL;
    if (start == NULL) return next(thread, attributes, body, argument);
    *start = (struct thread_start){body, argument};
    int result = next(thread, attributes, run_with_second_stack, start);
    if (result != 0) free(start);
    return result;
}
#endif
