// What the engine tells the shim: `shim.conf` in the bundle, `key=value` lines. Keys: native/protocol.md.
#pragma once

#include "util.h"

// A growing list of strings that point into the configuration's own text.
struct words {
  char **at;
  size_t count;
};

struct mount_entry {
  char *type;
  char *source;
  // Absent: the root file system's directory.
  char *target;
  // A directory of what is mounted; absent: all of it.
  char *part;
  struct words options;
};

struct config {
  char *text;
  char *id;
  char *runtime;
  char *runtime_root;
  bool runtime_deletes;
  bool shared_mounts;
  bool tty;
  bool open_stdin;
  bool stdin_once;
  bool log_to_file;
  char *log_directory;
  uint64_t log_max_bytes;
  unsigned log_max_files;
  char *rootfs;
  struct mount_entry *mounts;
  size_t mount_count;
  struct words detach_mounts;
  struct words cgroups;
  char *oom_file;
  char *seccomp_cache;
  char *warm_cgroup;
};

// Reads `path` below `directory`. On failure `failure` says which line and why.
int config_read(struct config *config, int directory, const char *path, struct failure *failure);
