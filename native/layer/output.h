/* Buffered standard output. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "failure.h"

int put_bytes(const void *bytes, size_t size, struct failure *failure);
int put_zeros(size_t size, struct failure *failure);

/* Exactly `size` bytes of `fd`: zeros follow when the file has become shorter. With `holes` those are not read. */
int put_file(int fd, off_t size, bool holes, const char *name, struct failure *failure);
int put_flush(struct failure *failure);
