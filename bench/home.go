package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"syscall"
	"time"

	"huoshui/internal/app"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/storefront"
)

// HomeSpec is how many look at the store's home, and for how long.
type HomeSpec struct {
	Store     string // "" for SQLite, or the URL of a PostgreSQL server that databases may be made on
	PerSecond int    // guests who ask for home over HTTP, whether or not the ones before have been answered
	Seconds   float64
	Dir       string
}

// HomeResult is how the store's home was answered: a page of eight blocks with 24 goods. Times are from when a
// request was due. Processor times are of the process while nothing else runs in it, and do not depend on what else the machine does.
type HomeResult struct {
	Store             string  `json:"store"`
	PerSecond         int     `json:"per_second"`
	Requests          int     `json:"requests"`
	P50MS             float64 `json:"p50_ms"`
	P99MS             float64 `json:"p99_ms"`
	SlowestMS         float64 `json:"slowest_ms"`
	Bytes             int     `json:"bytes"`              // of the page as JSON
	SentBytes         int     `json:"sent_bytes"`         // of it compressed, as it is sent
	GuestMicros       float64 `json:"guest_cpu_us"`       // processor time of a guest's request through the whole edge
	CustomerMicros    float64 `json:"customer_cpu_us"`    // the same of a customer's page, with what is hers, without the edge
	RevalidatedMicros float64 `json:"revalidated_cpu_us"` // the same of a guest's request whose page has not changed
}

// Home asks for the store's home.
func Home(ctx context.Context, spec HomeSpec, say func(string, ...any)) (r HomeResult, err error) {
	r = HomeResult{Store: storeName(spec.Store), PerSecond: spec.PerSecond}
	err = selling(ctx, CheckoutSpec{Store: spec.Store, Dir: spec.Dir}, func(ctx context.Context, a *app.App) error {
		const customers = 2000
		if err := fillShop(ctx, a, 200, customers, 1000); err != nil {
			return err
		}
		if err := a.DB.Tx(ctx, func(tx *store.Tx) error { return buyBefore(ctx, tx, a.Clock.Now(), customers) }); err != nil {
			return err
		}
		if err := benchHome(ctx, a); err != nil {
			return err
		}
		handler := a.Handler()
		page, err := a.Services.Storefront.Page(ctx, storefront.Home, 0)
		if err != nil {
			return err
		}
		r.Bytes, r.SentBytes = len(page.JSON), len(page.Gzip)
		get := func(tag string) func(i int) error {
			return func(int) error {
				req := httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/shop/pages/home", http.NoBody)
				req.Header.Set("Accept-Encoding", "gzip")
				req.Header.Set("If-None-Match", tag)
				rec := httptest.NewRecorder()
				handler.ServeHTTP(rec, req)
				if rec.Code != http.StatusOK && rec.Code != http.StatusNotModified {
					return fmt.Errorf("home: %d %s", rec.Code, rec.Body)
				}
				return nil
			}
		}
		if r.GuestMicros, err = processorOf(20_000, get("")); err != nil {
			return err
		}
		if r.RevalidatedMicros, err = processorOf(20_000, get(page.ETag)); err != nil {
			return err
		}
		r.CustomerMicros, err = processorOf(5000, func(i int) error {
			_, err := a.Services.Storefront.Page(ctx, storefront.Home, uint32(i%customers)+1)
			return err
		})
		if err != nil {
			return err
		}
		say("processor: a guest %.0f µs, unchanged %.0f µs, a customer %.0f µs; %d bytes, %d sent", r.GuestMicros, r.RevalidatedMicros, r.CustomerMicros, r.Bytes, r.SentBytes)
		return r.overHTTP(ctx, handler, spec, say)
	})
	return r, err
}

