package storewire_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/inventory"
)

// killedEnv is set in the process that TestKilledCheckout kills: the store's URL.
const killedEnv = "HUOSHUI_TEST_KILLED_STORE"

const (
	killedBuyers = 400
	killedUnits  = 100
)

// TestKilledCheckout kills the process again and again while 400 people want 100 units, pay, send everything twice and
// some change their mind: at the end exactly 100 units are paid, and stock, orders and books agree.
func TestKilledCheckout(t *testing.T) {
	if url := os.Getenv(killedEnv); url != "" {
		db, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		wire(db).crowd(t.Context(), t)
		return
	}
	if testing.Short() {
		t.Skip("starts many processes")
	}
	eachKilled(t, func(t *testing.T, k killed) {
		db := k.open()
		s := open(t, db)
		s.customers(t, killedBuyers)
		s.stock(t, "K2", killedUnits)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		k.run("TestKilledCheckout", killedEnv)
		db = k.open()
		defer func() { _ = db.Close() }()
		s = wire(db)
		s.crowd(t.Context(), t) // who found nothing left may try again: some gave theirs back
		s.sound(t.Context(), t)
		type count struct {
			Sold int64 `db:"sold"`
			Open int64 `db:"open"`
		}
		got, err := store.One[count](t.Context(), db, `SELECT (SELECT COUNT(*) FROM orders) AS sold, (SELECT COUNT(*) FROM sales WHERE state = ?) AS open`, checkout.Unpaid)
		if err != nil || got.Sold != killedUnits || got.Open != 0 {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

// killed is a store on which processes work that are killed.
type killed struct {
	t   *testing.T
	url string
}

// eachKilled runs a test on SQLite, and on PostgreSQL where a server is given.
func eachKilled(t *testing.T, test func(t *testing.T, k killed)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) { test(t, killed{t, "sqlite:" + filepath.Join(t.TempDir(), "store.db")}) })
	t.Run("postgres", func(t *testing.T) { test(t, killed{t, storetest.PostgresURL(t)}) })
}

// open opens the store.
func (k killed) open() *store.DB {
	k.t.Helper()
	db, err := store.Open(k.t.Context(), k.url)
	if err != nil {
		k.t.Fatal(err)
	}
	if _, err := store.Migrate(k.t.Context(), db); err != nil {
		k.t.Fatal(err)
	}
	return db
}

// run starts the test in a process of its own, which finds the store's URL in env, and kills it, later each time, until it comes to its
// end. What it leaves is sound every time.
func (k killed) run(test, env string) {
	t := k.t
	t.Helper()
	random := rand.New(rand.NewPCG(7, uint64(len(k.url))))
	times := 0
	for patience := 30 * time.Millisecond; ; patience = patience * 3 / 2 {
		cmd := exec.Command(os.Args[0], "-test.run=^"+test+"$")
		cmd.Env = append(os.Environ(), env+"="+k.url)
		var said bytes.Buffer
		cmd.Stdout, cmd.Stderr = &said, &said
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		kill := time.AfterFunc(patience+time.Duration(random.Int64N(int64(patience))), func() { _ = cmd.Process.Kill() })
		err := cmd.Wait()
		kill.Stop()
		if err == nil {
			t.Log("killed", times, "times")
			return
		}
		if cmd.ProcessState.Exited() {
			t.Fatal(said.String())
		}
		times++
		between := k.open()
		settled(t, between)
		wire(between).sound(t.Context(), t)
		if err := between.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// killedGroupsEnv is set in the process that TestKilledGroups kills: the store's URL.
const killedGroupsEnv = "HUOSHUI_TEST_KILLED_GROUPS"

// TestKilledGroups kills the process that settles groups again and again: of 60 groups half are complete and half have failed when their
// time is over. At the end everybody of the one may be sent what she bought, and everybody of the other has her money back, once.
func TestKilledGroups(t *testing.T) {
	const groups = 60
	if url := os.Getenv(killedGroupsEnv); url != "" {
		db, err := store.Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		wire(db).settleGroups(t)
		return
	}
	if testing.Short() {
		t.Skip("starts many processes")
	}
	eachKilled(t, func(t *testing.T, k killed) {
		ctx, db := t.Context(), k.open()
		s := open(t, db)
		s.customers(t, 2*groups)
		s.stock(t, "K2", 1000)
		o := s.offer(t, 2)
		sit := func(who uint32, group string) checkout.Sale {
			t.Helper()
			sale, err := s.together(ctx, who, "r", o.ID, group, 1)
			if err == nil {
				err = s.pay(ctx, sale)
			}
			if err != nil {
				t.Fatal(err)
			}
			return sale
		}
		for i := range uint32(groups) {
			first := sit(2*i+1, "")
			if i%2 == 0 {
				sit(2*i+2, first.Form.Group)
			}
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		k.run("TestKilledGroups", killedGroupsEnv)
		db = k.open()
		defer func() { _ = db.Close() }()
		s = wire(db)
		s.settleGroups(t) // nothing is left to do
		s.sound(ctx, t)
		type count struct {
			Sent     int64 `db:"sent"`
			Held     int64 `db:"held"`
			Refunded int64 `db:"refunded"`
		}
		got, err := store.One[count](ctx, db, `SELECT COUNT(CASE WHEN state = 'paid' AND held = FALSE THEN 1 END) AS sent, COUNT(CASE WHEN state = 'paid' AND held = TRUE THEN 1 END) AS held,
			COUNT(CASE WHEN state = 'refunded' AND refunded_fen = total_fen THEN 1 END) AS refunded FROM sales`)
		if err != nil || got != (count{Sent: groups, Refunded: groups / 2}) {
			t.Fatalf("%+v, %v", got, err)
		}
		if fen := s.moved(t, money.Wechat); fen != groups*(3900+800) {
			t.Errorf("%d fen are left of what was paid", fen)
		}
		levels, err := inventory.Levels(ctx, db, inventory.Online, []string{"K2"})
		if err != nil || levels["K2"].Free() != 1000-groups {
			t.Errorf("%+v, %v", levels, err)
		}
	})
}

// settleGroups settles groups a day later, until nothing is left to do.
func (s *shop) settleGroups(t *testing.T) {
	t.Helper()
	s.clock.Advance(25 * time.Hour)
	s.groups.Hear(s.Service)
	for {
		n, err := s.groups.Tick(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}

// settled waits until a database server has ended what the killed process began.
func settled(t *testing.T, db *store.DB) {
	t.Helper()
	type row struct {
		N int64 `db:"n"`
	}
	for db.Engine() == "postgres" {
		busy, err := store.One[row](t.Context(), db, `SELECT COUNT(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`)
		if err != nil {
			t.Fatal(err)
		}
		if busy.N == 0 {
			return
		}
	}
}

// crowd lets every buyer try to buy one unit under her one request id; one in five closes her first order instead of
// paying it, and buys again.
func (s *shop) crowd(ctx context.Context, t *testing.T) {
	t.Helper()
	w := checkout.Wish{Lines: line("K2", 1), Address: home}
	const total = 4900 + 800
	var buyers sync.WaitGroup
	next := make(chan uint32)
	for range 16 {
		buyers.Go(func() {
			for who := range next {
				err := s.buy(ctx, who, w, total)
				if err != nil && !errs.Is(err, errs.Conflict) {
					t.Errorf("%d: %v", who, err)
				}
			}
		})
	}
	for who := range uint32(killedBuyers) {
		next <- who + 1
	}
	close(next)
	buyers.Wait()
}

func (s *shop) buy(ctx context.Context, who uint32, w checkout.Wish, total int64) error {
	if who%5 == 0 {
		sale, err := s.Place(ctx, who, "first", w, total)
		if err != nil {
			return err
		}
		if _, err = s.Close(ctx, who, sale.ID, checkout.ByCustomer); err != nil {
			return err
		}
	}
	for range 2 {
		sale, err := s.Place(ctx, who, "r", w, total)
		if err != nil {
			return err
		}
		if err := s.pay(ctx, sale); err != nil {
			return fmt.Errorf("pay: %w", err)
		}
	}
	return nil
}
