#include "tarwrite.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cleanup.h"
#include "metadata.h"
#include "output.h"

enum { BLOCK = 512, LARGEST_ID = 07777777 };
static const off_t largest_size = 077777777777;

/* POSIX ustar header. */
struct header {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type, link[100];
  char magic[6], version[2], user[32], group[32], major[8], minor[8], prefix[155], padding[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a tar header is one block");

/* PAX records, "<length> <key>=<value>\n" each. */
struct records {
  char *bytes;
  size_t size;
};

static int add_record(struct records *records, const char *key, const void *value, size_t size, struct failure *failure) {
  size_t body = strlen(key) + size + 3; /* blank, equals sign, newline */
  size_t length = body + 1;
  while (length != body + (size_t)snprintf(NULL, 0, "%zu", length)) length = body + (size_t)snprintf(NULL, 0, "%zu", length);
  char *larger = realloc(records->bytes, records->size + length + 1);
  if (!larger) return fail_errno(failure, key, "cannot describe a file");
  int head = sprintf(larger + records->size, "%zu %s=", length, key);
  memcpy(larger + records->size + head, value, size);
  larger[records->size + length - 1] = '\n';
  records->bytes = larger;
  records->size += length;
  return 0;
}

static int add_number(struct records *records, const char *key, intmax_t value, struct failure *failure) {
  char text[32];
  int length = snprintf(text, sizeof text, "%jd", value);
  return add_record(records, key, text, (size_t)length, failure);
}

/* Before 1970 readers disagree on what the digits after the point mean: those times are cut to whole seconds. */
static int add_time(struct records *records, const struct timespec *time, struct failure *failure) {
  char text[48];
  int length = snprintf(text, sizeof text, "%jd", (intmax_t)time->tv_sec);
  long rest = time->tv_sec < 0 ? 0 : time->tv_nsec;
  if (rest > 0) length += snprintf(text + length, sizeof text - (size_t)length, ".%09ld", rest);
  while (rest > 0 && text[length - 1] == '0') length--;
  return add_record(records, "mtime", text, (size_t)length, failure);
}

static int compare_keys(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

static ssize_t list_xattrs(const struct tar_entry *entry, char *out, size_t size) {
  return entry->fd >= 0 ? flistxattr(entry->fd, out, size) : llistxattr(entry->last, out, size);
}

static ssize_t get_xattr(const struct tar_entry *entry, const char *key, void *out, size_t size) {
  return entry->fd >= 0 ? fgetxattr(entry->fd, key, out, size) : lgetxattr(entry->last, key, out, size);
}

static int add_xattr(struct records *records, const struct tar_entry *entry, const char *key, struct failure *failure) {
  AUTO_FREE char *name = NULL;
  ssize_t size = get_xattr(entry, key, NULL, 0);
  if (size < 0) return errno == ENODATA ? 0 : fail_errno(failure, entry->name, "cannot read an extended attribute");
  AUTO_FREE char *value = malloc((size_t)size + 1);
  if (!value || asprintf(&name, "SCHILY.xattr.%s", key) < 0) return fail_errno(failure, entry->name, "cannot read an extended attribute");
  size = get_xattr(entry, key, value, (size_t)size);
  if (size < 0) return errno == ENODATA ? 0 : fail_errno(failure, entry->name, "cannot read an extended attribute");
  return add_record(records, name, value, (size_t)size, failure);
}

static int add_sorted(struct records *records, const struct tar_entry *entry, char *keys, size_t size, struct failure *failure) {
  size_t count = 0;
  for (size_t i = 0; i < size; i++) count += keys[i] == '\0';
  AUTO_FREE char **sorted = calloc(count + 1, sizeof *sorted);
  if (!sorted) return fail_errno(failure, entry->name, "cannot read extended attributes");
  char *at = keys;
  for (size_t i = 0; i < count; i++, at += strlen(at) + 1) sorted[i] = at;
  qsort(sorted, count, sizeof *sorted, compare_keys);
  for (size_t i = 0; i < count; i++)
    if (!is_private_xattr(sorted[i]) && add_xattr(records, entry, sorted[i], failure) < 0) return -1;
  return 0;
}

static int add_xattrs(struct records *records, const struct tar_entry *entry, struct failure *failure) {
  if (entry->hard_link || (entry->fd < 0 && entry->directory < 0)) return 0;
  if (entry->fd < 0 && fchdir(entry->directory) < 0) return fail_errno(failure, entry->name, "cannot read extended attributes");
  ssize_t size = list_xattrs(entry, NULL, 0);
  if (size == 0 || (size < 0 && errno == ENOTSUP)) return 0;
  AUTO_FREE char *keys = size > 0 ? malloc((size_t)size) : NULL;
  if (keys) size = list_xattrs(entry, keys, (size_t)size);
  if (!keys || size < 0) return fail_errno(failure, entry->name, "cannot read extended attributes");
  return add_sorted(records, entry, keys, (size_t)size, failure);
}

/* Splits a name into prefix and name where ustar can hold it so. */
static bool fit_name(struct header *header, const char *name) {
  size_t length = strlen(name);
  if (length <= sizeof header->name) {
    memcpy(header->name, name, length);
    return true;
  }
  for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
    size_t prefix = (size_t)(slash - name);
    size_t rest = length - prefix - 1;
    if (prefix > sizeof header->prefix) break;
    if (rest == 0 || rest > sizeof header->name || prefix == 0) continue;
    memcpy(header->prefix, name, prefix);
    memcpy(header->name, slash + 1, rest);
    return true;
  }
  memcpy(header->name, name, sizeof header->name);
  return false;
}

static void put_octal(char *field, size_t size, uintmax_t value) {
  char text[32];
  snprintf(text, sizeof text, "%0*jo", (int)size - 1, value);
  memcpy(field, text, size - 1);
}

static char type_of(const struct tar_entry *entry) {
  if (entry->hard_link) return '1';
  switch (entry->status.st_mode & S_IFMT) {
    case S_IFLNK: return '2';
    case S_IFCHR: return '3';
    case S_IFBLK: return '4';
    case S_IFDIR: return '5';
    case S_IFIFO: return '6';
    default: return '0';
  }
}

static int put_header(struct header *header, struct failure *failure) {
  unsigned sum = 0;
  memcpy(header->magic, "ustar", 6);
  memcpy(header->version, "00", 2);
  memset(header->checksum, ' ', sizeof header->checksum);
  for (size_t i = 0; i < sizeof *header; i++) sum += ((unsigned char *)header)[i];
  snprintf(header->checksum, sizeof header->checksum, "%06o", sum & 0777777);
  return put_bytes(header, sizeof *header, failure);
}

static int put_padding(uintmax_t size, struct failure *failure) { return put_zeros((BLOCK - size % BLOCK) % BLOCK, failure); }

static int put_records(const struct records *records, struct failure *failure) {
  struct header header = {.type = 'x'};
  memcpy(header.name, "PaxHeaders/entry", 16);
  put_octal(header.mode, sizeof header.mode, 0644);
  put_octal(header.uid, sizeof header.uid, 0);
  put_octal(header.gid, sizeof header.gid, 0);
  put_octal(header.size, sizeof header.size, records->size);
  put_octal(header.mtime, sizeof header.mtime, 0);
  if (put_header(&header, failure) < 0 || put_bytes(records->bytes, records->size, failure) < 0) return -1;
  return put_padding(records->size, failure);
}

static int fill(struct header *header, struct records *records, const struct tar_entry *entry, off_t size, struct failure *failure) {
  const struct stat *status = &entry->status;
  size_t target = entry->target ? strlen(entry->target) : 0;
  bool plain_time = status->st_mtim.tv_sec >= 0 && status->st_mtim.tv_nsec == 0 && status->st_mtim.tv_sec <= largest_size;
  bool device = S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode);
  header->type = type_of(entry);
  if (!fit_name(header, entry->name) && add_record(records, "path", entry->name, strlen(entry->name), failure) < 0) return -1;
  if (target > 0) memcpy(header->link, entry->target, target < sizeof header->link ? target : sizeof header->link);
  if (target > sizeof header->link && add_record(records, "linkpath", entry->target, target, failure) < 0) return -1;
  put_octal(header->mode, sizeof header->mode, status->st_mode & 07777);
  put_octal(header->uid, sizeof header->uid, status->st_uid <= LARGEST_ID ? status->st_uid : 0);
  put_octal(header->gid, sizeof header->gid, status->st_gid <= LARGEST_ID ? status->st_gid : 0);
  if (status->st_uid > LARGEST_ID && add_number(records, "uid", status->st_uid, failure) < 0) return -1;
  if (status->st_gid > LARGEST_ID && add_number(records, "gid", status->st_gid, failure) < 0) return -1;
  put_octal(header->size, sizeof header->size, size <= largest_size ? (uintmax_t)size : 0);
  if (size > largest_size && add_number(records, "size", size, failure) < 0) return -1;
  put_octal(header->mtime, sizeof header->mtime, status->st_mtim.tv_sec > 0 && status->st_mtim.tv_sec <= largest_size ? (uintmax_t)status->st_mtim.tv_sec : 0);
  if (!plain_time && add_time(records, &status->st_mtim, failure) < 0) return -1;
  put_octal(header->major, sizeof header->major, device ? major(status->st_rdev) : 0);
  put_octal(header->minor, sizeof header->minor, device ? minor(status->st_rdev) : 0);
  return 0;
}

int tar_put(const struct tar_entry *entry, struct failure *failure) {
  struct header header = {0};
  struct records records = {0};
  bool data = S_ISREG(entry->status.st_mode) && !entry->hard_link;
  off_t size = data ? entry->status.st_size : 0;
  int result = fill(&header, &records, entry, size, failure);
  if (result == 0) result = add_xattrs(&records, entry, failure);
  if (result == 0 && records.size > 0) result = put_records(&records, failure);
  free(records.bytes);
  if (result < 0 || put_header(&header, failure) < 0) return -1;
  bool holes = entry->status.st_blocks < size / BLOCK;
  if (size > 0 && put_file(entry->fd, size, holes, entry->name, failure) < 0) return -1;
  return put_padding((uintmax_t)size, failure);
}

int tar_end(struct failure *failure) {
  if (put_zeros((size_t)BLOCK * 2, failure) < 0) return -1;
  return put_flush(failure);
}
