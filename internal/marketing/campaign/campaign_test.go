package campaign_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"

	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/channel/sink"
	"huoshui/internal/marketing/content"
	"huoshui/internal/marketing/experiment"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/user/consent"
)

// crowd is a brand's customers, 1 to n: everybody has a name, an e-mail address and a phone number, except those in
// mute (no address) — the outside of campaigns, held in memory.
type crowd struct {
	n    uint32
	mute map[uint32]bool
	zone map[uint32]string
	mu   sync.Mutex
	segs map[string]*roaring.Bitmap
	lost string // a segment that cannot be worked out
	got  map[string]campaign.Order
}

func (c *crowd) Resolve(_ context.Context, kind, id string) (*roaring.Bitmap, error) {
	if kind == "segment" {
		c.mu.Lock()
		defer c.mu.Unlock()
		if id == c.lost && id != "" {
			return nil, errs.New(errs.Unavailable, "segment.unavailable", "segment %s cannot be worked out", id)
		}
		if s, ok := c.segs[id]; ok {
			return s.Clone(), nil
		}
		return nil, errs.New(errs.NotFound, "segment.not_found", "there is no segment %s", id)
	}
	all := roaring.New()
	all.AddRange(1, uint64(c.n)+1)
	return all, nil
}

func (c *crowd) Reach(_ context.Context, _ store.Querier, customers []uint32) (map[uint32]campaign.Person, error) {
	out := make(map[uint32]campaign.Person, len(customers))
	for _, n := range customers {
		if n > c.n {
			continue
		}
		p := campaign.Person{Number: n, ID: fmt.Sprintf("cus_%d", n), Name: fmt.Sprintf("顾客%d", n), Zone: c.zone[n], Phone: "1"}
		if !c.mute[n] {
			p.Email = fmt.Sprintf("p%d@mail.example", n)
		}
		out[n] = p
	}
	return out, nil
}

func (c *crowd) ValuesOf(_ context.Context, customers []uint32) (map[uint32]content.Values, error) {
	out := make(map[uint32]content.Values, len(customers))
	for _, n := range customers {
		out[n] = content.Values{"name": fmt.Sprintf("顾客%d", n)}
	}
	return out, nil
}

func (c *crowd) ForCampaign(_ context.Context, id string) (campaign.Strategy, error) {
	return campaign.Strategy{}, errs.New(errs.NotFound, "strategy.not_found", "there is no strategy %s", id)
}

func (c *crowd) Order(_ context.Context, _ *store.Tx, orders []campaign.Order) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range orders {
		c.got[o.Message] = o
	}
	return nil
}

var noon = time.Date(2025, 3, 12, 4, 0, 0, 0, time.UTC) // a Wednesday, 12:00 in Shanghai

// bench is one brand with everything a campaign needs.
type bench struct {
	db       *store.DB
	clock    *clock.Manual
	crowd    *crowd
	consents *consent.Service
	contents *content.Service
	content  string
	dir      string
	keys     *secret.Keys
	svc      *campaign.Service
}

func newBench(t testing.TB, db *store.DB, people uint32, dir string) *bench {
	t.Helper()
	b := &bench{db: db, clock: clock.NewManual(noon), dir: dir,
		crowd: &crowd{n: people, mute: map[uint32]bool{}, zone: map[uint32]string{}, segs: map[string]*roaring.Bitmap{}, got: map[string]campaign.Order{}}}
	b.consents = consent.NewService(db, b.clock.Now)
	b.contents = content.NewService(db, b.crowd, b.clock.Now)
	var err error
	if b.keys, err = secret.Load("", dir); err != nil {
		t.Fatal(err)
	}
	b.start(t)
	return b
}

func (b *bench) start(t testing.TB) {
	t.Helper()
	var err error
	b.svc, err = campaign.NewService(campaign.Parts{DB: b.db, Now: b.clock.Now, Audience: b.crowd, People: b.crowd, Consents: b.consents, Contents: b.contents,
		Strategies: b.crowd, Tasks: b.crowd, Sealer: b.keys, Signer: channel.NewSigner(b.keys.Key("tracking"), func() string { return "https://brand.example" }), Dir: b.dir})
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bench) write(t testing.TB) {
	t.Helper()
	c, err := b.contents.Write(t.Context(), content.Draft{Name: content.Words{ZH: "问候"}, Bodies: []content.Body{
		{Language: "zh", Subject: "{{name|您}},该补粮了", Text: "{{name|您}} 好\n\n[去看看](https://shop.example/?a=1&b=2)"},
	}}, "staff")
	if err != nil {
		t.Fatal(err)
	}
	b.content = c.ID
}

