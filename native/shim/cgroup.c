#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>

uint64_t cgroup_oom_kills(const struct config *config) {
  char text[1024];
  if (config->oom_file == NULL || read_text(AT_FDCWD, config->oom_file, text, sizeof text) < 0) return 0;
  // `oom_kill N` on a line of its own: memory.events of v2, memory.oom_control of v1.
  for (char *at = text; at != NULL; at = strchr(at, '\n')) {
    if (*at == '\n') at += 1;
    if (strncmp(at, "oom_kill ", 9) == 0) return strtoull(at + 9, NULL, 10);
  }
  return 0;
}

static int put(int directory, const char *name, const char *text) {
  autofd fd = openat(directory, name, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return -errno;
  return write_all(fd, text, strlen(text));
}

static unsigned signal_members(int directory) {
  char text[16384];
  if (read_text(directory, "cgroup.procs", text, sizeof text) < 0) return 0;
  unsigned count = 0;
  char *end;
  for (char *at = text; *at != '\0'; at = *end == '\0' ? end : end + 1) {
    long pid = strtol(at, &end, 10);
    if (end == at) break;
    if (pid > 1 && kill((pid_t)pid, SIGKILL) == 0) count += 1;
  }
  return count;
}

// Calls `visit` for every directory at and below, deepest first.
static int walk(int parent, const char *name, int (*visit)(int parent, const char *name, int fd)) {
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT ? 0 : -errno;
  DIR *stream = fdopendir(fd);
  if (stream == NULL) {
    close(fd);
    return -ENOMEM;
  }
  int result = 0;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    if (entry->d_type != DT_DIR || entry->d_name[0] == '.') continue;
    int one = walk(fd, entry->d_name, visit);
    if (one < 0) result = one;
    if (one > 0 && result >= 0) result += one;
  }
  int own = visit(parent, name, fd);
  closedir(stream);
  if (own < 0 || result < 0) return own < 0 ? own : result;
  return result + own;
}

static int kill_one(int parent, const char *name, int fd) {
  put(fd, "freezer.state", "THAWED");
  put(fd, "cgroup.freeze", "0");
  return (int)signal_members(fd);
}

unsigned cgroup_kill(const struct config *config) {
  unsigned count = 0;
  for (size_t i = 0; i < config->cgroups.count; i++) {
    int members = walk(AT_FDCWD, config->cgroups.at[i], kill_one);
    if (members > 0) count += (unsigned)members;
  }
  return count;
}

static int remove_one(int parent, const char *name, int fd) {
  return unlinkat(parent, name, AT_REMOVEDIR) < 0 && errno != ENOENT ? -errno : 0;
}

int cgroup_remove(const struct config *config) {
  int result = 0;
  for (size_t i = 0; i < config->cgroups.count; i++) {
    int one = walk(AT_FDCWD, config->cgroups.at[i], remove_one);
    if (one < 0) result = one;
  }
  return result;
}
