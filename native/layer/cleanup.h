/* Resources that close themselves at the end of their scope. */
#pragma once

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_fd(int *fd) {
  if (*fd >= 0) close(*fd);
}
static inline void cleanup_free(void *pointer) { free(*(void **)pointer); }
static inline void cleanup_dir(DIR **directory) {
  if (*directory) closedir(*directory);
}

#define AUTO_FD __attribute__((cleanup(cleanup_fd))) int
#define AUTO_FREE __attribute__((cleanup(cleanup_free)))
#define AUTO_DIR __attribute__((cleanup(cleanup_dir))) DIR *

static inline int take_fd(int *fd) {
  int own = *fd;
  *fd = -1;
  return own;
}
