#include "compare-trees.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "../layer/cleanup.h"
#include "../layer/listing.h"

enum { DEEPER = 8192 };

struct place {
  const char *path;
  char *where;
  size_t size;
};

static bool differ(const struct place *place, const char *name, const char *what) {
  snprintf(place->where, place->size, "%s/%s: %s", place->path, name, what);
  return false;
}

static bool same_content(int one, int other) {
  char a[4096], b[4096];
  for (;;) {
    ssize_t first = read(one, a, sizeof a);
    ssize_t second = read(other, b, sizeof b);
    if (first != second || first < 0) return false;
    if (first == 0) return true;
    if (memcmp(a, b, (size_t)first) != 0) return false;
  }
}

/* Names one after the other, each with its value, in the order of the names. */
static size_t list_attributes(int fd, char *out, size_t room) {
  static char names[4096];
  ssize_t size = flistxattr(fd, names, sizeof names);
  char *sorted[64];
  size_t count = 0, used = 0;
  for (char *at = names; at < names + size && count < 64; at += strlen(at) + 1) sorted[count++] = at;
  for (size_t i = 0; i < count; i++)
    for (size_t k = i + 1; k < count; k++)
      if (strcmp(sorted[i], sorted[k]) > 0) {
        char *swap = sorted[i];
        sorted[i] = sorted[k];
        sorted[k] = swap;
      }
  for (size_t i = 0; i < count; i++) {
    used += (size_t)snprintf(out + used, room - used, "%s=", sorted[i]);
    ssize_t value = used < room ? fgetxattr(fd, sorted[i], out + used, room - used) : -1;
    if (value > 0) used += (size_t)value;
  }
  return used;
}

static bool same_attributes(int one, int other) {
  static char a[1 << 16], b[1 << 16];
  size_t first = list_attributes(one, a, sizeof a);
  return first == list_attributes(other, b, sizeof b) && memcmp(a, b, first) == 0;
}

static bool same_target(int one, int other, const char *name) {
  char a[4097], b[4097];
  ssize_t first = readlinkat(one, name, a, sizeof a);
  return first == readlinkat(other, name, b, sizeof b) && first >= 0 && memcmp(a, b, (size_t)first) == 0;
}

static bool same_entry(int one, int other, const char *name, const struct place *place) {
  struct stat a, b;
  if (fstatat(one, name, &a, AT_SYMLINK_NOFOLLOW) < 0) return differ(place, name, "only in the second");
  if (fstatat(other, name, &b, AT_SYMLINK_NOFOLLOW) < 0) return differ(place, name, "only in the first");
  if (a.st_mode != b.st_mode || a.st_rdev != b.st_rdev) return differ(place, name, "mode");
  if (a.st_uid != b.st_uid || a.st_gid != b.st_gid) return differ(place, name, "owner");
  bool directory = S_ISDIR(a.st_mode);
  if (!directory && (a.st_mtim.tv_sec != b.st_mtim.tv_sec || a.st_mtim.tv_nsec != b.st_mtim.tv_nsec)) return differ(place, name, "time");
  if (S_ISLNK(a.st_mode)) return same_target(one, other, name) || differ(place, name, "target");
  if (!directory && !S_ISREG(a.st_mode)) return true;
  int flags = O_RDONLY | O_NOFOLLOW | O_CLOEXEC | (directory ? O_DIRECTORY : 0);
  AUTO_FD first = openat(one, name, flags);
  AUTO_FD second = openat(other, name, flags);
  if (!same_attributes(first, second)) return differ(place, name, "attributes");
  if (!directory) return (a.st_size == b.st_size && same_content(first, second)) || differ(place, name, "content");
  AUTO_FREE char *path = NULL;
  if (asprintf(&path, "%s/%s", place->path, name) < 0) abort();
  AUTO_FREE char *deeper = malloc(DEEPER);
  if (!deeper || same_trees(first, second, deeper, DEEPER)) return true;
  snprintf(place->where, place->size, "%s%s", path, deeper);
  return false;
}

static bool has(const struct listing *listing, const char *name) {
  for (size_t i = 0; i < listing->count; i++)
    if (strcmp(listing->names[i], name) == 0) return true;
  return false;
}

bool same_trees(int one, int other, char *where, size_t size) {
  struct failure failure;
  struct listing listings[2];
  struct place place = {"", where, size};
  bool same = true;
  if (listing_read(one, "", &listings[0], &failure) < 0 || listing_read(other, "", &listings[1], &failure) < 0) abort();
  for (size_t i = 0; i < listings[0].count && same; i++) same = same_entry(one, other, listings[0].names[i], &place);
  for (size_t i = 0; i < listings[1].count && same; i++)
    if (!has(&listings[0], listings[1].names[i])) same = differ(&place, listings[1].names[i], "only in the second");
  listing_free(&listings[0]);
  listing_free(&listings[1]);
  return same;
}
