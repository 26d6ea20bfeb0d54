/* Functions that answer from one place for all threads, and those that keep their state there.
 *
 * expect: data-race functions=first,second what=getgrgid exit=66
 * expect: data-race functions=first,second what=getpwuid
 * expect: data-race functions=first,second what=drand48
 * expect: data-race functions=first,second what=strtok
 * expect: data-race functions=first,second what=getservbyname
 * expect: data-race functions=first,second what=hsearch,hcreate
 * expect: data-race functions=first,second what=setlocale
 * expect: data-race functions=first,second what=setenv,mktime lines=@setenv,@mktime
 * fixed: nothing */
#include "../duet.h"

#include <grp.h>
#include <locale.h>
#include <netdb.h>
#include <pwd.h>
#include <search.h>

static void ask(void)
{
    char text[] = "a b";
    getgrgid(0);
    getpwuid(0);
    drand48();
    strtok(text, " ");
    getservbyname("http", "tcp");
    setlocale(LC_ALL, "C");
    rand(); /* these are locked, or each thread has its own */
    random();
    strerror(1);
    strerror(12345);
}

static void first(void)
{
    hcreate(8);
    ask();
    setenv("TZ", "UTC", 1); /* @setenv */
}

static void second(void)
{
    time_t now = 0;
    struct tm parts;
    ask();
    hsearch((ENTRY){.key = (char *)"one"}, ENTER);
    localtime_r(&now, &parts);
    mktime(&parts); /* @mktime */
}

int main(void)
{
    duet();
    return 0;
}
