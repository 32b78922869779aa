// Cuts output into lines, as drivers want it that keep messages. A long line comes in parts, as from Docker.
#pragma once

#include "log.h"

enum { LINE_PART = 16384 };

struct lines {
  // One buffer for each stream, made when a line first spans two chunks.
  char *rest[2];
  size_t used[2];
};

// Bytes without their newline; `whole`: the line ends here.
typedef void line_taker(void *context, enum stream_number stream, const char *bytes, size_t size, bool whole);

void lines_feed(struct lines *lines, enum stream_number stream, const char *bytes, size_t size, line_taker *take,
                void *context);
// Gives what stands behind the last newline, at the end of the output.
void lines_flush(struct lines *lines, line_taker *take, void *context);
