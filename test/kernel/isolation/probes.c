/*
 * Tries operations that a process in a container must not be able to do, and prints
 * `name<TAB>outcome` for each: the name of an errno, of a signal, or `SUCCESS`. A probe that succeeds
 * does no harm: files are opened but not written, and the arguments of system calls are such that the
 * kernel checks permissions first and then does nothing.
 *
 * probes HOST_PID DISK_MAJOR DISK_MINOR MARKER ADDRESS PORT
 * outside listen MARKER
 *   HOST_PID  a process outside, as the host numbers it
 *   DISK_…    device number of the host's disk
 *   MARKER    a word in the arguments of a process outside, and the name of its abstract socket
 *   ADDRESS   of a container on another bridge, that listens on PORT
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int host_pid, disk_major, disk_minor, port;
static const char *marker, *address;

/* Each probe answers like a system call: negative and errno for failure. */

static int opens(const char *path, int flags) {
  int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK);
  if (fd >= 0) close(fd);
  return fd;
}

/* A masked file is /dev/null: reading nothing counts as ENOENT. */
static int reads(const char *path) {
  char byte;
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return -1;
  ssize_t count = read(fd, &byte, 1);
  if (count == 0) errno = ENODATA;
  return count > 0 ? 0 : -1;
}

static int in_folder(const char *path) {
  DIR *dir = opendir(path);
  if (!dir) return -1;
  int count = 0;
  while (readdir(dir)) count++;
  errno = ENODATA;
  return count > 2 ? 0 : -1;
}

/* Mounting. */
static int mount_tmpfs(void) { return mount("x", "/tmp", "tmpfs", 0, ""); }
static int mount_proc(void) { return mount("x", "/tmp", "proc", 0, ""); }
static int mount_cgroup(void) { return mount("x", "/tmp", "cgroup2", 0, ""); }
static int mount_bind(void) { return mount("/", "/tmp", 0, MS_BIND | MS_REC, 0); }
static int remount_sys(void) { return mount(0, "/sys", 0, MS_REMOUNT | MS_BIND, 0); }
static int remount_proc_sys(void) { return mount(0, "/proc/sys", 0, MS_REMOUNT | MS_BIND, 0); }
static int unmask_kcore(void) { return umount2("/proc/kcore", MNT_DETACH); }
static int new_mount_api(void) { return syscall(SYS_fsopen, "tmpfs", 0); }
static int open_tree_clone(void) { return syscall(SYS_open_tree, AT_FDCWD, "/", 1 /* CLONE */); }
static int change_root(void) { return syscall(SYS_pivot_root, "/tmp", "/tmp"); }

/* Namespaces. */
static int unshare_user(void) { return unshare(CLONE_NEWUSER); }
static int unshare_mount(void) { return unshare(CLONE_NEWNS); }
static int unshare_net(void) { return unshare(CLONE_NEWNET); }
static int clone_user(void) {
  int child = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0);
  if (child == 0) _exit(0);
  return child;
}
static int clone3_user(void) {
  unsigned long long args[11] = {CLONE_NEWUSER, 0, 0, 0, SIGCHLD};
  int child = syscall(SYS_clone3, args, sizeof args);
  if (child == 0) _exit(0);
  return child;
}
static int enter(const char *path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  return fd < 0 ? -1 : setns(fd, 0);
}
static int setns_mount(void) { return enter("/proc/1/ns/mnt"); }
static int setns_net(void) { return enter("/proc/1/ns/net"); }

/* Devices. */
static int mknod_block(void) {
  unlink("/tmp/node");
  return mknod("/tmp/node", S_IFBLK | 0600, makedev(disk_major, disk_minor));
}
/* The test has created this node from outside. */
static int open_block(void) { return opens("/disk", O_RDONLY); }
static int mknod_kmem(void) {
  unlink("/tmp/mem");
  return mknod("/tmp/mem", S_IFCHR | 0600, makedev(1, 1));
}
static int open_kmem(void) { return opens("/mem", O_RDONLY); }
static int dev_kmsg(void) { return opens("/dev/kmsg", O_RDONLY); }
static int dev_loop(void) { return opens("/dev/loop-control", O_RDWR); }
static int dev_fuse(void) { return opens("/dev/fuse", O_RDWR); }
static int io_ports(void) { return syscall(SYS_iopl, 3); }

