#define _GNU_SOURCE
#include "dynamic_linker.h"
#include <link.h>
#include <stddef.h>

struct visitor {
    int (*visit)(void *context, const char *path, const char *soname, const void *address);
    void *context;
};

static int visit_one(struct dl_phdr_info *info, size_t size, void *context) {
    (void)size;
    const struct visitor *visitor = context;
    const ElfW(Dyn) *dynamic = NULL;
    const void *address = NULL;
    for (size_t i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        if (segment->p_type == PT_DYNAMIC) dynamic = (const void *)(info->dlpi_addr + segment->p_vaddr);
        if (segment->p_type == PT_LOAD && address == NULL) address = (const void *)(info->dlpi_addr + segment->p_vaddr);
    }
    const ElfW(Dyn) *name = NULL;
    ElfW(Addr) strings = 0;
    for (; dynamic != NULL && dynamic->d_tag != DT_NULL; dynamic++) {
        if (dynamic->d_tag == DT_SONAME) name = dynamic;
        if (dynamic->d_tag == DT_STRTAB) strings = dynamic->d_un.d_ptr;
    }
    /* glibc has made it an address of this process, except in what it cannot write to, such as the vDSO. */
    if (strings < info->dlpi_addr) strings += info->dlpi_addr;
    return visitor->visit(visitor->context, info->dlpi_name ? info->dlpi_name : "",
                          name && strings ? (const char *)strings + name->d_un.d_val : NULL, address);
}

void dynamic_linker_visit(int (*visit)(void *context, const char *path, const char *soname, const void *address),
                          void *context) {
    struct visitor visitor = {visit, context};
    dl_iterate_phdr(visit_one, &visitor);
}
