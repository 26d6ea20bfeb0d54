/* commands.h - the sub-commands: one file each, listed in the table of main.c.
 *
 * Each gets its own argument list, argv[0] being its name, and returns the exit status. */
#ifndef SNARL_CLI_COMMANDS_H
#define SNARL_CLI_COMMANDS_H

int snarl_run_main(int argc, char **argv);
int snarl_report_main(int argc, char **argv);
int snarl_gate_main(int argc, char **argv);
int snarl_merge_main(int argc, char **argv);
int snarl_doctor_main(int argc, char **argv);
int snarl_demo_main(int argc, char **argv);

#endif