func (b *bench) channels(t testing.TB, set channel.Settings) {
	t.Helper()
	if err := b.db.Tx(t.Context(), func(tx *store.Tx) error {
		_, err := channel.Save(t.Context(), tx, set, b.keys, "staff", b.clock.Now())
		return err
	}); err != nil {
		t.Fatal(err)
	}
}

func emailTo(port int) channel.Settings {
	set := channel.Default()
	set.Email = channel.EmailSettings{Enabled: true, Host: "127.0.0.1", Port: port, TLS: "none", From: "shop@brand.example", Connections: 3, CostFen: 2}
	return set
}

func (b *bench) plan(channels ...string) campaign.Plan {
	return campaign.Plan{Audience: campaign.Target{Kind: "everyone"}, Content: b.content, Channels: channels}
}

func (b *bench) launch(t testing.TB, p campaign.Plan) campaign.Campaign {
	t.Helper()
	c, err := b.svc.Create(t.Context(), "春季补粮", p, "staff")
	if err != nil {
		t.Fatal(err)
	}
	if c, err = b.svc.Launch(t.Context(), c.ID, time.Time{}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (b *bench) drain(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := b.svc.Drain(ctx); err != nil {
		t.Fatal(err)
	}
}

// steps is a campaign's progress as text: channel/step/reason → n.
func (b *bench) steps(t testing.TB, id string) map[string]int64 {
	t.Helper()
	p, err := b.svc.Progress(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int64{"state " + string(p.Campaign.State): 1, "remaining": p.Remaining}
	for _, c := range p.Counts {
		out[strings.TrimSuffix(c.Channel+" "+c.Step+" "+c.Reason, " ")] = c.N
	}
	return out
}

// facts counts the facts in the outbox by name and detail.
func (b *bench) facts(t testing.TB) map[string]int {
	t.Helper()
	return factsIn(t, b.db)
}

func open(t testing.TB) *sink.Server {
	t.Helper()
	s, err := sink.Listen()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func TestCampaignFromDraftToDone(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := newBench(t, db, 1000, t.TempDir())
		b.write(t)
		s := open(t)
		var mu sync.Mutex
		arrived := map[string]string{}
		s.Keep = func(id, to string, _ []byte) {
			mu.Lock()
			defer mu.Unlock()
			if arrived[id] != "" {
				t.Errorf("%s arrived twice", id)
			}
			arrived[id] = to
		}
		b.channels(t, emailTo(s.Port()))
		b.crowd.mute[3], b.crowd.mute[4] = true, true
		b.crowd.segs["seg_out"] = roaring.BitmapOf(5, 6, 7)
		for n, word := range map[uint32]consent.State{8: consent.Withdrawn, 9: consent.Granted} {
			if err := b.consents.Say(ctx, n, "email", word, "link"); err != nil {
				t.Fatal(err)
			}
		}
		p := b.plan("email", "phone")
		p.HoldoutPct, p.Exclude = 10, []string{"seg_out"}
		c := b.launch(t, p)
		if c.State != campaign.Scheduled || c.Plan.Salt != c.ID || c.Plan.Says == nil {
			t.Fatalf("%+v", c)
		}
		b.drain(t)

		reach := []uint32{}
		for n := uint32(1); n <= 1000; n++ {
			if experiment.Assign(c.ID, n, 10) == experiment.Reach {
				reach = append(reach, n)
			}
		}
		among := func(of ...uint32) (n int64) {
			for _, p := range of {
				if slices.Contains(reach, p) {
					n++
				}
			}
			return n
		}
		mute, out, no := among(3, 4), among(5, 6, 7), among(8)
		all := int64(len(reach))
		want := map[string]int64{
			"state done": 1, "remaining": 0, "email planned": all, "email sent": all - mute - out - no, "email delivered": all - mute - out - no,
			"email refused excluded": out, "email refused no_address": mute, "email refused consent_withdrawn": no,
			"phone planned": mute + no, "phone sent": mute + no, "phone delivered": mute + no,
		}
		maps.DeleteFunc(want, func(k string, v int64) bool { return v == 0 && k != "remaining" })
		if d := cmp.Diff(want, b.steps(t, c.ID)); d != "" {
			t.Error(d)
		}
		if int64(len(arrived)) != all-mute-out-no {
			t.Errorf("%d e-mails arrived", len(arrived))
		}
		got := b.facts(t)
		for name, n := range map[string]int64{"campaign.assigned reach": all, "campaign.assigned holdout": 1000 - all, "message.planned": all + mute + no,
			"message.sent": all - out, "message.refused excluded": out, "message.delivered": all - out} {
			if int64(got[name]) != n {
				t.Errorf("%d facts %s, want %d", got[name], name, n)
			}
		}
		done, err := b.svc.Get(ctx, c.ID)
		if err != nil || done.Audience != 1000 || done.Reach != all || done.Holdout != 1000-all || done.EndedAt.IsZero() {
			t.Errorf("%+v, %v", done, err)
		}
		// The next campaign of the day meets the cap of one a day.
		again := b.launch(t, b.plan("email"))
		b.drain(t)
		if got := b.steps(t, again.ID); got["email refused capped"] != all-out-no-mute || got["state done"] != 1 {
			t.Errorf("the day's cap: %v", got)
		}
	})
}

func TestQuietHoursHoldAndThenSend(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := newBench(t, db, 20, t.TempDir())
		b.write(t)
		b.crowd.zone[7] = "America/New_York"
		c := b.launch(t, b.plan("phone"))
		b.drain(t)
		// Noon in Shanghai is midnight in New York.
		want := map[string]int64{"state sending": 1, "remaining": 1, "phone planned": 20, "phone sent": 19, "phone delivered": 19, "phone held quiet_hours": 1}
		if d := cmp.Diff(want, b.steps(t, c.ID)); d != "" {
			t.Error(d)
		}
		b.clock.Advance(8*time.Hour + 59*time.Minute)
		b.drain(t)
		if got := b.steps(t, c.ID); got["phone held quiet_hours"] != 1 {
			t.Errorf("let go before its hour: %v", got)
		}
		b.clock.Advance(time.Minute)
		b.drain(t)
		want = map[string]int64{"state done": 1, "remaining": 0, "phone planned": 20, "phone sent": 20, "phone delivered": 20}
		if d := cmp.Diff(want, b.steps(t, c.ID)); d != "" {
			t.Error(d)
		}
		if got := b.facts(t); got["message.held quiet_hours"] != 1 {
			t.Error(got)
		}
	})
}

