// The system calls that Bun has no door to. Every function returns 0, a count or a descriptor, or -errno:
// errno itself does not survive the way back through the foreign function interface.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static inline void cleanup_close_at(const int *fd) {
  if (*fd >= 0) close(*fd);
}
// Closes the descriptor when the scope ends; set the variable to -1 to keep it.
#define cleanup_close __attribute__((cleanup(cleanup_close_at)))

// mount.c
EXPORT int gantry_umount(const char *target, int flags);

// netns.c: all of them act on the calling thread alone.
EXPORT int gantry_netns_create(const char *path);
EXPORT int gantry_netns_enter(const char *path);
EXPORT int gantry_netns_leave(int previous);

// cgroup.c
EXPORT int gantry_cgroup_warm(const char *members);

// remove.c
EXPORT int gantry_remove_begin(const char *path);
EXPORT int gantry_remove_result(int ticket);

// netlink.c
EXPORT int gantry_netlink_open(int protocol);
EXPORT int gantry_netlink_transact(int fd, const void *request, uint32_t length, int answers, void *response,
                                       uint32_t capacity);

// port.c
EXPORT int gantry_port_bind(int protocol, uint32_t address, int port, int *bound);

// service.c
EXPORT int gantry_lock_file(const char *path);
EXPORT int gantry_notify(const char *path, const char *text);

// file.c
EXPORT int gantry_openat2(int directory, const char *path, uint32_t flags, uint32_t mode, uint32_t resolve);
EXPORT int gantry_lgetxattr(const char *path, const char *name, void *value, uint32_t size);
EXPORT int gantry_lsetxattr(const char *path, const char *name, const void *value, uint32_t size, int flags);
EXPORT int gantry_mknod(const char *path, uint32_t mode, uint32_t major, uint32_t minor);
EXPORT int gantry_close(int fd);

// quota.c: of projects. `gantry_quota_enforced` and `gantry_quota_in_use` give 1 for yes, 0 for no.
EXPORT int gantry_project_set(const char *directory, uint32_t project);
EXPORT int gantry_quota_enforced(const char *directory, const char *device);
EXPORT int gantry_quota_in_use(const char *directory, const char *device, uint32_t project);
EXPORT int gantry_quota_limit(const char *directory, const char *device, uint32_t project, uint64_t bytes);

// zstd.c: the length, or -EBADMSG for what is damaged or does not fit.
EXPORT int gantry_zstd_decompress(void *out, uint32_t capacity, const void *packed, uint32_t size);
