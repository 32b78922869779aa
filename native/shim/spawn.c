#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "rootfs.h"
#include "shim.h"

enum { MAX_ARGUMENTS = 24, CANNOT_START = 125 };

// What was ignored or blocked here must not be inherited by the container.
static void reset_signals(void) {
  sigset_t none;
  for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
}

static void redirect(int fd, int standard) {
  if (fd >= 0) dup2(fd, standard);
}

static _Noreturn void give_up(const struct command *command, const struct failure *failure) {
  char text[sizeof failure->text + 16];
  snprintf(text, sizeof text, "shim: %s\n", failure->text);
  write_text(AT_FDCWD, command->log, text);
  _exit(CANNOT_START);
}

static void send_root(const struct config *config, int channel) {
  autofd root = config->rootfs == NULL ? -1 : open(config->rootfs, O_PATH | O_CLOEXEC);
  if (root >= 0) send_fd(channel, root);
}

static _Noreturn void exec_runtime(const struct config *config, const struct command *command) {
  struct failure failure;
  const char *arguments[MAX_ARGUMENTS] = {config->runtime, "--root",       config->runtime_root, "--log",
                                          command->log,    "--log-format", "text"};
  size_t count = 7;
  for (size_t i = 0; command->arguments[i] != NULL && count < MAX_ARGUMENTS - 1; i++) {
    arguments[count++] = command->arguments[i];
  }
  arguments[count] = NULL;
  reset_signals();
  // A runtime whose shim is killed must not finish starting what nobody would supervise.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (rootfs_enter_namespace(config, &failure) < 0) give_up(command, &failure);
  if (command->mount_rootfs && rootfs_mount(config, &failure) < 0) give_up(command, &failure);
  if (command->root >= 0) send_root(config, command->root);
  redirect(command->in, STDIN_FILENO);
  redirect(command->out, STDOUT_FILENO);
  redirect(command->err, STDERR_FILENO);
  syscall(SYS_close_range, 3u, ~0u, 4u /* CLOSE_RANGE_CLOEXEC */);
  execv(config->runtime, (char *const *)arguments);
  failure_set(&failure, "exec %s: %s", config->runtime, strerrordesc_np(errno));
  give_up(command, &failure);
}

pid_t spawn_runtime(const struct config *config, const struct command *command) {
  unlink(command->log);
  pid_t pid = fork();
  if (pid == 0) exec_runtime(config, command);
  return pid < 0 ? -errno : pid;
}
