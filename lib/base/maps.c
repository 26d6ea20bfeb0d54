/* maps.c - see maps.h. */
#include "base/maps.h"

#include <fcntl.h>

#include "base/os.h"

struct reader {
    uintptr_t start, number;
    bool in_rest; /* of a line, behind its two addresses */
    void (*visit)(uintptr_t start, uintptr_t end, void *context);
    void *context;
};

/* One character of "start-end rights ...\n". */
static void take(struct reader *reader, char c)
{
    if (c == '\n') {
        reader->in_rest = false;
        reader->number = 0;
    } else if (reader->in_rest) {
        return;
    } else if (c == '-') {
        reader->start = reader->number;
        reader->number = 0;
    } else if (c == ' ') {
        reader->visit(reader->start, reader->number, reader->context);
        reader->in_rest = true;
    } else {
        reader->number = reader->number << 4 | (uintptr_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
}

bool snarl_maps_each(void (*visit)(uintptr_t start, uintptr_t end, void *context), void *context)
{
    struct reader reader = {.visit = visit, .context = context};
    char text[4096];
    int fd = snarl_os_open("/proc/self/maps", O_RDONLY | O_CLOEXEC, 0);
    ssize_t count = -1;
    while (fd >= 0 && (count = snarl_os_read(fd, text, sizeof(text))) > 0)
        for (ssize_t i = 0; i < count; i++)
            take(&reader, text[i]);
    if (fd >= 0)
        snarl_os_close(fd);
    return count == 0;
}
