package app_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/http"
	"net/mail"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"huoshui/internal/marketing/channel/sink"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/platform/warehouse/warehousetest"
)

// TestLoop walks the whole loop by HTTP, as the console does: customers and orders in from files with Chinese headers,
// layers, a strategy for the silent layer sent by e-mail with a holdout, opens and clicks, orders that follow, and what
// the strategy earned. Nothing is replaced but the mail server, which is a real one that keeps nothing.
func TestLoop(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) { walkTheLoop(t, settings(t)) })
	t.Run("postgres", func(t *testing.T) {
		cfg := settings(t)
		cfg.Store = storetest.PostgresURL(t)
		walkTheLoop(t, cfg)
	})
	t.Run("clickhouse", func(t *testing.T) {
		cfg := settings(t)
		cfg.Warehouse = warehousetest.ClickHouseServers(t, 2).Address()
		walkTheLoop(t, cfg)
	})
}

const people = 300

func walkTheLoop(t *testing.T, cfg config.Config) {
	w := walk{running: serve(t, cfg), now: time.Now()}
	w.signIn()
	w.openChannels()
	w.importCustomers()
	w.importOrders("orders.csv", w.history())
	w.importOrders("orders.csv", w.history(), "again")
	w.layers()
	w.send()
	w.readAndClick()
	w.measure()
	w.amend()
	w.record()
}

// walk is one way round.
type walk struct {
	*running
	now      time.Time
	mail     *sink.Server
	letters  sync.Map // recipient → body
	campaign string
}

func phone(i int) string   { return fmt.Sprintf("138%08d", i) }
func address(i int) string { return fmt.Sprintf("c%d@example.com", i) }

// openChannels points e-mail at the sink and lets messages go at any time of day: the test does not wait for morning.
func (w *walk) openChannels() {
	var err error
	if w.mail, err = sink.Listen(); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = w.mail.Close() })
	w.mail.Keep = func(_, recipient string, data []byte) {
		w.letters.Store(strings.Trim(recipient, "<>"), bytes.Clone(data))
	}
	w.pointMail()
}

// pointMail sets the channels and the policy up.
func (w *walk) pointMail() {
	var channels map[string]any
	w.call("GET", "/api/v1/channels", nil, &channels, 200)
	in := channels["settings"].(map[string]any)
	email := in["email"].(map[string]any)
	email["enabled"], email["host"], email["port"], email["tls"], email["from"] = true, "127.0.0.1", w.mail.Port(), "none", "brand@example.com"
	w.call("PUT", "/api/v1/channels", map[string]any{"settings": in, "version": channels["version"]}, nil, 200)

	var policy map[string]any
	w.call("GET", "/api/v1/policy", nil, &policy, 200)
	rules := policy["rules"].(map[string]any)
	rules["window"] = map[string]any{"open": 0, "close": 1440}
	w.call("PUT", "/api/v1/policy", map[string]any{"rules": rules, "version": policy["version"]}, nil, 200)
	w.call("PUT", "/api/v1/policy", map[string]any{"rules": rules, "version": policy["version"]}, nil, 409) // somebody was first
}

type imported struct {
	ID     string         `json:"id"`
	Status string         `json:"status"`
	Error  string         `json:"error"`
	Spec   map[string]any `json:"spec"`
	Result struct {
		Read      int64            `json:"lines_read"`
		Accepted  int64            `json:"lines_accepted"`
		Duplicate int64            `json:"lines_duplicate"`
		Rejected  int64            `json:"lines_rejected"`
		Reasons   map[string]int64 `json:"rejected"`
		Customers int64            `json:"customers"`
		Orders    int64            `json:"orders"`
		AmountFen int64            `json:"amount_fen"`
	} `json:"result"`
}

// upload takes a file in the way the console does and returns what became of it.
func (w *walk) upload(target, name, text string) imported {
	w.t.Helper()
	var imp imported
	w.call("POST", "/api/v1/imports?"+url.Values{"target": {target}, "name": {name}}.Encode(), strings.NewReader(text), &imp, 201)
	spec := imp.Spec
	spec["channel"] = "youzan"
	w.call("PUT", "/api/v1/imports/"+imp.ID, map[string]any{"spec": spec}, &imp, 200)
	w.call("POST", "/api/v1/imports/"+imp.ID+"/dry-run", nil, nil, 200)
	w.call("POST", "/api/v1/imports/"+imp.ID+"/start", nil, nil, 200)
	w.wait("the import", func() bool {
		w.call("GET", "/api/v1/imports/"+imp.ID, nil, &imp, 200)
		return imp.Status == "done" || imp.Status == "failed"
	})
	r := imp.Result
	if imp.Status != "done" || r.Read != r.Accepted+r.Duplicate+r.Rejected {
		w.t.Fatalf("import %s: %+v", name, imp)
	}
	return imp
}

