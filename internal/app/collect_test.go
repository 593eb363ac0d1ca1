package app_test

import (
	"bufio"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"huoshui/internal/platform/config"
)

// TestEventsToTimeline sends events as an SDK does and follows them: to whoever watches, to the customer's history, to the
// dead letters and back.
func TestEventsToTimeline(t *testing.T) {
	cfg := config.Default()
	cfg.Data, cfg.Listen = t.TempDir(), "127.0.0.1:0"
	r := serve(t, cfg)
	r.signIn()
	w := &walk{running: r}
	var source struct {
		ID       string `json:"id"`
		WriteKey string `json:"write_key"`
	}
	w.call("POST", "/api/v1/sources", map[string]any{"name": "商城", "kind": "server"}, &source, 201)
	w.call("PUT", "/api/v1/collect/rules", map[string]any{"version": 0, "rules": []any{map[string]any{"event": "看直播", "description": "看了直播间"}}}, nil, 200)

	watching := &http.Client{Jar: r.client.Jar}
	res, err := watching.Get(r.base + "/api/v1/collect/live?source=" + source.ID)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got := res.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Fatalf("the live feed answers %d with %s", res.StatusCode, got)
	}
	lines := make(chan string, 100)
	go func() {
		defer close(lines)
		for s := bufio.NewScanner(res.Body); s.Scan(); {
			lines <- s.Text()
		}
	}()
	send := func(message, name string) {
		t.Helper()
		body, _ := json.Marshal(map[string]any{"batch": []any{
			map[string]any{"type": "track", "event": name, "messageId": message, "userId": "u1", "properties": map[string]any{"room": "r1"}},
			map[string]any{"type": "track", "event": "nobody's"},
		}})
		req, err := http.NewRequest(http.MethodPost, r.base+"/v1/batch", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		req.SetBasicAuth(source.WriteKey, "")
		res, err := http.DefaultClient.Do(req)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		res.Body.Close()
	}
	began := time.Now()
	send("m1", "看直播")
	var live struct {
		Name, Status string
		Customer     uint32
	}
	for line := range lines {
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		if err := json.Unmarshal([]byte(data), &live); err != nil {
			t.Fatal(err)
		}
		if live.Name == "看直播" {
			break
		}
	}
	if took := time.Since(began); live.Status != "accepted" || live.Customer == 0 || took > time.Second {
		t.Errorf("after %s: %+v", took, live)
	}

	var letters struct {
		Items []struct{ ID, Reason string }
	}
	w.call("GET", "/api/v1/collect/dead-letters?status=open", nil, &letters, 200)
	if len(letters.Items) != 1 || letters.Items[0].Reason != "no_identity" {
		t.Fatalf("letters %+v", letters)
	}
	var replayed struct{ Replayed, Already int64 }
	ids := map[string]any{"ids": []string{letters.Items[0].ID}}
	w.call("POST", "/api/v1/collect/dead-letters/replay", ids, &replayed, 200)
	w.call("POST", "/api/v1/collect/dead-letters/replay", ids, &replayed, 200)
	if replayed.Already != 1 {
		t.Errorf("replayed twice: %+v", replayed)
	}
	var timeline struct {
		Items []struct{ Name, Description string }
	}
	var dictionary struct{ Items []struct{ Name string } }
	w.wait("the dictionary", func() bool {
		w.call("GET", "/api/v1/collect/dictionary", nil, &dictionary, 200)
		return len(dictionary.Items) > 0
	})
	w.wait("the history", func() bool {
		w.call("GET", "/api/v1/customers/1/timeline?kind=visits", nil, &timeline, 200)
		return len(timeline.Items) > 0
	})
	if timeline.Items[0].Name != "event.看直播" || timeline.Items[0].Description != "看了直播间" {
		t.Errorf("history %+v", timeline)
	}

	w.call("DELETE", "/api/v1/session", nil, nil, 204)
	send("m2", "看不到") // whoever signed out sees no more
	for line := range lines {
		if strings.Contains(line, "看不到") {
			t.Error("seen after signing out")
		}
	}
	r.stop()
}
