/* What functions store where they are told to.
 *
 * expect: data-race functions=first,second lines=@clock,@copy_clock what=clock_gettime,memcpy exit=66
 * expect: data-race functions=first,second lines=@stat,@copy_status what=stat,memcpy
 * expect: data-race functions=first,second lines=@date,@puts_date what=strftime,puts
 * expect: data-race functions=first,second lines=@folder,@puts_folder what=getcwd,strlen
 * expect: data-race functions=first,second lines=@text,@puts_text what=inet_ntop,puts
 * expect: data-race functions=first,second lines=@wide,@scan_wide what=mbstowcs,wcslen
 * expect: data-race functions=first,second lines=@list,@copy_list what=getaddrinfo,memcpy
 * expect: data-race functions=first,second lines=@match,@copy_match what=regexec,memcpy
 * expect: data-race functions=first,second lines=@number,@set_number what=strtol,strcpy
 * expect: data-race functions=first,second lines=@token,@puts_token what=strtok_r,puts
 * expect: data-race functions=first,second lines=@real,@puts_real what=realpath,puts
 * fixed: nothing */
#include "../duet.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netdb.h>
#include <regex.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <wchar.h>

static struct timespec s_clock;
static struct stat s_status;
static char s_date[64], s_folder[PATH_MAX], s_text[64], s_number[16] = "123", s_token[] = "one two", s_real[PATH_MAX];
static wchar_t s_wide[16];
static struct addrinfo *s_list;
static regmatch_t s_match[2];
static volatile size_t s_clock_size = sizeof(s_clock), s_status_size = sizeof(s_status), s_pointer = sizeof(void *),
                       s_match_size = sizeof(s_match);

static void first(void)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_flags = AI_NUMERICHOST};
    struct in_addr address = {htonl(INADDR_LOOPBACK)};
    struct tm parts = {.tm_mday = 1};
    regex_t expression;
    char *rest;
    clock_gettime(CLOCK_MONOTONIC, &s_clock); /* @clock */
    stat("/", &s_status); /* @stat */
    strftime(s_date, sizeof(s_date), "%Y", &parts); /* @date */
    if (!getcwd(s_folder, sizeof(s_folder))) /* @folder */
        perror("getcwd");
    inet_ntop(AF_INET, &address, s_text, sizeof(s_text)); /* @text */
    mbstowcs(s_wide, "wide", 16); /* @wide */
    getaddrinfo("127.0.0.1", NULL, &hints, &s_list); /* @list */
    regcomp(&expression, "a+", REG_EXTENDED);
    regexec(&expression, "baac", 2, s_match, 0); /* @match */
    regfree(&expression);
    strtol(s_number, NULL, 10); /* @number */
    strtok_r(s_token, " ", &rest); /* @token */
    if (!realpath("/tmp/..", s_real)) /* @real */
        perror("realpath");
}

static void second(void)
{
    char copy[sizeof(s_status)];
    memcpy(copy, &s_clock, s_clock_size); /* @copy_clock */
    memcpy(copy, &s_status, s_status_size); /* @copy_status */
    puts(s_date); /* @puts_date */
    printf("%d\n", strlen(s_folder) > 4000); /* @puts_folder */
    puts(s_text); /* @puts_text */
    printf("%zu\n", wcslen(s_wide)); /* @scan_wide */
    memcpy(copy, &s_list, s_pointer); /* @copy_list */
    memcpy(copy, s_match, s_match_size); /* @copy_match */
    strcpy(s_number, s_text); /* @set_number */
    puts(s_token); /* @puts_token */
    puts(s_real); /* @puts_real */
}

int main(void)
{
    duet();
    freeaddrinfo(s_list);
    return 0;
}
