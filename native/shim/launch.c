#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "shim.h"

// One run of the runtime's `run` or `exec`, until it has ended.
struct launch {
  struct source console;
  struct launch *next;
  struct process *process;
  struct client *asker;
  uint64_t tag;
  pid_t pid;
  int in;
  int out;
  int err;
  int terminal;
  // Where the child sends its root file system.
  int root;
  bool failed;
  char name[ID_SIZE + 8];
};

static struct launch *launches;

static void file_name(const struct launch *launch, const char *suffix, char *out, size_t size) {
  snprintf(out, size, "%s.%s", launch->name, suffix);
}

// The runtime connects and passes the terminal's controlling side as a descriptor.
static void console_ready(struct source *source, uint32_t events) {
  struct launch *launch = (struct launch *)source;
  autofd connection = accept4(source->fd, NULL, NULL, SOCK_CLOEXEC);
  if (connection < 0) return;
  int terminal = receive_fd(connection);
  if (terminal < 0) return;
  if (launch->terminal >= 0) close(launch->terminal);
  launch->terminal = terminal;
  // Before the process can look at it.
  if (launch->process->size_known) ioctl(launch->terminal, TIOCSWINSZ, &launch->process->size);
}

static int listen_for_console(struct launch *launch, char *path, size_t size) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  file_name(launch, "tty", path, size);
  if (strlen(path) >= sizeof address.sun_path) return -ENAMETOOLONG;
  strcpy(address.sun_path, path);
  unlink(path);
  launch->console.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  launch->console.ready = console_ready;
  if (launch->console.fd < 0) return -errno;
  if (bind(launch->console.fd, (struct sockaddr *)&address, sizeof address) < 0) return -errno;
  if (listen(launch->console.fd, 1) < 0) return -errno;
  return loop_watch(&launch->console, EPOLLIN);
}

static void launch_free(struct launch *launch) {
  for (struct launch **at = &launches; *at != NULL; at = &(*at)->next) {
    if (*at != launch) continue;
    *at = launch->next;
    break;
  }
  int descriptors[] = {launch->in, launch->out, launch->err, launch->terminal, launch->root};
  for (size_t i = 0; i < sizeof descriptors / sizeof *descriptors; i++) {
    if (descriptors[i] >= 0) close(descriptors[i]);
  }
  char path[ID_SIZE + 16];
  // Init's pid stays: it tells an engine that finds the shim dead that there was a process.
  const char *suffixes[] = {"tty", "log", "json", "pid"};
  bool keep_pid = launch->process == &shim.init && !launch->failed;
  for (size_t i = 0; i < (keep_pid ? 3 : 4); i++) {
    file_name(launch, suffixes[i], path, sizeof path);
    unlink(path);
  }
  loop_close(&launch->console);
  launch->process->launch = NULL;
  loop_free_later(launch);
}

// The child's ends of the standard streams; -1: /dev/null, as the shim has it.
struct child_ends {
  int in;
  int out;
  int err;
  int root;
};

static int open_pipe(int *own, int *other, bool reading) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) < 0) return -errno;
  *own = ends[reading ? 0 : 1];
  *other = ends[reading ? 1 : 0];
  return set_nonblocking(*own);
}

static int open_streams(struct launch *launch, struct child_ends *ends, bool with_stdin) {
  int result = open_pipe(&launch->out, &ends->out, true);
  if (result == 0) result = open_pipe(&launch->err, &ends->err, true);
  if (result == 0 && with_stdin) result = open_pipe(&launch->in, &ends->in, false);
  return result;
}

// The last one to let go of a container's root file system waits until its writable layer's disk has written all that
// anybody left to write. That must not be init, whose end is waited for: the shim holds on to it and goes last.
static int open_root_channel(struct launch *launch, struct child_ends *ends) {
  int pair[2];
  if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0) return -errno;
  launch->root = pair[0];
  ends->root = pair[1];
  return 0;
}

static void hold_root(struct launch *launch) {
  if (launch->root >= 0) shim.root = receive_fd(launch->root);
}

static int spawn(struct launch *launch, const struct child_ends *ends, const char *console) {
  char pid_file[ID_SIZE + 16], log[ID_SIZE + 16], process_file[ID_SIZE + 16];
  bool init = launch->process == &shim.init;
  file_name(launch, "pid", pid_file, sizeof pid_file);
  file_name(launch, "log", log, sizeof log);
  file_name(launch, "json", process_file, sizeof process_file);
  const char *arguments[10] = {init ? "run" : "exec", "--detach", "--pid-file", pid_file};
  size_t count = 4;
  if (!init) {
    arguments[count++] = "--process";
    arguments[count++] = process_file;
  }
  if (console != NULL) {
    arguments[count++] = "--console-socket";
    arguments[count++] = console;
  }
  arguments[count++] = shim.config.id;
  struct command command = {.arguments = arguments,
                            .log = log,
                            .in = ends->in,
                            .out = ends->out,
                            .err = ends->err,
                            .root = ends->root,
                            .mount_rootfs = init};
  return spawn_runtime(&shim.config, &command);
}

