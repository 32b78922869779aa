// gantry-shim BUNDLE         supervises one container (native/protocol.md)
// gantry-shim delete BUNDLE  removes what a container left whose shim is dead
// docker-init -- COMMAND …   runs inside a container as its first process
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

#include "cgroup.h"
#include "init.h"
#include "shim.h"

struct shim shim = {.bundle = -1, .listener.fd = -1, .signals.fd = -1, .root = -1};

static int fail(const char *what, int error) {
  dprintf(STDERR_FILENO, "gantry-shim: %s: %s\n", what, strerrordesc_np(-error));
  return 1;
}

static int open_bundle(const char *path, struct failure *failure) {
  shim.bundle = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (shim.bundle < 0 || fchdir(shim.bundle) < 0) {
    failure_set(failure, "%s: %s", path, strerrordesc_np(errno));
    return -errno;
  }
  return config_read(&shim.config, shim.bundle, "shim.conf", failure);
}

static int open_log(void) {
  const struct log_config *config = &shim.config.log;
  int result = 0;
  if (config->driver == LOG_LOCAL) result = log_open(&shim.log, config, !shim.config.tty);
  if (config->driver == LOG_JSON) result = json_log_open(&shim.json, config);
  return result;
}

static void journal_resumed(void) {
  output_resume(&shim.init);
}

static int open_signals(void) {
  sigset_t wanted;
  sigemptyset(&wanted);
  sigaddset(&wanted, SIGCHLD);
  if (sigprocmask(SIG_BLOCK, &wanted, NULL) < 0) return -errno;
  shim.signals.ready = children_reap;
  shim.signals.fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
  return shim.signals.fd < 0 ? -errno : 0;
}

// Only the engine ends a shim, by its socket; what is meant for a terminal or a service is not for us.
static void ignore_signals(void) {
  const int ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP, SIGUSR1, SIGUSR2};
  for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++) signal(ignored[i], SIG_IGN);
}

static void detach_standard_streams(void) {
  autofd null = open("/dev/null", O_RDWR | O_CLOEXEC);
  if (null < 0) return;
  for (int fd = 0; fd <= 2; fd++) dup2(null, fd);
}

static int supervise(void) {
  int result = loop_open();
  if (result == 0) result = open_signals();
  if (result == 0) result = loop_watch(&shim.signals, EPOLLIN);
  if (result == 0) result = loop_watch(&shim.listener, EPOLLIN);
  if (result == 0) loop_run();
  return result == 0 ? 0 : 1;
}

// A line on standard output tells the engine that the socket listens. No fork: a shim stays its engine's child, so
// that the engine reaps it; whoever adopts it when the engine dies does so after that.
static int run(const char *path) {
  struct failure failure = {0};
  if (open_bundle(path, &failure) < 0) {
    dprintf(STDERR_FILENO, "gantry-shim: %s\n", failure.text);
    return 1;
  }
  int result = open_log();
  if (result < 0) return fail("open log", result);
  if (shim.config.log.journal != NULL) result = journal_open(&shim.journal, &shim.config.log, journal_resumed);
  if (result < 0) return fail("open the journal", result);
  process_prepare(&shim.init, "", shim.config.tty);
  shim.init.stdin_once = shim.config.stdin_once;
  result = client_listen(shim.bundle);
  if (result < 0) return fail("listen", result);
  setsid();
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  ignore_signals();
  result = write_all(STDOUT_FILENO, "ready\n", 6);
  if (result < 0) return fail("tell readiness", result);
  detach_standard_streams();
  return supervise();
}

static int delete(const char *path) {
  struct failure failure = {0};
  int result = open_bundle(path, &failure);
  if (result < 0) {
    dprintf(STDERR_FILENO, "gantry-shim: %s\n", failure.text);
    return 1;
  }
  result = remains_remove_orphan(&shim.config, path);
  return result < 0 ? fail("remove", result) : 0;
}

// Whether there is something at a path, for an engine that must not hang on a file server that is gone.
static int look(const char *path) {
  struct stat status;
  if (stat(path, &status) == 0) return 0;
  return errno == ENOENT || errno == ENOTDIR ? 3 : 4;
}

int main(int count, char **arguments) {
  const char *name = strrchr(arguments[0], '/');
  if (strcmp(name == NULL ? arguments[0] : name + 1, "docker-init") == 0) return init_main(count, arguments);
  syscall(SYS_close_range, 3u, ~0u, 0u);
  if (count == 2) return run(arguments[1]);
  if (count == 3 && strcmp(arguments[1], "delete") == 0) return delete(arguments[2]);
  if (count == 3 && strcmp(arguments[1], "look") == 0) return look(arguments[2]);
  dprintf(STDERR_FILENO, "usage: gantry-shim [delete] BUNDLE | look PATH\n");
  return 2;
}
