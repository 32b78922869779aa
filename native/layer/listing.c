#include "listing.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "cleanup.h"

static int compare(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

void listing_free(struct listing *listing) {
  for (size_t i = 0; i < listing->count; i++) free(listing->names[i]);
  free(listing->names);
  *listing = (struct listing){0};
}

static int add(struct listing *listing, size_t *room, const char *name) {
  if (listing->count == *room) {
    size_t larger = *room ? *room * 2 : 64;
    char **names = realloc(listing->names, larger * sizeof *names);
    if (!names) return -1;
    listing->names = names;
    *room = larger;
  }
  char *copy = strdup(name);
  if (!copy) return -1;
  listing->names[listing->count++] = copy;
  return 0;
}

int listing_read(int directory, const char *entry, struct listing *listing, struct failure *failure) {
  size_t room = 0;
  *listing = (struct listing){0};
  int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  AUTO_DIR list = copy < 0 ? NULL : fdopendir(copy);
  if (!list) {
    if (copy >= 0) close(copy);
    return fail_errno(failure, entry, "cannot read the directory");
  }
  for (struct dirent *one; (one = readdir(list));) {
    if (strcmp(one->d_name, ".") == 0 || strcmp(one->d_name, "..") == 0) continue;
    if (add(listing, &room, one->d_name) < 0) {
      listing_free(listing);
      return fail_errno(failure, entry, "cannot read the directory");
    }
  }
  if (listing->count > 0) qsort(listing->names, listing->count, sizeof *listing->names, compare);
  return 0;
}
