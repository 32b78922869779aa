#include "lines.h"

#include <string.h>

static size_t smaller(size_t one, size_t other) {
  return one < other ? one : other;
}

// Keeps bytes until more of their line come; without memory for that they make a part of their own.
static void keep(struct lines *lines, enum stream_number stream, const char *bytes, size_t size, line_taker *take,
                 void *context) {
  char **rest = &lines->rest[stream - 1];
  if (*rest == NULL) *rest = malloc(LINE_PART);
  if (*rest == NULL) {
    take(context, stream, bytes, size, false);
    return;
  }
  memcpy(*rest + lines->used[stream - 1], bytes, size);
  lines->used[stream - 1] += size;
}

void lines_feed(struct lines *lines, enum stream_number stream, const char *bytes, size_t size, line_taker *take,
                void *context) {
  size_t *used = &lines->used[stream - 1];
  while (size > 0) {
    size_t room = LINE_PART - *used;
    const char *newline = memchr(bytes, '\n', smaller(size, room + 1));
    size_t part = newline != NULL ? (size_t)(newline - bytes) : smaller(size, room);
    bool ends = newline != NULL || part == room;
    if (!ends || *used > 0) {
      keep(lines, stream, bytes, part, take, context);
      if (ends) take(context, stream, lines->rest[stream - 1], *used, newline != NULL);
      if (ends) *used = 0;
    } else {
      take(context, stream, bytes, part, newline != NULL);
    }
    part += newline != NULL ? 1 : 0;
    bytes += part;
    size -= part;
  }
}

void lines_flush(struct lines *lines, line_taker *take, void *context) {
  for (enum stream_number stream = STREAM_OUT; stream <= STREAM_ERR; stream++) {
    size_t used = lines->used[stream - 1];
    lines->used[stream - 1] = 0;
    if (used > 0) take(context, stream, lines->rest[stream - 1], used, false);
  }
}
