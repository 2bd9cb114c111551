// Prices orders from a catalogue. Its argument names what goes wrong, each marked THE FAULT.
#include <cstdlib>
#include <limits>
#include <map>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#define NOINLINE __attribute__((noinline))

namespace shop {

struct Article {
    int sku;
    std::string name;
    long price_cents;
};

class PriceError : public std::runtime_error {
public:
    explicit PriceError(const std::string &what) : std::runtime_error(what) {}
};

template <class Key, class Value> class Catalogue {
public:
    void add(Key key, Value value) { entries_.emplace(key, value); }

    NOINLINE const Value &find(const Key &key) const
    {
        auto found = entries_.find(key);
        if (found == entries_.end())
            throw PriceError("no price for SKU " + std::to_string(key)); // THE FAULT: exception
        return found->second;
    }

private:
    std::map<Key, Value> entries_;
};

class Order {
public:
    virtual ~Order() = default;

    NOINLINE virtual long total(const Catalogue<int, Article> &catalogue)
    {
        long sum = 0;
        for (int sku : skus_)
            sum += catalogue.find(sku).price_cents;
        return sum;
    }

    void add(int sku) { skus_.push_back(sku); }

private:
    std::vector<int> skus_;
};

NOINLINE long price(Order &order, const Catalogue<int, Article> &catalogue)
{
    return order.total(catalogue) + 1;
}

NOINLINE std::vector<char> picture(std::size_t side)
{
    return std::vector<char>(side * side); // THE FAULT: bad_alloc
}

NOINLINE std::size_t print_poster(std::size_t side)
{
    return picture(side).size() + 1;
}

} // namespace shop

int main(int count, char **arguments)
{
    std::string scenario = count > 1 ? arguments[1] : "";
    shop::Catalogue<int, shop::Article> catalogue;
    catalogue.add(1001, {1001, "tea", 450});
    catalogue.add(1002, {1002, "cup", 1250});
    auto order = std::make_unique<shop::Order>();
    order->add(1001);
    order->add(4711);
    if (scenario == "exception")
        return static_cast<int>(shop::price(*order, catalogue));
    if (scenario == "bad_alloc")
        return static_cast<int>(shop::print_poster(2'000'000'000));
    return 0;
}
