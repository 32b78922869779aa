/*
 * Times that directories get when all is written, as writing into a directory changes them. Whatever an archive
 * holds, this takes little memory: what is too much for it goes to a file without a name.
 */
#pragma once

#include <stddef.h>
#include <sys/types.h>
#include <time.h>

struct late {
  char *bytes; /* records that are still in memory */
  size_t used;
  int file; /* of the records before those, or 0 while there is none */
  off_t filed;
};

/* Notes times for the directory `path`; a file, where one is needed, is made on the file system of `root`. -errno. */
int late_add(struct late *late, int root, const char *path, const struct timespec times[2]);

/* Calls `set` with each, in the order they were noted. */
void late_each(struct late *late, void (*set)(void *context, const char *path, const struct timespec times[2]), void *context);

void late_free(struct late *late);
