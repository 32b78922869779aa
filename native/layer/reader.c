#include "reader.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"

enum { BLOCK = 1 << 18 };

static struct archive *refuse(struct archive *archive, const char *reason, struct failure *failure) {
  fail(failure, FAILURE_INVALID, "", "%s", reason ? reason : "unreadable archive");
  if (archive) archive_read_free(archive);
  return NULL;
}

static la_ssize_t read_plain(struct archive *archive, void *plain, const void **block) {
  ssize_t size = plain_next(plain, block);
  if (size < 0) archive_set_error(archive, EIO, "%s", plain_failure(plain)->reason);
  return size;
}

static int open_source(struct archive *archive, struct plain *plain) {
  if (plain) return archive_read_open(archive, plain, NULL, read_plain, NULL);
  return archive_read_open_fd(archive, STDIN_FILENO, BLOCK);
}

struct archive *open_tar(struct plain *plain, struct failure *failure) {
  struct archive *archive = archive_read_new();
  if (!archive || archive_read_support_format_tar(archive) != ARCHIVE_OK || archive_read_support_format_empty(archive) != ARCHIVE_OK)
    return refuse(archive, "no archive reader", failure);
  if (open_source(archive, plain) != ARCHIVE_OK) return refuse(archive, archive_error_string(archive), failure);
  return archive;
}

/*
 * The process stays in the C locale: libarchive then warns that it cannot convert names and hands out the bytes as
 * they are, which is what is wanted. In a UTF-8 locale it would normalise them.
 */
static int is_conversion_warning(struct archive *archive) {
  const char *text = archive_error_string(archive);
  return text && strstr(text, "can't be converted") != NULL;
}

int next_entry(struct archive *archive, struct archive_entry **entry, struct failure *failure) {
  int result = archive_read_next_header(archive, entry);
  if (result == ARCHIVE_EOF) return 0;
  if (result == ARCHIVE_OK || (result == ARCHIVE_WARN && is_conversion_warning(archive))) return 1;
  const char *text = archive_error_string(archive);
  return fail(failure, FAILURE_INVALID, "", "%s", text ? text : "unreadable archive");
}

static int drain_plain(struct plain *plain, struct failure *failure) {
  const void *block;
  ssize_t size;
  while ((size = plain_next(plain, &block)) > 0) continue;
  if (size < 0) *failure = *plain_failure(plain);
  return (int)size;
}

int drain_input(struct plain *plain, struct failure *failure) {
  static char block[BLOCK];
  if (plain) return drain_plain(plain, failure);
  for (;;) {
    ssize_t size = read(STDIN_FILENO, block, sizeof block);
    if (size == 0) return 0;
    if (size < 0 && errno != EINTR) return fail_errno(failure, "", "cannot read the archive");
  }
}

static int write_out(const char *bytes, size_t size, struct failure *failure) {
  while (size > 0) {
    ssize_t written = write(STDOUT_FILENO, bytes, size);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(failure, "", "cannot write");
    bytes += written;
    size -= (size_t)written;
  }
  return 0;
}

int decompress(struct failure *failure) {
  struct archive *archive = archive_read_new();
  struct archive_entry *entry;
  static char block[BLOCK];
  if (!archive || archive_read_support_format_raw(archive) != ARCHIVE_OK || archive_read_support_format_empty(archive) != ARCHIVE_OK ||
      archive_read_support_filter_bzip2(archive) != ARCHIVE_OK || archive_read_support_filter_xz(archive) != ARCHIVE_OK ||
      archive_read_support_filter_lzma(archive) != ARCHIVE_OK)
    return refuse(archive, "no decompressor", failure) ? 0 : -1;
  if (archive_read_open_fd(archive, STDIN_FILENO, BLOCK) != ARCHIVE_OK) return refuse(archive, archive_error_string(archive), failure) ? 0 : -1;
  int result = next_entry(archive, &entry, failure);
  while (result > 0) {
    la_ssize_t size = archive_read_data(archive, block, sizeof block);
    if (size == 0) break;
    if (size < 0) result = fail(failure, FAILURE_INVALID, "", "%s", archive_error_string(archive));
    else if (write_out(block, (size_t)size, failure) < 0) result = -1;
  }
  archive_read_free(archive);
  return result < 0 ? -1 : 0;
}