// wait looks until ready says so, for a minute at most.
func (w *walk) wait(what string, ready func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ready(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("%s did not come in a minute\n%s", what, w.log)
		}
	}
}

func (w *walk) importCustomers() {
	var text strings.Builder
	text.WriteString("手机号,姓名,邮箱,性别,注册时间\n")
	for i := range people {
		fmt.Fprintf(&text, "%s,客户%d,%s,女,%s\n", phone(i), i, address(i), w.now.AddDate(0, 0, -400).Format("2006/1/2 15:04"))
	}
	text.WriteString("没有号码,谁,,,\n")
	imp := w.upload("customers", "customers.csv", text.String())
	if imp.Result.Customers != people || imp.Result.Rejected != 1 {
		w.t.Fatalf("%+v", imp.Result)
	}
}

const header = "订单号,手机号,商品名称,商品编号,数量,单价,付款时间\n"

// history gives everybody two orders, the later of which is 45 days old: the people are silent.
func (w *walk) history() string {
	var text strings.Builder
	text.WriteString(header)
	for i := range people {
		for n, days := range []int{200, 45} {
			fmt.Fprintf(&text, "A%d-%d,%s,冻干猫粮 2kg,SKU%d,1,¥%d.50,%s\n", i, n, phone(i), i%7, 80+i%40, w.now.AddDate(0, 0, -days).Format("2006/1/2 15:04"))
		}
	}
	return text.String()
}

func (w *walk) importOrders(name, text string, again ...string) {
	w.t.Helper()
	imp := w.upload("orders", name, text)
	if r := imp.Result; len(again) == 0 && r.Accepted != 2*people || len(again) > 0 && (r.Accepted != 0 || r.Duplicate != 2*people) {
		w.t.Fatalf("%s %v: %+v", name, again, r)
	}
}

