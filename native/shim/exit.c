#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "shim.h"

static int code_of(int status) {
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void write_exit_file(void) {
  char time[40], text[160];
  format_time(shim.exited_at, time, sizeof time);
  snprintf(text, sizeof text, "{\"code\":%d,\"oomKilled\":%s,\"exitedAt\":\"%s\"}\n", shim.init.code,
           shim.oom_killed ? "true" : "false", time);
  replace_text(shim.bundle, "exit", text);
}

static void remove_remains(void) {
  if (remains_remove(&shim.config, &shim.deleter) != 1) remains_removed();
}

static void init_exited(void) {
  shim.exited_at = now_ns();
  shim.oom_killed = cgroup_oom_kills(&shim.config) > 0;
  // Nobody outside a private pid namespace may go on writing to a log that is closed.
  cgroup_kill(&shim.config);
  process_settle(&shim.init);
  write_exit_file();
  remove_remains();
}

void process_exited(struct process *process, int status) {
  process->state = PROCESS_EXITED;
  process->code = code_of(status);
  loop_close(&process->in.source);
  if (process == &shim.init) {
    init_exited();
    return;
  }
  event_send("event exec-exit id=%s code=%d\n", process->id, process->code);
  process_settle(process);
}

void init_failed(void) {
  shim.destroying = true;
  shim.init.complete = true;
  attach_finish(&shim.init);
  // Of a runtime that was killed forks may live on and go on making what is removed here.
  remains_end_runtime(&shim.config, 500);
  remove_remains();
}

void exec_failed(struct process *process) {
  process->complete = true;
  attach_finish(process);
}

void exec_release(struct process *process) {
  if (process == &shim.init || process->state != PROCESS_EXITED || !process->complete) return;
  if (process->out.source.fd >= 0 || process->err.source.fd >= 0) return;
  for (struct client *client = shim.clients; client != NULL; client = client->next) {
    if (client->process == process) return;
  }
  for (struct process **at = &shim.execs; *at != NULL; at = &(*at)->next) {
    if (*at != process) continue;
    *at = process->next;
    process_close(process);
    loop_free_later(process);
    return;
  }
}

// The container is over and nothing of it is left: a new one may take its place from here on.
void remains_removed(void) {
  unlinkat(shim.bundle, "shim.sock", 0);
  loop_close(&shim.listener);
  shim.finished = true;
  if (shim.exited_at != 0) {
    char time[40];
    format_time(shim.exited_at, time, sizeof time);
    event_send("event exit code=%d oom=%d at=%s\n", shim.init.code, shim.oom_killed, time);
  } else {
    event_send("event end\n");
  }
  finish_when_drained();
}

void finish_when_drained(void) {
  if (!shim.finished) return;
  for (struct client *client = shim.clients; client != NULL && !shim.destroying; client = client->next) {
    if (client->process != NULL) return;
  }
  loop_end();
}

void shim_destroy(void) {
  shim.destroying = true;
  switch (shim.init.state) {
    case PROCESS_CREATED:
      shim.init.state = PROCESS_EXITED;
      remains_removed();
      return;
    case PROCESS_STARTING:
      return;  // `launch_finished` comes back here
    case PROCESS_RUNNING:
      cgroup_kill(&shim.config);
      kill(shim.init.pid, SIGKILL);
      return;
    case PROCESS_EXITED:
      finish_when_drained();
  }
}
