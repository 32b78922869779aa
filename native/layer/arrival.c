#include "arrival.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void note(struct arrival *arrival, const char *line) {
  pthread_mutex_lock(&arrival->lock);
  if (!line) arrival->lost = !arrival->complete;
  else if (strcmp(line, "end\n") == 0) arrival->complete = true;
  else arrival->bytes = strtoll(line, NULL, 10);
  pthread_cond_broadcast(&arrival->more);
  pthread_mutex_unlock(&arrival->lock);
}

static void *listen_in(void *argument) {
  char line[64];
  while (fgets(line, sizeof line, stdin)) note(argument, line);
  note(argument, NULL);
  return NULL;
}

int arrival_start(struct arrival *arrival, struct failure *failure) {
  pthread_t thread;
  *arrival = (struct arrival){PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false, false};
  errno = pthread_create(&thread, NULL, listen_in, arrival);
  if (errno) return fail_errno(failure, "", "cannot start a thread");
  pthread_detach(thread);
  return 0;
}

off_t arrival_wait(struct arrival *arrival, off_t at) {
  pthread_mutex_lock(&arrival->lock);
  while (arrival->bytes <= at && !arrival->complete && !arrival->lost) pthread_cond_wait(&arrival->more, &arrival->lock);
  off_t bytes = arrival->bytes <= at && arrival->lost ? -1 : arrival->bytes;
  pthread_mutex_unlock(&arrival->lock);
  return bytes;
}
