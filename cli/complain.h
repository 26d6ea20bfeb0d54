/* complain.h - the lines that the command itself says, on standard error, each beginning with "snarl: ". */
#ifndef SNARL_CLI_COMPLAIN_H
#define SNARL_CLI_COMPLAIN_H

/* The exit statuses of the command when its own work is what failed. */
enum snarl_exit {
    SNARL_EXIT_USAGE = 2,     /* a wrong call of any sub-command but run */
    SNARL_EXIT_FINDING = 66,  /* a finding fails the gate */
    SNARL_EXIT_TIMEOUT = 124, /* the program was ended by --timeout */
    SNARL_EXIT_SNARL = 125,   /* snarl itself failed; also a wrong call of run */
    SNARL_EXIT_NOT_EXECUTABLE = 126,
    SNARL_EXIT_NOT_FOUND = 127,
};

/* One line: "snarl: " and the text (control characters of it are made visible). */
void snarl_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Ends the command: there is no memory left. */
_Noreturn void snarl_complain_no_memory(void);

#endif
