// One epoll loop. A source is the first member of whatever owns a descriptor.
#pragma once

#include <sys/epoll.h>

#include "util.h"

struct source {
  int fd;
  uint32_t events;
  bool registered;
  // Called with the events that are ready.
  void (*ready)(struct source *source, uint32_t events);
};

int loop_open(void);
// Starts or changes what is waited for; 0 waits for errors and hang-ups only.
int loop_watch(struct source *source, uint32_t events);
// Takes a source out of the loop without closing it, so that a hang-up nobody wants to hear of is not repeated.
void loop_ignore(struct source *source);
// Takes it out and closes the descriptor.
void loop_close(struct source *source);
// Frees `memory` once the events at hand are dealt with: one of them may still name it.
void loop_free_later(void *memory);
// Runs until `loop_end`.
void loop_run(void);
void loop_end(void);
