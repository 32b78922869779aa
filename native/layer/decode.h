/* From the bytes of a layer blob to its plain tar: gzip, zstd, or plain already, told by how it begins. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "failure.h"

struct decoder;

/* Bytes that are there and have not been used yet. */
struct input {
  const unsigned char *bytes;
  size_t size;
  bool last; /* nothing comes after them */
};

/* A decoder for what begins with `start`; at least 6 bytes, unless that is all. NULL when it is compressed otherwise. */
struct decoder *decoder_open(const struct input *start, struct failure *failure);

/* Fills `out` as far as the input goes; `done` when no more output will come. */
int decoder_run(struct decoder *decoder, struct input *input, unsigned char *out, size_t room, size_t *made, bool *done,
                struct failure *failure);

void decoder_close(struct decoder *decoder);
