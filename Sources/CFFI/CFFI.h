#ifndef CFFI_H
#define CFFI_H

#include <ffi.h>
#include <stddef.h>

/* The type that a letter of a signature stands for; NULL for another letter. libffi's own are variables, which Swift
 * does not take for constants. */
static inline ffi_type *cffi_type(char letter) {
    switch (letter) {
    case 'v': return &ffi_type_void;
    case 'b': return &ffi_type_uint8;
    case 'i': return &ffi_type_sint32;
    case 'u': return &ffi_type_uint32;
    case 'l': return &ffi_type_sint64;
    case 'z': return sizeof(size_t) == 8 ? &ffi_type_uint64 : &ffi_type_uint32;
    case 'd': return &ffi_type_double;
    case 'p': return &ffi_type_pointer;
    default: return NULL;
    }
}

static inline ffi_abi cffi_default_abi(void) { return FFI_DEFAULT_ABI; }

#endif
