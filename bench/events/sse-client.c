/*
 * The load client of the event benchmark: one thread, epoll, so that it costs less than any server it
 * measures. It opens N event streams, has events published, and takes every byte apart (sse-stream.h): frames
 * are counted, ids must follow each other without a hole (or the hole be told by an `event: gap` frame), and
 * the stamp in a payload gives the latency.
 *
 *   sse-client HOST PORT PATH        HOST is an IPv4 address
 *
 * Commands come as lines on standard input; each is answered by one line of JSON on standard output:
 *   connect N                        opens N streams more; answered when all have their head
 *   burst MS COUNT                   publishes COUNT events, waits until everyone has them, again, for MS
 *   rate MS COUNT PERIOD_US BYTES    publishes COUNT events of BYTES every PERIOD_US for MS; latencies
 *   post MS COUNT BYTES FILE         like burst, by COUNT pipelined requests of BYTES each out of FILE
 *   stall K                          stops to read the last K streams
 *   resume MS                        reads them again until they are accounted for, at most for MS
 * Publishing is a line to file descriptor 3, the server's standard input: `publish COUNT STAMP BYTES`.
 * STAMP is CLOCK_MONOTONIC in ns, 16 digits, and comes back in the payload behind the first `@`.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "../kit/load-client.h"
#include "sse-stream.h"

enum {
  READ_BYTES = 512 * 1024, /* taken from a socket at once */
  STUCK_MS = 5000,         /* without any delivery: somebody lost something */
  DEFAULT_BYTES = 250,
  /* Fixed, or the kernel would let a reader that has stopped take tens of megabytes. */
  RECEIVE_BUFFER_BYTES = 256 * 1024,
};

static struct sockaddr_in address;
static const char *host, *path;
static struct stream *streams;
static size_t stream_count, closed_count;
static int epoll;
static char *input; /* room for a carried line and what was read after it */

/* The connection of the command `post`; its marks in epoll are beyond all streams. */
static int post_fd = -1;
static uint64_t post_answers;
static const uint32_t post_mark = UINT32_MAX, timer_mark = UINT32_MAX - 1;

static void read_stream(struct stream *stream) {
  if (stream->carry_length > 0) memcpy(input, stream->carry, stream->carry_length);
  ssize_t fresh = recv(stream->fd, input + stream->carry_length, READ_BYTES, 0);
  if (fresh < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (fresh <= 0) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, stream->fd, NULL);
    stream->is_closed = true;
    closed_count += 1;
    return;
  }
  tally.now_ns = tally.wants_latency ? clock_ns() : 0;
  take_bytes(stream, input, stream->carry_length + (size_t)fresh, (size_t)fresh);
}

/* Counts answers by their status lines; the pattern has no part that repeats its beginning. */
static void read_answers(void) {
  static const char pattern[] = "HTTP/1.1 2";
  static size_t matched;
  char bytes[64 * 1024];
  ssize_t length = recv(post_fd, bytes, sizeof bytes, 0);
  if (length == 0 || (length < 0 && errno != EAGAIN)) die("the publishing connection ended");
  for (ssize_t index = 0; index < length; index += 1) {
    if (bytes[index] == pattern[matched]) matched += 1;
    else matched = bytes[index] == pattern[0] ? 1 : 0;
    if (pattern[matched] == '\0') {
      post_answers += 1;
      matched = 0;
    }
  }
}

/* Waits for what comes and takes it; says how often the timer has struck. */
static uint64_t turn(int timeout_ms, int timer) {
  struct epoll_event events[256];
  uint64_t struck = 0;
  int count = epoll_wait(epoll, events, 256, timeout_ms);
  if (count < 0 && errno != EINTR) die("epoll_wait");
  for (int index = 0; index < count; index += 1) {
    uint32_t mark = events[index].data.u32;
    if (mark == timer_mark) {
      if (read(timer, &struck, sizeof struck) < 0) struck = 0;
    } else if (mark == post_mark) read_answers();
    else read_stream(&streams[mark]);
  }
  return struck;
}

/* ---- commands ---- */

static void watch(int fd, uint32_t mark) {
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = mark};
  if (epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0) die("epoll_ctl");
}

static int open_socket(void) {
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) die("socket");
  int bytes = RECEIVE_BUFFER_BYTES;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
  if (connect(fd, (struct sockaddr *)&address, sizeof address) < 0) die("connect");
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

