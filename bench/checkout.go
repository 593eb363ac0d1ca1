package bench

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the "pgx" driver

	"huoshui/internal/app"
	"huoshui/internal/finance/payment"
	settings "huoshui/internal/platform/config"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
)

// CheckoutSpec is what to sell, and to how many at once.
type CheckoutSpec struct {
	Store   string // "" for SQLite, or the URL of a PostgreSQL server that databases may be made on
	Buyers  int    // who buy at once
	Seconds float64
	Units   int64 // of Flash: how many there are
	Dir     string
	Profile string // folder for processor profiles of the measurement and of what holds memory after it; "" writes none
}

// CheckoutResult is what selling took. A checkout is: the quotation that the customer sees, the order, the payment that is asked
// for, and the news that it is paid, which makes stock, coupons, books, the paid order, sums and facts change. WeChat's own
// cashier is not in it. The relay and the warehouse take the facts meanwhile.
type CheckoutResult struct {
	Store            string  `json:"store"`
	Buyers           int     `json:"buyers"`
	Checkouts        int64   `json:"checkouts"`
	PerSecond        float64 `json:"per_second"`
	P50MS            float64 `json:"p50_ms"`
	P99MS            float64 `json:"p99_ms"`
	SlowestMS        float64 `json:"slowest_ms"`
	CPU              float64 `json:"cpu_us"`            // of a processor, by this process, for one checkout; the database's own is not in it
	LedgerDifference int     `json:"ledger_difference"` // what the books, wallets, stock and orders differ in; must be 0
}

// FlashResult is what became of a rush for few units.
type FlashResult struct {
	Store            string  `json:"store"`
	Buyers           int     `json:"buyers"`
	Units            int64   `json:"units"`
	Sold             int64   `json:"sold"`     // units that were paid for
	Answered         int64   `json:"answered"` // buyers who were told: sold to, or that nothing is left
	SlowestMS        float64 `json:"slowest_ms"`
	LedgerDifference int     `json:"ledger_difference"`
}

// Checkout has buyers buy for a while, as fast as they can, different goods.
func Checkout(ctx context.Context, spec CheckoutSpec, say func(string, ...any)) (r CheckoutResult, err error) {
	r = CheckoutResult{Store: storeName(spec.Store), Buyers: spec.Buyers}
	err = selling(ctx, spec, func(ctx context.Context, a *app.App) error {
		const skus, customers = 500, 20_000
		if err := fillShop(ctx, a, skus, customers, 1<<30); err != nil {
			return err
		}
		say("%d buyers, %d SKUs, %s", spec.Buyers, skus, r.Store)
		finish, err := profile(spec.Profile, "checkout-"+r.Store)
		if err != nil {
			return err
		}
		until := time.Now().Add(time.Duration(spec.Seconds * float64(time.Second)))
		began, cpu := time.Now(), cpuSeconds()
		var next atomic.Int64
		took := make([][]time.Duration, spec.Buyers)
		err = together(spec.Buyers, func(b int) error {
			for time.Now().Before(until) && ctx.Err() == nil {
				n := next.Add(1)
				start := time.Now()
				w := checkout.Wish{Lines: []pricing.CartLine{{SKU: skuOf(n % skus), Quantity: 1}, {SKU: skuOf((n*7 + 3) % skus), Quantity: 2}}, Address: benchAddress}
				if err := buy(ctx, a, uint32(n%customers)+1, w); err != nil {
					return err
				}
				took[b] = append(took[b], time.Since(start))
			}
			return ctx.Err()
		})
		elapsed := time.Since(began).Seconds()
		cpu = cpuSeconds() - cpu
		if err = errors.Join(err, finish()); err != nil {
			return err
		}
		all := slices.Concat(took...)
		slices.Sort(all)
		r.Checkouts, r.PerSecond = int64(len(all)), float64(len(all))/elapsed
		r.CPU = 1e6 * cpu / float64(len(all))
		ms := func(share float64) float64 { return float64(all[int(share*float64(len(all)-1))].Microseconds()) / 1000 }
		r.P50MS, r.P99MS, r.SlowestMS = ms(0.5), ms(0.99), ms(1)
		r.LedgerDifference, err = differences(ctx, a)
		say("%8.0f checkouts/s, half within %.0f ms, 99 of 100 within %.0f ms, %.0f µs of a processor for one, %d differences", r.PerSecond, r.P50MS, r.P99MS, r.CPU, r.LedgerDifference)
		return err
	})
	return r, err
}

