/* An order service: GET /order/N answers the order N as JSON.
 *
 *   gcc -g -O2 -fno-omit-frame-pointer -pthread service.c tax.o -lstdc++ -o c_service
 *   ./c_service PORT healthy|quadratic|lock
 *
 * Every request is looked up, priced, serialised and logged; a connection has a thread of its own.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STEP __attribute__((noinline))
enum { ORDERS = 4096, LINES = 96, COUPONS = 700, WARM_UP = 150 };

long tax_of(long cents, int country);

struct line { int article, count; long cents; };
struct order { int number, country; struct line lines[LINES]; long net, tax; unsigned mark; };

static struct order orders[ORDERS];
static int articles[ORDERS];
static long discounts[ORDERS];
static int quadratic, locked;
static pthread_mutex_t stock = PTHREAD_MUTEX_INITIALIZER;
static long reserved[ORDERS];
static char audit[1 << 16];

static unsigned next_random(unsigned *state) { return *state = *state * 1664525u + 1013904223u; }

static void fill_orders(void) {
    unsigned state = 7;
    for (int i = 0; i < ORDERS; i++) {
        articles[i] = 3 * i;
        discounts[i] = next_random(&state) % 30;
        orders[i].number = i;
        orders[i].country = i % 7;
        for (int k = 0; k < LINES; k++) {
            orders[i].lines[k].article = 3 * (int)(next_random(&state) % ORDERS);
            orders[i].lines[k].count = 1 + (int)(next_random(&state) % 9);
        }
    }
}

/* Look up: the place of an article, by halving. */
STEP static int find_article(int article) {
    int low = 0, high = ORDERS;
    while (low < high) {
        int middle = (low + high) / 2;
        if (articles[middle] < article) low = middle + 1; else high = middle;
    }
    return low;
}

STEP static long price_line(const struct line *line) {
    long cents = 0;
    for (int piece = 0; piece < line->count * 4; piece++)
        cents += 199 + (line->article * 31L + piece * 17L) % 4000;
    return cents / 4 * (100 - discounts[find_article(line->article)]) / 100;
}

STEP static unsigned checksum(const struct order *order) {
    unsigned sum = 2166136261u;
    const unsigned char *bytes = (const unsigned char *)order->lines;
    for (size_t i = 0; i < sizeof order->lines; i++) sum = (sum ^ bytes[i]) * 16777619u;
    return sum;
}

/* THE FAULT of `quadratic`: every coupon of the customer is compared with every other one. */
STEP static int unique_coupons(const struct order *order) {
    int coupons[COUPONS], unique = 0;
    unsigned state = (unsigned)order->number;
    for (int i = 0; i < COUPONS; i++) coupons[i] = (int)(next_random(&state) % 100000);
    for (int i = 0; i < COUPONS; i++) {
        int seen = 0;
        for (int k = 0; k < COUPONS; k++) seen += k < i && coupons[k] == coupons[i];
        unique += seen == 0;
    }
    return unique;
}

/* THE FAULT of `lock`: one lock for all stock, held while the audit trail is written. */
STEP static void reserve_stock(const struct order *order) {
    if (locked) pthread_mutex_lock(&stock);
    for (int k = 0; k < LINES; k++) reserved[order->lines[k].article / 3]++;
    if (locked) {
        for (int round = 0; round < 2; round++)
            for (size_t i = 1; i < sizeof audit; i++) audit[i] = (char)(audit[i - 1] + audit[i] + 1);
        usleep(200);
        pthread_mutex_unlock(&stock);
    }
}

STEP static void price_order(struct order *order) {
    order->net = order->tax = 0;
    for (int k = 0; k < LINES; k++) {
        order->lines[k].cents = price_line(&order->lines[k]);
        order->net += order->lines[k].cents;
        order->tax += tax_of(order->lines[k].cents, order->country);
    }
    if (quadratic) order->net -= unique_coupons(order);
    order->mark = checksum(order);
}

STEP static char *put_number(char *at, long number) {
    char digits[24];
    int length = 0;
    do digits[length++] = (char)('0' + number % 10); while (number /= 10);
    while (length) *at++ = digits[--length];
    return at;
}

STEP static char *put_text(char *at, const char *text) {
    while (*text) *at++ = *text++;
    return at;
}

STEP static char *serialise(char *at, const struct order *order) {
    at = put_number(put_text(at, "{\"order\":"), order->number);
    at = put_number(put_text(at, ",\"net\":"), order->net);
    at = put_number(put_text(at, ",\"tax\":"), order->tax);
    at = put_number(put_text(at, ",\"mark\":"), order->mark);
    at = put_text(at, ",\"lines\":[");
    for (int k = 0; k < LINES; k++) {
        at = put_number(put_text(at, k ? ",{\"article\":" : "{\"article\":"), order->lines[k].article);
        at = put_number(put_text(at, ",\"count\":"), order->lines[k].count);
        at = put_number(put_text(at, ",\"cents\":"), order->lines[k].cents);
        at = put_text(at, "}");
    }
    return put_text(at, "]}");
}

STEP static void log_order(FILE *log, const struct order *order) {
    for (int k = 0; k < LINES; k += 4)
        fprintf(log, "%d %d %ld\n", order->number, order->lines[k].article, order->lines[k].cents);
}

STEP static void handle_request(int connection, const char *request, FILE *log) {
    char *body = malloc(1 << 14), *answer = malloc(1 << 15);
    struct order *order = malloc(sizeof *order);
    *order = orders[atol(request + sizeof "GET /order/" - 1) % ORDERS];
    price_order(order);
    reserve_stock(order);
    long size = serialise(body, order) - body;
    int head = sprintf(answer, "HTTP/1.1 200 OK\r\nContent-Length: %ld\r\n\r\n", size);
    memcpy(answer + head, body, (size_t)size);
    log_order(log, order);
    if (write(connection, answer, (size_t)(head + size)) < 0) perror("write");
    free(order);
    free(answer);
    free(body);
}

static void *serve(void *argument) {
    int connection = (int)(long)argument;
    char request[4096];
    FILE *log = fopen("/dev/null", "w");
    for (ssize_t size; (size = read(connection, request, sizeof request - 1)) > 0;) {
        request[size] = 0;
        if (!strncmp(request, "GET /order/", 11)) handle_request(connection, request, log);
    }
    fclose(log);
    close(connection);
    return NULL;
}

int main(int count, char **arguments) {
    if (count < 3) return 2;
    quadratic = !strcmp(arguments[2], "quadratic");
    locked = !strcmp(arguments[2], "lock");
    fill_orders();
    if (atoi(arguments[1]) == 0) { /* no network: some orders, for instrumenting profilers */
        FILE *log = fopen("/dev/null", "w");
        int nowhere = fileno(log);
        for (int i = 0; i < WARM_UP; i++) {
            char request[64];
            sprintf(request, "GET /order/%d", i);
            handle_request(nowhere, request, log);
        }
        return fclose(log);
    }
    signal(SIGPIPE, SIG_IGN);
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)atoi(arguments[1])),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 64)) return 1;
    for (;;) {
        int connection = accept(listener, NULL, NULL);
        pthread_t thread;
        setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
        pthread_create(&thread, NULL, serve, (void *)(long)connection);
        pthread_detach(thread);
    }
}