static void write_all(int fd, const char *bytes, size_t length) {
  while (length > 0) {
    ssize_t written = write(fd, bytes, length);
    if (written < 0 && errno == EAGAIN) {
      /* What it answers must be read meanwhile, or both sides wait for each other. */
      struct pollfd writable = {.fd = fd, .events = POLLOUT};
      if (poll(&writable, 1, 1) == 0) turn(0, -1);
      continue;
    }
    if (written < 0) die("write");
    bytes += written;
    length -= (size_t)written;
  }
}

static void publish(unsigned count, unsigned bytes) {
  char line[96];
  int length = snprintf(line, sizeof line, "publish %u %016lu %u\n", count, (unsigned long)clock_ns(), bytes);
  write_all(3, line, (size_t)length);
}

static size_t reading_count(void) {
  size_t count = 0;
  for (size_t index = 0; index < stream_count; index += 1) {
    count += streams[index].reading && !streams[index].is_closed;
  }
  return count;
}

static void forget_counts(void) {
  for (size_t index = 0; index < stream_count; index += 1) {
    streams[index].received = streams[index].told_missing = streams[index].order_errors = 0;
  }
}

static unsigned long latency(double share) {
  return (unsigned long)percentile(tally.samples, tally.sample_count, share);
}

/* One line of JSON; `from` is the first stream that counts. */
static void answer(size_t from, uint64_t published, uint64_t elapsed_ns) {
  uint64_t received = 0, told = 0, errors = 0;
  for (size_t index = from; index < stream_count; index += 1) {
    if (!streams[index].reading) continue;
    received += streams[index].received;
    told += streams[index].told_missing;
    errors += streams[index].order_errors;
  }
  qsort(tally.samples, tally.sample_count, sizeof *tally.samples, ascending);
  printf("{\"published\":%lu,\"deliveries\":%lu,\"toldMissing\":%lu,\"outstanding\":%lu,\"orderErrors\":%lu,"
         "\"closed\":%zu,\"nanoseconds\":%lu,\"samples\":%zu,\"p50\":%lu,\"p99\":%lu,\"max\":%lu}\n",
         (unsigned long)published, (unsigned long)received, (unsigned long)told, (unsigned long)tally.outstanding,
         (unsigned long)errors, closed_count, (unsigned long)elapsed_ns, tally.sample_count,
         latency(0.5), latency(0.99), latency(1));
  fflush(stdout);
}

/* Reads until nothing is outstanding; gives up when nothing comes any more, or at the deadline. */
static void settle(uint64_t deadline) {
  uint64_t progress = clock_ns(), before = tally.outstanding;
  while (tally.outstanding > 0) {
    turn(100, -1);
    uint64_t now = clock_ns();
    if (tally.outstanding < before) progress = now;
    before = tally.outstanding;
    if (now > deadline || now - progress > (uint64_t)STUCK_MS * 1000000u) return;
  }
}

static void connect_streams(size_t count) {
  streams = realloc(streams, (stream_count + count) * sizeof *streams);
  if (!streams) die("realloc");
  char request[512];
  int length = snprintf(request, sizeof request,
                        "GET %s HTTP/1.1\r\nHost: %s:%u\r\nAccept: text/event-stream\r\n\r\n", path, host,
                        ntohs(address.sin_port));
  for (size_t index = stream_count; index < stream_count + count; index += 1) {
    streams[index] = (struct stream){.fd = open_socket(), .reading = true};
    write_all(streams[index].fd, request, (size_t)length);
    fcntl(streams[index].fd, F_SETFL, O_NONBLOCK);
    watch(streams[index].fd, (uint32_t)index);
  }
  stream_count += count;
  uint64_t begin = clock_ns();
  while (tally.heads < stream_count) {
    turn(100, -1);
    if (clock_ns() - begin > 10000000000u) die("not all streams have begun");
  }
  answer(0, 0, clock_ns() - begin);
}

static void run_bursts(uint64_t duration_ns, unsigned count) {
  uint64_t begin = clock_ns(), now = begin, published = 0;
  size_t readers = reading_count();
  do {
    tally.outstanding += (uint64_t)count * readers;
    publish(count, DEFAULT_BYTES);
    published += count;
    settle(UINT64_MAX);
    now = clock_ns();
  } while (now - begin < duration_ns && tally.outstanding == 0);
  answer(0, published, now - begin);
}

