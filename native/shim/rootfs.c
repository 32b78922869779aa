#include "rootfs.h"

#include "trees.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <time.h>

// mount(2) takes one page of options; a few bytes of it are the kernel's.
enum { MOUNT_DATA_LIMIT = 4000, MOUNT_DATA_SIZE = 4096 };

static const struct {
  const char *word;
  unsigned long flag;
  unsigned int attribute;
} mount_words[] = {
    {"ro", MS_RDONLY, MOUNT_ATTR_RDONLY},
    {"nosuid", MS_NOSUID, MOUNT_ATTR_NOSUID},
    {"nodev", MS_NODEV, MOUNT_ATTR_NODEV},
    {"noexec", MS_NOEXEC, MOUNT_ATTR_NOEXEC},
    {"noatime", MS_NOATIME, MOUNT_ATTR_NOATIME},
    {"nodiratime", MS_NODIRATIME, MOUNT_ATTR_NODIRATIME},
    {"relatime", MS_RELATIME, 0},
    {"bind", MS_BIND, 0},
    {"rbind", MS_BIND | MS_REC, 0},
    {"rw", 0, 0},
};

static bool flag_of(const char *word, unsigned long *flags, unsigned int *attributes) {
  for (size_t i = 0; i < sizeof mount_words / sizeof *mount_words; i++) {
    if (strcmp(word, mount_words[i].word) != 0) continue;
    *flags |= mount_words[i].flag;
    *attributes |= mount_words[i].attribute;
    return true;
  }
  return false;
}

// A container must not be able to write to the runtime's binary through /proc/self/exe while the runtime enters
// it. On a read-only mount crun and runc know themselves safe; otherwise they copy themselves into memory and
// exec the copy, on every call. Where this cannot be done they do as ever.
static void make_runtime_read_only(const char *path) {
  if (mount(path, path, NULL, MS_BIND, NULL) < 0) return;
  mount(NULL, path, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL);
}

// The host's mounts still come in; what is mounted here stays here. With shared mounts, where the container may mount
// for the host, this holds only where the shim itself mounts and unmounts.
static int keep_mounts(const struct config *config, struct failure *failure) {
  if (!config->shared_mounts) {
    if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) == 0) return 0;
    failure_set(failure, "make mounts slaves: %s", strerrordesc_np(errno));
    return -errno;
  }
  int result = config->rootfs == NULL ? 0 : tree_keep(config->rootfs);
  for (size_t i = 0; i < config->detach_mounts.count && result >= 0; i++) {
    char parent[4096];
    snprintf(parent, sizeof parent, "%s/..", config->detach_mounts.at[i]);
    result = tree_keep(parent);
    if (result == -ENOENT) result = 0;
  }
  if (result < 0) failure_set(failure, "keep mounts from the host: %s", strerrordesc_np(-result));
  return result;
}

int rootfs_enter_namespace(const struct config *config, struct failure *failure) {
  if (unshare(CLONE_NEWNS) < 0) {
    failure_set(failure, "unshare mount namespace: %s", strerrordesc_np(errno));
    return -errno;
  }
  int result = keep_mounts(config, failure);
  if (result < 0) return result;
  for (size_t i = 0; i < config->detach_mounts.count; i++) {
    const char *target = config->detach_mounts.at[i];
    if (umount2(target, MNT_DETACH) < 0 && errno != EINVAL && errno != ENOENT) {
      failure_set(failure, "detach %s: %s", target, strerrordesc_np(errno));
      return -errno;
    }
  }
  if (!config->shared_mounts) make_runtime_read_only(config->runtime);
  return 0;
}

// Joins the options that are not flags. Returns false when they do not fit one page.
static bool join_options(const struct mount_entry *entry, char *out, unsigned long *flags) {
  size_t length = 0;
  unsigned int attributes = 0;
  out[0] = '\0';
  for (size_t i = 0; i < entry->options.count; i++) {
    const char *option = entry->options.at[i];
    if (flag_of(option, flags, &attributes)) continue;
    size_t size = strlen(option);
    if (length + size + 2 > MOUNT_DATA_LIMIT) return false;
    if (length > 0) out[length++] = ',';
    memcpy(out + length, option, size + 1);
    length += size;
  }
  return true;
}

static int configure(int context, unsigned int command, const char *key, const char *value) {
  return syscall(SYS_fsconfig, context, command, key, value, 0) < 0 ? -errno : 0;
}

// Names each lower directory by an open descriptor: short, whatever the path, and safe from colons in it.
// The descriptors stay open until the mount is made; the process execs or ends soon after.
static int append_layers(int context, const char *paths) {
  const char *end;
  for (const char *at = paths; *at != '\0'; at = *end == '\0' ? end : end + 1) {
    char path[4096], name[40];
    end = strchrnul(at, ':');
    if ((size_t)(end - at) >= sizeof path) return -ENAMETOOLONG;
    memcpy(path, at, (size_t)(end - at));
    path[end - at] = '\0';
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return -errno;
    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    int result = configure(context, FSCONFIG_SET_STRING, "lowerdir+", name);
    if (result < 0) return result;
  }
  return 0;
}

