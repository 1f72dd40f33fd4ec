// goroutine MILLISECONDS: burns CPU time in main.work > main.leaf, on a goroutine of its own.
package main

import (
	"os"
	"strconv"
	"time"
)

var sink int

//go:noinline
func leaf() {
	for i := 0; i < 1000000; i++ {
		sink += i ^ sink
	}
}

//go:noinline
func work(end time.Time, done chan bool) {
	for time.Now().Before(end) {
		leaf()
	}
	done <- true
}

func main() {
	ms, _ := strconv.Atoi(os.Args[1])
	done := make(chan bool)
	go work(time.Now().Add(time.Duration(ms)*time.Millisecond), done)
	<-done
}
