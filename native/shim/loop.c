#include "loop.h"

#include <errno.h>

static struct {
  int epoll;
  bool ended;
  struct garbage *garbage;
} loop = {.epoll = -1};

// Freed blocks are chained through their own memory: the source at their start is no longer looked at.
struct garbage {
  struct garbage *next;
  void *memory;
};

int loop_open(void) {
  loop.epoll = epoll_create1(EPOLL_CLOEXEC);
  return loop.epoll < 0 ? -errno : 0;
}

int loop_watch(struct source *source, uint32_t events) {
  if (source->fd < 0 || (source->registered && source->events == events)) return 0;
  struct epoll_event event = {.events = events, .data.ptr = source};
  int operation = source->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(loop.epoll, operation, source->fd, &event) < 0) return -errno;
  source->registered = true;
  source->events = events;
  return 0;
}

void loop_ignore(struct source *source) {
  if (source->registered) epoll_ctl(loop.epoll, EPOLL_CTL_DEL, source->fd, NULL);
  source->registered = false;
  source->events = 0;
}

void loop_close(struct source *source) {
  loop_ignore(source);
  if (source->fd >= 0) close(source->fd);
  source->fd = -1;
}

void loop_free_later(void *memory) {
  struct garbage *entry = malloc(sizeof *entry);
  if (entry == NULL) return;  // a leak is harmless, a dangling pointer is not
  *entry = (struct garbage){.next = loop.garbage, .memory = memory};
  loop.garbage = entry;
}

static void collect(void) {
  while (loop.garbage != NULL) {
    struct garbage *entry = loop.garbage;
    loop.garbage = entry->next;
    free(entry->memory);
    free(entry);
  }
}

void loop_run(void) {
  struct epoll_event events[16];
  while (!loop.ended) {
    int count = epoll_wait(loop.epoll, events, 16, -1);
    for (int i = 0; i < count && !loop.ended; i++) {
      struct source *source = events[i].data.ptr;
      // A handler of this batch may have closed it or taken it out.
      if (source->registered) source->ready(source, events[i].events);
    }
    collect();
  }
}

void loop_end(void) {
  loop.ended = true;
}