static int configure_options(int context, const struct mount_entry *entry, unsigned int *attributes) {
  unsigned long flags = 0;
  for (size_t i = 0; i < entry->options.count; i++) {
    char *option = entry->options.at[i];
    int result = 0;
    if (flag_of(option, &flags, attributes)) continue;
    if (strncmp(option, "lowerdir=", 9) == 0) {
      result = append_layers(context, option + 9);
    } else {
      char *value = strchr(option, '=');
      if (value == NULL) {
        result = configure(context, FSCONFIG_SET_FLAG, option, NULL);
      } else {
        *value = '\0';
        result = configure(context, FSCONFIG_SET_STRING, option, value + 1);
        *value = '=';
      }
    }
    if (result < 0) return result;
  }
  return 0;
}

// Linux 6.5 and later take lower directories one by one, so that no page limits them.
static int mount_by_context(const struct mount_entry *entry, const char *target) {
  autofd context = (int)syscall(SYS_fsopen, entry->type, FSOPEN_CLOEXEC);
  if (context < 0) return -errno;
  unsigned int attributes = 0;
  int result = configure_options(context, entry, &attributes);
  if (result == 0) result = configure(context, FSCONFIG_SET_STRING, "source", entry->source);
  if (result == 0) result = configure(context, FSCONFIG_CMD_CREATE, NULL, NULL);
  if (result < 0) return result;
  autofd made = (int)syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes);
  if (made < 0) return -errno;
  if (syscall(SYS_move_mount, made, "", AT_FDCWD, target, MOVE_MOUNT_F_EMPTY_PATH) < 0) return -errno;
  return 0;
}

// Older kernels: the same list, each layer by its short descriptor name.
static int mount_by_descriptors(const struct mount_entry *entry, const char *target) {
  char data[MOUNT_DATA_SIZE];
  size_t length = 0;
  unsigned long flags = 0;
  unsigned int attributes = 0;
  for (size_t i = 0; i < entry->options.count; i++) {
    const char *option = entry->options.at[i];
    if (flag_of(option, &flags, &attributes)) continue;
    const char *comma = length > 0 ? "," : "";
    if (strncmp(option, "lowerdir=", 9) != 0) {
      length += (size_t)snprintf(data + length, sizeof data - length, "%s%s", comma, option);
      if (length >= sizeof data) return -E2BIG;
      continue;
    }
    length += (size_t)snprintf(data + length, sizeof data - length, "%slowerdir=", comma);
    const char *end;
    for (const char *at = option + 9; *at != '\0' && length < sizeof data; at = *end == '\0' ? end : end + 1) {
      char path[4096];
      end = strchrnul(at, ':');
      snprintf(path, sizeof path, "%.*s", (int)(end - at), at);
      int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
      if (fd < 0) return -errno;
      const char *colon = at == option + 9 ? "" : ":";
      length += (size_t)snprintf(data + length, sizeof data - length, "%s/proc/self/fd/%d", colon, fd);
    }
    if (length >= sizeof data) return -E2BIG;
  }
  return mount(entry->source, target, entry->type, flags, data) < 0 ? -errno : 0;
}

static int mount_one(const struct mount_entry *entry, const char *target) {
  char data[MOUNT_DATA_SIZE];
  unsigned long flags = 0;
  if (!join_options(entry, data, &flags)) {
    int result = mount_by_context(entry, target);
    return result == -EINVAL || result == -ENOSYS ? mount_by_descriptors(entry, target) : result;
  }
  if (strcmp(entry->type, "tree-of") == 0) return tree_from(entry->source, data, target);
  if (strcmp(entry->type, "bind") == 0) flags |= MS_BIND;
  if (mount(entry->source, target, entry->type, flags, data) < 0) return -errno;
  // A bind takes its other flags only on a second call.
  if ((flags & MS_BIND) && (flags & ~(unsigned long)(MS_BIND | MS_REC))) {
    if (mount("none", target, NULL, flags | MS_REMOUNT, NULL) < 0) return -errno;
  }
  return 0;
}

// The mount of the last run may still be writing its layer out; some kernels let nobody else have it meanwhile.
static int mount_patiently(const struct mount_entry *entry, const char *target) {
  const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
  int result = mount_one(entry, target);
  for (int attempt = 0; result == -EBUSY && strcmp(entry->type, "overlay") == 0 && attempt < 500; attempt++) {
    nanosleep(&pause, NULL);
    result = mount_one(entry, target);
  }
  return result;
}

int rootfs_mount(const struct config *config, struct failure *failure) {
  for (size_t i = 0; i < config->mount_count; i++) {
    const struct mount_entry *entry = &config->mounts[i];
    const char *target = entry->target == NULL ? config->rootfs : entry->target;
    int result = mount_patiently(entry, target);
    if (result < 0) {
      failure_set(failure, "mount %s %s on %s: %s", entry->type, entry->source, target, strerrordesc_np(-result));
      return result;
    }
    if (entry->part != NULL) result = tree_narrow(target, entry->part);
    if (result < 0) {
      failure_set(failure, "cannot access path %s: %s", entry->part, strerrordesc_np(-result));
      return result;
    }
  }
  return 0;
}