func TestPauseResumeCancel(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := newBench(t, db, 3000, t.TempDir())
		b.write(t)
		s := open(t)
		set := emailTo(s.Port())
		set.Email.PerSecond = 2000
		b.channels(t, set)
		run, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- b.svc.Run(run) }()
		c := b.launch(t, b.plan("email"))
		wait(t, func() bool { return s.Accepted() > 300 })
		if err := b.svc.Pause(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
		// At most one message for each connection was on its way.
		at := s.Accepted()
		wait(t, func() bool { got := b.steps(t, c.ID); return got["email sent"] == s.Accepted() })
		time.Sleep(100 * time.Millisecond)
		if s.Accepted() > at+3 || s.Accepted() == 3000 {
			t.Errorf("went on after the pause: %d then %d", at, s.Accepted())
		}
		if err := b.svc.Pause(ctx, c.ID); !errs.Is(err, errs.Conflict) {
			t.Error("paused twice:", err)
		}
		if err := b.svc.Resume(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
		wait(t, func() bool { return s.Accepted() > at+300 })
		if err := b.svc.Cancel(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
		wait(t, func() bool { got := b.steps(t, c.ID); return got["remaining"] == 0 })
		got := b.steps(t, c.ID)
		if got["email sent"] != s.Accepted() || got["email sent"]+got["email cancelled"] != 3000 || got["email cancelled"] == 0 || got["state cancelled"] != 1 {
			t.Errorf("%v, accepted %d", got, s.Accepted())
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		// What was given back does not count against anybody: a campaign on another channel reaches the cancelled ones.
		after := b.launch(t, b.plan("phone"))
		b.drain(t)
		if n := b.steps(t, after.ID)["phone sent"]; n != got["email cancelled"] {
			t.Errorf("%d got the next message, want %d", n, got["email cancelled"])
		}
	})
}

func wait(t testing.TB, until func() bool) {
	t.Helper()
	for range 3000 {
		if until() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Fatal("it did not come about")
}

func TestRefusedAddressesRetriesAndDeadDestination(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := newBench(t, db, 30, t.TempDir())
		b.write(t)
		s := open(t)
		var busy sync.Map
		s.Refuse = func(to string) string {
			switch {
			case to == "p1@mail.example":
				return "550 5.1.1 no such user"
			case to == "p2@mail.example":
				if _, tried := busy.LoadOrStore(to, true); !tried {
					return "451 try later"
				}
			}
			return ""
		}
		b.channels(t, emailTo(s.Port()))
		c := b.launch(t, b.plan("email", "task"))
		b.drain(t)
		want := map[string]int64{"state sending": 1, "remaining": 1, "email planned": 30, "email sent": 28, "email delivered": 28, "email failed smtp_550": 1,
			"task planned": 1, "task sent": 1}
		if d := cmp.Diff(want, b.steps(t, c.ID)); d != "" {
			t.Error(d)
		}
		if _, ok := b.crowd.got[campaign.MessageID(c.ID, 1, 1)]; !ok {
			t.Error("no task for the person whose address is no good")
		}
		if _, stopped, err := b.consents.Of(ctx, 1); err != nil || len(stopped) != 1 || stopped[0].Cause != "bounced" {
			t.Errorf("%v %v", stopped, err)
		}
		for i, done := range []bool{true, false} {
			if err := db.Tx(ctx, func(tx *store.Tx) error {
				return b.svc.TaskClosed(ctx, tx, []string{campaign.MessageID(c.ID, 1, 1), "msg_none"}[i], done, "no_answer", b.clock.Now())
			}); err != nil {
				t.Fatal(err)
			}
		}
		b.clock.Advance(time.Minute)
		b.drain(t)
		if got := b.steps(t, c.ID); got["task delivered"] != 1 || got["state done"] != 1 || got["email sent"] != 29 {
			t.Error(got)
		}

		// The server is gone: e-mail waits, the phone does not.
		b.clock.Advance(24 * time.Hour)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		mail := b.launch(t, b.plan("email"))
		b.crowd.segs["seg_two"] = roaring.BitmapOf(2, 3)
		p := b.plan("phone")
		p.Audience = campaign.Target{Kind: "segment", ID: "seg_two"}
		phone := b.launch(t, p)
		run, stop := context.WithCancel(ctx)
		ended := make(chan error, 1)
		go func() { ended <- b.svc.Run(run) }()
		wait(t, func() bool { return b.steps(t, phone.ID)["state done"] == 1 })
		wait(t, func() bool {
			p, err := b.svc.Progress(ctx, mail.ID)
			return err == nil && p.Waiting["email"] != ""
		})
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		got := b.steps(t, mail.ID) // whom the phone reached first today is capped; everybody else waits, but for the bounced one
		if got["remaining"]+got["email refused capped"] != 29 || got["email sent"] != 0 || got["email failed connection"] != 0 {
			t.Errorf("a dead server costs no message: %v", got)
		}
	})
}

