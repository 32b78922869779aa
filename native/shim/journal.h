// A copy of the output for systemd's journal, in its native protocol: one datagram a line.
#pragma once

#include "config.h"
#include "lines.h"
#include "loop.h"

struct journal {
  struct source source;
  const char *path;
  char *fields;
  size_t fields_size;
  struct lines lines;
  // Messages that the journal did not take yet.
  char *queue;
  size_t start;
  size_t end;
  size_t capacity;
  uint64_t limit;
  uint64_t dropped;
  bool waits;
};

// `resumed` is called when the container may be read again.
int journal_open(struct journal *journal, const struct log_config *config, void (*resumed)(void));
void journal_append(struct journal *journal, enum stream_number stream, const char *chunk, size_t size);
// False while the container has to wait for the journal.
bool journal_has_room(const struct journal *journal);
// The output is over: waits as long as the journal takes something, then drops the rest.
void journal_finish(struct journal *journal);
