#include "failure.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

int fail(struct failure *failure, enum failure_kind kind, const char *entry, const char *format, ...) {
  va_list arguments;
  failure->kind = kind;
  snprintf(failure->entry, sizeof failure->entry, "%s", entry ? entry : "");
  va_start(arguments, format);
  vsnprintf(failure->reason, sizeof failure->reason, format, arguments);
  va_end(arguments);
  return -1;
}

int fail_errno(struct failure *failure, const char *entry, const char *action) {
  int code = errno;
  enum failure_kind kind = FAILURE_INTERNAL;
  if (code == ENOSPC || code == EDQUOT) return fail(failure, FAILURE_NO_SPACE, entry, "no space left on device");
  if (code == EROFS) kind = FAILURE_READ_ONLY;
  if (code == ENAMETOOLONG || code == ELOOP || code == ENOTDIR || code == EINVAL || code == EFBIG || code == E2BIG || code == ERANGE)
    kind = FAILURE_INVALID;
  return fail(failure, kind, entry, "%s: %s", action, strerror(code));
}

/* Length of the UTF-8 sequence at `at`, or 0 when the bytes are none. */
static int sequence(const unsigned char *at) {
  int length = at[0] < 0x80 ? 1 : at[0] >= 0xc2 && at[0] < 0xe0 ? 2 : (at[0] & 0xf0) == 0xe0 ? 3 : (at[0] & 0xf8) == 0xf0 ? 4 : 0;
  for (int i = 1; i < length; i++)
    if ((at[i] & 0xc0) != 0x80) return 0;
  bool overlong = (at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xf0 && at[1] < 0x90);
  bool beyond = (at[0] == 0xed && at[1] >= 0xa0) || at[0] > 0xf4 || (at[0] == 0xf4 && at[1] >= 0x90);
  return length > 1 && (overlong || beyond) ? 0 : length;
}

/* A byte that is no UTF-8 is shown as the text \xNN. */
static void print_text(const char *text) {
  const unsigned char *at = (const unsigned char *)text;
  fputc('"', stderr);
  while (*at) {
    int length = sequence(at);
    if (length == 0) {
      fprintf(stderr, "\\\\x%02x", *at++);
    } else if (length == 1 && (*at < 0x20 || *at == 0x7f)) {
      fprintf(stderr, "\\u%04x", *at++);
    } else {
      if (*at == '"' || *at == '\\') fputc('\\', stderr);
      fwrite(at, 1, (size_t)length, stderr);
      at += length;
    }
  }
  fputc('"', stderr);
}

void failure_print(const struct failure *failure) {
  static const char *const kinds[] = {"invalid", "no-space", "not-found", "internal", "read-only", "not-apart"};
  fprintf(stderr, "{\"kind\":\"%s\",\"entry\":", kinds[failure->kind]);
  print_text(failure->entry);
  fputs(",\"reason\":", stderr);
  print_text(failure->reason);
  fputs("}\n", stderr);
}