func TestOpensClicksUnsubscribes(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := newBench(t, db, 3, t.TempDir())
		b.write(t)
		c := b.launch(t, b.plan("phone"))
		b.drain(t)
		one, two := campaign.MessageID(c.ID, 1, 0), campaign.MessageID(c.ID, 2, 0)
		for range 2 {
			for _, err := range []error{b.svc.Opened(ctx, one), b.svc.Clicked(ctx, one, "https://shop.example/"), b.svc.Clicked(ctx, two, "https://shop.example/"),
				b.svc.Clicked(ctx, two, "https://shop.example/b"), b.svc.Unsubscribed(ctx, two, "phone")} {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		got := b.steps(t, c.ID)
		if got["phone opened"] != 2 || got["phone clicked"] != 2 || got["phone unsubscribed"] != 1 {
			t.Error(got)
		}
		facts := b.facts(t)
		if facts["message.opened"] != 2 || facts["message.clicked"] != 3 || facts["message.unsubscribed"] != 1 || facts["consent.changed withdrawn"] != 1 {
			t.Error(facts)
		}
		if err := b.svc.Opened(ctx, "msg_none"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		inbox, err := b.svc.Inbox(ctx, 1, 10)
		if err != nil || len(inbox) != 1 || inbox[0].OpenedAt.IsZero() || inbox[0].Title != "顾客1,该补粮了" {
			t.Errorf("%+v %v", inbox, err)
		}
		b.clock.Advance(24 * time.Hour)
		next := b.launch(t, b.plan("phone"))
		b.drain(t)
		if got := b.steps(t, next.ID); got["phone refused consent_withdrawn"] != 1 || got["phone sent"] != 2 {
			t.Error(got)
		}
	})
}

func TestForecastAgreesWithWhatHappens(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := newBench(t, db, 400, t.TempDir())
		b.write(t)
		s := open(t)
		b.channels(t, emailTo(s.Port()))
		for n := range uint32(20) {
			b.crowd.mute[n*3+1] = true
			b.crowd.zone[n*7+2] = "America/New_York"
			if err := b.consents.Say(ctx, n*5+1, "email", consent.Withdrawn, "link"); err != nil {
				t.Fatal(err)
			}
		}
		p := b.plan("email", "phone")
		p.HoldoutPct = 20
		c, err := b.svc.Create(ctx, "预估", p, "staff")
		if err != nil {
			t.Fatal(err)
		}
		f, err := b.svc.Forecast(ctx, c.Plan, c.ID, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		if facts := b.facts(t); facts["campaign.assigned reach"] != 0 {
			t.Error("a forecast wrote facts")
		}
		if _, err := b.svc.Launch(ctx, c.ID, time.Time{}); err != nil {
			t.Fatal(err)
		}
		b.drain(t)
		got := b.steps(t, c.ID)
		if f.Audience != 400 || f.Reach+f.Holdout != 400 || f.Allowed != got["email sent"]+got["phone sent"] || f.Held != got["email held quiet_hours"]+got["phone held quiet_hours"] {
			t.Errorf("forecast %+v\nhappened %v", f, got)
		}
		for _, r := range f.Reasons {
			if n := got[r.Channel+" "+r.Step+" "+r.Reason]; n != r.N {
				t.Errorf("%+v, happened %d", r, n)
			}
		}
		if want := got["email sent"] + got["email held quiet_hours"]; f.Channels["email"] != want {
			t.Errorf("by e-mail %d, want %d", f.Channels["email"], want)
		}
		looks, err := b.svc.Preview(ctx, c.Plan, 7)
		if err != nil || len(looks) != 2 || looks[0].Subject != "顾客7,该补粮了" || looks[0].HTML == "" {
			t.Errorf("%+v %v", looks, err)
		}
		if err := b.svc.TestSend(ctx, c.Plan, "email", "me@brand.example"); err != nil {
			t.Error(err)
		}
	})
}

