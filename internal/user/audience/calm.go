package audience

import (
	"os"
	"runtime/debug"
	"sync"
)

// While a pass over everybody runs, the heap may grow by calmPercent between two collections: a pass makes a few large arrays that it
// uses to its end, and collecting at the usual pace freed little and cost a sixth of it (bench audience). Where there are more
// than calmPeople the arrays are so large that memory counts for more.
const (
	calmPercent = 400
	calmPeople  = 2_000_000
)

var calmed struct {
	sync.Mutex
	running int
	before  int
}

// calm has memory collected less often until end is called, in a pass over so many people. Who sets GOGC decides herself.
func calm(people uint32) (end func()) {
	if people > calmPeople || os.Getenv("GOGC") != "" {
		return func() {}
	}
	calmed.Lock()
	defer calmed.Unlock()
	if calmed.running++; calmed.running == 1 {
		calmed.before = debug.SetGCPercent(calmPercent)
	}
	return func() {
		calmed.Lock()
		defer calmed.Unlock()
		if calmed.running--; calmed.running == 0 {
			debug.SetGCPercent(calmed.before)
		}
	}
}
