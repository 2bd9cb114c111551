// The tax of the order service, in C++: frames of an anonymous namespace, and inlined ones.
#include <vector>

namespace {
const std::vector<long> rates = {190, 200, 210, 81, 250, 70, 0};

inline long rounded(long thousandths) { return (thousandths + 500) / 1000; }

__attribute__((noinline)) long of_rate(long cents, long rate) {
    long tax = 0;
    for (int share = 0; share < 8; share++) tax += rounded((cents / 8 + share % 2) * rate);
    return tax;
}
}  // namespace

extern "C" long tax_of(long cents, int country) { return of_rate(cents, rates[country]); }
