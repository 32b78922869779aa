#pragma once

#include "failure.h"

/* 1 when `name` differs between two directories in kind, metadata or content, 0 when not, -1 on failure. */
int differs(int older, int newer, const char *name, struct failure *failure);
