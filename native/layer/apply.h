/* A tar on standard input onto a tree. */
#pragma once

#include "entry.h"
#include "failure.h"
#include "mounts.h"

struct apply_options {
  bool layer;            /* `.wh.` names are deletions (OCI image-spec, layer.md) */
  const char *directory; /* names in the archive are relative to it */
  uint64_t most_entries; /* 0 is no limit */
  struct write_options write;
};

int apply(const struct layer_place *place, struct apply_options *options, struct failure *failure);
