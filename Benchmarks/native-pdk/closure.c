/* A function that libffi has made against one that the compiler has: see README.md. */
#define _POSIX_C_SOURCE 200809L
#include <ffi.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

typedef int32_t (*function)(const void *, const void *, const void *);

static int32_t plain(const void *a, const void *b, const void *c) { return (int32_t)((uintptr_t)a + (uintptr_t)b + (uintptr_t)c); }

static void handler(ffi_cif *cif, void *result, void **arguments, void *context) {
    (void)cif;
    (void)context;
    *(ffi_sarg *)result = plain(*(void **)arguments[0], *(void **)arguments[1], *(void **)arguments[2]);
}

static double measure(function f) {
    enum { COUNT = 20000000 };
    struct timespec begin, end;
    volatile int32_t sink;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (int i = 0; i < COUNT; i++) sink = f(&begin, &end, NULL);
    clock_gettime(CLOCK_MONOTONIC, &end);
    (void)sink;
    return ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / COUNT;
}

int main(void) {
    static ffi_type *types[3] = {&ffi_type_pointer, &ffi_type_pointer, &ffi_type_pointer};
    ffi_cif cif;
    void *code;
    ffi_closure *closure = ffi_closure_alloc(sizeof *closure, &code);
    if (!closure || ffi_prep_cif(&cif, FFI_DEFAULT_ABI, 3, &ffi_type_sint32, types) != FFI_OK ||
        ffi_prep_closure_loc(closure, &cif, handler, NULL, code) != FFI_OK)
        return 1;
    function volatile pointer = plain;
    printf("%.1f ", measure(pointer));
    printf("%.1f\n", measure((function)code));
    return 0;
}
