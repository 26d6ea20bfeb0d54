/* Threads that open and close files and sockets of their own get each other's numbers again, by accident: that orders nothing.
 *
 * expect: data-race functions=first,second lines=@file,@file_too location=s_files exit=66
 * expect: data-race functions=first,second lines=@socket,@socket_too location=s_sockets
 * expect: data-race functions=first,second lines=@stream,@stream_too location=s_streams
 * fixed: nothing */
#define SCENE_UNSEEN
#include "../duet.h"

#include <fcntl.h>
#include <sys/socket.h>

static int s_files, s_sockets, s_streams;

static void first(void)
{
    s_files++; /* @file */
    close(open("/dev/null", O_RDONLY));
    s_sockets++; /* @socket */
    close(socket(AF_UNIX, SOCK_STREAM, 0));
    s_streams++; /* @stream */
    fclose(fopen("/dev/null", "r"));
}

static void second(void)
{
    close(open("/dev/null", O_RDONLY));
    s_files++; /* @file_too */
    close(socket(AF_UNIX, SOCK_STREAM, 0));
    s_sockets++; /* @socket_too */
    fclose(fopen("/dev/null", "r"));
    s_streams++; /* @stream_too */
}

int main(void)
{
    duet();
    printf("%d\n", s_files + s_sockets + s_streams);
    return 0;
}
