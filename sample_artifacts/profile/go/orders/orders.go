package main

import (
	"crypto/sha256"
	"fmt"
	"hash/fnv"
	"math"
	"sort"
	"strings"
	"sync"
)

var regions = []string{"north", "south", "east"}

type product struct {
	Name   string
	Price  float64
	Weight float64
}

type line struct {
	Product string  `json:"product"`
	Unit    float64 `json:"unit"`
	Weight  float64 `json:"weight"`
	Count   int     `json:"count"`
	Price   float64 `json:"price"`
}

type order struct {
	Number   int     `json:"number"`
	Customer string  `json:"customer"`
	Lines    []line  `json:"lines"`
	Total    float64 `json:"total"`
	Shipping float64 `json:"shipping"`
	Repeated int     `json:"repeated"`
}

type catalogue struct{ products map[int]*product }

func newCatalogue(size int) *catalogue {
	c := &catalogue{make(map[int]*product, size)}
	for i := range size {
		c.products[i] = &product{fmt.Sprintf("product %d", i), 1 + float64(i%977)/10, float64(i % 31)}
	}
	return c
}

// THE FAULT of gc: every request works on its own copy of some of the catalogue.
//
//go:noinline
func (c *catalogue) copied() map[int]*product {
	own := make(map[int]*product)
	for i := range 1500 {
		one := *c.products[i]
		one.Name = strings.Clone(one.Name)
		own[i] = &one
	}
	return own
}

// price prices the lines with a discount by count, sorts them and adds what shipping costs.
func (s *server) price(order *order) {
	for i := range order.Lines {
		line := &order.Lines[i]
		line.Price = rounded(line.Unit * float64(line.Count) * discount(line.Count))
		order.Total += line.Price
	}
	sort.Slice(order.Lines, func(a, b int) bool { return order.Lines[a].Price > order.Lines[b].Price })
	order.Shipping = shipping(order.Lines)
}

func rounded(amount float64) float64 { return math.Round(amount*100) / 100 }

func discount(count int) float64 {
	return 1 - 0.02*math.Log1p(float64(count))
}

// shipping packs the lines into parcels of 40 kg, the heaviest first.
func shipping(lines []line) float64 {
	var parcels []float64
	for _, line := range lines {
		for range line.Count {
			parcels = packed(parcels, line.Weight)
		}
	}
	cost := 0.0
	for _, weight := range parcels {
		cost += 3 + math.Sqrt(weight)
	}
	return rounded(cost)
}

func packed(parcels []float64, weight float64) []float64 {
	for i := range parcels {
		if parcels[i]+weight <= 40 {
			parcels[i] += weight
			return parcels
		}
	}
	return append(parcels, weight)
}

// repeated counts the products that stand twice among what was bought.
func (s *server) repeated(order *order) int {
	var bought []string
	if s.fault == "quadratic" {
		for i := range 100 * len(order.Lines) {
			bought = append(bought, order.Lines[i%len(order.Lines)].Product)
		}
		return repeatedSlowly(bought)
	}
	for _, line := range order.Lines {
		bought = append(bought, line.Product)
	}
	seen, twice := make(map[string]bool, len(bought)), 0
	for _, name := range bought {
		if seen[name] {
			twice++
		}
		seen[name] = true
	}
	return twice
}

// THE FAULT of quadratic: every name is compared with every name before it.
//
//go:noinline
func repeatedSlowly(bought []string) int {
	twice := 0
	for i := range bought {
		for j := range i {
			if len(bought[i]) == len(bought[j]) && bought[i][len(bought[i])-1] == bought[j][len(bought[j])-1] {
				twice++
			}
		}
	}
	return twice
}

// entry writes the order for the log, signed.
func entry(order *order, size int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "order=%d customer=%q bytes=%d total=%.2f", order.Number, order.Customer, size, order.Total)
	for _, line := range order.Lines {
		fmt.Fprintf(&text, " %s:%d", strings.ToUpper(line.Product), line.Count)
	}
	return fmt.Sprintf("%s %x", text.String(), signature(text.String()))
}

func signature(text string) [32]byte { return sha256.Sum256([]byte(text)) }

// ledger keeps the last entries of the log.
type ledger struct {
	mutex   sync.Mutex
	entries []string
	next    int
	check   uint64
}

func newLedger() *ledger { return &ledger{entries: make([]string, 1024)} }

func (l *ledger) record(entry string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.keep(entry)
}

// THE FAULT of lock: the entry is written while everybody waits for the ledger.
//
//go:noinline
func (l *ledger) recordSlowly(order *order, size int) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	for range 20 {
		l.keep(entry(order, size))
	}
}

func (l *ledger) keep(entry string) {
	hash := fnv.New64a()
	hash.Write([]byte(entry))
	l.check ^= hash.Sum64()
	l.entries[l.next%len(l.entries)] = entry
	l.next++
}

// sessions keeps the last order of each customer.
type sessions struct {
	mutex   sync.Mutex
	forever bool
	last    map[string]*session
}

type session struct {
	order   *order
	history []byte
}

func newSessions(forever bool) *sessions {
	return &sessions{forever: forever, last: make(map[string]*session)}
}

//go:noinline
func (s *sessions) remember(order *order) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	key := fmt.Sprint(order.Customer[len(order.Customer)-2:])
	if s.forever {
		key = fmt.Sprint(len(s.last)) // THE FAULT of leak: every order is a session of its own
	}
	s.last[key] = &session{order, make([]byte, 4096)}
}
