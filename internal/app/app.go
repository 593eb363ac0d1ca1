// Package app builds everything and runs it. Nothing else knows all the parts.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"huoshui/internal/data/collect"
	"huoshui/internal/httpapi"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/stream"
	"huoshui/internal/platform/telemetry"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/user/audience"
	"huoshui/internal/web"
)

// App is everything, built: the engines and the services over them. Its fields may be used between Open and Close.
type App struct {
	Config    config.Config
	Log       *slog.Logger
	Clock     *clock.Shifted // business time; accounts and sessions use the machine's
	Keys      *secret.Keys
	DB        *store.DB
	Stream    *stream.Stream
	Warehouse *warehouse.Warehouse
	Audience  *audience.Engine
	Metrics   *telemetry.Metrics
	Services  httpapi.Services

	options   Options
	isDemo    bool                        // the data is the demo brand's
	demoReady func(context.Context) error // called once the demo brand is there; may be nil
	base      atomic.Pointer[string]
	relay     *outbox.Relay
	accept    *collect.Accepter // nil where nothing is served
	lock      *config.Lock
	close     []func() error // in the order of opening
}

// Options are what a caller may hand in.
type Options struct {
	Log    *slog.Logger         // nil: by the configuration, to standard error
	Notice io.Writer            // where a person reads what she must know once: the first password; nil: standard error
	Ready  func(baseURL string) // called when the server answers; may be nil
	Quiet  bool                 // no first administrator: for commands that do not serve
	demo   *DemoOptions         // set by RunDemo
}

// Open claims the data directory, opens and migrates the engines and builds the services. Close it.
func Open(ctx context.Context, cfg config.Config, o Options) (a *App, err error) {
	if o.Log == nil {
		o.Log = telemetry.NewLog(os.Stderr, cfg.LogFormat, cfg.LogLevel)
	}
	if o.Notice == nil {
		o.Notice = os.Stderr
	}
	a = &App{Config: cfg, Log: o.Log, Clock: &clock.Shifted{}, Metrics: telemetry.NewMetrics(), options: o}
	base := cfg.BaseURL(cfg.Listen)
	a.base.Store(&base)
	if err = a.openEngines(ctx); err == nil {
		err = a.build(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, a.Close())
	}
	a.measure()
	return a, nil
}

// StoreURL is where the store of a configuration is.
func StoreURL(cfg config.Config) string {
	if cfg.Store != "" {
		return cfg.Store
	}
	return "sqlite:" + cfg.Path("store.db")
}

// WarehousePath is the file of the warehouse of a configuration.
func WarehousePath(cfg config.Config) string {
	if cfg.Warehouse != "" {
		return cfg.Warehouse
	}
	return cfg.Path("warehouse.duckdb")
}

func (a *App) openEngines(ctx context.Context) (err error) {
	if a.lock, err = config.Acquire(a.Config.Data); err != nil {
		return err
	}
	a.closing(a.lock.Release)
	if a.Keys, err = secret.Load(a.Config.MasterKey, a.Config.Data); err != nil {
		return err
	}
	if a.DB, err = store.Open(ctx, StoreURL(a.Config)); err != nil {
		return err
	}
	a.closing(a.DB.Close)
	applied, err := store.Migrate(ctx, a.DB)
	if err != nil {
		return err
	}
	if len(applied) > 0 {
		a.Log.InfoContext(ctx, "store migrated", "engine", a.DB.Engine(), "applied", len(applied))
	}
	a.Stream, err = stream.Open(ctx, stream.Config{Dir: a.Config.Path("stream"), URL: a.Config.Stream}, a.Log)
	if err != nil {
		return err
	}
	a.closing(func() error { a.Stream.Close(); return nil })
	a.Warehouse, err = warehouse.Open(ctx, warehouse.Config{Path: WarehousePath(a.Config), MemoryMB: int(a.Config.WarehouseBytes() >> 20)}, a.Log)
	if err != nil {
		return err
	}
	a.closing(a.Warehouse.Close)
	a.relay = outbox.NewRelay(a.DB, a.Stream, a.Log)
	return nil
}

