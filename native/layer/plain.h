/*
 * The plain tar of a layer blob, decompressed and hashed by a thread of its own while the caller writes files: a few
 * blocks ahead, no more.
 */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "arrival.h"
#include "failure.h"

struct plain;

/* Compressed data may unpack to `free` bytes and `ratio` more for each of its own; ratio 0 is no limit. */
struct proportion {
  uint64_t free, ratio;
};

/* Begins to read `file`, as far as it has arrived. NULL on failure. The thread lives until the process ends. */
struct plain *plain_start(int file, struct arrival *arrival, const struct proportion *proportion, struct failure *failure);

/* The next block, which holds until the next call: its size, 0 at the end, -1 when there is no more to be had. */
ssize_t plain_next(struct plain *plain, const void **block);

/* Why there is no more to be had; NULL unless that is so. */
const struct failure *plain_failure(struct plain *plain);

/* What it was, after the end: the sha256 in hex (65 bytes) and the bytes. */
void plain_sum(const struct plain *plain, char *hex, uint64_t *bytes);
