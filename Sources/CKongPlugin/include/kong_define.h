/*
 * kong_define.h: a plugin as a table. What an author includes is kong_pdk.h.
 *
 *     struct config { const char *greeting; int64_t times; };
 *
 *     static const kong_field fields[] = {
 *         KONG_FIELD(struct config, greeting, "default: 'hello', len_min: 1"),
 *         KONG_FIELD(struct config, times, "default: 1, between: [1, 10]"),
 *     };
 *
 *     static kong_status access(const kong_pdk *kong, const struct config *config) {
 *         return kong->service_request->set_header(kong, "x-greeting", config->greeting);
 *     }
 *
 *     KONG_PLUGIN("1.0.0", 1000, struct config, fields, KONG_HANDLER(KONG_ACCESS, access, struct config))
 *
 * The macro writes the stamp, kong_plugin_open, and the table `kong_plugin_definition`, which any language that can
 * lay out a C struct can write as well. Structs begin with their size, and only grow at their end.
 */
#ifndef KONG_DEFINE_H
#define KONG_DEFINE_H

#include "kong_plugin.h"

#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kong_pdk kong_pdk;

/* ------------------------------------------------------------------------------------------------
 * Arrays of one kind
 */

typedef struct kong_strings {
    const kong_string *items;
    size_t count;
} kong_strings;

typedef struct kong_integers {
    const int64_t *items;
    size_t count;
} kong_integers;

typedef struct kong_numbers {
    const double *items;
    size_t count;
} kong_numbers;

/* Structs of the author's: cast `items` to a pointer to them. */
typedef struct kong_records {
    const void *items;
    size_t count;
} kong_records;

/* ------------------------------------------------------------------------------------------------
 * Values
 */

static inline kong_string kong_string_of(const char *text) {
    kong_string string;
    string.data = text;
    string.size = text ? strlen(text) : 0;
    return string;
}

static inline bool kong_string_equals(kong_string string, const char *text) {
    return string.data && text && string.size == strlen(text) && memcmp(string.data, text, string.size) == 0;
}

static inline kong_value kong_value_nil(void) {
    kong_value value;
    memset(&value, 0, sizeof value);
    return value;
}

static inline kong_value kong_value_of_text(const char *text) {
    kong_value value = kong_value_nil();
    if (!text) return value;
    value.type = KONG_STRING;
    value.string = kong_string_of(text);
    return value;
}

static inline kong_value kong_value_of_string(kong_string string) {
    kong_value value = kong_value_nil();
    value.type = KONG_STRING;
    value.string = string;
    return value;
}

static inline kong_value kong_value_of_integer(int64_t integer) {
    kong_value value = kong_value_nil();
    value.type = KONG_INTEGER;
    value.integer = integer;
    return value;
}

static inline kong_value kong_value_of_number(double number) {
    kong_value value = kong_value_nil();
    value.type = KONG_NUMBER;
    value.number = number;
    return value;
}

static inline kong_value kong_value_of_boolean(bool boolean) {
    kong_value value = kong_value_nil();
    value.type = KONG_BOOLEAN;
    value.boolean = boolean;
    return value;
}

static inline kong_value kong_value_of_array(const kong_value *items, size_t count) {
    kong_value value = kong_value_nil();
    value.type = KONG_ARRAY;
    value.array.items = items;
    value.array.count = count;
    return value;
}

static inline kong_value kong_value_of_map(kong_map map) {
    kong_value value = kong_value_nil();
    value.type = KONG_MAP;
    value.map = map;
    return value;
}

static inline kong_entry kong_entry_of(const char *key, kong_value value) {
    kong_entry entry;
    entry.key = kong_string_of(key);
    entry.value = value;
    return entry;
}

static inline kong_map kong_map_of(const kong_entry *entries, size_t count) {
    kong_map map;
    map.entries = entries;
    map.count = count;
    return map;
}

/* The value of a key; NULL if the map has none. */
static inline const kong_value *kong_map_get(kong_map map, const char *key) {
    size_t i;
    for (i = 0; map.entries && i < map.count; i++)
        if (kong_string_equals(map.entries[i].key, key)) return &map.entries[i].value;
    return NULL;
}

/* The string that a value is, or the first one of an array; `data` is NULL if it is none. */
static inline kong_string kong_value_string(const kong_value *value) {
    if (value && value->type == KONG_ARRAY && value->array.count > 0) value = value->array.items;
    if (value && (value->type == KONG_STRING || value->type == KONG_BYTES)) return value->string;
    return kong_string_of(NULL);
}

