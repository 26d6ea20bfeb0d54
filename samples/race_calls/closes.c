/* The many ways to close a descriptor while another thread uses it.
 *
 * expect: data-race rule=use-after-close functions=write_it,second lines=@write,@dup2 what=write,dup2 exit=66
 * expect: data-race rule=use-after-close functions=pread_it,second lines=@pread,@range what=pread,close_range
 * expect: data-race rule=use-after-close functions=seek_it,second lines=@lseek,@fclose what=lseek,fclose
 * expect: data-race rule=use-after-close functions=list_it,second lines=@readdir,@closedir what=readdir,closedir
 * expect: data-race rule=use-after-close functions=poll_it,second lines=@poll,@close what=poll,close
 * expect: data-race rule=use-after-close functions=select_it,second lines=@select,@close_it what=select,close
 * fixed: nothing */
#include "../duet.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/timerfd.h>

static int s_written, s_other, s_ranged, s_sought, s_polled, s_selected;
static FILE *s_file;
static DIR *s_folder;

static void write_it(void)
{
    if (write(s_written, "x", 1) != 1) /* @write */
        perror("write");
}

static void pread_it(void)
{
    char byte;
    if (pread(s_ranged, &byte, 1, 0) != 1) /* @pread */
        perror("pread");
}

static void seek_it(void)
{
    lseek(s_sought, 0, SEEK_SET); /* @lseek */
}

static void list_it(void)
{
    readdir(s_folder); /* @readdir */
}

static void poll_it(void)
{
    struct pollfd polled = {.fd = s_polled, .events = POLLIN};
    poll(&polled, 1, 0); /* @poll */
}

static void select_it(void)
{
    struct timeval now = {0};
    fd_set set;
    FD_ZERO(&set);
    FD_SET(s_selected, &set);
    select(s_selected + 1, &set, NULL, NULL, &now); /* @select */
}

static void first(void)
{
    write_it();
    pread_it();
    seek_it();
    list_it();
    poll_it();
    select_it();
}

static void second(void)
{
    dup2(s_other, s_written); /* @dup2 */
    close_range((unsigned)s_ranged, (unsigned)s_ranged, 0); /* @range */
    fclose(s_file); /* @fclose */
    closedir(s_folder); /* @closedir */
    close(s_polled); /* @close */
    close(s_selected); /* @close_it */
}

int main(void)
{
    s_written = open("/dev/null", O_WRONLY);
    s_other = open("/dev/null", O_WRONLY);
    s_ranged = open("/dev/zero", O_RDONLY);
    s_file = fopen("/dev/zero", "r");
    s_sought = fileno(s_file);
    s_folder = opendir("/");
    s_polled = eventfd(0, 0);
    s_selected = timerfd_create(CLOCK_MONOTONIC, 0);
    duet();
    puts("done");
    return 0;
}