/* Network. */
static int raw_socket(void) { return socket(AF_INET, SOCK_RAW, IPPROTO_ICMP); }
static int packet_socket(void) { return socket(AF_PACKET, SOCK_RAW, 0); }
static int vsock_socket(void) { return socket(AF_VSOCK, SOCK_STREAM, 0); }
static int alg_socket(void) { return socket(AF_ALG, SOCK_SEQPACKET, 0); }
static int key_socket(void) { return socket(AF_KEY, SOCK_RAW, 2); }
static int xdp_socket(void) { return socket(AF_XDP, SOCK_RAW, 0); }
static int tipc_socket(void) { return socket(AF_TIPC, SOCK_STREAM, 0); }
static int rds_socket(void) { return socket(AF_RDS, SOCK_SEQPACKET, 0); }
static int can_socket(void) { return socket(AF_CAN, SOCK_RAW, 1); }
static int kcm_socket(void) { return socket(AF_KCM, SOCK_DGRAM, 0); }
static int smc_socket(void) { return socket(AF_SMC, SOCK_STREAM, 0); }
static int router_socket(void) { return socket(AF_QIPCRTR, SOCK_DGRAM, 0); }
/* The kernel ignores the upper half of the family. */
static int disguised_socket(void) { return syscall(SYS_socket, 1L << 32 | AF_VSOCK, SOCK_STREAM, 0); }
static int ring(void) {
  char params[256] = {0};
  return syscall(SYS_io_uring_setup, 1, params);
}
#ifdef __x86_64__
/* The system call of 32-bit programs, which 64-bit programs can also use. */
static int call32(long number, long first, long second, long third) {
  long answer = number;
  asm volatile("int $0x80" : "+a"(answer) : "b"(first), "c"(second), "d"(third) : "memory");
  if ((int)answer >= 0) return (int)answer;
  errno = -(int)answer;
  return -1;
}
static int socketcall32(int family, int type) {
  unsigned *words = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  words[0] = family;
  words[1] = type;
  words[2] = 0;
  return call32(102, 1 /* SYS_SOCKET */, (long)words, 0);
}
static int socketcall_vsock(void) { return socketcall32(AF_VSOCK, SOCK_STREAM); }
static int socketcall_alg(void) { return socketcall32(AF_ALG, SOCK_SEQPACKET); }
static int socket32_alg(void) { return call32(359, AF_ALG, SOCK_SEQPACKET, 0); }
static int x32_alg(void) { return syscall(0x40000000 | SYS_socket, AF_ALG, SOCK_SEQPACKET, 0); }
/* Must work: containers need it. */
static int usual32(void) { return call32(359, AF_INET, SOCK_STREAM, 0); }
#endif
static int interface_down(void) {
  struct { char name[16]; short flags; char rest[22]; } request = {"lo", 0, {0}};
  return ioctl(socket(AF_INET, SOCK_DGRAM, 0), 0x8914 /* SIOCSIFFLAGS */, &request);
}
static int abstract_socket(void) {
  struct sockaddr_un to = {AF_UNIX, {0}};
  strncpy(to.sun_path + 1, marker, sizeof to.sun_path - 2);
  socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(marker);
  return connect(socket(AF_UNIX, SOCK_STREAM, 0), (void *)&to, size);
}
static int other_bridge(void) {
  struct sockaddr_in to = {AF_INET, htons(port), {inet_addr(address)}, {0}};
  struct timeval patience = {2, 0};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  return connect(fd, (void *)&to, sizeof to);
}

