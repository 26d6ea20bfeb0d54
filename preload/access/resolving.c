/* resolving.c - names and addresses of the network.
 *
 * What getaddrinfo answers is a list of heap blocks of libc's, which freeaddrinfo frees: their life is known
 * from there. */
#include <arpa/inet.h>
#include <netdb.h>

#include "preload/access/bridge.h"

static int (*real_getaddrinfo)(const char *, const char *, const struct addrinfo *, struct addrinfo **);
static void (*real_freeaddrinfo)(struct addrinfo *);
static int (*real_getnameinfo)(const struct sockaddr *, socklen_t, char *, socklen_t, char *, socklen_t, int);
static const char *(*real_inet_ntop)(int, const void *restrict, char *restrict, socklen_t);
static int (*real_inet_pton)(int, const char *restrict, void *restrict);
static int (*real_inet_aton)(const char *, struct in_addr *);
static in_addr_t (*real_inet_addr)(const char *);

static const struct snarl_true s_true[] = {
    {"getaddrinfo", &real_getaddrinfo}, {"freeaddrinfo", &real_freeaddrinfo},
    {"getnameinfo", &real_getnameinfo}, {"inet_ntop", &real_inet_ntop},
    {"inet_pton", &real_inet_pton},     {"inet_aton", &real_inet_aton},
    {"inet_addr", &real_inet_addr},
};
static bool s_ready;

static size_t address_size(int family)
{
    return family == AF_INET6 ? sizeof(struct in6_addr) : sizeof(struct in_addr);
}

static inline void prepare(void)
{
    if (__builtin_expect(!s_ready, 0))
        snarl_true_find(s_true, sizeof(s_true) / sizeof(*s_true), &s_ready);
}

/* The list as a whole is new, and written by the call. */
static void tell_list(const char *name, const struct addrinfo *list, struct snarl_site site)
{
    struct snarl_thread *thr = snarl_call_enter(site);
    if (!thr)
        return;
    for (; list; list = list->ai_next) {
        snarl_call_write(thr, name, (void *)list, sizeof(*list), site);
        if (list->ai_addr)
            snarl_call_write(thr, name, list->ai_addr, list->ai_addrlen, site);
    }
    snarl_call_leave(thr);
}

static void tell_question(const char *name, const char *text, struct snarl_site site)
{
    if (text)
        snarl_call_reads(name, text, snarl_string_size(text), site);
}

SNARL_EXPORT int getaddrinfo(const char *restrict node, const char *restrict service,
                             const struct addrinfo *restrict hints, struct addrinfo **restrict list)
{
    prepare();
    if (!snarl_calls_wanted())
        return real_getaddrinfo(node, service, hints, list);
    tell_question("getaddrinfo", node, SNARL_SITE);
    tell_question("getaddrinfo", service, SNARL_SITE);
    if (hints)
        snarl_call_reads("getaddrinfo", hints, sizeof(*hints), SNARL_SITE);
    int result = real_getaddrinfo(node, service, hints, list);
    if (result == 0) {
        snarl_call_writes("getaddrinfo", list, sizeof(*list), SNARL_SITE);
        tell_list("getaddrinfo", *list, SNARL_SITE);
    }
    return result;
}

SNARL_EXPORT void freeaddrinfo(struct addrinfo *list)
{
    prepare();
    if (snarl_calls_wanted())
        tell_list("freeaddrinfo", list, SNARL_SITE);
    real_freeaddrinfo(list);
}

SNARL_EXPORT int getnameinfo(const struct sockaddr *restrict address, socklen_t size, char *restrict host,
                             socklen_t host_size, char *restrict service, socklen_t service_size, int flags)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("getnameinfo", address, size, SNARL_SITE);
    int result = real_getnameinfo(address, size, host, host_size, service, service_size, flags);
    if (snarl_calls_wanted() && result == 0) {
        if (host && host_size)
            snarl_call_writes("getnameinfo", host, snarl_string_size(host), SNARL_SITE);
        if (service && service_size)
            snarl_call_writes("getnameinfo", service, snarl_string_size(service), SNARL_SITE);
    }
    return result;
}

/* --- addresses as text --- */

SNARL_EXPORT const char *inet_ntop(int family, const void *restrict address, char *restrict text,
                                   socklen_t size)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("inet_ntop", address, address_size(family), SNARL_SITE);
    const char *result = real_inet_ntop(family, address, text, size);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("inet_ntop", text, snarl_string_size(text), SNARL_SITE);
    return result;
}

SNARL_EXPORT int inet_pton(int family, const char *restrict text, void *restrict address)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("inet_pton", text, snarl_string_size(text), SNARL_SITE);
    int result = real_inet_pton(family, text, address);
    if (snarl_calls_wanted() && result == 1)
        snarl_call_writes("inet_pton", address, address_size(family), SNARL_SITE);
    return result;
}

SNARL_EXPORT int inet_aton(const char *text, struct in_addr *address)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("inet_aton", text, snarl_string_size(text), SNARL_SITE);
    int result = real_inet_aton(text, address);
    if (snarl_calls_wanted() && result)
        snarl_call_writes("inet_aton", address, sizeof(*address), SNARL_SITE);
    return result;
}

SNARL_EXPORT in_addr_t inet_addr(const char *text)
{
    prepare();
    if (snarl_calls_wanted())
        snarl_call_reads("inet_addr", text, snarl_string_size(text), SNARL_SITE);
    return real_inet_addr(text);
}
