/*
 * Writes tar to standard output: ustar, with PAX records where ustar cannot say it. The bytes depend on what is
 * stored alone, so the same tree gives the same archive everywhere.
 */
#pragma once

#include <stdbool.h>
#include <sys/stat.h>

#include "failure.h"

struct tar_entry {
  const char *name;   /* as it stands in the archive; directories end with a slash */
  const char *target; /* of a symbolic or hard link */
  bool hard_link;
  struct stat status;
  int fd;             /* data and extended attributes of a file or directory, or -1 */
  int directory;      /* where `last` lies: for the attributes of other kinds; -1: none */
  const char *last;
};

int tar_put(const struct tar_entry *entry, struct failure *failure);

/* The two empty blocks at the end. */
int tar_end(struct failure *failure);
