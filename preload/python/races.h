/* races.h - lost updates in Python code; see races.c. */
#ifndef SNARL_PRELOAD_PYTHON_RACES_H
#define SNARL_PRELOAD_PYTHON_RACES_H

void snarl_python_races_install(void);
/* A second thread is about to be made. */
void snarl_python_races_wake(void);
void snarl_python_races_stop(void);
/* In each thread, once it runs Python code. */
void snarl_python_races_thread(void);

#endif
