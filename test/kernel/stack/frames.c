/*
 * Sends and shows Ethernet frames, past the network stack; packet(7). Needs NET_RAW.
 *
 * frames send DEVICE HEX…     sends each frame as it is
 * frames listen DEVICE TYPE   prints frames of an EtherType (3 for all), one a line, up to one of 88b5
 *                             with ff behind it
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static unsigned char frame[2048];

static int failed(const char *what) {
  perror(what);
  return 1;
}

static int send_all(int fd, char **texts) {
  for (; *texts; texts++) {
    size_t size = 0;
    for (const char *at = *texts; at[0] && at[1] && size < sizeof frame; at += 2) {
      unsigned byte;
      if (sscanf(at, "%2x", &byte) != 1) return 2;
      frame[size++] = byte;
    }
    if (send(fd, frame, size, 0) != (ssize_t)size) return failed("send");
  }
  return 0;
}

static int listen_until(int fd) {
  puts("listening");
  fflush(stdout);
  for (;;) {
    ssize_t size = recv(fd, frame, sizeof frame, 0);
    if (size < 15) return failed("recv");
    for (ssize_t i = 0; i < size; i++) printf("%02x", frame[i]);
    puts("");
    fflush(stdout);
    if (frame[12] == 0x88 && frame[14] == 0xff) return 0;
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  int sends = !strcmp(argv[1], "send");
  int type = htons(sends ? 0 : strtol(argv[3], NULL, 16));
  int fd = socket(AF_PACKET, SOCK_RAW, type);
  if (fd < 0) return failed("socket");
  struct sockaddr_ll on = {
      .sll_family = AF_PACKET, .sll_protocol = type, .sll_ifindex = if_nametoindex(argv[2])};
  if (bind(fd, (struct sockaddr *)&on, sizeof on)) return failed("bind");
  return sends ? send_all(fd, argv + 3) : listen_until(fd);
}
