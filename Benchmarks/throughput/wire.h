/* What client and floor share: growing buffers, and the few messages of both protocols that they speak.
 *
 * Sources: Kong's pluginsocket.proto, and the conversations of mp_rpc.lua and pb_rpc.lua. */
#ifndef WIRE_H
#define WIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void die(const char *text) {
    perror(text);
    exit(1);
}

/* Bytes that have come and are not used up, or that are to be sent. */
typedef struct buffer {
    uint8_t *data;
    size_t begin, end, capacity;
} buffer;

static inline void buffer_reserve(buffer *b, size_t count) {
    if (b->begin == b->end) b->begin = b->end = 0;
    if (b->capacity - b->end >= count) return;
    if (b->begin > 0) {
        memmove(b->data, b->data + b->begin, b->end - b->begin);
        b->end -= b->begin;
        b->begin = 0;
    }
    if (b->capacity - b->end >= count) return;
    b->capacity = (b->end + count) * 2;
    b->data = realloc(b->data, b->capacity);
    if (!b->data) die("realloc");
}

static inline void put(buffer *b, const void *bytes, size_t count) {
    buffer_reserve(b, count);
    memcpy(b->data + b->end, bytes, count);
    b->end += count;
}

static inline void put_byte(buffer *b, uint8_t byte) { put(b, &byte, 1); }

/* --- ProtoBuf:1: frames of a little-endian length and a message ------------------------------------------------- */

static inline void put_varint(buffer *b, uint64_t value) {
    while (value >= 0x80) {
        put_byte(b, (uint8_t)(value | 0x80));
        value >>= 7;
    }
    put_byte(b, (uint8_t)value);
}

static inline size_t varint_size(uint64_t value) {
    size_t size = 1;
    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

static inline void put_frame_size(buffer *b, uint32_t size) { put(b, &size, 4); }

static inline void put_frame(buffer *b, const void *bytes, uint32_t size) {
    put_frame_size(b, size);
    put(b, bytes, size);
}

/* A field of wire type 2. */
static inline void put_field(buffer *b, uint32_t number, const void *bytes, size_t size) {
    put_varint(b, (uint64_t)number << 3 | 2);
    put_varint(b, size);
    put(b, bytes, size);
}

static inline size_t field_size(uint32_t number, size_t size) {
    return varint_size((uint64_t)number << 3 | 2) + varint_size(size) + size;
}

static inline bool get_varint(const uint8_t **at, const uint8_t *end, uint64_t *value) {
    *value = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t byte = *(*at)++;
        *value |= (uint64_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80)) return true;
    }
    return false;
}

/* The next field of a message: its number, and its value or its bytes. False at the end. */
typedef struct field {
    uint32_t number;
    uint64_t value;
    const uint8_t *bytes;
    size_t size;
} field;

static inline bool get_field(const uint8_t **at, const uint8_t *end, field *f) {
    uint64_t key;
    if (*at >= end || !get_varint(at, end, &key)) return false;
    f->number = (uint32_t)(key >> 3);
    f->bytes = NULL;
    f->size = 0;
    switch (key & 7) {
    case 0: return get_varint(at, end, &f->value);
    case 2:
        if (!get_varint(at, end, &f->value) || f->value > (uint64_t)(end - *at)) return false;
        f->bytes = *at;
        f->size = f->value;
        *at += f->size;
        return true;
    default: return false;
    }
}

/* --- MessagePack ------------------------------------------------------------------------------------------------ */

static inline void put_text(buffer *b, const char *text) {
    size_t size = strlen(text);
    if (size < 32) {
        put_byte(b, (uint8_t)(0xa0 | size));
    } else { /* As Kong's encoder: never str8. */
        uint8_t head[3] = {0xda, (uint8_t)(size >> 8), (uint8_t)size};
        put(b, head, 3);
    }
    put(b, text, size);
}

static inline void put_uint(buffer *b, uint64_t value) {
    if (value < 0x80) {
        put_byte(b, (uint8_t)value);
    } else if (value <= UINT32_MAX) {
        uint8_t bytes[5] = {0xce, (uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8), (uint8_t)value};
        put(b, bytes, 5);
    } else {
        put_byte(b, 0xcf);
        for (int shift = 56; shift >= 0; shift -= 8) put_byte(b, (uint8_t)(value >> shift));
    }
}

/* What a value is: of an integer its value, of a string its bytes, of an array or map how many values follow. */
typedef struct value {
    char kind; /* n nil, b boolean, i integer, f float, s string, a array, m map */
    uint64_t number;
    const uint8_t *bytes;
} value;

/* 1: read; 0: more bytes are needed; -1: not MessagePack. */
static inline int get_value(const uint8_t **at, const uint8_t *end, value *v) {
    const uint8_t *p = *at;
    if (p >= end) return 0;
    uint8_t head = *p++;
    size_t width = 0;
    v->bytes = NULL;
    if (head < 0x80) {
        v->kind = 'i', v->number = head;
    } else if (head < 0x90) {
        v->kind = 'm', v->number = head & 0x0f;
    } else if (head < 0xa0) {
        v->kind = 'a', v->number = head & 0x0f;
    } else if (head < 0xc0) {
        v->kind = 's', v->number = head & 0x1f;
    } else if (head >= 0xe0) {
        v->kind = 'i', v->number = (uint64_t)(int64_t)(int8_t)head;
    } else {
        switch (head) {
        case 0xc0: v->kind = 'n'; break;
        case 0xc2: case 0xc3: v->kind = 'b', v->number = head & 1; break;
        case 0xc4: case 0xd9: v->kind = 's', width = 1; break;
        case 0xc5: case 0xda: v->kind = 's', width = 2; break;
        case 0xc6: case 0xdb: v->kind = 's', width = 4; break;
        case 0xca: v->kind = 'f', width = 4; break;
        case 0xcb: v->kind = 'f', width = 8; break;
        case 0xcc: case 0xd0: v->kind = 'i', width = 1; break;
        case 0xcd: case 0xd1: v->kind = 'i', width = 2; break;
        case 0xce: case 0xd2: v->kind = 'i', width = 4; break;
        case 0xcf: case 0xd3: v->kind = 'i', width = 8; break;
        case 0xdc: v->kind = 'a', width = 2; break;
        case 0xdd: v->kind = 'a', width = 4; break;
        case 0xde: v->kind = 'm', width = 2; break;
        case 0xdf: v->kind = 'm', width = 4; break;
        default: return -1;
        }
        if ((size_t)(end - p) < width) return 0;
        if (width > 0) {
            v->number = 0;
            for (size_t i = 0; i < width; i++) v->number = v->number << 8 | *p++;
        }
    }
    if (v->kind == 's') {
        if ((uint64_t)(end - p) < v->number) return 0;
        v->bytes = p;
        p += v->number;
    }
    *at = p;
    return 1;
}

/* Passes over a value and all that is in it. */
static inline int skip_value(const uint8_t **at, const uint8_t *end) {
    uint64_t left = 1;
    while (left > 0) {
        value v;
        int result = get_value(at, end, &v);
        if (result <= 0) return result;
        left--;
        if (v.kind == 'a') left += v.number;
        if (v.kind == 'm') left += 2 * v.number;
    }
    return 1;
}

static inline bool is_text(const value *v, const char *text) {
    return v->kind == 's' && v->number == strlen(text) && memcmp(v->bytes, text, v->number) == 0;
}

#endif
