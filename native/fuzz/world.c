#include "world.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "../layer/cleanup.h"
#include "../layer/listing.h"
#include "../layer/remove.h"

static const char *const rounds[] = {"plain", "upper", "work", "merged", "upper2", "work2", "merged2"};
enum { ROUNDS = sizeof rounds / sizeof *rounds };

void violated(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fputs("violated: ", stderr);
  vfprintf(stderr, format, arguments);
  fputc('\n', stderr);
  abort();
}

static void must(bool well, const char *what) {
  if (!well) {
    perror(what);
    exit(2);
  }
}

static void put_file(const char *path, const char *text, mode_t mode, uid_t owner) {
  AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  must(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text), path);
  must(fchown(fd, owner, owner) == 0 && fchmod(fd, mode) == 0, path);
}

/* Below `top`, what a lower layer brings. */
static void fill(const char *top) {
  const struct timespec times[2] = {{1000, 5}, {1000, 5}};
  must(chdir(top) == 0, top);
  must(mkdir("low", 0700) == 0 && mkdir("low/d", 0755) == 0 && mkdir("b", 0711) == 0, top);
  must(chown("low", 5, 6) == 0 && setxattr("low", "trusted.mark", "low", 3, 0) == 0, "low");
  put_file("low/f", "low file", 04755, 7);
  put_file("low/d/x", "deep file", 0600, 8);
  put_file("a", "a", 0644, 0);
  put_file("b/c", "c", 0644, 0);
  must(symlink("low/d", "l") == 0 && symlink("/outside", "out") == 0, "links");
  must(symlink("../..", "low/up") == 0 && mknod("n", S_IFCHR | 0600, makedev(1, 3)) == 0 && mkfifo("p", 0600) == 0, "others");
  static const char *const files[] = {"low/f", "low/d/x", "a", "b/c", "l", "out", "low/up", "n", "p"};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) must(utimensat(AT_FDCWD, files[i], times, AT_SYMLINK_NOFOLLOW) == 0, files[i]);
  must(chdir("/") == 0, "/");
}

void world_make(void) {
  must(unshare(CLONE_NEWNS) == 0, "unshare");
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0, "private mounts");
  must(mount("tmpfs", "/mnt", "tmpfs", 0, "size=256m,mode=755") == 0, "tmpfs");
  must(chdir("/mnt") == 0 && chroot(".") == 0, "chroot");
  umask(0);
  must(mkdir("outside", 0755) == 0 && mkdir("lower", 0755) == 0, "world");
  put_file("outside/secret", "secret", 0644, 0);
  fill("/lower");
  for (size_t i = 0; i < ROUNDS; i++) must(mkdir(rounds[i], 0755) == 0, rounds[i]);
}

void world_renew(void) {
  must(chdir("/") == 0, "/");
  AUTO_FD root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (size_t i = 0; i < ROUNDS; i++) {
    struct failure failure = {0};
    if (remove_tree(root, rounds[i], &failure) < 0) violated("cannot remove %s: %s %s", rounds[i], failure.entry, failure.reason);
    must(mkdir(rounds[i], 0755) == 0, rounds[i]);
  }
  fill("/plain");
}

void world_mount(const char *upper, const char *work, const char *merged) {
  char options[256];
  snprintf(options, sizeof options, "lowerdir=/lower,upperdir=%s,workdir=%s", upper, work);
  must(mount("overlay", merged, "overlay", 0, options) == 0, merged);
}

void world_unmount(const char *merged) { must(umount2(merged, MNT_DETACH) == 0, merged); }

static bool is_known(const char *name) {
  if (strcmp(name, "outside") == 0 || strcmp(name, "lower") == 0) return true;
  for (size_t i = 0; i < ROUNDS; i++)
    if (strcmp(name, rounds[i]) == 0) return true;
  return false;
}

static void check_secret(void) {
  char text[16] = "";
  struct stat status;
  AUTO_FD fd = open("/outside/secret", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0 || read(fd, text, sizeof text - 1) != 6 || strcmp(text, "secret") != 0) violated("the secret has changed");
  if (fstat(fd, &status) < 0 || status.st_nlink != 1 || status.st_mode != (S_IFREG | 0644) || status.st_uid != 0)
    violated("the secret was linked, or its metadata changed");
}

void world_check(void) {
  struct failure failure;
  struct listing listing;
  AUTO_FD root = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  AUTO_FD outside = open("/outside", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (listing_read(root, "/", &listing, &failure) < 0) violated("the root cannot be read");
  for (size_t i = 0; i < listing.count; i++)
    if (!is_known(listing.names[i])) violated("%s appeared outside", listing.names[i]);
  listing_free(&listing);
  if (listing_read(outside, "/outside", &listing, &failure) < 0 || listing.count != 1) violated("files appeared outside");
  listing_free(&listing);
  check_secret();
}
