/* Which name an inode with several names was first written under. */
#pragma once

#include <stddef.h>
#include <sys/stat.h>

struct links {
  struct links_slot {
    dev_t device;
    ino_t inode;
    char *name;
  } *slots;
  size_t room, count;
};

/* The name under which this inode was written, or NULL; then `name` is remembered for it. */
const char *links_first(struct links *links, const struct stat *status, const char *name);
void links_free(struct links *links);
