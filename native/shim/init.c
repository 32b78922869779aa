#include "init.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127 };

static _Noreturn void run_command(char **command, const sigset_t *original) {
  setpgid(0, 0);
  // The command owns the terminal; the call stops a background group unless the signal is blocked, as it is here.
  tcsetpgrp(STDIN_FILENO, getpgrp());
  sigprocmask(SIG_SETMASK, original, NULL);
  execvp(command[0], command);
  int error = errno;
  dprintf(STDERR_FILENO, "exec %s failed: %s\n", command[0], strerrordesc_np(error));
  _exit(error == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

// Collects whoever ended. Returns the command's exit code, or -1 while it runs.
static int reap(pid_t command) {
  int code = -1;
  for (;;) {
    int status;
    pid_t pid = waitpid(-1, &status, WNOHANG);
    if (pid <= 0) return code;
    if (pid == command) code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }
}

int init_main(int count, char **arguments) {
  char **command = arguments + 1;
  if (count > 1 && strcmp(arguments[1], "--") == 0) command += 1;
  if (*command == NULL) return NOT_FOUND;
  sigset_t all, original;
  sigfillset(&all);
  const int own[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};
  for (size_t i = 0; i < sizeof own / sizeof *own; i++) sigdelset(&all, own[i]);
  sigprocmask(SIG_SETMASK, &all, &original);
  pid_t pid = fork();
  if (pid < 0) return NOT_EXECUTABLE;
  if (pid == 0) run_command(command, &original);
  for (;;) {
    int number = sigwaitinfo(&all, NULL);
    if (number < 0) continue;
    if (number != SIGCHLD) {
      kill(pid, number);
      continue;
    }
    int code = reap(pid);
    if (code >= 0) return code;
  }
}
