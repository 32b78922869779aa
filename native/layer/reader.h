/* Archives and compressed data on standard input. */
#pragma once

#include <archive.h>
#include <archive_entry.h>

#include "failure.h"

struct plain;

/* A reader of plain tar, from `plain` or, with NULL, standard input. Free it with archive_read_free. NULL on failure. */
struct archive *open_tar(struct plain *plain, struct failure *failure);

/* The next entry: 1, or 0 at the end. */
int next_entry(struct archive *archive, struct archive_entry **entry, struct failure *failure);

/* Reads `plain` or standard input to its end, so that the writer is not cut off and all of it is hashed. */
int drain_input(struct plain *plain, struct failure *failure);

/* Standard input, compressed in any way libarchive knows, to standard output. */
int decompress(struct failure *failure);