// overHTTP asks at a steady rate over real connections.
func (r *HomeResult) overHTTP(ctx context.Context, handler http.Handler, spec HomeSpec, say func(string, ...any)) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }() // ends with Close
	defer func() { _ = server.Close() }()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}}
	url := "http://" + listener.Addr().String() + "/api/v1/shop/pages/home"
	n := int(float64(spec.PerSecond) * spec.Seconds)
	took, fails := make([]time.Duration, n), make([]error, n)
	var wg sync.WaitGroup
	began := time.Now()
	for i := range n {
		due := began.Add(time.Duration(i) * time.Second / time.Duration(spec.PerSecond))
		time.Sleep(time.Until(due))
		wg.Go(func() {
			fails[i] = fetch(ctx, client, url)
			took[i] = time.Since(due)
		})
	}
	wg.Wait()
	if err := errors.Join(fails...); err != nil {
		return err
	}
	slices.Sort(took)
	ms := func(share float64) float64 { return float64(took[int(share*float64(n-1))].Microseconds()) / 1000 }
	r.Requests, r.P50MS, r.P99MS, r.SlowestMS = n, ms(0.5), ms(0.99), ms(1)
	say("%d requests at %d a second: half within %.2f ms, 99 of 100 within %.2f ms, the slowest %.2f ms", n, spec.PerSecond, r.P50MS, r.P99MS, r.SlowestMS)
	return nil
}

func fetch(ctx context.Context, client *http.Client, url string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	req.Header.Set("Accept-Encoding", "gzip")
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("home: %s", res.Status)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

// processorOf returns the processor time of doing something, in microseconds each.
func processorOf(n int, do func(i int) error) (float64, error) {
	var before, after syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &before); err != nil {
		return 0, err
	}
	for i := range n {
		if err := do(i); err != nil {
			return 0, err
		}
	}
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &after); err != nil {
		return 0, err
	}
	used := after.Utime.Nano() + after.Stime.Nano() - before.Utime.Nano() - before.Stime.Nano()
	return float64(used) / float64(n) / 1000, nil
}

// buyBefore gives every customer an order of two months ago, and goods that go with what they bought.
func buyBefore(ctx context.Context, tx *store.Tx, now time.Time, customers int64) error {
	at := now.Add(-60 * 24 * time.Hour)
	for i := int64(1); i <= customers; i++ {
		order := id.New("ord")
		if _, err := tx.Exec(ctx, `INSERT INTO orders (id, channel, number, customer, paid_at, amount_fen, amount_fixed, quantity, refunded_fen, store, import_id, created_at)
			VALUES (?, 'bench', ?, ?, ?, 1000, TRUE, 1, 0, '', '', ?)`, order, order, i, at, at); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `INSERT INTO order_lines (order_id, key, product, quantity, amount_fen, refunded_quantity, refunded_fen) VALUES (?, '1', ?, 1, 1000, 0, 0)`, order, skuOf(i%200)); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO goods_pairs (goods_id, other, source, place, lift) SELECT a.goods_id, b.goods_id, 'basket', 0, 2.0 FROM skus a JOIN skus b ON b.code > a.code AND b.place = a.place
		WHERE (SELECT COUNT(*) FROM skus c WHERE c.code > a.code AND c.code < b.code) < 3`)
	return err
}

// benchHome makes a home of eight blocks.
func benchHome(ctx context.Context, a *app.App) error {
	s := a.Services.Storefront
	made, err := s.Create(ctx, storefront.Home, "首页", storefront.Design{Blocks: []storefront.Block{
		{ID: "s", Kind: storefront.Search, Search: &storefront.SearchSpec{}},
		{ID: "b", Kind: storefront.Banner, Banner: &storefront.BannerSpec{Shape: "wide", Slides: []storefront.Slide{{Headline: "一", Tone: "water"}, {Headline: "二", Tone: "ink"}}}},
		{ID: "m", Kind: storefront.MemberCard, Member: &storefront.MemberSpec{Points: true, Coupons: true, Balance: true}},
		{ID: "n", Kind: storefront.Notice, Notice: &storefront.NoticeSpec{Text: "公告"}},
		{ID: "f", Kind: storefront.FlashSale, Flash: &storefront.FlashSpec{Limit: 3}},
		{ID: "g", Kind: storefront.GoodsGrid, Goods: &storefront.GoodsSpec{Title: "热卖", Source: "bestsellers", Limit: 8, Layout: "two"}},
		{ID: "h", Kind: storefront.GoodsGrid, Goods: &storefront.GoodsSpec{Title: "新品", Source: "newest", Limit: 8, Layout: "row"}},
		{ID: "r", Kind: storefront.Recommended, Recommended: &storefront.RecommendedSpec{Limit: 8}},
	}}, "")
	if err == nil {
		_, err = s.Publish(ctx, made.ID, storefront.Publishing{Seen: made.Revision}, "")
	}
	return err
}
