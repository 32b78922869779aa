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

enum log_driver { LOG_NONE, LOG_LOCAL, LOG_JSON };

struct log_config {
  enum log_driver driver;
  char *directory;
  // Name of Docker's JSON file in the directory.
  char *file;
  uint64_t max_bytes;
  unsigned max_files;
  bool compress;
  // JSON object of what every line is marked with, or NULL.
  char *attributes;
  // Socket of the journal that gets a copy, or NULL; what each message says of the container, percent-encoded.
  char *journal;
  char *journal_fields;
  // Bytes that may wait for the journal before messages are dropped; 0: the container waits.
  uint64_t journal_buffer;
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
  struct log_config log;
  char *rootfs;
  struct mount_entry *mounts;
  size_t mount_count;
  struct words detach_mounts;
  struct words cgroups;
  char *oom_file;
  char *seccomp_cache;
};

// Reads `path` below `directory`. On failure `failure` says which line and why.
int config_read(struct config *config, int directory, const char *path, struct failure *failure);