/* The kernel. */
static int load_module(void) { return syscall(SYS_init_module, "", 0, ""); }
static int load_module_file(void) { return syscall(SYS_finit_module, -1, "", 0); }
static int delete_module(void) { return syscall(SYS_delete_module, "no_such_module", O_NONBLOCK); }
static int kexec(void) { return syscall(SYS_kexec_load, 0, 0, 0, 0); }
static int load_bpf(void) {
  union bpf_attr attr = {0};
  attr.map_type = BPF_MAP_TYPE_ARRAY;
  attr.key_size = attr.value_size = 4;
  attr.max_entries = 1;
  return syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr);
}
static int perf_events(void) {
  struct perf_event_attr attr = {.type = PERF_TYPE_SOFTWARE, .size = sizeof attr};
  return syscall(SYS_perf_event_open, &attr, -1, 0, -1, 0);
}
static int kernel_log(void) { return syscall(SYS_syslog, 10 /* SIZE_BUFFER */, 0, 0); }
static int key_ring(void) { return syscall(SYS_keyctl, 0, -3 /* session */, 1); }
static int add_key(void) { return syscall(SYS_add_key, "user", "probe", "x", 1, -2 /* process */); }
static int page_faults(void) { return syscall(SYS_userfaultfd, O_CLOEXEC); }
static int set_clock(void) {
  struct timeval now;
  gettimeofday(&now, 0);
  return syscall(SYS_settimeofday, &now, 0);
}
static int swap_on(void) { return syscall(SYS_swapoff, "/no/such/file"); }
static int host_name(void) { return syscall(SYS_sethostname, "probe", 5); }
static int accounting(void) { return acct("/no/such/file"); }
/* An unknown command: the kernel checks permission first (reboot(2)). */
static int reboot_host(void) { return syscall(SYS_reboot, 0xfee1dead, 672274793, 1, 0); }

/* Processes. */
static int ptrace_host(void) { return ptrace(PTRACE_SEIZE, host_pid, 0, 0); }
static int kill_host(void) { return kill(host_pid, 0); }
static int pidfd_host(void) { return syscall(SYS_pidfd_open, host_pid, 0); }
static int see_host(void) {
  DIR *dir = opendir("/proc");
  struct dirent *entry;
  char path[300], words[4096];
  while (dir && (entry = readdir(dir))) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9' || atoi(entry->d_name) == getpid()) continue;
    snprintf(path, sizeof path, "/proc/%s/cmdline", entry->d_name);
    int fd = open(path, O_RDONLY);
    ssize_t size = read(fd, words, sizeof words);
    close(fd);
    /* This program has the marker among its arguments as well. */
    if (size > 0 && memmem(words, size, marker, strlen(marker)) && !memmem(words, size, "probes", 6))
      return 0;
  }
  errno = ESRCH;
  return -1;
}
static int renice(void) { return syscall(SYS_setpriority, 0, 0, -20); }
static int raise_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct all[2] = {{~0u, ~0u, 0}, {0x1ff, 0x1ff, 0}};
  return syscall(SYS_capset, &header, all);
}
static int regain_privileges(void) { return syscall(SYS_prctl, 38 /* SET_NO_NEW_PRIVS */, 0, 0, 0, 0); }

/* Kernel files. */
static int sysrq(void) { return opens("/proc/sysrq-trigger", O_WRONLY); }
static int kcore(void) { return reads("/proc/kcore"); }
static int kmsg(void) { return opens("/proc/kmsg", O_RDONLY); }
static int keys(void) { return reads("/proc/keys"); }
static int timer_list(void) { return reads("/proc/timer_list"); }
static int interrupts(void) { return reads("/proc/interrupts"); }
static int firmware(void) { return in_folder("/sys/firmware"); }
static int write_core_pattern(void) { return opens("/proc/sys/kernel/core_pattern", O_WRONLY); }
static int write_modprobe(void) { return opens("/proc/sys/kernel/modprobe", O_WRONLY); }
static int write_hostname(void) { return opens("/proc/sys/kernel/hostname", O_WRONLY); }
static int write_irq(void) { return opens("/proc/irq/default_smp_affinity", O_WRONLY); }
static int write_oom_first(void) {
  int fd = open("/proc/self/oom_score_adj", O_WRONLY);
  return fd < 0 ? -1 : (int)write(fd, "-1000", 5);
}
static int write_sys(void) { return opens("/sys/kernel/mm/ksm/run", O_WRONLY); }
static int write_uevent_helper(void) { return opens("/sys/kernel/uevent_helper", O_WRONLY); }
static int write_sys_queue(void) {
  char path[80];
  snprintf(path, sizeof path, "/sys/dev/block/%d:%d/queue/read_ahead_kb", disk_major, disk_minor);
  return opens(path, O_WRONLY);
}
static int release_agent(void) {
  int answer = opens("/sys/fs/cgroup/pids/release_agent", O_WRONLY);
  return answer < 0 && errno == ENOENT ? opens("/sys/fs/cgroup/pids/notify_on_release", O_WRONLY)
                                       : answer;
}
static int own_limits(void) {
  int answer = opens("/sys/fs/cgroup/pids/pids.max", O_WRONLY);
  return answer < 0 && errno == ENOENT ? opens("/sys/fs/cgroup/pids.max", O_WRONLY) : answer;
}
static int own_cgroup(void) {
  int answer = mkdir("/sys/fs/cgroup/pids/probe", 0700);
  return answer < 0 && errno == ENOENT ? mkdir("/sys/fs/cgroup/probe", 0700) : answer;
}