static inline unsigned char kong_lower(char c) {
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* The first value of a header, whatever the case of its name; `data` is NULL if there is none. */
static inline kong_string kong_headers_get(kong_map headers, const char *name) {
    size_t size = name ? strlen(name) : 0, i, j;
    for (i = 0; headers.entries && i < headers.count; i++) {
        kong_string key = headers.entries[i].key;
        if (key.size != size) continue;
        for (j = 0; j < size && kong_lower(key.data[j]) == kong_lower(name[j]); j++) {
        }
        if (j == size) return kong_value_string(&headers.entries[i].value);
    }
    return kong_string_of(NULL);
}

/* ------------------------------------------------------------------------------------------------
 * What a plugin is configured with
 */

/* What a member of the configuration's struct is, and with it the field's `type` in Kong's schema. */
typedef uint32_t kong_field_type;
enum {
    KONG_FIELD_TEXT = 1,     /* const char *: ends with a NUL; NULL if the field is missing    string          */
    KONG_FIELD_STRING = 2,   /* kong_string: `data` is NULL if the field is missing            string          */
    KONG_FIELD_INTEGER = 3,  /* int64_t                                                        integer         */
    KONG_FIELD_NUMBER = 4,   /* double                                                         number          */
    KONG_FIELD_BOOLEAN = 5,  /* bool                                                           boolean         */
    KONG_FIELD_STRINGS = 6,  /* kong_strings                                                   array of string */
    KONG_FIELD_INTEGERS = 7, /* kong_integers                                                  array of integer */
    KONG_FIELD_NUMBERS = 8,  /* kong_numbers                                                   array of number */
    KONG_FIELD_MAP = 9,      /* kong_map, with strings for keys and values unless the attributes say otherwise  map */
    KONG_FIELD_VALUE = 10,   /* kong_value: the attributes must have a `type`                                  */
    KONG_FIELD_RECORD = 11,  /* a struct                                                       record          */
    KONG_FIELD_RECORDS = 12  /* kong_records                                                   array of record */
};

/* One field of a configuration, or of a record in it.
 *
 * `attributes` are more attributes of the field in Kong's schema, as JSON without the braces around it, in which
 * names need no quotes and strings may have single ones: "default: 'hello', len_min: 1, one_of: ['hello', 'hi']".
 * NULL for none. A field without a `default` that is not `required` may be missing: numbers are 0 then, and booleans
 * false. The host checks types and constraints when an instance is started; an instance whose configuration is not
 * right is not started. */
typedef struct kong_field {
    uint32_t size; /* of this struct */
    kong_field_type type;
    const char *name;
    size_t offset; /* in the struct that it is a member of */
    const char *attributes;
    /* Of records only: their fields, and the size of their struct. */
    const struct kong_field *fields;
    size_t field_count;
    size_t record_size;
} kong_field;

#define KONG_COUNT(array_) (sizeof(array_) / sizeof((array_)[0]))

/* A field with the name and the type of a member. */
#define KONG_FIELD(struct_, member_, attributes_)                                                          \
    {sizeof(kong_field), KONG_FIELD_TYPE(struct_, member_), #member_, offsetof(struct_, member_),            \
     (attributes_), NULL, 0, 0}

/* A member that is a struct with an array of kong_field of its own. */
#define KONG_RECORD(struct_, member_, fields_, attributes_)                                                \
    {sizeof(kong_field), KONG_FIELD_RECORD, #member_, offsetof(struct_, member_), (attributes_), (fields_), \
     KONG_COUNT(fields_), sizeof(((struct_ *)0)->member_)}

/* A kong_records of such structs. */
#define KONG_RECORDS(struct_, member_, record_, fields_, attributes_)                                      \
    {sizeof(kong_field), KONG_FIELD_RECORDS, #member_, offsetof(struct_, member_), (attributes_), (fields_), \
     KONG_COUNT(fields_), sizeof(record_)}

/* ------------------------------------------------------------------------------------------------
 * What a plugin does
 */

/* Any function. It is called as its signature says: the result, and in parentheses the arguments, one letter each.
 * v nothing, b bool, i int32_t, u uint32_t, l int64_t, z size_t, d double, p a pointer. */
typedef void (*kong_function)(void);

/* The host refuses a plugin if it does not know the kind, or if the signature is not the one that the kind has. */
typedef struct kong_handler {
    uint32_t kind; /* a kong_phase, KONG_ON_START or KONG_ON_STOP */
    uint32_t reserved; /* 0 */
    const char *signature;
    kong_function function;
} kong_handler;

/* A phase's handler, "i(pp)": kong_status handler(const kong_pdk *kong, const struct config *config).
 * With another result than KONG_OK the event fails: the host logs it, with the message of `kong->error`, and answers
 * the client with status 500, unless the handler has ended the event with kong.response.exit.
 *
 * KONG_ON_START, "i(pp)": kong_status start(struct config *config, const char **message).
 * Called once for each configuration, before its first event. It may fill in members of the struct that no field is for,
 * as with a connection. With another result than KONG_OK there is no instance; `*message` may be set to the reason,
 * which the host copies.
 *
 * KONG_ON_STOP, "v(p)": void stop(struct config *config).
 * Called once, when the configuration is gone and its last event is over. */
enum { KONG_ON_START = 32, KONG_ON_STOP = 33 };

typedef struct kong_definition {
    uint32_t size;              /* of this struct */
    uint32_t flags;             /* of kong_plugin */
    const char *open_signature; /* of the exported kong_plugin_open: "p(pp)" */
    const char *version;        /* x.y.z */
    int32_t priority;
    uint32_t reserved; /* 0 */
    const kong_field *fields;
    size_t field_count;
    size_t config_size; /* of the struct of the configuration; 0: handlers get NULL */
    const kong_handler *handlers;
    size_t handler_count;
} kong_definition;

/* The host looks for it under this name, to check the signatures before it calls any function of the plugin. */
#define KONG_DEFINITION_SYMBOL "kong_plugin_definition"
extern KONG_EXPORT const kong_definition kong_plugin_definition;

/* The body of kong_plugin_open. A host of ABI 1.0 has no `define`. */
static inline const kong_plugin *kong_plugin_define(const kong_host *host, const kong_definition *definition,
                                                    kong_string *error) {
    static const char reason[] = "the host is of an ABI before 1.1";
    if (host->size >= offsetof(kong_host, define) + sizeof host->define) return host->define(host, definition, error);
    if (error) {
        error->data = reason;
        error->size = sizeof reason - 1;
    }
    return NULL;
}

#define KONG_OPEN_SIGNATURE "p(pp)"
#define KONG_PHASE_SIGNATURE "i(pp)"
#define KONG_START_SIGNATURE "i(pp)"
#define KONG_STOP_SIGNATURE "v(p)"

/* Entries of KONG_PLUGIN. A function of another type than its kind has does not compile. */
#define KONG_HANDLER(phase_, function_, config_)                                                           \
    {(phase_), 0, KONG_SIGNATURE_OF_PHASE(function_, config_), (kong_function)(function_)}
#define KONG_START(function_, config_)                                                                     \
    {KONG_ON_START, 0, KONG_SIGNATURE_OF_START(function_, config_), (kong_function)(function_)}
#define KONG_STOP(function_, config_)                                                                      \
    {KONG_ON_STOP, 0, KONG_SIGNATURE_OF_STOP(function_, config_), (kong_function)(function_)}

/* A plugin. After the array of fields come its handlers: KONG_HANDLER …, KONG_START, KONG_STOP.
 * Handlers run on threads of their own, so they may wait for Kong's answers, and for anything else. */
#define KONG_PLUGIN(version_, priority_, config_, fields_, ...)                                            \
    KONG_PLUGIN_WITH(KONG_PLUGIN_BLOCKING, version_, priority_, sizeof(config_), (fields_), KONG_COUNT(fields_), \
                     __VA_ARGS__)

/* One without a configuration: the handlers' second parameter is const void *, and they are KONG_HANDLER(…, void). */
#define KONG_PLUGIN_WITHOUT_CONFIG(version_, priority_, ...)                                               \
    KONG_PLUGIN_WITH(KONG_PLUGIN_BLOCKING, version_, priority_, 0, NULL, 0, __VA_ARGS__)

/* With flags of one's own. Without KONG_PLUGIN_BLOCKING the handlers run on the event loop: they must be quick, and can
 * call only what has no result. */
#define KONG_PLUGIN_WITH(flags_, version_, priority_, config_size_, fields_, field_count_, ...)            \
    KONG_PLUGIN_STAMP(KONG_THIS_LANGUAGE, KONG_RUNTIME_UNSTATED, "", KONG_THIS_COMPILER)                    \
    static const kong_handler kong_plugin_handlers[] = {__VA_ARGS__};                                       \
    const kong_definition kong_plugin_definition = {                                                        \
        sizeof(kong_definition), (flags_), KONG_SIGNATURE_OF_OPEN(kong_plugin_open), version_, priority_, 0, \
        fields_, field_count_, config_size_, kong_plugin_handlers, KONG_COUNT(kong_plugin_handlers)};       \
    const kong_plugin *kong_plugin_open(const kong_host *host, kong_string *error) {                        \
        return kong_plugin_define(host, &kong_plugin_definition, error);                                   \
    }

#define KONG_QUOTED(text_) #text_
#define KONG_QUOTE(macro_) KONG_QUOTED(macro_)
#if defined(__clang__)
#define KONG_THIS_COMPILER "clang " KONG_QUOTE(__clang_major__) "." KONG_QUOTE(__clang_minor__)
#elif defined(__GNUC__)
#define KONG_THIS_COMPILER "gcc " KONG_QUOTE(__GNUC__) "." KONG_QUOTE(__GNUC_MINOR__)
#else
#define KONG_THIS_COMPILER "cc"
#endif

#ifdef __cplusplus
}

