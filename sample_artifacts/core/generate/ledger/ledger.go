// A ledger that books sales. Its argument names what goes wrong, each marked THE FAULT.
package main

import (
	"os"
	"sync"
	"time"
)

type entry struct {
	customer string
	cents    int
}

type account struct {
	name    string
	entries []entry
}

type ledger struct {
	mutex    sync.Mutex
	accounts map[string]*account
}

//go:noinline
func (l *ledger) post(name string, sale entry) {
	found := l.accounts[name]
	found.entries = append(found.entries, sale) // THE FAULT: go_null
}

//go:noinline
func (l *ledger) bookSale(sale entry) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.post("sales", sale)
}

//go:noinline
func waitForSale(sales chan entry) entry {
	return <-sales
}

func clerk(sales chan entry, books *ledger, ready *sync.WaitGroup) {
	ready.Done()
	sale := waitForSale(sales)
	books.bookSale(sale)
}

func main() {
	scenario := ""
	if len(os.Args) > 1 {
		scenario = os.Args[1]
	}
	books := &ledger{accounts: map[string]*account{"cash": {name: "cash"}}}
	sales := make(chan entry)
	var ready sync.WaitGroup
	for number := 0; number < 8; number++ {
		ready.Add(1)
		go clerk(sales, books, &ready)
	}
	ready.Wait()
	if scenario == "go_null" {
		sales <- entry{customer: "ada", cents: 1250}
	} else {
		os.Stdout.WriteString(scenario + "\n")
	}
	time.Sleep(10 * time.Minute)
}