/* Ways out of the root. A file bound from the host leads to the host's file system. */
static int open_by_handle(void) {
  struct { struct file_handle head; unsigned data[2]; } handle = {{8, 1}, {2, 0}};
  int mount_fd = open("/etc/hostname", O_RDONLY | O_CLOEXEC);
  return syscall(SYS_open_by_handle_at, mount_fd, &handle, O_RDONLY | O_DIRECTORY);
}
static int double_chroot(void) {
  struct stat root, now;
  mkdir("/tmp/jail", 0700);
  int fd = open("/", O_RDONLY | O_DIRECTORY);
  stat("/", &root);
  if (chroot("/tmp/jail") < 0 || fchdir(fd) < 0) return -1;
  for (int i = 0; i < 64; i++) if (chdir("..") < 0) return -1;
  stat(".", &now);
  errno = EXDEV;
  return now.st_dev == root.st_dev && now.st_ino == root.st_ino ? -1 : 0;
}
/* Anything inherited beyond the standard streams. */
static int inherited_descriptor(void) {
  for (int fd = 3; fd < 1024; fd++) if (fcntl(fd, F_GETFD) >= 0) return 0;
  errno = EBADF;
  return -1;
}
static int host_root(void) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/root", host_pid);
  return opens(path, O_RDONLY | O_DIRECTORY);
}
static int debug_files(void) { return opens("/sys/kernel/debug/sched", O_RDONLY); }
static int trace_files(void) { return in_folder("/sys/kernel/tracing"); }

#define PROBE(name) {#name, name}
/* Probes that create nodes come first: if mounting works, /tmp is another file system afterwards. */
static const struct { const char *name; int (*run)(void); } PROBES[] = {
    PROBE(inherited_descriptor), PROBE(mknod_block), PROBE(open_block), PROBE(mknod_kmem),
    PROBE(open_kmem), PROBE(mount_tmpfs), PROBE(mount_proc), PROBE(mount_cgroup),
    PROBE(mount_bind), PROBE(remount_sys), PROBE(remount_proc_sys), PROBE(unmask_kcore),
    PROBE(new_mount_api), PROBE(open_tree_clone), PROBE(change_root), PROBE(unshare_user),
    PROBE(unshare_mount), PROBE(unshare_net), PROBE(clone_user), PROBE(clone3_user),
    PROBE(setns_mount), PROBE(setns_net), PROBE(dev_kmsg), PROBE(dev_loop), PROBE(dev_fuse),
    PROBE(io_ports), PROBE(raw_socket), PROBE(packet_socket), PROBE(vsock_socket),
    PROBE(alg_socket), PROBE(key_socket), PROBE(xdp_socket), PROBE(tipc_socket), PROBE(rds_socket),
    PROBE(can_socket), PROBE(kcm_socket), PROBE(smc_socket), PROBE(router_socket),
    PROBE(disguised_socket), PROBE(ring),
#ifdef __x86_64__
    PROBE(socketcall_vsock), PROBE(socketcall_alg), PROBE(socket32_alg), PROBE(x32_alg),
#endif
    PROBE(interface_down),
    PROBE(abstract_socket), PROBE(other_bridge), PROBE(load_module), PROBE(load_module_file),
    PROBE(delete_module), PROBE(kexec), PROBE(load_bpf), PROBE(perf_events), PROBE(kernel_log),
    PROBE(key_ring), PROBE(add_key), PROBE(page_faults), PROBE(set_clock), PROBE(swap_on),
    PROBE(host_name), PROBE(accounting), PROBE(reboot_host), PROBE(ptrace_host), PROBE(kill_host),
    PROBE(pidfd_host), PROBE(see_host), PROBE(renice), PROBE(raise_capabilities),
    PROBE(regain_privileges), PROBE(sysrq), PROBE(kcore), PROBE(kmsg), PROBE(keys),
    PROBE(timer_list), PROBE(interrupts), PROBE(firmware), PROBE(write_core_pattern),
    PROBE(write_modprobe), PROBE(write_hostname), PROBE(write_irq), PROBE(write_oom_first),
    PROBE(write_sys), PROBE(write_uevent_helper), PROBE(write_sys_queue), PROBE(release_agent),
    PROBE(own_limits), PROBE(own_cgroup), PROBE(open_by_handle), PROBE(double_chroot),
    PROBE(host_root), PROBE(debug_files), PROBE(trace_files),
};

