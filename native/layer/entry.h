/* One archive entry onto the tree. */
#pragma once

#include <archive.h>
#include <archive_entry.h>
#include <stdbool.h>
#include <stdint.h>

#include "tree.h"

struct write_options {
  bool keep_root;      /* leave the metadata of the base directory alone */
  bool keep_kinds;     /* refuse to put a directory over another kind of file and the reverse */
  bool replace_xattrs; /* of a directory that is there already */
  bool set_owner;      /* everything belongs to owner:group, whatever the archive says */
  uid_t owner;
  gid_t group;
  uint64_t most_bytes; /* refuse archives that unpack to more; 0 is no limit */
  uint64_t bytes;      /* written so far */
};

/* Writes `entry`, known in the archive as `name` (clean), with its data from `archive`. Replaces what is there. */
int write_entry(struct tree *tree, struct archive *archive, struct archive_entry *entry, const char *name,
                struct write_options *options, struct failure *failure);
