#define _GNU_SOURCE
#include "dynamic_linker.h"
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* Linux 6.3. An older one knows no files in memory that cannot be executed, and so not the flag. */
#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

int dynamic_linker_make_file(const char *name) {
    int file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (file < 0 && errno == EINVAL) file = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    /* It begins with mode 0777. */
    if (file >= 0 && fchmod(file, 0700) != 0) {
        int error = errno;
        close(file);
        errno = error;
        return -1;
    }
    return file;
}

int dynamic_linker_seal(int file) {
    return fcntl(file, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL);
}

int dynamic_linker_is_sealed(int file) {
    const int wanted = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
    int seals = fcntl(file, F_GET_SEALS);
    return seals >= 0 && (seals & wanted) == wanted;
}
