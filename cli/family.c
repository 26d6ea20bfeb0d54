/* family.c - see family.h.
 *
 * The kernel keeps no list of descendants that is always there, so /proc is read once into (process, parent)
 * pairs. A process whose parent has ended belongs to init and is not found any more. */
#include "cli/family.h"

#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/complain.h"

struct member {
    pid_t process;
    pid_t parent;
    bool chosen;
};

struct family {
    struct member *members;
    size_t count;
};

/* The parent's number is the second field after the program's name, which stands in brackets and may hold any
 * character. 0 when the process is gone. */
static pid_t read_parent(const char *process)
{
    char path[64], line[512];
    snprintf(path, sizeof(path), "/proc/%.20s/stat", process);
    FILE *file = fopen(path, "re");
    if (!file)
        return 0;
    size_t count = fread(line, 1, sizeof(line) - 1, file);
    fclose(file);
    line[count] = '\0';
    const char *name_end = strrchr(line, ')');
    int parent = 0;
    return name_end && sscanf(name_end + 1, " %*c %d", &parent) == 1 ? parent : 0;
}

static void add_member(struct family *family, pid_t process, pid_t parent)
{
    struct member *members = realloc(family->members, (family->count + 1) * sizeof(*members));
    if (!members)
        snarl_complain_no_memory();
    members[family->count++] = (struct member){process, parent, false};
    family->members = members;
}

static void read_processes(struct family *family)
{
    DIR *directory = opendir("/proc");
    if (!directory)
        return;
    for (struct dirent *entry; (entry = readdir(directory));)
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            add_member(family, atoi(entry->d_name), read_parent(entry->d_name));
    closedir(directory);
}

static bool is_chosen(const struct family *family, pid_t process)
{
    for (size_t i = 0; i < family->count; i++)
        if (family->members[i].process == process)
            return family->members[i].chosen;
    return false;
}

/* Once around for each generation. */
static void choose_descendants(struct family *family, pid_t ancestor)
{
    for (bool found = true; found;) {
        found = false;
        for (size_t i = 0; i < family->count; i++) {
            struct member *member = &family->members[i];
            if (!member->chosen && (member->parent == ancestor || is_chosen(family, member->parent)))
                member->chosen = found = true;
        }
    }
}

void snarl_family_signal(pid_t process, int signal_number)
{
    struct family family = {0};
    read_processes(&family);
    choose_descendants(&family, process);
    kill(process, signal_number);
    kill(process, SIGCONT);
    for (size_t i = 0; i < family.count; i++) {
        if (!family.members[i].chosen)
            continue;
        kill(family.members[i].process, signal_number);
        kill(family.members[i].process, SIGCONT);
    }
    free(family.members);
}
