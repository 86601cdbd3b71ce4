/* What the load clients in C share: their clock, their end in distress, and the order of what they measured. */
#ifndef LOAD_CLIENT_H
#define LOAD_CLIENT_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static inline void die(const char *what) {
  fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(errno));
  exit(1);
}

static inline uint64_t clock_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static inline int ascending(const void *left, const void *right) {
  uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

/* Of samples in ascending order; `share` is 0.5 for the median. 0 when there are none. */
static inline uint64_t percentile(const uint64_t *samples, size_t count, double share) {
  if (count == 0) return 0;
  size_t index = (size_t)((double)count * share);
  return samples[index < count ? index : count - 1];
}

#endif
