#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "cgroup.h"
#include "shim.h"

enum { ATTEMPTS = 100, ORPHAN_ATTEMPTS = 5000 };

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

int remains_remove_orphan(const struct config *config) {
  for (int i = 0; i < ORPHAN_ATTEMPTS && kill_runtime(config) + cgroup_kill(config) > 0; i++) {
    wait_a_millisecond();
  }
  pid_t deleter;
  int result = remains_remove(config, &deleter);
  if (result != 1) return result;
  while (waitpid(deleter, NULL, 0) < 0 && errno == EINTR) continue;
  return cgroup_remove(config);
}