// build makes the services, in the order in which they need one another; each owner adds lines.
func (a *App) build(ctx context.Context) error {
	if err := a.startDemoClock(ctx); err != nil {
		return err
	}
	accounts := staff.NewService(a.DB, clock.System)
	a.Services.Staff = accounts
	a.Services.Sessions = auth.NewSessions(a.DB, accounts, clock.System)
	if err := a.buildAudience(ctx); err != nil {
		return err
	}
	if err := a.buildImports(ctx); err != nil {
		return err
	}
	if err := a.buildMarketing(ctx); err != nil {
		return err
	}
	a.buildTags()
	if err := a.buildFinance(ctx); err != nil {
		return err
	}
	if err := a.buildWechat(ctx); err != nil {
		return err
	}
	a.buildPromo()
	a.buildTrade()
	a.buildProducts()
	a.buildLaunches()
	a.buildAfterSale()
	if err := a.buildCollect(ctx); err != nil {
		return err
	}
	if err := a.buildTracking(ctx); err != nil {
		return err
	}
	return a.buildDemo(ctx)
}

// BaseURL returns how browsers and mail readers reach us, without a trailing slash; exact once the server listens.
func (a *App) BaseURL() string { return *a.base.Load() }

// closing remembers what Close must close, in reverse order.
func (a *App) closing(f func() error) { a.close = append(a.close, f) }

// Close closes everything that Open opened; closing again does nothing.
func (a *App) Close() error {
	var all []error
	for i := len(a.close) - 1; i >= 0; i-- {
		all = append(all, a.close[i]())
	}
	a.close = nil
	return errors.Join(all...)
}

// Run opens everything, serves until ctx ends, and closes it.
func Run(ctx context.Context, cfg config.Config, o Options) error {
	a, err := Open(ctx, cfg, o)
	if err != nil && ctx.Err() != nil {
		return nil // told to stop before it had begun
	}
	if err != nil {
		return err
	}
	return errors.Join(a.Serve(ctx), a.Close())
}

// Serve runs the configured roles until ctx ends or one of them fails.
func (a *App) Serve(ctx context.Context) error {
	if n := a.Config.GoBytes(); n != 0 {
		debug.SetMemoryLimit(n)
	}
	a.Log.InfoContext(ctx, "memory", "warehouse_mb", a.Config.WarehouseBytes()>>20, "process_mb", debug.SetMemoryLimit(-1)>>20)
	stopped := ctx
	group, ctx := errgroup.WithContext(ctx)
	for _, l := range a.loops() {
		if a.Config.Has(l.role) {
			a.start(ctx, group, l)
		}
	}
	if a.Config.Has(config.API) {
		group.Go(func() error {
			if err := a.firstAdmin(ctx); err != nil {
				return err
			}
			return a.serveHTTP(ctx)
		})
	}
	err := group.Wait()
	if stopped.Err() == nil {
		return err
	}
	a.Log.Info("stopped")
	if err != nil && !errors.Is(err, context.Cause(stopped)) && !errors.Is(err, context.Canceled) {
		a.Log.Warn("stopped in the middle of something", "error", err)
	}
	return nil
}

// start runs a loop; its failure before the end of ctx ends the process, which a supervisor starts again.
func (a *App) start(ctx context.Context, group *errgroup.Group, l loop) {
	group.Go(func() error {
		if err := l.run(ctx); err != nil && ctx.Err() == nil {
			return fmt.Errorf("%s: %w", l.name, err)
		}
		return nil
	})
}

// firstAdmin opens the first account and shows its password, once.
func (a *App) firstAdmin(ctx context.Context) error {
	if a.options.Quiet {
		return nil
	}
	issued, made, err := a.Services.Staff.FirstAdmin(ctx)
	if err != nil || !made {
		return err
	}
	_, err = fmt.Fprintf(a.options.Notice,
		"\n  First start. Sign in with this one-time password; it is shown only now.\n  首次启动。用下面的一次性密码登录,它只显示这一次。\n\n    login     %s\n    password  %s\n\n",
		issued.Account.Login, issued.Password)
	return err
}

// serveHTTP answers until ctx ends, then lets running requests finish: two seconds undisturbed, then with their
// contexts ended, at most ten in all.
func (a *App) serveHTTP(ctx context.Context) error {
	var listen net.ListenConfig
	listener, err := listen.Listen(ctx, "tcp", a.Config.Listen)
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	base := a.Config.BaseURL(listener.Addr().String())
	a.base.Store(&base)
	requests, end := context.WithCancel(context.WithoutCancel(ctx))
	defer end()
	server := &http.Server{
		Handler:           a.Handler(),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		BaseContext:       func(net.Listener) context.Context { return requests },
		ErrorLog:          slog.NewLogLogger(a.Log.Handler(), slog.LevelDebug),
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	a.Log.Info("serving", "url", base, "data", a.Config.Data)
	if a.options.Ready != nil {
		a.options.Ready(base)
	}
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}
	patience := time.AfterFunc(2*time.Second, end)
	defer patience.Stop()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if err := server.Shutdown(limit); err != nil {
		return errors.Join(fmt.Errorf("stop serving: %w", err), server.Close())
	}
	return nil
}

