// A small order service: GET /order/N answers the order N as JSON. Its argument names a fault.
//
//	orders PORT healthy|quadratic|lock|gc|leak
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	_ "net/http/pprof"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
)

type server struct {
	fault     string
	catalogue *catalogue
	ledger    *ledger
	sessions  *sessions
}

func main() {
	s := &server{fault: os.Args[2], catalogue: newCatalogue(20000), ledger: newLedger()}
	s.sessions = newSessions(s.fault == "leak")
	if s.fault == "lock" || s.fault == "healthy" {
		runtime.SetMutexProfileFraction(1)
		runtime.SetBlockProfileRate(100_000) // nanoseconds
	}
	if s.fault == "gc" {
		debug.SetGCPercent(20) // its share of THE FAULT: hardly any room above what is alive
	}
	http.HandleFunc("/order/", s.order)
	log.Fatal(http.ListenAndServe("127.0.0.1:"+os.Args[1], nil))
}

func (s *server) order(w http.ResponseWriter, r *http.Request) {
	number, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/order/"))
	if err != nil {
		http.Error(w, "no such order", http.StatusNotFound)
		return
	}
	labels := pprof.Labels("endpoint", "/order", "region", regions[number%len(regions)])
	pprof.Do(r.Context(), labels, func(ctx context.Context) {
		s.answer(ctx, w, number)
	})
}

func (s *server) answer(_ context.Context, w http.ResponseWriter, number int) {
	order := s.lookUp(number)
	s.price(order)
	order.Repeated = s.repeated(order)
	s.sessions.remember(order)
	body, err := json.Marshal(order)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.log(order, len(body))
	w.Header().Set("Content-Type", "application/json")
	w.Write(body)
}

func (s *server) lookUp(number int) *order {
	products := s.catalogue.products
	if s.fault == "gc" {
		products = s.catalogue.copied()
	}
	random := uint64(number)*0x9E3779B97F4A7C15 + 1
	order := &order{Number: number, Customer: fmt.Sprintf("customer-%05d", number%5000)}
	for range 24 + number%16 {
		random ^= random << 13
		random ^= random >> 7
		random ^= random << 17
		product := products[int(random%uint64(len(products)))]
		order.Lines = append(order.Lines, line{Product: product.Name, Weight: product.Weight,
			Unit: product.Price, Count: 1 + int(random>>60)})
	}
	return order
}

func (s *server) log(order *order, size int) {
	if s.fault == "lock" {
		s.ledger.recordSlowly(order, size)
		return
	}
	s.ledger.record(entry(order, size))
}
