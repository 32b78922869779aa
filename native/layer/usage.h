#pragma once

#include "failure.h"

/* Prints the bytes of files and links below `path` and the number of inodes, each inode once. */
int print_usage(const char *path, struct failure *failure);
