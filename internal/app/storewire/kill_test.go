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
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/checkout"
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
	urls := map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "store.db") },
		"postgres": func(t *testing.T) string { return storetest.PostgresURL(t) },
	}
	for name, url := range urls {
		t.Run(name, func(t *testing.T) {
			url := url(t)
			at := func() *store.DB {
				db, err := store.Open(t.Context(), url)
				if err != nil {
					t.Fatal(err)
				}
				if _, err := store.Migrate(t.Context(), db); err != nil {
					t.Fatal(err)
				}
				return db
			}
			db := at()
			s := open(t, db)
			s.customers(t, killedBuyers)
			s.stock(t, "K2", killedUnits)
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
			random := rand.New(rand.NewPCG(7, uint64(len(name))))
			killed := 0
			for patience := 30 * time.Millisecond; ; patience = patience * 3 / 2 {
				cmd := exec.Command(os.Args[0], "-test.run=^TestKilledCheckout$")
				cmd.Env = append(os.Environ(), killedEnv+"="+url)
				var said bytes.Buffer
				cmd.Stdout, cmd.Stderr = &said, &said
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				kill := time.AfterFunc(patience+time.Duration(random.Int64N(int64(patience))), func() { _ = cmd.Process.Kill() })
				err := cmd.Wait()
				kill.Stop()
				if err == nil {
					break
				}
				if cmd.ProcessState.Exited() {
					t.Fatal(said.String())
				}
				killed++
				between := at()
				settled(t, between)
				wire(between).sound(t.Context(), t)
				if err := between.Close(); err != nil {
					t.Fatal(err)
				}
			}
			t.Log("killed", killed, "times")
			db = at()
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
