#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

void log_name(char *out, size_t size, uint64_t generation, bool index) {
  snprintf(out, size, "log.%llu%s", (unsigned long long)generation, index ? ".idx" : "");
}

int log_create_files(struct log *log) {
  struct log_record header = {.time = LOG_MAGIC, .offset = log->generation};
  log->index = openat(log->directory, "log.idx", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (log->index < 0) return -errno;
  int result = write_all(log->index, &header, sizeof header);
  if (result < 0) return result;
  log->data = openat(log->directory, "log", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (log->data < 0) return -errno;
  log->size = 0;
  log->index_size = sizeof header;
  return 0;
}

// The generation in the name of a rotated data file, or 0.
static uint64_t rotated_generation(const char *name) {
  if (strncmp(name, "log.", 4) != 0) return 0;
  char *end;
  unsigned long long number = strtoull(name + 4, &end, 10);
  return *end == '\0' || strcmp(end, ".idx") == 0 ? number : 0;
}

static DIR *list(int directory) {
  int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *stream = fd < 0 ? NULL : fdopendir(fd);
  if (stream == NULL && fd >= 0) close(fd);
  return stream;
}

uint64_t log_newest_rotated(int directory) {
  uint64_t newest = 0;
  DIR *stream = list(directory);
  if (stream == NULL) return 0;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    uint64_t generation = rotated_generation(entry->d_name);
    if (generation > newest) newest = generation;
  }
  closedir(stream);
  return newest;
}

void log_remove_old(const struct log *log) {
  DIR *stream = list(log->directory);
  if (stream == NULL) return;
  for (struct dirent *entry; (entry = readdir(stream)) != NULL;) {
    uint64_t generation = rotated_generation(entry->d_name);
    if (generation > 0 && generation + log->max_files <= log->generation)
      unlinkat(log->directory, entry->d_name, 0);
  }
  closedir(stream);
}
