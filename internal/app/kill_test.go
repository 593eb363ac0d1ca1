package app_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"huoshui/internal/app"
	"huoshui/internal/marketing/channel/sink"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/stream/streamtest"
	"huoshui/internal/platform/warehouse"
	"huoshui/internal/platform/warehouse/warehousetest"
)

// serveEnv makes this test binary a server on the data directory that it names.
const serveEnv = "HUOSHUI_TEST_SERVE"

func TestMain(m *testing.M) {
	streamtest.Serve()
	dir := os.Getenv(serveEnv)
	if dir == "" {
		code := m.Run()
		warehousetest.StopClickHouse()
		os.Exit(code)
	}
	cfg := config.Default()
	cfg.Data, cfg.Listen = dir, "127.0.0.1:0"
	err := app.Run(context.Background(), cfg, app.Options{
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Notice: os.Stderr,
		Ready: func(url string) { fmt.Println("ready", url) },
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// child is a server in a process of its own, which can be killed.
type child struct {
	cmd *exec.Cmd
	url string
}

func startChild(t *testing.T, dir string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), serveEnv+"="+dir)
	said := &output{}
	cmd.Stderr = said
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url, ok := strings.CutPrefix(lines.Text(), "ready "); ok {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return &child{cmd, url}
		}
	}
	_ = cmd.Wait()
	t.Fatalf("the server did not start:\n%s", said)
	return nil
}

// kill ends the process as a power cut does to a process: at once.
func (c *child) kill() {
	_ = c.cmd.Process.Kill()
	_ = c.cmd.Wait()
}

// TestKilled kills the server again and again, while it takes a file in and while it sends, and looks at the end whether
// anything was lost or happened twice: orders, their facts in the warehouse, and letters.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("starts the server many times")
	}
	dir := t.TempDir()
	const buyers, lines = 3000, 30000

	// A session that outlives the servers: the account is made before the first of them.
	cfg := config.Default()
	cfg.Data, cfg.Listen = dir, "127.0.0.1:0"
	first := serve(t, cfg)
	first.signIn()
	jar, _ := first.client.Jar.(*cookiejar.Jar)
	first.stop()

	var mu sync.Mutex
	letters := map[string]map[string]bool{} // recipient → message ids
	mail, err := sink.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = mail.Close() })
	mail.Delay = 500 * time.Microsecond
	mail.Keep = func(id, recipient string, _ []byte) {
		mu.Lock()
		defer mu.Unlock()
		if letters[recipient] == nil {
			letters[recipient] = map[string]bool{}
		}
		letters[recipient][id] = true
	}

	var text strings.Builder
	text.WriteString("订单号,手机号,邮箱,商品编号,数量,单价,付款时间\n")
	day := time.Now().AddDate(0, 0, -45)
	for i := range lines {
		fmt.Fprintf(&text, "K%d,%s,%s,SKU%d,1,%d,%s\n", i, phone(i%buyers), address(i%buyers), i%9, 10+i%90, day.Add(-time.Duration(i)*time.Minute).Format("2006/1/2 15:04:05"))
	}

	attach := func() (*child, *walk) {
		c := startChild(t, dir)
		r := &running{t: t, base: c.url, log: &output{}, client: &http.Client{Jar: jar, Timeout: time.Minute}}
		return c, &walk{running: r, mail: mail}
	}
	server, w := attach()
	w.call("POST", "/api/v1/session", map[string]string{"login": "admin", "password": first.password}, nil, 200)
	w.pointMail()
	var imp imported
	w.call("POST", "/api/v1/imports?target=orders&name=k.csv", strings.NewReader(text.String()), &imp, 201)
	spec := imp.Spec
	spec["channel"] = "youzan"
	w.call("PUT", "/api/v1/imports/"+imp.ID, map[string]any{"spec": spec}, nil, 200)
	w.call("POST", "/api/v1/imports/"+imp.ID+"/start", nil, nil, 200)
	kills := 0
	for _, millis := range []int{50, 200, 400, 700, 1100} {
		time.Sleep(time.Duration(millis) * time.Millisecond)
		w.call("GET", "/api/v1/imports/"+imp.ID, nil, &imp, 200)
		if imp.Status == "done" {
			break
		}
		server.kill()
		kills++
		server, w = attach()
	}
	w.wait("the import", func() bool {
		w.call("GET", "/api/v1/imports/"+imp.ID, nil, &imp, 200)
		return imp.Status == "done" || imp.Status == "failed"
	})
	if imp.Result.Read != lines || imp.Result.Accepted != lines || imp.Result.Orders != lines {
		t.Fatalf("after %d kills: %+v", kills, imp)
	}

	plan := map[string]any{"audience": map[string]any{"kind": "everyone"}, "content": "con_silent_recall", "channels": []string{"email"}, "holdout_pct": 10, "exclude_segments": []string{}}
	var made struct {
		ID string `json:"id"`
	}
	w.wait("the audience", func() bool {
		res, err := w.client.Get(w.base + "/api/v1/layers")
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	w.call("POST", "/api/v1/campaigns", map[string]any{"name": "k", "plan": plan}, &made, 201)
	w.campaign = made.ID
	w.call("POST", "/api/v1/campaigns/"+made.ID+"/launch", map[string]any{}, nil, 200)
	sending := 0
	for _, millis := range []int{100, 300, 500, 800, 1200} {
		time.Sleep(time.Duration(millis) * time.Millisecond)
		if _, counts, reach, _ := w.progress(); reach > 0 && counts["email sent"] == reach {
			break
		}
		server.kill()
		sending++
		server, w = attach()
		w.campaign = made.ID
	}
	var reach, holdout int64
	w.wait("the end of sending", func() bool {
		var counts map[string]int64
		_, counts, reach, holdout = w.progress()
		return reach > 0 && counts["email sent"] == reach
	})
	server.kill()
	t.Logf("killed %d times while importing, %d times while sending", kills, sending)
	if kills == 0 || sending == 0 {
		t.Error("it was over before the first kill: nothing was tested")
	}
	if reach+holdout != buyers {
		t.Errorf("%d to reach and %d held out of %d", reach, holdout, buyers)
	}

	mu.Lock()
	defer mu.Unlock()
	if int64(len(letters)) != reach {
		t.Errorf("%d people got letters, %d were to", len(letters), reach)
	}
	for recipient, ids := range letters {
		if len(ids) != 1 {
			t.Fatalf("%s got %d different letters: %v", recipient, len(ids), maps.Keys(ids))
		}
	}

	err = app.Do(t.Context(), cfg, app.Options{Log: slog.New(slog.DiscardHandler)}, func(ctx context.Context, a *app.App) error {
		if err := a.Settle(ctx); err != nil {
			return err
		}
		orders, err := store.One[int64](ctx, a.DB, `SELECT COUNT(*) FROM orders`)
		if err != nil {
			return err
		}
		for name, want := range map[string]int64{event.OrderPaid: orders, event.CampaignAssigned: buyers, event.MessageSent: reach} {
			n, err := warehouse.One[int64](ctx, a.Warehouse, fmt.Sprintf(`SELECT COUNT(*) FROM facts WHERE kind = %d`, a.Warehouse.Code(name)))
			if err != nil {
				return err
			}
			if n != want {
				t.Errorf("%d facts %s in the warehouse, want %d", n, name, want)
			}
		}
		if orders != lines {
			t.Errorf("%d orders", orders)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
