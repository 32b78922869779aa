#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

static int append(struct words *words, char *value) {
  char **grown = realloc(words->at, (words->count + 1) * sizeof *grown);
  if (grown == NULL) return -ENOMEM;
  grown[words->count++] = value;
  words->at = grown;
  return 0;
}

static int add_mount(struct config *config, char *type) {
  struct mount_entry *grown = realloc(config->mounts, (config->mount_count + 1) * sizeof *grown);
  if (grown == NULL) return -ENOMEM;
  grown[config->mount_count++] = (struct mount_entry){.type = type, .source = "none"};
  config->mounts = grown;
  return 0;
}

static int set_mount(struct config *config, const char *key, char *value) {
  if (strcmp(key, "mount-type") == 0) return add_mount(config, value);
  if (config->mount_count == 0) return -EINVAL;
  struct mount_entry *last = &config->mounts[config->mount_count - 1];
  char **out = strcmp(key, "mount-source") == 0   ? &last->source
               : strcmp(key, "mount-target") == 0 ? &last->target
               : strcmp(key, "mount-part") == 0   ? &last->part
                                                  : NULL;
  if (out != NULL) {
    *out = value;
    return 0;
  }
  if (strcmp(key, "mount-option") == 0) return append(&last->options, value);
  return -EINVAL;
}

static int set_boolean(bool *out, const char *value) {
  if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0) return -EINVAL;
  *out = value[0] == '1';
  return 0;
}

static int set_number(uint64_t *out, const char *value) {
  char *end;
  errno = 0;
  *out = strtoull(value, &end, 10);
  return errno != 0 || *value < '0' || *value > '9' || *end != '\0' ? -EINVAL : 0;
}

static int set_log_driver(struct log_config *log, const char *value) {
  const char *names[] = {[LOG_NONE] = "none", [LOG_LOCAL] = "local", [LOG_JSON] = "json-file"};
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    if (strcmp(value, names[i]) != 0) continue;
    log->driver = (enum log_driver)i;
    return 0;
  }
  return -EINVAL;
}

static int set_log(struct log_config *log, const char *key, char *value) {
  const struct {
    const char *key;
    char **out;
  } texts[] = {{"log-dir", &log->directory},
               {"log-file", &log->file},
               {"log-attributes", &log->attributes},
               {"log-journal", &log->journal},
               {"log-journal-fields", &log->journal_fields}};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (strcmp(key, texts[i].key) != 0) continue;
    *texts[i].out = value;
    return 0;
  }
  if (strcmp(key, "log-driver") == 0) return set_log_driver(log, value);
  if (strcmp(key, "log-max-bytes") == 0) return set_number(&log->max_bytes, value);
  if (strcmp(key, "log-compress") == 0) return set_boolean(&log->compress, value);
  if (strcmp(key, "log-journal-buffer") == 0) return set_number(&log->journal_buffer, value);
  uint64_t files;
  if (strcmp(key, "log-max-files") != 0 || set_number(&files, value) < 0 || files > 100000) return -EINVAL;
  log->max_files = (unsigned)files;
  return 0;
}

static int set(struct config *config, const char *key, char *value) {
  const struct {
    const char *key;
    char **out;
  } texts[] = {
      {"id", &config->id},         {"runtime", &config->runtime},   {"runtime-root", &config->runtime_root},
      {"rootfs", &config->rootfs}, {"oom-file", &config->oom_file}, {"seccomp-cache", &config->seccomp_cache},
  };
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    if (strcmp(key, texts[i].key) != 0) continue;
    *texts[i].out = value;
    return 0;
  }
  const struct {
    const char *key;
    bool *out;
  } switches[] = {{"tty", &config->tty},
                  {"stdin", &config->open_stdin},
                  {"stdin-once", &config->stdin_once},
                  {"runtime-deletes", &config->runtime_deletes},
                  {"shared-mounts", &config->shared_mounts}};
  for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
    if (strcmp(key, switches[i].key) == 0) return set_boolean(switches[i].out, value);
  }
  if (strncmp(key, "log-", 4) == 0) return set_log(&config->log, key, value);
  if (strncmp(key, "mount-", 6) == 0) return set_mount(config, key, value);
  if (strcmp(key, "detach-mount") == 0) return append(&config->detach_mounts, value);
  if (strcmp(key, "cgroup") == 0) return append(&config->cgroups, value);
  return -EINVAL;
}

static int check(const struct config *config, struct failure *failure) {
  const char *missing = NULL;
  if (config->id == NULL) missing = "id";
  if (config->runtime == NULL) missing = "runtime";
  if (config->runtime_root == NULL) missing = "runtime-root";
  if (config->log.driver != LOG_NONE && config->log.directory == NULL) missing = "log-dir";
  if (config->log.driver == LOG_JSON && config->log.file == NULL) missing = "log-file";
  if (config->mount_count > 0 && config->rootfs == NULL) missing = "rootfs";
  if (missing == NULL) return 0;
  failure_set(failure, "shim.conf: %s is missing", missing);
  return -EINVAL;
}

int config_read(struct config *config, int directory, const char *path, struct failure *failure) {
  struct stat status;
  *config = (struct config){0};
  if (fstatat(directory, path, &status, 0) < 0) {
    failure_set(failure, "%s: %s", path, strerrordesc_np(errno));
    return -errno;
  }
  config->text = malloc((size_t)status.st_size + 2);
  if (config->text == NULL) return -ENOMEM;
  ssize_t size = read_text(directory, path, config->text, (size_t)status.st_size + 1);
  if (size < 0) {
    failure_set(failure, "%s: %s", path, strerrordesc_np((int)-size));
    return (int)size;
  }
  unsigned line = 0;
  for (char *at = config->text; *at != '\0';) {
    line += 1;
    char *end = strchrnul(at, '\n');
    bool last = *end == '\0';
    *end = '\0';
    char *value = strchr(at, '=');
    if (*at != '\0' && *at != '#') {
      if (value != NULL) *value++ = '\0';
      if (value == NULL || set(config, at, value) < 0) {
        failure_set(failure, "%s: line %u is not understood: %s", path, line, at);
        return -EINVAL;
      }
    }
    at = last ? end : end + 1;
  }
  return check(config, failure);
}
