/* A small world of its own on a tmpfs, which nothing in the helper's hands may leave. */
#pragma once

/* Makes it and the process' root directory; holds `lower`, a layer, and `outside`, which must not change. */
void world_make(void);

/* Empty directories for one round: `plain` with what `lower` holds, `upper`, `work`, `merged`, and the same with 2. */
void world_renew(void);

/* Mounts `upper` on `lower` at `merged`. */
void world_mount(const char *upper, const char *work, const char *merged);
void world_unmount(const char *merged);

/* Ends the process when anything but the directories of the round has changed. */
void world_check(void);

/* Ends the process, saying why. */
_Noreturn void violated(const char *format, ...) __attribute__((format(printf, 1, 2)));