/* The socket outside that must not be reachable from inside. */
static int listen_outside(const char *name) {
  struct sockaddr_un at = {AF_UNIX, {0}};
  strncpy(at.sun_path + 1, name, sizeof at.sun_path - 2);
  int fd = socket(AF_UNIX, SOCK_STREAM, 0);
  socklen_t size = offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name);
  if (bind(fd, (void *)&at, size) < 0 || listen(fd, 1) < 0) return 1;
  puts("listening");
  fflush(stdout);
  for (;;) pause();
}

static void report(const char *name, int failed) {
  printf("%s\t%s\n", name, failed ? strerrorname_np(errno) : "works");
  fflush(stdout);
}

/* Everyday operations, which the filter must allow. */
static void usual(void) {
  int pair[2];
  report("usual_unix", socket(AF_UNIX, SOCK_STREAM, 0) < 0);
  report("usual_inet", socket(AF_INET, SOCK_DGRAM, 0) < 0);
  report("usual_inet6", socket(AF_INET6, SOCK_STREAM, 0) < 0);
  report("usual_netlink", socket(AF_NETLINK, SOCK_RAW, 0) < 0);
  report("usual_pair", socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0);
#ifdef __x86_64__
  report("usual_32_bit", usual32() < 0);
#endif
}

/* Runs each probe in its own process: it may be killed, or change its root. */
static void try(const char *name, int (*run)(void)) {
  int child = fork();
  if (child == 0) {
    alarm(5);
    errno = 0;
    _exit(run() >= 0 ? 0 : errno ? errno : 255);
  }
  int status;
  waitpid(child, &status, 0);
  if (WIFSIGNALED(status)) printf("%s\tSIG%s\n", name, sigabbrev_np(WTERMSIG(status)));
  else if (WEXITSTATUS(status) == 0) printf("%s\tSUCCESS\n", name);
  else printf("%s\t%s\n", name, strerrorname_np(WEXITSTATUS(status)));
  fflush(stdout);
}

int main(int count, char **words) {
  if (count == 3 && strcmp(words[1], "listen") == 0) return listen_outside(words[2]);
  if (count != 7) return 2;
  host_pid = atoi(words[1]);
  disk_major = atoi(words[2]);
  disk_minor = atoi(words[3]);
  marker = words[4];
  address = words[5];
  port = atoi(words[6]);
  /* In its own process: later probes must not find these sockets. */
  if (fork() == 0) {
    usual();
    _exit(0);
  }
  wait(0);
  for (size_t i = 0; i < sizeof PROBES / sizeof *PROBES; i++) try(PROBES[i].name, PROBES[i].run);
  return 0;
}