#define KONG_THIS_LANGUAGE KONG_LANGUAGE_CPP
#define KONG_FIELD_TYPE(struct_, member_) kong_field_type_of<decltype(((struct_ *)0)->member_)>::value
#define KONG_SIGNATURE_OF_OPEN(function_) kong_signature_of_open(function_)
#define KONG_SIGNATURE_OF_PHASE(function_, config_) kong_signature_of_phase<config_>(function_)
#define KONG_SIGNATURE_OF_START(function_, config_) kong_signature_of_start<config_>(function_)
#define KONG_SIGNATURE_OF_STOP(function_, config_) kong_signature_of_stop<config_>(function_)

constexpr const char *kong_signature_of_open(kong_plugin_open_function) { return KONG_OPEN_SIGNATURE; }
template <class Config>
constexpr const char *kong_signature_of_phase(kong_status (*)(const kong_pdk *, const Config *)) {
    return KONG_PHASE_SIGNATURE;
}
template <class Config>
constexpr const char *kong_signature_of_start(kong_status (*)(Config *, const char **)) {
    return KONG_START_SIGNATURE;
}
template <class Config>
constexpr const char *kong_signature_of_stop(void (*)(Config *)) {
    return KONG_STOP_SIGNATURE;
}

template <class Member>
struct kong_field_type_of;
#define KONG_FIELD_TYPE_IS(member_, type_)                                                                 \
    template <>                                                                                            \
    struct kong_field_type_of<member_> {                                                                   \
        static constexpr kong_field_type value = type_;                                                    \
    };