// Handler returns the whole edge over the services.
func (a *App) Handler() http.Handler {
	return httpapi.New(&a.Services, httpapi.Options{
		Log:          a.Log,
		Secure:       len(a.Config.PublicURL) > 8 && a.Config.PublicURL[:8] == "https://",
		TrustedProxy: a.Config.TrustedProxy,
		Observe:      a.Metrics.ObserveHTTP,
		Health:       a.Health,
		Metrics:      a.Metrics.Handler(),
		Pages:        web.Handler(httpapi.ShopFirst(&a.Services)),
	}).Handler()
}

// Health asks every engine and returns, by name, nil or why it does not answer.
func (a *App) Health(ctx context.Context) map[string]error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	return map[string]error{
		"store":     a.DB.Ping(ctx),
		"stream":    a.Stream.Ping(ctx),
		"warehouse": a.Warehouse.Ping(ctx),
	}
}

// Do opens the data of a configuration for one piece of work: fn runs while facts flow to the warehouse in the
// background, and when it has succeeded, Do waits until all of them are there. Nothing is served, nothing is sent.
func Do(ctx context.Context, cfg config.Config, o Options, fn func(ctx context.Context, a *App) error) error {
	o.Quiet = true
	a, err := Open(ctx, cfg, o)
	if err != nil {
		return err
	}
	work, stop := context.WithCancel(ctx)
	group, background := errgroup.WithContext(work)
	for _, l := range a.projection() {
		a.start(background, group, l)
	}
	done := make(chan error, 1)
	go func() {
		if err := fn(background, a); err != nil {
			done <- err
			return
		}
		done <- a.Settle(background)
	}()
	err = <-done
	stop()
	return errors.Join(err, group.Wait(), a.Close())
}

// Settle returns when every fact that is in the outbox now, and what was accepted of events where their pipeline runs, has
// reached the warehouse. The projection must be running.
func (a *App) Settle(ctx context.Context) error {
	if err := a.Services.Pipeline.Settle(ctx); err != nil {
		return err
	}
	a.relay.Wake()
	for {
		depth, err := outbox.Depth(ctx, a.DB)
		if err != nil {
			return err
		}
		if depth == 0 {
			break
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	last, err := a.Stream.LastSeq(ctx)
	if err != nil {
		return err
	}
	return a.Warehouse.WaitFor(ctx, last)
}

// measure registers the gauges that need the engines.
func (a *App) measure() {
	quick := func(read func(ctx context.Context) (float64, error)) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			v, err := read(ctx)
			if err != nil {
				return nan
			}
			return v
		}
	}
	a.Metrics.Gauge("huoshui_outbox_depth", "Messages that wait in the outbox for the stream.", quick(func(ctx context.Context) (float64, error) {
		n, err := outbox.Depth(ctx, a.DB)
		return float64(n), err
	}))
	a.Metrics.Gauge("huoshui_loader_lag", "Messages in the stream that the warehouse has not loaded.", quick(func(ctx context.Context) (float64, error) {
		last, err := a.Stream.LastSeq(ctx)
		return float64(last) - float64(a.Warehouse.Watermark().Seq), err
	}))
	a.Metrics.Counts("huoshui_messages_total", "Messages that got to a step, by channel.", []string{"channel", "step"}, func(add func(float64, ...string)) {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		type row struct {
			Channel string `db:"channel"`
			Step    string `db:"step"`
			N       int64  `db:"n"`
		}
		// "held" is how many wait now, no count of what happened.
		all, err := store.All[row](ctx, a.DB, `SELECT channel, step, CAST(SUM(n) AS BIGINT) AS n FROM campaign_counts WHERE step <> 'held' GROUP BY channel, step`)
		if err != nil {
			a.Log.WarnContext(ctx, "metrics", "error", err)
			return
		}
		for _, r := range all {
			add(float64(r.N), r.Channel, r.Step)
		}
	})
	a.Metrics.Gauge("huoshui_warehouse_facts", "Facts in the warehouse.", func() float64 { return float64(a.Warehouse.Watermark().Facts) })
}
