#include <sys/signalfd.h>
#include <sys/wait.h>

#include "shim.h"

// Children whose role is not known yet: the runtime may leave its process to us, already dead, before it has
// ended itself and told who that was. Only the last few matter.
enum { UNKNOWN_KEPT = 64 };
static struct {
  pid_t pid;
  int status;
} unknown[UNKNOWN_KEPT];
static unsigned unknown_next;

bool children_take(pid_t pid, int *status) {
  for (unsigned i = 0; i < UNKNOWN_KEPT; i++) {
    if (unknown[i].pid != pid) continue;
    *status = unknown[i].status;
    unknown[i].pid = 0;
    return true;
  }
  return false;
}

static struct process *find(pid_t pid) {
  if (shim.init.state == PROCESS_RUNNING && shim.init.pid == pid) return &shim.init;
  for (struct process *process = shim.execs; process != NULL; process = process->next) {
    if (process->state == PROCESS_RUNNING && process->pid == pid) return process;
  }
  return NULL;
}

static void ended(pid_t pid, int status) {
  struct launch *launch = launch_find(pid);
  struct process *process = find(pid);
  if (launch != NULL) {
    launch_finished(launch, status);
  } else if (process != NULL) {
    process_exited(process, status);
  } else if (pid == shim.deleter) {
    shim.deleter = 0;
    remains_removed();
  } else if (output_compressed(pid, status)) {
    return;
  } else if (launch_any()) {
    unknown[unknown_next].pid = pid;
    unknown[unknown_next].status = status;
    unknown_next = (unknown_next + 1) % UNKNOWN_KEPT;
  }
}

void children_reap(struct source *source, uint32_t events) {
  struct signalfd_siginfo information;
  while (read(source->fd, &information, sizeof information) > 0) continue;
  for (;;) {
    int status;
    pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return;
    ended(pid, status);
  }
}
