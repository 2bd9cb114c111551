/* A request loop that loses memory in every way a leak checker distinguishes.
 *
 *   leaky REQUESTS          leaks
 *   leaky REQUESTS tidy     frees everything it takes
 *
 * definitely lost   parse_request   the buffer's only pointer is overwritten
 * indirectly lost   add_line        the lines hang on a lost order (build_order: definitely lost)
 * possibly lost     session_open    only a pointer into the middle of the block is kept
 * still reachable   metrics_record  a table that grows for ever
 * and one error that is no leak: checksum reads one byte too far.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SESSIONS 4096
#define SESSION_HEADER 16

struct line {
    struct line *next;
    int quantity;
    char sku[20];
};

struct order {
    int id;
    struct line *lines;
};

struct metric {
    struct metric *previous;
    long value;
};

static char *current_request;
static char *session_bodies[MAX_SESSIONS];
static struct metric *metrics;
static int tidy;

static void parse_request(int id) {
    if (tidy) free(current_request);
    current_request = malloc(48); /* THE FAULT: the request before this one is lost */
    snprintf(current_request, 48, "GET /orders/%d", id);
}

static int checksum(const char *text, size_t size) {
    int sum = 0;
    for (size_t i = 0; i <= size; i++) sum += text[i]; /* THE FAULT: <= */
    return sum;
}

static int label_checksum(void) {
    char *label = malloc(10);
    memset(label, 'x', 10);
    int sum = checksum(label, tidy ? 9 : 10);
    free(label);
    return sum;
}

static void add_line(struct order *order, int quantity) {
    struct line *line = malloc(sizeof *line);
    line->quantity = quantity;
    snprintf(line->sku, sizeof line->sku, "sku-%d", quantity);
    line->next = order->lines;
    order->lines = line;
}

static struct order *build_order(int id) {
    struct order *order = calloc(1, sizeof *order);
    order->id = id;
    for (int i = 0; i < 3; i++) add_line(order, i);
    return order;
}

static void free_order(struct order *order) {
    while (order->lines) {
        struct line *line = order->lines;
        order->lines = line->next;
        free(line);
    }
    free(order);
}

static void handle_order(int id) {
    struct order *order = build_order(id);
    if (tidy) free_order(order); /* THE FAULT: otherwise the order and its lines are lost */
}

static void session_open(int id) {
    char *block = malloc(SESSION_HEADER + 64);
    memset(block, 0, SESSION_HEADER + 64);
    session_bodies[id % MAX_SESSIONS] = block + SESSION_HEADER; /* points past the header */
}

static void metrics_record(long value) {
    struct metric *metric = malloc(sizeof *metric);
    metric->value = value;
    metric->previous = metrics;
    metrics = metric; /* THE FAULT: never trimmed */
}

static void shut_down(void) {
    free(current_request);
    for (int i = 0; i < MAX_SESSIONS; i++)
        if (session_bodies[i]) free(session_bodies[i] - SESSION_HEADER);
    while (metrics) {
        struct metric *metric = metrics;
        metrics = metric->previous;
        free(metric);
    }
}

static void serve(int requests) {
    for (int id = 0; id < requests; id++) {
        parse_request(id);
        handle_order(id);
        if (id % 4 == 0) session_open(id / 4);
        metrics_record(id);
    }
}

int main(int argc, char **argv) {
    int requests = argc > 1 ? atoi(argv[1]) : 10;
    tidy = argc > 2;
    serve(requests);
    int sum = label_checksum();
    if (tidy) shut_down();
    printf("%d requests served, checksum %d\n", requests, sum);
    return 0;
}
