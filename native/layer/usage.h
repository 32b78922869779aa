#pragma once

#include <stdint.h>

#include "failure.h"

struct usage {
  uint64_t bytes, inodes;
};

/* The bytes of files and links below `path` in `directory` and the number of inodes, each inode once. */
int measure(int directory, const char *path, struct usage *usage, struct failure *failure);

/* Prints what `measure` finds below `path`. */
int print_usage(const char *path, struct failure *failure);