static void run_rate(uint64_t duration_ns, unsigned count, unsigned period_us, unsigned bytes) {
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  struct timespec period = {.tv_sec = period_us / 1000000, .tv_nsec = (long)(period_us % 1000000) * 1000};
  struct itimerspec setting = {.it_interval = period, .it_value = period};
  if (timer < 0 || timerfd_settime(timer, 0, &setting, NULL) < 0) die("timerfd");
  watch(timer, timer_mark);
  uint64_t begin = clock_ns(), published = 0;
  size_t readers = reading_count();
  tally.wants_latency = true;
  while (clock_ns() - begin < duration_ns) {
    for (uint64_t struck = turn(100, timer); struck > 0; struck -= 1) {
      tally.outstanding += (uint64_t)count * readers;
      publish(count, bytes);
      published += count;
    }
  }
  close(timer);
  uint64_t elapsed = clock_ns() - begin;
  settle(UINT64_MAX);
  tally.wants_latency = false;
  answer(0, published, elapsed);
}

static void run_posts(uint64_t duration_ns, unsigned count, size_t bytes, const char *file) {
  int requests = open(file, O_RDONLY | O_CLOEXEC);
  struct stat status;
  if (requests < 0 || fstat(requests, &status) < 0) die(file);
  const char *text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, requests, 0);
  if (text == MAP_FAILED) die("mmap");
  if (post_fd < 0) {
    post_fd = open_socket();
    fcntl(post_fd, F_SETFL, O_NONBLOCK);
    watch(post_fd, post_mark);
  }
  uint64_t begin = clock_ns(), now = begin, published = 0, answered = post_answers;
  size_t readers = reading_count(), at = 0, burst = count * bytes;
  while (now - begin < duration_ns && at + burst <= (size_t)status.st_size && tally.outstanding == 0) {
    tally.outstanding += (uint64_t)count * readers;
    write_all(post_fd, text + at, burst);
    at += burst;
    published += count;
    settle(UINT64_MAX);
    for (int tries = 0; post_answers - answered < published && tries < 50; tries += 1) turn(100, -1);
    if (post_answers - answered != published) die("a published event was not answered with 2xx");
    now = clock_ns();
  }
  close(requests);
  munmap((void *)text, (size_t)status.st_size);
  answer(0, published, now - begin);
}

static void stall(size_t count) {
  for (size_t index = stream_count - count; index < stream_count; index += 1) {
    epoll_ctl(epoll, EPOLL_CTL_DEL, streams[index].fd, NULL);
    streams[index].reading = false;
  }
  answer(0, 0, 0);
}

/* What the streams that stood still missed: everybody before them has seen it all. */
static void resume(uint64_t duration_ns) {
  size_t first = stream_count;
  while (first > 0 && !streams[first - 1].reading) first -= 1;
  for (size_t index = first; index < stream_count; index += 1) {
    streams[index].reading = true;
    tally.outstanding += streams[0].last_id - streams[index].last_id;
    watch(streams[index].fd, (uint32_t)index);
  }
  uint64_t begin = clock_ns();
  settle(begin + duration_ns);
  answer(first, 0, clock_ns() - begin);
}

static bool obey(const char *line) {
  unsigned long ms = 0, period_us = 0, bytes = 0;
  unsigned count = 0;
  char file[4096];
  tally.sample_count = 0;
  tally.outstanding = 0;
  if (strncmp(line, "resume", 6) != 0) forget_counts();
  if (sscanf(line, "connect %u", &count) == 1) connect_streams(count);
  else if (sscanf(line, "burst %lu %u", &ms, &count) == 2) run_bursts(ms * 1000000, count);
  else if (sscanf(line, "rate %lu %u %lu %lu", &ms, &count, &period_us, &bytes) == 4)
    run_rate(ms * 1000000, count, (unsigned)period_us, (unsigned)bytes);
  else if (sscanf(line, "post %lu %u %lu %4095[^\n]", &ms, &count, &bytes, file) == 4)
    run_posts(ms * 1000000, count, bytes, file);
  else if (sscanf(line, "stall %u", &count) == 1) stall(count);
  else if (sscanf(line, "resume %lu", &ms) == 1) resume(ms * 1000000);
  else return false;
  return true;
}

int main(int argc, char **argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: sse-client HOST PORT PATH\n");
    return 2;
  }
  host = argv[1];
  path = argv[3];
  address = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[2]))};
  if (inet_pton(AF_INET, host, &address.sin_addr) != 1) die(host);
  struct rlimit files;
  if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
  }
  epoll = epoll_create1(EPOLL_CLOEXEC);
  input = malloc(MAX_LINE + READ_BYTES);
  tally.samples = malloc(MAX_SAMPLES * sizeof *tally.samples);
  if (epoll < 0 || !input || !tally.samples) die("start");
  char line[8192];
  /* The end of standard input is the end of whoever started this. */
  while (fgets(line, sizeof line, stdin)) {
    if (obey(line)) continue;
    fprintf(stderr, "sse-client: no such command: %s", line);
    return 2;
  }
  return 0;
}