KONG_FIELD_TYPE_IS(const char *, KONG_FIELD_TEXT)
KONG_FIELD_TYPE_IS(kong_string, KONG_FIELD_STRING)
KONG_FIELD_TYPE_IS(int64_t, KONG_FIELD_INTEGER)
KONG_FIELD_TYPE_IS(double, KONG_FIELD_NUMBER)
KONG_FIELD_TYPE_IS(bool, KONG_FIELD_BOOLEAN)
KONG_FIELD_TYPE_IS(kong_strings, KONG_FIELD_STRINGS)
KONG_FIELD_TYPE_IS(kong_integers, KONG_FIELD_INTEGERS)
KONG_FIELD_TYPE_IS(kong_numbers, KONG_FIELD_NUMBERS)
KONG_FIELD_TYPE_IS(kong_map, KONG_FIELD_MAP)
KONG_FIELD_TYPE_IS(kong_value, KONG_FIELD_VALUE)
#undef KONG_FIELD_TYPE_IS

#else

#define KONG_THIS_LANGUAGE KONG_LANGUAGE_C
#define KONG_FIELD_TYPE(struct_, member_)                                                                  \
    _Generic(((struct_ *)0)->member_,                                                                       \
        const char *: KONG_FIELD_TEXT,                                                                      \
        kong_string: KONG_FIELD_STRING,                                                                     \
        int64_t: KONG_FIELD_INTEGER,                                                                        \
        double: KONG_FIELD_NUMBER,                                                                          \
        bool: KONG_FIELD_BOOLEAN,                                                                           \
        kong_strings: KONG_FIELD_STRINGS,                                                                   \
        kong_integers: KONG_FIELD_INTEGERS,                                                                 \
        kong_numbers: KONG_FIELD_NUMBERS,                                                                   \
        kong_map: KONG_FIELD_MAP,                                                                           \
        kong_value: KONG_FIELD_VALUE)
#define KONG_SIGNATURE_OF_OPEN(function_) _Generic(&function_, kong_plugin_open_function: KONG_OPEN_SIGNATURE)
#define KONG_SIGNATURE_OF_PHASE(function_, config_)                                                        \
    _Generic(&function_, kong_status(*)(const kong_pdk *, const config_ *): KONG_PHASE_SIGNATURE)
#define KONG_SIGNATURE_OF_START(function_, config_)                                                        \
    _Generic(&function_, kong_status(*)(config_ *, const char **): KONG_START_SIGNATURE)
#define KONG_SIGNATURE_OF_STOP(function_, config_) _Generic(&function_, void (*)(config_ *): KONG_STOP_SIGNATURE)

#endif

#endif /* KONG_DEFINE_H */
