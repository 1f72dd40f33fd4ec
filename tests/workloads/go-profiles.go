// Writes one profile of each kind that Go's runtime makes into a folder, as NAME.pb.gz.
package main

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"sync"
	"time"
)

var kept [][]byte

//go:noinline
func allocate(count int) {
	for i := 0; i < count; i++ {
		kept = append(kept, make([]byte, 4096))
	}
}

//go:noinline
func spin(until time.Time) (sum int) {
	for time.Now().Before(until) {
		for i := 0; i < 1000; i++ {
			sum += i * i
		}
	}
	return sum
}

func contend() {
	var lock sync.Mutex
	var group sync.WaitGroup
	for i := 0; i < 4; i++ {
		group.Add(1)
		go func() {
			defer group.Done()
			for j := 0; j < 20; j++ {
				lock.Lock()
				time.Sleep(time.Millisecond)
				lock.Unlock()
			}
		}()
	}
	group.Wait()
}

func main() {
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	create := func(name string) *os.File {
		file, err := os.Create(filepath.Join(os.Args[1], name+".pb.gz"))
		if err != nil {
			panic(err)
		}
		return file
	}
	cpu := create("cpu")
	if err := pprof.StartCPUProfile(cpu); err != nil {
		panic(err)
	}
	// Until there surely is a sample, on a busy machine too.
	spin(time.Now().Add(700 * time.Millisecond))
	allocate(5000)
	contend()
	pprof.StopCPUProfile()
	cpu.Close()
	runtime.GC()
	for _, name := range []string{"heap", "mutex", "block", "goroutine"} {
		file := create(name)
		if err := pprof.Lookup(name).WriteTo(file, 0); err != nil {
			panic(err)
		}
		file.Close()
	}
	runtime.KeepAlive(kept)
}