// flashAtOnce is how many may be at the checkout at once: fewer than it serves in a second.
const flashAtOnce = 200

// wait stands in the waiting room until it is the buyer's turn; that nothing is left is a Conflict. She asks as often as she is told to.
func wait(ctx context.Context, a *app.App, sale string, customer uint32) error {
	at, err := a.Services.Flash.Join(ctx, sale, customer)
	for err == nil && at.State == flash.Waiting {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(at.AskAfter) * time.Second):
		}
		at, err = a.Services.Flash.Stand(ctx, sale, customer)
	}
	if err == nil && at.State != flash.Admitted {
		err = errs.New(errs.Conflict, "flash.gone", "nothing is left: %s", at.State)
	}
	return err
}

// Flash has all buyers want one unit of a flash sale at the same moment: they come into its waiting room, and are sold to or told
// that nothing is left.
func Flash(ctx context.Context, spec CheckoutSpec, say func(string, ...any)) (r FlashResult, err error) {
	r = FlashResult{Store: storeName(spec.Store), Buyers: spec.Buyers, Units: spec.Units}
	err = selling(ctx, spec, func(ctx context.Context, a *app.App) error {
		if err := fillShop(ctx, a, 1, int64(spec.Buyers), spec.Units); err != nil {
			return err
		}
		now := a.Clock.Now()
		sale, err := a.Services.Flash.Create(ctx, flash.Draft{Name: "rush", SKU: skuOf(0), PriceFen: 100, StartsAt: now.Add(-time.Second), EndsAt: now.Add(time.Hour), Units: spec.Units, PerPerson: 1, AtOnce: flashAtOnce}, "")
		if err != nil {
			return err
		}
		room, shut := context.WithCancel(ctx)
		over := make(chan error, 1)
		go func() { over <- a.Services.Flash.Run(room) }()
		var slowest atomic.Int64
		began := time.Now()
		err = together(spec.Buyers, func(b int) error {
			err := wait(ctx, a, sale.ID, uint32(b)+1)
			if err == nil {
				err = buy(ctx, a, uint32(b)+1, checkout.Wish{Lines: []pricing.CartLine{{SKU: skuOf(0), Quantity: 1}}, Address: benchAddress})
			}
			took := time.Since(began).Microseconds()
			for was := slowest.Load(); took > was && !slowest.CompareAndSwap(was, took); was = slowest.Load() {
			}
			switch {
			case err == nil:
				atomic.AddInt64(&r.Sold, 1)
			case !errs.Is(err, errs.Conflict):
				return err
			}
			atomic.AddInt64(&r.Answered, 1)
			return nil
		})
		shut()
		if err = errors.Join(err, <-over); err != nil {
			return err
		}
		r.SlowestMS = float64(slowest.Load()) / 1000
		r.LedgerDifference, err = differences(ctx, a)
		say("%d of %d units sold, %d answered, the slowest after %.0f ms, %d differences", r.Sold, r.Units, r.Answered, r.SlowestMS, r.LedgerDifference)
		return err
	})
	return r, err
}

var benchAddress = checkout.Address{Name: "B", Phone: "13800000000", Region: "440300", Street: "1"}

func skuOf(n int64) string { return fmt.Sprintf("SKU%04d", n) }

func storeName(url string) string {
	if url == "" {
		return "sqlite"
	}
	return "postgres"
}

