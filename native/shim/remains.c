#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "cgroup.h"
#include "shim.h"

enum { ATTEMPTS = 100, ORPHAN_ATTEMPTS = 5000, DELETER_ATTEMPTS = 5000 };

static void wait_a_millisecond(void) {
  struct timespec pause = {.tv_nsec = 1000000};
  nanosleep(&pause, NULL);
}

// What `delete --force` of crun and runc does for a container without hooks, without another process: whoever
// is left in the cgroup dies, the cgroup and the runtime's state directory go.
static int remove_directly(const struct config *config, int attempts) {
  int result = cgroup_remove(config);
  for (int i = 0; result == -EBUSY && i < attempts; i++) {
    cgroup_kill(config);
    wait_a_millisecond();
    result = cgroup_remove(config);
  }
  if (result < 0) return result;
  autofd root = open(config->runtime_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return errno == ENOENT ? 0 : -errno;
  return remove_tree(root, config->id);
}

static int spawn_delete(const struct config *config, pid_t *deleter) {
  const char *arguments[] = {"delete", "--force", config->id, NULL};
  struct command command = {.arguments = arguments, .log = "delete.log", .in = -1, .out = -1, .err = -1};
  pid_t pid = spawn_runtime(config, &command);
  if (pid < 0) return pid;
  *deleter = pid;
  return 1;
}

int remains_remove(const struct config *config, pid_t *deleter) {
  if (!config->runtime_deletes && remove_directly(config, ATTEMPTS) == 0) return 0;
  return spawn_delete(config, deleter);
}

// True for a process of the runtime that works on this container: its arguments name state directory and ID.
static bool is_runtime(const char *pid, const struct config *config) {
  char path[64], text[8192];
  snprintf(path, sizeof path, "/proc/%s/cmdline", pid);
  ssize_t size = read_text(AT_FDCWD, path, text, sizeof text);
  bool root = false, id = false;
  for (ssize_t at = 0; at < size; at += (ssize_t)strlen(text + at) + 1) {
    root = root || strcmp(text + at, config->runtime_root) == 0;
    id = id || strcmp(text + at, config->id) == 0;
  }
  return root && id;
}

// The runtime forks, so its death with the shim does not reach all of it; the rest could go on to make what is
// being removed here.
static unsigned kill_runtime(const struct config *config) {
  unsigned count = 0;
  DIR *stream = opendir("/proc");
  if (stream == NULL) return 0;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    int pid = atoi(entry->d_name);
    if (pid > 1 && is_runtime(entry->d_name, config) && kill(pid, SIGKILL) == 0) count += 1;
  }
  closedir(stream);
  return count;
}

// True for the shim of the bundle at `path`.
static bool is_shim(const char *pid, const char *path) {
  char file[64], text[8192];
  snprintf(file, sizeof file, "/proc/%s/cmdline", pid);
  ssize_t size = read_text(AT_FDCWD, file, text, sizeof text);
  if (size <= 0) return false;
  const char *name = strrchr(text, '/');
  const char *argument = text + strlen(text) + 1;
  return argument < text + size && strcmp(name == NULL ? text : name + 1, "gantry-shim") == 0 &&
         strcmp(argument, path) == 0;
}

static int session_of(const char *pid) {
  char file[64], text[1024];
  snprintf(file, sizeof file, "/proc/%s/stat", pid);
  if (read_text(AT_FDCWD, file, text, sizeof text) <= 0) return 0;
  int session = 0;
  const char *end = strrchr(text, ')');
  return end != NULL && sscanf(end + 1, " %*c %*d %*d %d", &session) == 1 ? session : 0;
}

static pid_t find_shim(const char *path) {
  pid_t found = 0;
  DIR *stream = opendir("/proc");
  if (stream == NULL) return 0;
  for (struct dirent *entry; found == 0 && (entry = readdir(stream)) != NULL;) {
    int pid = atoi(entry->d_name);
    if (pid > 1 && is_shim(entry->d_name, path)) found = pid;
  }
  closedir(stream);
  return found;
}

// A shim that does not answer cannot end its container; what it started and waits for, a runtime that hangs say, is
// in its session.
static void kill_shim(const char *path) {
  pid_t leader = find_shim(path);
  if (leader == 0) return;
  kill(leader, SIGKILL);
  DIR *stream = opendir("/proc");
  if (stream == NULL) return;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    int pid = atoi(entry->d_name);
    if (pid > 1 && session_of(entry->d_name) == leader) kill(pid, SIGKILL);
  }
  closedir(stream);
}

// A runtime that hangs is killed: what it should have done stays undone.
static void await_deleter(pid_t deleter) {
  for (int i = 0; i < DELETER_ATTEMPTS; i++) {
    pid_t ended = waitpid(deleter, NULL, WNOHANG);
    if (ended == deleter || (ended < 0 && errno != EINTR)) return;
    wait_a_millisecond();
  }
  kill(deleter, SIGKILL);
  waitpid(deleter, NULL, 0);
}

void remains_end_runtime(const struct config *config, int attempts) {
  for (int i = 0; i < attempts && kill_runtime(config) + cgroup_kill(config) > 0; i++) wait_a_millisecond();
}

int remains_remove_orphan(const struct config *config, const char *bundle) {
  kill_shim(bundle);
  remains_end_runtime(config, ORPHAN_ATTEMPTS);
  pid_t deleter;
  int result = remains_remove(config, &deleter);
  if (result != 1) return result;
  await_deleter(deleter);
  return cgroup_remove(config);
}
