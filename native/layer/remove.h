/* Removal below a directory descriptor, following no link. */
#pragma once

#include "failure.h"
#include "made.h"

/* Removes `name` with all below it; absent is a success. */
int remove_tree(int directory, const char *name, struct failure *failure);

/* The same, but keeps what is in `made` and the directories on the way to it. */
int remove_older(int directory, const char *name, const struct made *made, struct failure *failure);

/* remove_older for everything in `directory`. */
int remove_older_children(int directory, const struct made *made, struct failure *failure);
