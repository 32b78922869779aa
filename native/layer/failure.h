/* What went wrong, for people and for the engine: printed as one JSON line on stderr. */
#pragma once

enum failure_kind {
  FAILURE_INVALID,   /* the archive or the request is bad */
  FAILURE_NO_SPACE,  /* the file system is full */
  FAILURE_NOT_FOUND, /* the path asked for is not there */
  FAILURE_INTERNAL,  /* the system refused */
  FAILURE_READ_ONLY, /* the file system or mount is read-only */
  FAILURE_NOT_APART, /* a layer that was to be applied by itself turns out to need those below it */
};

struct failure {
  enum failure_kind kind;
  char entry[1024]; /* the archive entry or path concerned, or empty */
  char reason[512];
};

/* Each fills `failure` and returns -1, so that a caller can `return fail(…)`. */
int fail(struct failure *failure, enum failure_kind kind, const char *entry, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* The same from errno: "<action>: <text of errno>", with the kind that errno tells. */
int fail_errno(struct failure *failure, const char *entry, const char *action);

/* Writes {"kind":…,"entry":…,"reason":…} and a newline to stderr. */
void failure_print(const struct failure *failure);
