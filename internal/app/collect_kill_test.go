package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"huoshui/internal/app"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/warehouse"
)

// TestKilledWhileCollecting kills the server again and again while SDKs send, each of which sends what was not answered
// again, as SDKs do, and looks at the end whether an event was lost or counted twice: facts in the warehouse, the
// dictionary, what became of events, and traits that add up.
func TestKilledWhileCollecting(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the server many times")
	}
	dir := t.TempDir()
	const senders, batches, perBatch, visitors = 6, 60, 40, 300

	cfg := config.Default()
	cfg.Data, cfg.Listen = dir, "127.0.0.1:0"
	first := serve(t, cfg)
	first.signIn()
	var source struct {
		ID       string `json:"id"`
		WriteKey string `json:"write_key"`
	}
	(&walk{running: first}).call("POST", "/api/v1/sources", map[string]any{"name": "商城", "kind": "server"}, &source, 201)
	jar, _ := first.client.Jar.(*cookiejar.Jar)
	first.stop()

	var base atomic.Pointer[string]
	var server *child
	start := func() {
		server = startChild(t, dir)
		base.Store(&server.url)
	}
	start()
	// post sends until it is answered with success.
	post := func(path, contentType string, body []byte) {
		for try := 0; ; try++ {
			req, err := http.NewRequest(http.MethodPost, *base.Load()+path, bytes.NewReader(body))
			if err != nil {
				t.Error(err)
				return
			}
			req.Header.Set("Content-Type", contentType)
			req.SetBasicAuth(source.WriteKey, "")
			res, err := http.DefaultClient.Do(req)
			if err == nil {
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
				if res.StatusCode == http.StatusOK {
					return
				}
			}
			if try > 3000 {
				t.Errorf("%s is not taken: %v", path, err)
				return
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	var sent sync.WaitGroup
	var finished, kills atomic.Int64
	for sender := range senders {
		sent.Go(func() {
			defer finished.Add(1)
			dice := rand.New(rand.NewPCG(7, uint64(sender)))
			for b := range batches {
				for kills.Load() < int64(b/10) { // however quick the server is, it is killed in the middle
					time.Sleep(5 * time.Millisecond)
				}
				var items []any
				for i := range perBatch {
					user := dice.IntN(visitors)
					item := map[string]any{"type": "track", "event": "看直播", "messageId": fmt.Sprintf("m-%d-%d-%d", sender, b, i),
						"anonymousId": fmt.Sprint("device-", user), "properties": map[string]any{"room": "r1"}, "timestamp": time.Now().UTC()}
					if dice.IntN(4) == 0 { // signs in: the visitor becomes a customer, with what she did before
						item["userId"] = fmt.Sprint("user-", user)
					}
					items = append(items, item)
				}
				body, _ := json.Marshal(map[string]any{"batch": items})
				post("/v1/batch", "application/json", body)
				one := fmt.Sprintf(`{"type":"profile_increment","distinct_id":"counter-%d","_track_id":%d,"time":%d,"properties":{"$is_login_id":true,"points":1}}`, sender, b, time.Now().UnixMilli())
				post("/sa?token="+source.WriteKey, "application/x-www-form-urlencoded", []byte("data="+url.QueryEscape(one)))
				time.Sleep(10 * time.Millisecond)
			}
		})
	}
	dice := rand.New(rand.NewPCG(1, 9))
	for finished.Load() < senders && kills.Load() < 12 {
		time.Sleep(time.Duration(20+dice.IntN(500)) * time.Millisecond)
		server.kill()
		start()
		kills.Add(1)
	}
	sent.Wait()
	t.Logf("killed %d times", kills.Load())
	w := &walk{running: &running{t: t, base: server.url, log: &output{}, client: &http.Client{Jar: jar, Timeout: time.Minute}}}
	const want = senders * batches * perBatch
	const profiles = senders * batches
	accepted := func() (n int64) {
		var status struct {
			Outcomes []struct {
				Outcome string
				N       int64
			}
		}
		w.call("GET", "/api/v1/collect/status", nil, &status, 200)
		for _, o := range status.Outcomes {
			switch o.Outcome {
			case "accepted":
				n += o.N
			case "duplicate":
			default:
				t.Errorf("%d events are %s", o.N, o.Outcome)
			}
		}
		return n
	}
	w.wait("the pipeline", func() bool { return accepted() >= want+profiles })
	if n := accepted(); n != want+profiles {
		t.Errorf("%d events accepted, want %d", n, want+profiles)
	}
	server.kill()

	err := app.Do(t.Context(), cfg, app.Options{Log: slog.New(slog.DiscardHandler)}, func(ctx context.Context, a *app.App) error {
		if err := a.Settle(ctx); err != nil {
			return err
		}
		n, err := warehouse.One[int64](ctx, a.Warehouse, fmt.Sprintf(`SELECT COUNT(*) FROM facts WHERE kind = %d`, a.Warehouse.Code(event.CustomPrefix+"看直播")))
		if err != nil {
			return err
		}
		if n != want {
			t.Errorf("%d facts in the warehouse, want %d", n, want)
		}
		names, err := a.Services.Desk.Dictionary(ctx, source.ID, 2)
		if err != nil {
			return err
		}
		for _, name := range names {
			if name.Name == "看直播" && name.N != want {
				t.Errorf("the dictionary counts %d, want %d", name.N, want)
			}
		}
		for sender := range senders {
			number, err := store.One[uint32](ctx, a.DB, `SELECT customer FROM identity_keys WHERE kind = 'user' AND value = ?`, fmt.Sprint("counter-", sender))
			if err != nil {
				return err
			}
			traits, err := a.Services.Identity.Traits(ctx, number)
			if err != nil {
				return err
			}
			if got := string(traits["points"]); got != fmt.Sprint(batches) {
				t.Errorf("sender %d has %s points, want %d", sender, got, batches)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