// together runs f for each of n at once and returns the first error.
func together(n int, f func(i int) error) error {
	fails := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { fails[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(fails...)
}

// buy is one complete checkout.
func buy(ctx context.Context, a *app.App, customer uint32, w checkout.Wish) error {
	s := &a.Services
	seen, err := s.Sales.Preview(ctx, customer, w)
	if err != nil {
		return err
	}
	sale, err := s.Sales.Place(ctx, customer, id.New("req"), w, seen.Quote.TotalFen)
	if err != nil {
		return err
	}
	var p payment.Payment
	err = a.DB.Tx(ctx, func(tx *store.Tx) (err error) {
		p, err = s.Payments.Start(ctx, tx, payment.Start{RequestID: sale.ID, Order: sale.ID, Customer: customer, Method: payment.WechatNative, Fen: sale.CashFen, ExpiresAt: sale.DueAt})
		return err
	})
	if err != nil {
		return err
	}
	return s.Payments.Notified(ctx, "", payment.Transaction{
		MchID: s.WechatPay.MchID(), AppID: s.WechatPay.AppID(), No: p.ID, TransactionID: "T" + p.ID, State: "SUCCESS", Fen: p.AmountFen, Currency: "CNY", SuccessAt: a.Clock.Now(),
	})
}

// differences counts what does not add up.
func differences(ctx context.Context, a *app.App) (n int, err error) {
	results, err := a.Services.Audit(ctx)
	for _, r := range results {
		n += len(r.Differences)
	}
	return n, err
}

// selling opens a store of its own for fn.
func selling(ctx context.Context, spec CheckoutSpec, fn func(ctx context.Context, a *app.App) error) (err error) {
	dir, err := os.MkdirTemp(spec.Dir, "huoshui-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	cfg := settings.Default()
	cfg.Data = dir
	if spec.Store != "" {
		url, drop, err := database(ctx, spec.Store)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, drop()) }()
		cfg.Store = url
	}
	return app.Do(ctx, cfg, app.Options{Log: slog.New(slog.DiscardHandler)}, fn)
}

// database makes a database of its own on a PostgreSQL server.
func database(ctx context.Context, server string) (url string, drop func() error, err error) {
	admin, err := sql.Open("pgx", server)
	if err != nil {
		return "", nil, err
	}
	name := strings.ToLower(id.New("bench"))
	if _, err := admin.ExecContext(ctx, "CREATE DATABASE "+name); err != nil {
		return "", nil, errors.Join(err, admin.Close())
	}
	base, query, _ := strings.Cut(server, "?")
	url = base[:strings.LastIndex(base, "/")+1] + name
	if query != "" {
		url += "?" + query
	}
	return url, func() error {
		_, err := admin.ExecContext(context.WithoutCancel(ctx), "DROP DATABASE "+name+" WITH (FORCE)")
		return errors.Join(err, admin.Close())
	}, nil
}

// fillShop makes goods with stock, and customers.
func fillShop(ctx context.Context, a *app.App, skus, customers, units int64) error {
	for i := range skus {
		g, err := a.Services.Goods.Create(ctx, catalog.GoodsDraft{Title: skuOf(i), Kind: catalog.KindPhysical, SKUs: []catalog.SKU{{Code: skuOf(i), PriceFen: 1000 + i*7, WeightG: 300}}}, "")
		if err != nil {
			return err
		}
		if err := a.Services.Goods.SetStatus(ctx, g.ID, catalog.On, ""); err != nil {
			return err
		}
	}
	return a.DB.Tx(ctx, func(tx *store.Tx) error {
		items := make([]inventory.Item, skus)
		for i := range items {
			items[i] = inventory.Item{SKU: skuOf(int64(i)), Quantity: min(units, 1e9)}
		}
		if err := inventory.Change(ctx, tx, inventory.Online, inventory.Received, "first", "", "", items, a.Clock.Now()); err != nil {
			return err
		}
		for i := int64(1); i <= customers; i++ {
			if _, err := tx.Exec(ctx, `INSERT INTO customers (id, number, code, name, phone, email, gender, birthday, province, city, source, store, owner, level,
				registered_at, registered_known, orders, spent_fen, refunded_fen, erased, created_at, updated_at)
				VALUES (?, ?, '', '', '', '', '', '', '', '', '', '', '', '', 0, FALSE, 0, 0, 0, FALSE, 0, 0)`, fmt.Sprint("cus_", i), i); err != nil {
				return err
			}
		}
		return nil
	})
}
