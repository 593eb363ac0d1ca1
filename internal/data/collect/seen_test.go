package collect

import (
	"fmt"
	"testing"
	"time"
)

func TestSeenRemembersForAPeriod(t *testing.T) {
	dir := t.TempDir()
	s, err := openSeen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !s.fresh {
		t.Error("an empty memory is fresh")
	}
	reopen := func() {
		t.Helper()
		if err := s.close(); err != nil {
			t.Fatal(err)
		}
		if s, err = openSeen(dir); err != nil {
			t.Fatal(err)
		}
	}
	has := func(name string) bool {
		t.Helper()
		ok, err := s.has(hashOf("src", name))
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	day := func(n int) time.Time { return noon.AddDate(0, 0, n) }
	for n := range 40 {
		if err := s.commit([]hash{hashOf("src", fmt.Sprint("day", n))}, uint64(n+1), []byte("x"), day(n)); err != nil {
			t.Fatal(err)
		}
		if n%5 == 0 {
			reopen()
		}
		for back := range 8 {
			if n >= back && !has(fmt.Sprint("day", n-back)) {
				t.Fatalf("on day %d, day %d is forgotten", n, n-back)
			}
		}
	}
	if has("day20") {
		t.Error("what is 19 days old is remembered")
	}
	reopen()
	if s.position != 40 || string(s.pending) != "x" || s.fresh {
		t.Errorf("%d %q", s.position, s.pending)
	}
	if ok, _ := s.has(hashOf("other", "day39")); ok {
		t.Error("another source's key")
	}
	// what is intended outlives the process, what is done does not
	if err := s.intend(map[hash]uint32{hashOf("src", "a"): 1, hashOf("src", "b"): FirstVisitor + 2}); err != nil {
		t.Fatal(err)
	}
	reopen()
	if err := s.commit([]hash{hashOf("src", "a")}, 41, nil, day(40)); err != nil {
		t.Fatal(err)
	}
	reopen()
	if len(s.plan) != 1 || s.plan[hashOf("src", "b")] != FirstVisitor+2 || len(s.pending) != 0 {
		t.Errorf("plan %v", s.plan)
	}
	if err := s.close(); err != nil {
		t.Fatal(err)
	}
}

func TestRecentIsBounded(t *testing.T) {
	r := newRecent(100)
	r.of(1)
	for i := range 1000 {
		r.keep([]Key{{KeyDevice, fmt.Sprint(i)}}, uint32(i+1))
		if n, ok := r.all([]Key{{KeyDevice, "0"}}); !ok || n != 1 { // is used all the time
			t.Fatalf("after %d: %d %v", i, n, ok)
		}
	}
	if len(r.new)+len(r.old) > 200 {
		t.Errorf("holds %d", len(r.new)+len(r.old))
	}
	if _, ok := r.all([]Key{{KeyDevice, "999"}, {KeyDevice, "0"}}); ok {
		t.Error("keys of two people are one's")
	}
	r.of(2)
	if _, ok := r.all([]Key{{KeyDevice, "0"}}); ok {
		t.Error("known after a merge")
	}
}

func TestFilterForgetsNothing(t *testing.T) {
	var f filter
	wrong := 0
	const most = 700_000 // into the second step
	for i := range most {
		h := hashOf("src", fmt.Sprint(i))
		if i%2 == 1 {
			if f.may(h) {
				wrong++
			}
			continue
		}
		f.add(h)
	}
	for i := 0; i < most; i += 2 {
		if !f.may(hashOf("src", fmt.Sprint(i))) {
			t.Fatalf("key %d is forgotten", i)
		}
	}
	if wrong > most/2/50 {
		t.Errorf("%d of %d others are taken for seen", wrong, most/2)
	}
	for i := 0; !f.full; i++ {
		f.add(hash{byte(i), byte(i >> 8), byte(i >> 16), byte(i >> 24)})
	}
	if !f.may(hashOf("src", "never")) || f.steps != nil {
		t.Error("a full filter claims to know")
	}
}