func TestPlansThatCannotBe(t *testing.T) {
	db := storetest.Open(t)
	ctx := t.Context()
	b := newBench(t, db, 3, t.TempDir())
	b.write(t)
	for code, spoil := range map[string]func(*campaign.Plan){
		"campaign.no_audience": func(p *campaign.Plan) { p.Audience.Kind = "" },
		"campaign.no_channel":  func(p *campaign.Plan) { p.Channels = nil },
		"campaign.bad_channel": func(p *campaign.Plan) { p.Channels = []string{"phone", "phone"} },
		"campaign.channel_off": func(p *campaign.Plan) { p.Channels = []string{"email"} },
		"campaign.no_content":  func(p *campaign.Plan) { p.Content = "" },
		"campaign.holdout":     func(p *campaign.Plan) { p.HoldoutPct = 91 },
	} {
		p := b.plan("phone")
		spoil(&p)
		c, err := b.svc.Create(ctx, "x", p, "staff")
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.svc.Launch(ctx, c.ID, time.Time{})
		var e *errs.Error
		if !errorsAs(err, &e) || e.Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	// An audience that is gone by the time of sending ends the campaign, and says why.
	p := b.plan("phone")
	p.Audience = campaign.Target{Kind: "segment", ID: "seg_gone"}
	c := b.launch(t, p)
	b.drain(t)
	if got, err := b.svc.Get(ctx, c.ID); err != nil || got.State != campaign.Cancelled || got.Note != "campaign.no_audience" {
		t.Errorf("%+v %v", got, err)
	}
}
