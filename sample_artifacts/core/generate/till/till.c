/* A till that prices baskets. Its argument names what goes wrong, each marked THE FAULT. */
#define _GNU_SOURCE
#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define NOINLINE __attribute__((noinline))

struct discount {
    int percent;
    const char *reason;
};

struct basket;

struct basket_methods {
    long (*total)(struct basket *);
};

struct line {
    int sku;
    int count;
    long price_cents;
    struct discount *discount;
};

struct basket {
    struct discount *discount;
    const struct basket_methods *methods;
    const char *customer;
    int line_count;
    struct line lines[4];
};

#ifdef REBUILT
/* The next release: what is added here moves every function that follows. */
NOINLINE long rounded_to_five(long cents)
{
    long rest = cents % 5;
    return rest < 3 ? cents - rest : cents + 5 - rest;
}

NOINLINE long weighed(struct line *line, long grams)
{
    return rounded_to_five(line->price_cents * grams / 1000 * line->count);
}
#endif

static struct basket *new_basket(const char *customer, int sku)
{
    static struct discount none = {0, "none"};
    struct basket *basket = calloc(1, sizeof *basket);
    basket->customer = customer;
    basket->discount = &none;
    basket->line_count = 2;
    basket->lines[0] = (struct line){sku, 2, 1250, &none};
    basket->lines[1] = (struct line){sku + 1, 1, 300, NULL};
    return basket;
}

/* -- null: the second line of a basket has no discount --------------------------------------- */

NOINLINE long discounted(struct line *line)
{
    long price = line->price_cents * line->count;
    return price * (100 - line->discount->percent) / 100; /* THE FAULT: null */
}

NOINLINE long basket_total(struct basket *basket)
{
    long total = 0;
    for (int index = 0; index < basket->line_count; index++)
        total += discounted(&basket->lines[index]);
    return total;
}

NOINLINE long checkout(const char *customer, int sku)
{
    struct basket *basket = new_basket(customer, sku);
    long total = basket_total(basket);
    free(basket);
    return total + 1;
}

NOINLINE long refund(const char *customer, int sku)
{
    struct basket *basket = new_basket(customer, sku);
    long refunded = -discounted(&basket->lines[1]);
    free(basket);
    return refunded - 1;
}

/* -- use_after_free: a basket is given back and then asked for its total ---------------------- */

NOINLINE void give_back(struct basket *basket)
{
    free(basket);
}

NOINLINE long print_total(struct basket *basket)
{
    return basket->methods->total(basket); /* THE FAULT: use_after_free */
}

NOINLINE int print_discount(struct basket *basket)
{
    return basket->discount->percent; /* THE FAULT: use_after_free_reused */
}

NOINLINE long close_order(struct basket *basket)
{
    give_back(basket);
    return print_total(basket) + 1;
}

NOINLINE long reopen_order(struct basket *basket)
{
    give_back(basket);
    return print_discount(basket) + 1;
}

static const struct basket_methods METHODS = {basket_total};

/* -- double_free and heap_corruption ----------------------------------------------------------- */

NOINLINE void cancel(struct basket *basket)
{
    free(basket);
}

NOINLINE void cancel_order(struct basket *basket)
{
    cancel(basket);
    cancel(basket); /* THE FAULT: double_free */
}

NOINLINE void copy_name(char *to, const char *name)
{
    strcpy(to, name);
}

NOINLINE char *name_tag(const char *name)
{
    char *first = malloc(24), *second = malloc(2000), *third = malloc(24);
    copy_name(first, name);
    free(second); /* THE FAULT: heap_corruption */
    free(third);
    return first;
}

/* -- stack_overflow: a bundle that contains itself --------------------------------------------- */

struct bundle {
    int id;
    struct bundle *part;
};

NOINLINE long price_part(struct bundle *part, int depth);

NOINLINE long price_bundle(struct bundle *bundle, int depth)
{
    char label[96];
    snprintf(label, sizeof label, "bundle %d at depth %d", bundle->id, depth);
    return price_part(bundle->part, depth + 1) + (long)strlen(label); /* THE FAULT: stack_overflow */
}

NOINLINE long price_part(struct bundle *part, int depth)
{
    return price_bundle(part, depth + 1) + 1;
}

/* -- assertion, illegal, bus -------------------------------------------------------------------- */

NOINLINE void pay(long due_cents, long paid_cents)
{
    assert(paid_cents >= due_cents); /* THE FAULT: assertion */
}

NOINLINE void settle(long due_cents)
{
    pay(due_cents, due_cents - 5);
}

NOINLINE int currency_index(int currency)
{
    if (currency < 3)
        return currency;
    __builtin_trap(); /* THE FAULT: illegal */
}

NOINLINE int convert(int currency)
{
    return currency_index(currency) * 10;
}

NOINLINE int record_price(const char *prices, int record)
{
    return prices[record * 4096]; /* THE FAULT: bus */
}

