package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huoshui/internal/app"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/stream/streamtest"
	"huoshui/internal/platform/warehouse"
)

// TestClusterServersKilledWhileCollecting runs the product on three servers of the stream and kills the one that leads the
// events, then the one that leads the facts, while SDKs send and a file is imported. What was answered with success is in the
// warehouse once; what was not is answered with when to come again.
func TestClusterServersKilledWhileCollecting(t *testing.T) {
	if testing.Short() {
		t.Skip("starts servers many times")
	}
	c := streamtest.Start(t, streamtest.Options{})
	cfg := config.Default()
	cfg.Data, cfg.Listen, cfg.Stream = t.TempDir(), "127.0.0.1:0", c.URL()
	r := serve(t, cfg)
	r.signIn()
	w := &walk{running: r}
	var source struct {
		ID       string `json:"id"`
		WriteKey string `json:"write_key"`
	}
	w.call("POST", "/api/v1/sources", map[string]any{"name": "商城", "kind": "server"}, &source, 201)

	const senders, perBatch, lines = 4, 20, 6000
	var text strings.Builder
	text.WriteString("订单号,手机号,邮箱,商品编号,数量,单价,付款时间\n")
	day := time.Now().AddDate(0, 0, -45)
	for i := range lines {
		fmt.Fprintf(&text, "K%d,%s,%s,SKU%d,1,%d,%s\n", i, phone(i%600), address(i%600), i%9, 10+i%90, day.Add(-time.Duration(i)*time.Minute).Format("2006/1/2 15:04:05"))
	}
	var imp imported
	w.call("POST", "/api/v1/imports?target=orders&name=k.csv", strings.NewReader(text.String()), &imp, 201)
	imp.Spec["channel"] = "youzan"
	w.call("PUT", "/api/v1/imports/"+imp.ID, map[string]any{"spec": imp.Spec}, nil, 200)

	sending, done := context.WithCancel(t.Context())
	defer done()
	var all sync.WaitGroup
	var acknowledged, refused atomic.Int64
	for sender := range senders {
		all.Go(func() {
			for b := 0; sending.Err() == nil; b++ {
				var items []any
				for i := range perBatch {
					items = append(items, map[string]any{"type": "track", "event": "看直播", "messageId": fmt.Sprintf("m-%d-%d-%d", sender, b, i),
						"userId": fmt.Sprint("user-", (b+i)%200), "properties": map[string]any{"room": "r1"}, "timestamp": time.Now().UTC()})
				}
				body, _ := json.Marshal(map[string]any{"batch": items})
				for try := 0; ; try++ { // as SDKs do: the same again until it is taken
					req, err := http.NewRequest(http.MethodPost, r.base+"/v1/batch", bytes.NewReader(body))
					if err != nil {
						t.Error(err)
						return
					}
					req.SetBasicAuth(source.WriteKey, "")
					res, err := http.DefaultClient.Do(req)
					if err != nil || try > 1000 {
						t.Errorf("try %d: %v", try, err)
						return
					}
					_, _ = io.Copy(io.Discard, res.Body)
					res.Body.Close()
					if res.StatusCode == http.StatusOK {
						acknowledged.Add(perBatch)
						break
					}
					if s := res.StatusCode; s != http.StatusServiceUnavailable && s != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
						t.Errorf("answered %d, Retry-After %q", s, res.Header.Get("Retry-After"))
					}
					refused.Add(1)
					time.Sleep(100 * time.Millisecond)
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	more := func(n int64) {
		t.Helper()
		from := acknowledged.Load()
		w.wait("sending", func() bool { return acknowledged.Load() >= from+n })
	}
	more(1000)
	w.call("POST", "/api/v1/imports/"+imp.ID+"/start", nil, nil, 200)
	for _, stream := range []string{"EVENTS", "FACTS"} {
		victim := c.Leader(stream)
		c.Kill(victim)
		more(2000)
		c.Restart(victim)
		c.Whole("EVENTS")
		c.Whole("FACTS")
	}
	// Without a majority nothing is taken, and everybody is told when to come again.
	c.Kill(0)
	c.Kill(1)
	before := refused.Load()
	w.wait("a refusal", func() bool { return refused.Load() > before })
	c.Restart(0)
	c.Restart(1)
	more(1000)
	done()
	all.Wait()
	w.wait("the import", func() bool {
		w.call("GET", "/api/v1/imports/"+imp.ID, nil, &imp, 200)
		return imp.Status == "done" || imp.Status == "failed"
	})
	if imp.Result.Orders != lines {
		t.Errorf("import: %+v", imp)
	}
	t.Logf("%d events taken, %d refusals", acknowledged.Load(), refused.Load())
	var status struct {
		Progress struct{ Behind int64 }
		Outcomes []struct {
			Outcome string
			N       int64
		}
	}
	accepted := func() (n int64) {
		w.call("GET", "/api/v1/collect/status", nil, &status, 200)
		for _, o := range status.Outcomes {
			if o.Outcome == "accepted" {
				n += o.N
			}
		}
		return n
	}
	w.wait("the pipeline", func() bool { return accepted() >= acknowledged.Load() })
	r.stop()

	err := app.Do(t.Context(), cfg, app.Options{Log: slog.New(slog.DiscardHandler)}, func(ctx context.Context, a *app.App) error {
		if err := a.Settle(ctx); err != nil {
			return err
		}
		for name, want := range map[string]int64{event.CustomPrefix + "看直播": acknowledged.Load(), event.OrderPaid: lines} {
			n, err := warehouse.One[int64](ctx, a.Warehouse, fmt.Sprintf(`SELECT COUNT(*) FROM facts WHERE kind = %d`, a.Warehouse.Code(name)))
			if err != nil {
				return err
			}
			if n != want {
				t.Errorf("%d facts %s in the warehouse, want %d", n, name, want)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
