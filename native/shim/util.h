// Small helpers that every part of the shim uses. Functions return 0 or -errno unless they say otherwise.
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static inline void cleanup_fd(int *fd) {
  if (*fd >= 0) close(*fd);
}
static inline void cleanup_memory(void *pointer) {
  free(*(void **)pointer);
}
#define autofd __attribute__((cleanup(cleanup_fd))) int
#define autofree __attribute__((cleanup(cleanup_memory)))

// Hands a descriptor on: the caller's variable no longer owns it.
static inline int take_fd(int *fd) {
  int taken = *fd;
  *fd = -1;
  return taken;
}

// What went wrong, in words for people.
struct failure {
  char text[1024];
};
void failure_set(struct failure *failure, const char *format, ...) __attribute__((format(printf, 2, 3)));

// Writes everything, waiting as the descriptor makes us.
int write_all(int fd, const void *data, size_t size);
// Reads a whole small file as text into `out`; the length without the final NUL, or -errno.
ssize_t read_text(int directory, const char *path, char *out, size_t size);
// Replaces a file by a rename, so that a reader sees the old text or the new one.
int replace_text(int directory, const char *path, const char *text);
int write_text(int directory, const char *path, const char *text);
// Removes a tree below `directory`; an absent one is fine.
int remove_tree(int directory, const char *name);
int set_nonblocking(int fd);
// Passes a descriptor with one byte over a unix socket.
int send_fd(int socket, int fd);
// One that was passed; -errno when none lies there.
int receive_fd(int socket);
uint64_t now_ns(void);
// RFC 3339 with nanoseconds; `out` holds at least 40 bytes.
void format_time(uint64_t nanoseconds, char *out, size_t size);