NOINLINE int read_prices(const char *path)
{
    int file = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (ftruncate(file, 3 * 4096))
        return -1;
    char *prices = mmap(NULL, 3 * 4096, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (ftruncate(file, 4096)) /* another process writes a shorter list */
        return -1;
    return record_price(prices, 0) + record_price(prices, 2);
}

/* -- deadlock and lock_convoy -------------------------------------------------------------------- */

static pthread_mutex_t stock_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t ledger_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t both_hold_one;

NOINLINE void reserve_stock(void)
{
    pthread_mutex_lock(&stock_lock);
    pthread_mutex_unlock(&stock_lock);
}

NOINLINE void write_ledger(void)
{
    pthread_mutex_lock(&ledger_lock);
    pthread_mutex_unlock(&ledger_lock);
}

static void *sell(void *unused)
{
    pthread_setname_np(pthread_self(), "sell");
    pthread_mutex_lock(&stock_lock);
    pthread_barrier_wait(&both_hold_one);
    write_ledger(); /* THE FAULT: deadlock */
    pthread_mutex_unlock(&stock_lock);
    return unused;
}

static void *take_stock(void *unused)
{
    pthread_setname_np(pthread_self(), "take_stock");
    pthread_mutex_lock(&ledger_lock);
    pthread_barrier_wait(&both_hold_one);
    reserve_stock();
    pthread_mutex_unlock(&ledger_lock);
    return unused;
}

static void *serve_customer(void *number)
{
    char name[16];
    snprintf(name, sizeof name, "customer %ld", (long)number);
    pthread_setname_np(pthread_self(), name);
    reserve_stock();
    return number;
}

static void *write_receipt(void *number)
{
    pthread_setname_np(pthread_self(), "receipt");
    write_ledger();
    return number;
}

NOINLINE void slow_disk(void)
{
    sleep(600); /* THE FAULT: lock_convoy */
}

static void *flush_ledger(void *unused)
{
    pthread_setname_np(pthread_self(), "flush");
    pthread_mutex_lock(&ledger_lock);
    pthread_barrier_wait(&both_hold_one);
    slow_disk();
    pthread_mutex_unlock(&ledger_lock);
    return unused;
}

static pthread_t start(void *(*run)(void *), long number)
{
    pthread_t thread;
    pthread_create(&thread, NULL, run, (void *)number);
    return thread;
}

static void wait_at_the_door(const char *scenario)
{
    puts(scenario); /* the recorder waits for this line, and then a moment */
    fflush(stdout);
}

static void deadlock(void)
{
    pthread_barrier_init(&both_hold_one, NULL, 3);
    start(sell, 0);
    pthread_t last = start(take_stock, 0);
    pthread_barrier_wait(&both_hold_one);
    for (long number = 1; number <= 12; number++)
        start(serve_customer, number);
    wait_at_the_door("deadlock");
    pthread_join(last, NULL);
}

static void lock_convoy(void)
{
    pthread_barrier_init(&both_hold_one, NULL, 2);
    pthread_t last = start(flush_ledger, 0);
    pthread_barrier_wait(&both_hold_one);
    for (long number = 1; number <= 14; number++)
        start(write_receipt, number);
    wait_at_the_door("lock_convoy");
    pthread_join(last, NULL);
}

/* -- healthy: workers wait for orders ------------------------------------------------------------- */

static pthread_mutex_t queue_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t order_came = PTHREAD_COND_INITIALIZER;

static void *work(void *number)
{
    pthread_setname_np(pthread_self(), "worker");
    pthread_mutex_lock(&queue_lock);
    for (;;)
        pthread_cond_wait(&order_came, &queue_lock);
    return number;
}

static void *tick(void *unused)
{
    pthread_setname_np(pthread_self(), "clock");
    for (;;)
        sleep(60);
    return unused;
}

static void healthy(void)
{
    int ends[2];
    if (pipe(ends))
        return;
    for (long number = 1; number <= 6; number++)
        start(work, number);
    start(tick, 0);
    wait_at_the_door("healthy");
    struct pollfd door = {ends[0], POLLIN, 0};
    poll(&door, 1, -1);
}

/* -- secret: settings are read into the heap and stay ---------------------------------------------- */

NOINLINE void serve(char *settings)
{
    wait_at_the_door("secret"); /* THE FAULT: secret */
    pause();
    free(settings);
}

NOINLINE void read_settings(const char *path)
{
    char *settings = calloc(1, 4096);
    int file = open(path, O_RDONLY);
    if (read(file, settings, 4095) > 0)
        serve(settings);
}

int main(int count, char **arguments)
{
    const char *scenario = count > 1 ? arguments[1] : "";
    const char *customer = count > 2 ? arguments[2] : "ada";
    int sku = count > 3 ? atoi(arguments[3]) : 1001;
    struct basket *basket = new_basket(customer, sku);
    struct bundle bundle = {sku, NULL};
    bundle.part = &bundle;
    basket->methods = &METHODS;

    if (!strcmp(scenario, "null"))
        checkout(customer, sku);
    else if (!strcmp(scenario, "null_refund"))
        refund(customer, sku);
    else if (!strcmp(scenario, "use_after_free"))
        close_order(basket);
    else if (!strcmp(scenario, "use_after_free_reused"))
        reopen_order(basket);
    else if (!strcmp(scenario, "double_free"))
        cancel_order(basket);
    else if (!strcmp(scenario, "heap_corruption"))
        name_tag("Ada Lovelace, Countess, and her guests of the evening");
    else if (!strcmp(scenario, "stack_overflow"))
        price_bundle(&bundle, 0);
    else if (!strcmp(scenario, "assertion"))
        settle(1250);
    else if (!strcmp(scenario, "illegal"))
        convert(7);
    else if (!strcmp(scenario, "bus"))
        read_prices("prices.dat");
    else if (!strcmp(scenario, "deadlock"))
        deadlock();
    else if (!strcmp(scenario, "lock_convoy"))
        lock_convoy();
    else if (!strcmp(scenario, "healthy"))
        healthy();
    else if (!strcmp(scenario, "secret"))
        read_settings("till.conf");
    return 0;
}
