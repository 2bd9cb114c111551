#include <stdio.h>
#include <unistd.h>

struct order { int number; double total; };

static double price(struct order *one) { usleep(20000); return one->total * 1.2; }

int main(void) {
    struct order one = {41, 9.9};
    for (;;) { one.number++; one.total = price(&one) / 1.2; }
}
