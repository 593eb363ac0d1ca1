package campaign_test

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/policy"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
)

func errorsAs[T error](err error, to *T) bool { return errors.As(err, to) }

// factsIn counts the facts in the outbox by name and detail; a fact that is there twice fails the test.
func factsIn(t testing.TB, db *store.DB) map[string]int {
	t.Helper()
	out := map[string]int{}
	seen := map[string]bool{}
	err := store.Each(t.Context(), db, `SELECT facts FROM outbox`, nil, func(text string) error {
		var facts []event.Fact
		if err := json.Unmarshal([]byte(text), &facts); err != nil {
			return err
		}
		for _, f := range facts {
			if seen[f.ID] {
				t.Errorf("the fact %s is there twice", f.ID)
			}
			seen[f.ID] = true
			out[strings.TrimSpace(f.Name+" "+f.Detail)]++
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

const (
	killDir    = "HUOSHUI_TEST_KILL_DIR"
	killPeople = 6000
)

// TestMain is also the sending process that TestKilledWhileSending starts and kills.
func TestMain(m *testing.M) {
	if dir := os.Getenv(killDir); dir != "" {
		if err := sendUntilDone(dir); err != nil {
			println(err.Error())
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// quietT lets the child process use the bench without a test.
type quietT struct{ testing.TB }

func (quietT) Helper()                  {}
func (quietT) Fatal(args ...any)        { panic(args) }
func (quietT) Context() context.Context { return context.Background() }

func sendUntilDone(dir string) error {
	ctx := context.Background()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "store.db"))
	if err != nil {
		return err
	}
	return errors.Join(newBench(quietT{}, db, killPeople, dir).svc.Drain(ctx), db.Close())
}

// A sending process is killed again and again at random instants. In the end every person has exactly one message, no
// two messages went to one person, every step is recorded once, and the server heard a message again only when it was
// on a connection at the instant of a kill — under the same Message-ID.
func TestKilledWhileSending(t *testing.T) {
	dir := t.TempDir()
	ctx := t.Context()
	s := open(t)
	var mu sync.Mutex
	heard := map[string]int{}
	person := map[string]string{}
	s.Keep = func(id, to string, _ []byte) {
		mu.Lock()
		defer mu.Unlock()
		heard[id]++
		if other, ok := person[to]; ok && other != id {
			t.Errorf("%s got %s and %s", to, other, id)
		}
		person[to] = id
	}
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "store.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := store.Migrate(ctx, db); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, db, killPeople, dir)
	b.write(t)
	set := emailTo(s.Port())
	set.Email.PerSecond = 4000 // long enough to be killed in the middle
	b.channels(t, set)
	p := b.plan("email")
	p.HoldoutPct = 10
	c := b.launch(t, p)

	kills := 0
	for run := 0; ; run++ {
		if run > 60 {
			t.Fatal("it never ends")
		}
		child := exec.CommandContext(ctx, os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), killDir+"="+dir)
		child.Stderr = os.Stderr
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- child.Wait() }()
		life := time.After(time.Duration(150+rand.IntN(350)) * time.Millisecond)
		if kills == 8 {
			life = nil
		}
		select {
		case err := <-ended:
			if err != nil {
				t.Fatal("child:", err)
			}
		case <-life:
			if err := child.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				t.Fatal(err)
			}
			if err := <-ended; err != nil {
				kills++
			}
		}
		if got, err := b.svc.Get(ctx, c.ID); err != nil {
			t.Fatal(err)
		} else if got.State == campaign.Done {
			break
		}
	}

	got := b.steps(t, c.ID)
	done, err := b.svc.Get(ctx, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	again := 0
	for _, n := range heard {
		again += n - 1
	}
	t.Logf("%d kills, %d people, %d heard again", kills, done.Reach, again)
	if kills == 0 {
		t.Error("nothing was killed: the test says nothing")
	}
	if int64(len(heard)) != done.Reach || int64(len(person)) != done.Reach || got["email sent"] != done.Reach || got["email planned"] != done.Reach || got["remaining"] != 0 {
		t.Errorf("planned %d, arrived %d, to %d people, recorded %v", done.Reach, len(heard), len(person), got)
	}
	if again > kills*set.Email.Connections {
		t.Errorf("%d were heard again after %d kills on %d connections", again, kills, set.Email.Connections)
	}
	facts := factsIn(t, db) // fails on a fact that is there twice
	if int64(facts["message.sent"]) != done.Reach || int64(facts["message.planned"]) != done.Reach || facts["campaign.assigned reach"]+facts["campaign.assigned holdout"] != killPeople {
		t.Errorf("facts %v", facts)
	}
	all := make([]uint32, killPeople)
	for i := range all {
		all[i] = uint32(i + 1)
	}
	counts, _, err := policy.Counts(ctx, db, "email", all, time.UTC, noon)
	if err != nil {
		t.Fatal(err)
	}
	for n, days := range counts {
		total := 0
		for _, d := range days {
			total += d.N
		}
		if total > 1 {
			t.Fatal("person " + strconv.Itoa(int(n)) + " is counted more than once: caps would refuse too much")
		}
	}
}
