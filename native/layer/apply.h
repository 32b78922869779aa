/* A tar on standard input onto a tree. */
#pragma once

#include "entry.h"
#include "failure.h"
#include "mounts.h"

#include "plain.h"

struct apply_options {
  struct proportion proportion; /* for `unpack` */
  bool layer;            /* `.wh.` names are deletions (OCI image-spec, layer.md) */
  const char *directory; /* names in the archive are relative to it */
  struct plain *plain;   /* where the archive comes from; NULL is standard input */
  uint64_t most_entries; /* 0 is no limit */
  bool found_root;       /* says afterwards whether the archive had an entry for the root */
  struct write_options write;
};

int apply(const struct layer_place *place, struct apply_options *options, struct failure *failure);