static struct launch *launch_new(struct process *process, struct client *asker, uint64_t tag) {
  struct launch *launch = calloc(1, sizeof *launch);
  if (launch == NULL) return NULL;
  launch->in = launch->out = launch->err = launch->terminal = launch->root = launch->console.fd = -1;
  launch->process = process;
  launch->asker = asker;
  launch->tag = tag;
  snprintf(launch->name, sizeof launch->name, "%s%s", process->id[0] == '\0' ? "init" : "exec-", process->id);
  launch->next = launches;
  launches = launch;
  process->launch = launch;
  return launch;
}

int launch_start(struct process *process, struct client *asker, uint64_t tag, bool with_stdin,
                 struct failure *failure) {
  char console[ID_SIZE + 16];
  struct child_ends ends = {-1, -1, -1, -1};
  struct launch *launch = launch_new(process, asker, tag);
  if (launch == NULL) return -ENOMEM;
  int result = process->tty ? listen_for_console(launch, console, sizeof console)
                            : open_streams(launch, &ends, with_stdin);
  if (result == 0 && process == &shim.init) result = open_root_channel(launch, &ends);
  if (result == 0) result = spawn(launch, &ends, process->tty ? console : NULL);
  cleanup_fd(&ends.in);
  cleanup_fd(&ends.out);
  cleanup_fd(&ends.err);
  cleanup_fd(&ends.root);
  if (result < 0) {
    launch->failed = true;
    failure_set(failure, "shim: start the runtime: %s", strerrordesc_np(-result));
    launch_free(launch);
    return result;
  }
  launch->pid = result;
  process->state = PROCESS_STARTING;
  return 0;
}

struct launch *launch_find(pid_t pid) {
  struct launch *launch = launches;
  while (launch != NULL && launch->pid != pid) launch = launch->next;
  return launch;
}

bool launch_any(void) {
  return launches != NULL;
}

void launch_forget_client(const struct client *client) {
  for (struct launch *launch = launches; launch != NULL; launch = launch->next) {
    if (launch->asker == client) launch->asker = NULL;
  }
}

static void hand_over_streams(struct launch *launch) {
  struct process *process = launch->process;
  if (process->tty) {
    console_ready(&launch->console, EPOLLIN);  // it may lie unread in the same batch of events
    process->out.source.fd = take_fd(&launch->terminal);
    set_nonblocking(process->out.source.fd);
    process->in.source.fd = fcntl(process->out.source.fd, F_DUPFD_CLOEXEC, 3);
    return;
  }
  process->out.source.fd = take_fd(&launch->out);
  process->err.source.fd = take_fd(&launch->err);
  process->in.source.fd = take_fd(&launch->in);
}

// crun writes the filter it compiled into its state; the engine passes it back next time, ready made.
static void keep_seccomp_filter(void) {
  char path[4096];
  if (shim.config.seccomp_cache == NULL) return;
  snprintf(path, sizeof path, "%s/%s/seccomp.bpf", shim.config.runtime_root, shim.config.id);
  link(path, shim.config.seccomp_cache);
}

static void launch_failed(struct launch *launch, int status) {
  struct process *process = launch->process;
  char path[ID_SIZE + 16], text[8192];
  file_name(launch, "log", path, sizeof path);
  if (read_text(AT_FDCWD, path, text, sizeof text) <= 0) {
    snprintf(text, sizeof text, "shim: the runtime ended with status %d and no message",
             WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
  }
  process->state = PROCESS_EXITED;
  launch->failed = true;
  if (launch->asker != NULL) reply_failure(launch->asker, launch->tag, text);
  launch_free(launch);
  if (process == &shim.init) {
    init_failed();
  } else {
    exec_failed(process);
  }
}

void launch_finished(struct launch *launch, int status) {
  struct process *process = launch->process;
  char path[ID_SIZE + 16], text[64];
  file_name(launch, "pid", path, sizeof path);
  bool started = WIFEXITED(status) && WEXITSTATUS(status) == 0 && read_text(AT_FDCWD, path, text, sizeof text) > 0;
  pid_t pid = started ? atoi(text) : 0;
  // 0 and below would address groups of processes, our own among them.
  if (pid <= 1) {
    launch_failed(launch, status);
    return;
  }
  if (process == &shim.init) {
    hold_root(launch);
    keep_seccomp_filter();
    event_send("event started pid=%d\n", pid);
  }
  hand_over_streams(launch);
  if (launch->asker != NULL) {
    snprintf(text, sizeof text, "%llu ok pid=%d\n", (unsigned long long)launch->tag, pid);
    client_send(launch->asker, text);
    if (process != &shim.init && launch->asker->process == process) attach_start(launch->asker, process);
  }
  launch_free(launch);
  process_running(process, pid);
  int ended;
  if (children_take(pid, &ended)) process_exited(process, ended);
  if (process == &shim.init && shim.destroying) shim_destroy();
}
