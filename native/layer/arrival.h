/*
 * How much there is of a file that somebody else is still writing. The engine tells on standard input: a line with
 * the number of bytes that are there so far, whenever there are more, and a last line `end`.
 */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "failure.h"

struct arrival {
  pthread_mutex_t lock;
  pthread_cond_t more;
  off_t bytes;
  bool complete; /* there will not be more */
  bool lost;     /* the engine has gone before it was complete */
};

/* Begins to listen, on a thread of its own. */
int arrival_start(struct arrival *arrival, struct failure *failure);

/* Waits until more than `at` bytes are there, and says how many. At most `at` when it is complete; -1 when it is lost. */
off_t arrival_wait(struct arrival *arrival, off_t at);
