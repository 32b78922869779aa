/* Whether two directory trees hold the same. */
#pragma once

#include <stddef.h>

/* True when they do; else `where` says at which path, and what differs there. Times of directories do not count. */
_Bool same_trees(int one, int other, char *where, size_t size);
