/*
 * A name server's lies, to be preloaded into a worker: "first.rebind.example" is
 * 127.0.0.9, and "both.rebind.example" is 127.0.0.1 and 127.0.0.9.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <netdb.h>
#include <string.h>

typedef int look_up(const char *, const char *, const struct addrinfo *, struct addrinfo **);

int
getaddrinfo(const char *restrict node, const char *restrict service,
            const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    look_up *real = (look_up *)dlsym(RTLD_NEXT, "getaddrinfo");
    struct addrinfo *second = NULL;

    if (!node || !strstr(node, ".rebind.example"))
        return real(node, service, hints, found);
    if (strncmp(node, "both.", 5) != 0)
        return real("127.0.0.9", service, hints, found);
    if (real("127.0.0.9", service, hints, &second) != 0)
        return EAI_FAIL;
    if (real("127.0.0.1", service, hints, found) != 0)
        return EAI_FAIL;
    (*found)->ai_next = second;
    return 0;
}
