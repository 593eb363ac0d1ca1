package bench

import (
	"os"
	"strconv"
	"testing"
)

// The benchmark measures nothing unless everybody got one e-mail and every one has its row: Send itself sees to that.
func TestSendReachesEverybody(t *testing.T) {
	people := int64(3000)
	if n, err := strconv.ParseInt(os.Getenv("HUOSHUI_BENCH_PEOPLE"), 10, 64); err == nil {
		people = n // for profiles
	}
	r, err := Send(t.Context(), SendSpec{People: people, Connections: 4, Dir: t.TempDir()}, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	if r.Accepted != people || r.FactMessages == 0 || r.Seconds <= 0 || r.PeakMemoryMB <= 0 {
		t.Errorf("%+v", r)
	}
	t.Logf("%+v", r)
}
