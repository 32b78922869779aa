// What moves between cgroups cost, paid before they are made.
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gantry.h"
#include "thread.h"

static atomic_flag busy = ATOMIC_FLAG_INIT;

static void *warm(void *argument) {
  char *members = argument;
  int fd = open(members, O_WRONLY | O_CLOEXEC);
  if (fd >= 0) {
    // Where it fails the next move is as slow as it would have been.
    ssize_t written = write(fd, "0", 1);
    (void)written;
    close(fd);
  }
  free(members);
  atomic_flag_clear(&busy);
  return NULL;
}

// Makes the next move of a process between cgroups quick: the first one in a while waits for the kernel's other
// processors (an RCU grace period, some 10 ms; percpu_down_write of cgroup_threadgroup_rwsem). A thread asks for that
// wait by moving this process to where it is: `members` is the `cgroup.procs` of its own cgroup. Returns at once; 1
// where an earlier call still waits.
int gantry_cgroup_warm(const char *members) {
  if (atomic_flag_test_and_set(&busy)) return 1;
  char *copy = strdup(members);
  int result = copy == NULL ? -ENOMEM : thread_start(warm, copy);
  if (result == 0) return 0;
  free(copy);
  atomic_flag_clear(&busy);
  return result;
}
