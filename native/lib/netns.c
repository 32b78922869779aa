// Network namespaces: made and pinned to a file, entered and left by the calling thread.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "gantry.h"

static const char own_namespace[] = "/proc/thread-self/ns/net";

// A thread that cannot come back would go on in a foreign namespace and configure the wrong network.
static void back_to(int previous) {
  if (setns(previous, CLONE_NEWNET) < 0) abort();
}

static int pin(const char *path) {
  cleanup_close int file = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444);
  if (file < 0) return -errno;
  if (mount(own_namespace, path, NULL, MS_BIND, NULL) == 0) return 0;
  int error = errno;
  unlink(path);
  return -error;
}

// Makes a namespace that lives as long as `path` is mounted. The caller's thread is where it was afterwards.
int gantry_netns_create(const char *path) {
  cleanup_close int previous = open(own_namespace, O_RDONLY | O_CLOEXEC);
  if (previous < 0) return -errno;
  if (unshare(CLONE_NEWNET) < 0) return -errno;
  int result = pin(path);
  back_to(previous);
  return result;
}

// Moves the calling thread into the namespace at `path`; returns a descriptor for gantry_netns_leave.
int gantry_netns_enter(const char *path) {
  cleanup_close int target = open(path, O_RDONLY | O_CLOEXEC);
  if (target < 0) return -errno;
  cleanup_close int previous = open(own_namespace, O_RDONLY | O_CLOEXEC);
  if (previous < 0) return -errno;
  if (setns(target, CLONE_NEWNET) < 0) return -errno;
  int kept = previous;
  previous = -1;
  return kept;
}

// Moves the thread back and closes the descriptor.
int gantry_netns_leave(int previous) {
  back_to(previous);
  close(previous);
  return 0;
}