func (w *walk) layers() {
	type count struct {
		Code   string `json:"code"`
		People int64  `json:"people"`
	}
	var overview struct {
		Layers []count `json:"layers"`
	}
	silent := func() (n, all int64) {
		for _, c := range overview.Layers {
			all += c.People
			if c.Code == "silent" {
				n = c.People
			}
		}
		return n, all
	}
	w.wait("the layers", func() bool {
		res, err := w.client.Get(w.base + "/api/v1/layers")
		if err != nil {
			w.t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode == http.StatusNotFound {
			return false // no snapshot yet
		}
		w.call("GET", "/api/v1/layers", nil, &overview, 200)
		n, _ := silent()
		return n > 0
	})
	if n, all := silent(); n < people*9/10 || all != people {
		w.t.Fatalf("%d of %d people are silent: %+v", n, all, overview)
	}
}

// count is how many messages or people a campaign's step counts.
func (w *walk) progress() (state string, counts map[string]int64, reach, holdout int64) {
	var p struct {
		Campaign struct {
			State   string `json:"state"`
			Reach   int64  `json:"reach"`
			Holdout int64  `json:"holdout"`
		} `json:"campaign"`
		Counts []struct {
			Channel string `json:"channel"`
			Step    string `json:"step"`
			N       int64  `json:"n"`
		} `json:"counts"`
	}
	w.call("GET", "/api/v1/campaigns/"+w.campaign, nil, &p, 200)
	counts = map[string]int64{}
	for _, c := range p.Counts {
		counts[c.Channel+" "+c.Step] += c.N
	}
	return p.Campaign.State, counts, p.Campaign.Reach, p.Campaign.Holdout
}

func (w *walk) send() {
	plan := map[string]any{
		"audience": map[string]any{"kind": "layer", "id": "silent"}, "strategy": "str_silent_recall",
		"channels": []string{"email"}, "holdout_pct": 20, "exclude_segments": []string{},
	}
	var made struct {
		ID string `json:"id"`
	}
	w.call("POST", "/api/v1/campaigns", map[string]any{"name": "沉默唤回", "plan": plan}, &made, 201)
	w.campaign = made.ID
	w.call("POST", "/api/v1/campaigns/"+w.campaign+"/launch", map[string]any{}, nil, 200)
	var counts map[string]int64
	var reach, holdout int64
	w.wait("the end of sending", func() bool {
		_, counts, reach, holdout = w.progress()
		return reach > 0 && counts["email sent"] == reach
	})
	if holdout < 20 || holdout > 100 || w.mail.Accepted() != reach {
		w.t.Fatalf("%d to reach, %d held out, %d letters, %v", reach, holdout, w.mail.Accepted(), counts)
	}
}

// bodies returns the parts of a letter, decoded, one after another.
func bodies(t testing.TB, letter []byte) string {
	t.Helper()
	m, err := mail.ReadMessage(bytes.NewReader(letter))
	if err != nil {
		t.Fatal(err)
	}
	if m.Header.Get("List-Unsubscribe") == "" {
		t.Error("a letter without a way out")
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || !strings.HasPrefix(kind, "multipart/") {
		t.Fatalf("%s: %v", kind, err)
	}
	var out strings.Builder
	for parts := multipart.NewReader(m.Body, params["boundary"]); ; {
		part, err := parts.NextRawPart()
		if err == io.EOF {
			return out.String()
		}
		if err != nil {
			t.Fatal(err)
		}
		var body io.Reader = part
		switch strings.ToLower(part.Header.Get("Content-Transfer-Encoding")) {
		case "quoted-printable":
			body = quotedprintable.NewReader(part)
		case "base64":
			body = base64.NewDecoder(base64.StdEncoding, part)
		}
		if _, err := io.Copy(&out, body); err != nil {
			t.Fatal(err)
		}
	}
}

var (
	openLink  = regexp.MustCompile(`https?://[^"\s]+/t/o/[^"\s]+\.gif`)
	clickLink = regexp.MustCompile(`href="(https?://[^"]+/t/c/[^"]+)"`)
)

// readAndClick opens ten letters, follows a link in three, and one person wants no more.
func (w *walk) readAndClick() {
	stranger := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	fetch := func(method, address string, want int) {
		w.t.Helper()
		req, err := http.NewRequest(method, address, strings.NewReader("List-Unsubscribe=One-Click"))
		if err != nil {
			w.t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		res, err := stranger.Do(req)
		if err != nil {
			w.t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != want {
			w.t.Fatalf("%s %s: %d", method, address, res.StatusCode)
		}
	}
	read := 0
	w.letters.Range(func(_, data any) bool {
		letter := data.([]byte)
		text := bodies(w.t, letter)
		open := openLink.FindString(text)
		click := clickLink.FindStringSubmatch(text)
		if open == "" || click == nil || !strings.HasPrefix(open, w.base) || !strings.Contains(text, "客户") {
			w.t.Fatalf("letter without its links or its reader's name:\n%s", text)
		}
		fetch("GET", open, 200)
		fetch("GET", open, 200) // counts once
		if read < 3 {
			fetch("GET", strings.ReplaceAll(click[1], "&amp;", "&"), 302)
		}
		if read == 9 {
			m, err := mail.ReadMessage(bytes.NewReader(letter))
			if err != nil {
				w.t.Fatal(err)
			}
			out := regexp.MustCompile(`<(https?://[^>]+)>`).FindStringSubmatch(m.Header.Get("List-Unsubscribe"))
			fetch("POST", out[1], 200)
		}
		read++
		return read < 10
	})
	defer func() {
		res, err := w.client.Get(w.base + "/metrics")
		if err != nil {
			w.t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			w.t.Fatal(err)
		}
		for _, want := range []string{`huoshui_messages_total{channel="email",step="opened"} 10`, "huoshui_outbox_depth ", "huoshui_loader_lag "} {
			if !strings.Contains(string(text), want) {
				w.t.Errorf("the metrics do not say %s", want)
			}
		}
	}()
	w.wait("opens and clicks", func() bool {
		_, counts, _, _ := w.progress()
		return counts["email opened"] == 10 && counts["email clicked"] == 3 && counts["email unsubscribed"] == 1
	})
}

// measure brings the orders that follow: everybody who was written to buys, nobody who was held out does.
func (w *walk) measure() {
	var text strings.Builder
	text.WriteString(header)
	bought := 0
	for i := range people {
		if _, written := w.letters.Load(address(i)); written {
			fmt.Fprintf(&text, "B%d,%s,冻干猫粮 2kg,SKU1,1,100,%s\n", i, phone(i), time.Now().Add(time.Second).In(time.FixedZone("", 8*3600)).Format("2006/1/2 15:04:05"))
			bought++
		}
	}
	if imp := w.upload("orders", "after.csv", text.String()); imp.Result.Orders != int64(bought) {
		w.t.Fatalf("%+v", imp.Result)
	}
	var report struct {
		Line struct {
			GMV   int64 `json:"gmv_fen"`
			Steps struct {
				Covered, Planned, Reached, Opened, Clicked, Converted, Holdout int64
			} `json:"steps"`
			Result struct {
				Conversion *struct {
					Estimate float64 `json:"estimate"`
					Low      float64 `json:"low"`
					High     float64 `json:"high"`
				} `json:"conversion"`
			} `json:"result"`
		} `json:"line"`
	}
	w.wait("the effect", func() bool {
		w.call("GET", "/api/v1/board/campaigns/"+w.campaign, nil, &report.Line, 200)
		return report.Line.Steps.Converted == int64(bought)
	})
	steps := report.Line.Steps
	if steps.Planned != int64(bought) || steps.Reached != int64(bought) || steps.Opened != 10 || steps.Clicked != 3 || steps.Covered != steps.Planned+steps.Holdout {
		w.t.Errorf("%+v", steps)
	}
	if report.Line.GMV != int64(bought)*10000 {
		w.t.Errorf("%d people bought for ¥100 each: %d fen", bought, report.Line.GMV)
	}
	c := report.Line.Result.Conversion
	if c == nil || c.Estimate < 0.99 || c.Low < 0.8 || c.High > 1 {
		w.t.Errorf("everybody written to bought, nobody held out did: %+v", c)
	}
}

// amend brings a file with one line more of an order that is known: everything that sums money agrees on both, and
// nothing takes it for another order.
func (w *walk) amend() {
	one := -1
	for i := range people {
		if _, written := w.letters.Load(address(i)); written {
			one = i
			break
		}
	}
	line := func(n int) string {
		return fmt.Sprintf("B%d,%s,冻干猫粮 赠装,SKU2,1,%d,%s\n", one, phone(one), n, time.Now().In(time.FixedZone("", 8*3600)).Format("2006/1/2 15:04:05"))
	}
	r := w.upload("orders", "more.csv", header+line(50)).Result
	if r.Accepted != 1 || r.Orders != 0 || r.AmountFen != 5000 {
		w.t.Fatalf("one line more: %+v", r)
	}
	const lately = 10000 + 5000 // fen, in these days
	spent := 2*int64(8050+one%40*100) + lately

	var found struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	w.call("GET", "/api/v1/customers?q="+phone(one), nil, &found, 200)
	if len(found.Items) != 1 {
		w.t.Fatalf("%+v", found)
	}
	var person struct {
		Orders   int64 `json:"orders"`
		SpentFen int64 `json:"spent_fen"`
		Standing struct {
			Frequency   int64 `json:"frequency"`
			MonetaryFen int64 `json:"monetary_fen"`
			SpentFen    int64 `json:"spent_fen"`
		} `json:"standing"`
	}
	w.wait("the standing", func() bool {
		w.call("POST", "/api/v1/segments/refresh", nil, nil, 200)
		w.call("GET", "/api/v1/customers/"+found.Items[0].ID, nil, &person, 200)
		return person.Standing.MonetaryFen == spent
	})
	if s := person.Standing; person.Orders != 3 || person.SpentFen != spent || s.Frequency != 3 || s.SpentFen != spent {
		w.t.Errorf("three orders of %d fen in all: %+v", spent, person)
	}
	for _, q := range []struct {
		measure string
		low     int64
		want    int64
	}{{"amount", lately, 1}, {"amount", lately + 1, 0}, {"count", 2, 0}} {
		condition := map[string]any{"kind": "facts", "spec": map[string]any{"fact": "order.paid", "measure": q.measure, "window": map[string]any{"last_days": 2}, "min": q.low}}
		var estimate struct {
			People int64 `json:"people"`
		}
		w.call("POST", "/api/v1/segments/estimate", map[string]any{"condition": condition}, &estimate, 200)
		if estimate.People != q.want {
			w.t.Errorf("%s of at least %d these days: %d people, not %d", q.measure, q.low, estimate.People, q.want)
		}
	}
	var board struct {
		GMV   int64 `json:"gmv_fen"`
		Steps struct {
			Planned, Converted int64
		} `json:"steps"`
	}
	w.wait("the effect", func() bool {
		w.call("GET", "/api/v1/board/campaigns/"+w.campaign, nil, &board, 200)
		return board.GMV == board.Steps.Planned*10000+5000
	})
	if board.Steps.Converted != board.Steps.Planned {
		w.t.Errorf("%+v", board)
	}
}

// record looks for what the operator did, and for the strategy's line on the board.
func (w *walk) record() {
	var audit struct {
		Items []struct {
			Action string `json:"action"`
		} `json:"items"`
	}
	w.call("GET", "/api/v1/audit?limit=100", nil, &audit, 200)
	did := map[string]int{}
	for _, r := range audit.Items {
		did[r.Action]++
	}
	for _, action := range []string{"sign_in", "change_channels", "change_policy", "upload_import", "start_import", "create_campaign", "launch_campaign"} {
		if did[action] == 0 {
			w.t.Errorf("%s is not in the record: %v", action, did)
		}
	}
	if did["unsubscribe"] != 0 {
		w.t.Error("what a customer did is in the record of staff")
	}
	var board struct {
		Lines []struct {
			ID        string `json:"id"`
			Campaigns int    `json:"campaigns"`
		} `json:"strategies"`
	}
	w.call("GET", "/api/v1/board", nil, &board, 200)
	for _, l := range board.Lines {
		if l.ID == "str_silent_recall" && l.Campaigns == 1 {
			return
		}
	}
	w.t.Errorf("the strategy is not on the board: %+v", board)
}
