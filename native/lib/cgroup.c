// What moves between cgroups cost, paid before they are made.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "gantry.h"

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

static int start_thread(void *argument) {
  pthread_attr_t attributes;
  int error = pthread_attr_init(&attributes);
  if (error != 0) return -error;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 64 << 10);
  // Signals are the runtime's threads' business: this one is to get none.
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  error = pthread_create(&thread, &attributes, warm, argument);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  return -error;
}

// Makes the next move of a process between cgroups quick: the first one in a while waits for the kernel's other
// processors (an RCU grace period, some 10 ms; percpu_down_write of cgroup_threadgroup_rwsem). A thread asks for that
// wait by moving this process to where it is: `members` is the `cgroup.procs` of its own cgroup. Returns at once; 1
// where an earlier call still waits.
int gantry_cgroup_warm(const char *members) {
  if (atomic_flag_test_and_set(&busy)) return 1;
  char *copy = strdup(members);
  int result = copy == NULL ? -ENOMEM : start_thread(copy);
  if (result == 0) return 0;
  free(copy);
  atomic_flag_clear(&busy);
  return result;
}
