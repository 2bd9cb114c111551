/* crowd THREADS DEPTH: threads that wait for one lock, each DEPTH calls deep; then main dies. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct item {
    int id;
    const char *name;
    double weight;
    struct item *next;
};

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t all_are_here;
static int depth;

__attribute__((noinline)) static int descend(int left, struct item *above)
{
    volatile int counts[4] = {left, left + 1, left + 2, left + 3};
    struct item item = {left, "item", left * 1.5, above};
    if (left > 0)
        return descend(left - 1, &item) + counts[0];
    pthread_barrier_wait(&all_are_here);
    pthread_mutex_lock(&gate);
    return counts[1];
}

static void *wait_deep(void *number)
{
    char name[16];
    snprintf(name, sizeof name, "w-%ld", (long)number);
    pthread_setname_np(pthread_self(), name);
    return (void *)(long)descend(depth, NULL);
}

int main(int count, char **arguments)
{
    int threads = count > 1 ? atoi(arguments[1]) : 4;
    depth = count > 2 ? atoi(arguments[2]) : 30;
    pthread_barrier_init(&all_are_here, NULL, threads + 1);
    pthread_mutex_lock(&gate);
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 64 << 10);
    for (long number = 0; number < threads; number++) {
        pthread_t thread;
        if (pthread_create(&thread, &small, wait_deep, (void *)number))
            return 1;
    }
    pthread_barrier_wait(&all_are_here);
    usleep(500000);
    struct item item = {7, "seven", 7.7, NULL};
    return item.next->id;
}
