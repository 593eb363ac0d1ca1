package launchwire_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"

	"huoshui/internal/app/launchwire"
	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/content"
	"huoshui/internal/marketing/launch"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/flash"
	"huoshui/internal/trade/groupbuy"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/presale"
	"huoshui/internal/trade/pricing"
	"huoshui/internal/trade/promo"
	"huoshui/internal/trade/storefront"
	"huoshui/internal/user/consent"
)

var (
	zone  = time.FixedZone("CST", 8*3600)
	start = time.Date(2026, 3, 1, 9, 0, 0, 0, zone).UTC()
)

// crowd is the outside of a brand: customers 1 to 30, of whom 1 to 3 are VIPs and 1 to 8 looked at the goods.
type crowd struct{}

func among(from, to uint64) *roaring.Bitmap {
	b := roaring.New()
	b.AddRange(from, to+1)
	return b
}

func (crowd) Resolve(_ context.Context, kind, id string) (*roaring.Bitmap, error) {
	switch {
	case kind == "layer" && id == "vip":
		return among(1, 3), nil
	case kind == "everyone":
		return among(1, 30), nil
	}
	return nil, errs.New(errs.NotFound, "segment.not_found", "there is no segment %s", id)
}

func (crowd) Looked(context.Context, []string, time.Time, time.Time) (*roaring.Bitmap, error) {
	return among(1, 8), nil
}

func (crowd) Reach(_ context.Context, _ store.Querier, customers []uint32) (map[uint32]campaign.Person, error) {
	out := map[uint32]campaign.Person{}
	for _, n := range customers {
		out[n] = campaign.Person{Number: n, ID: fmt.Sprint("cus_", n), Phone: "1"}
	}
	return out, nil
}

func (crowd) ValuesOf(_ context.Context, customers []uint32) (map[uint32]content.Values, error) {
	out := map[uint32]content.Values{}
	for _, n := range customers {
		out[n] = content.Values{}
	}
	return out, nil
}

func (crowd) ForCampaign(_ context.Context, id string) (campaign.Strategy, error) {
	return campaign.Strategy{}, errs.New(errs.NotFound, "strategy.not_found", "there is no strategy %s", id)
}

func (crowd) Order(context.Context, *store.Tx, []campaign.Order) error { return nil }

func (crowd) Layer(context.Context, uint32) string { return "" }

func (crowd) Member(context.Context, uint32) (storefront.Member, error) {
	return storefront.Member{}, nil
}

// brand is a brand with everything that launches drive.
type brand struct {
	*launch.Service
	db        *store.DB
	clock     *clock.Manual
	campaigns *campaign.Service
	promos    *promo.Service
	flash     *flash.Service
	groups    *groupbuy.Service
	pages     *storefront.Service
	goods     string
	coupon    string
	page      string
	doers     map[launch.Kind]launch.Doer
}

func open(t *testing.T, db *store.DB) *brand {
	t.Helper()
	ctx := t.Context()
	clk := clock.NewManual(start)
	b := &brand{db: db, clock: clk, promos: promo.NewService(db, clk.Now, zone), flash: flash.NewService(db, clk.Now), groups: groupbuy.NewService(db, clk.Now)}
	goods := catalog.NewService(db, clk.Now)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	g, err := goods.Create(ctx, catalog.GoodsDraft{Title: "冻干", Kind: catalog.KindPhysical, SKUs: []catalog.SKU{{Code: "FD", PriceFen: 9900}}}, "")
	must(err)
	must(goods.SetStatus(ctx, g.ID, catalog.On, ""))
	must(db.Tx(ctx, func(tx *store.Tx) error {
		return inventory.Change(ctx, tx, inventory.Online, inventory.Received, "opening", "", "", []inventory.Item{{SKU: "FD", Quantity: 100}}, start)
	}))
	b.goods = g.ID
	p, err := b.promos.Create(ctx, promo.Draft{Kind: promo.Coupons, Name: "5 元", Terms: promo.Terms{Coupon: &promo.CouponTerms{
		Gives: pricing.Coupon{Kind: pricing.KindCouponFull, OffFen: 500}, Valid: promo.Validity{Days: 30}, Limits: promo.Limits{PerPerson: 2}}}}, "")
	must(err)
	b.coupon = p.ID
	b.pages = storefront.NewService(storefront.Parts{DB: db, Now: clk.Now, Promos: b.promos, People: crowd{}})
	page, err := b.pages.Create(ctx, "wave", "新品", storefront.Design{Blocks: []storefront.Block{{ID: "n1", Kind: storefront.Notice, Notice: &storefront.NoticeSpec{Text: "新品开卖"}}}}, "")
	must(err)
	page, err = b.pages.Publish(ctx, page.ID, storefront.Publishing{Seen: page.Revision, From: start.AddDate(1, 0, 0), Until: start.AddDate(1, 0, 1)}, "")
	must(err)
	b.page = page.ID
	keys, err := secret.Load("", t.TempDir())
	must(err)
	contents := content.NewService(db, crowd{}, clk.Now)
	_, err = contents.Seed(ctx)
	must(err)
	b.campaigns, err = campaign.NewService(campaign.Parts{DB: db, Now: clk.Now, Audience: turns{b}, People: crowd{}, Consents: consent.NewService(db, clk.Now), Contents: contents,
		Strategies: crowd{}, Tasks: crowd{}, Sealer: keys, Signer: channel.NewSigner(keys.Key("tracking"), func() string { return "https://brand.example" }), Dir: t.TempDir()})
	must(err)
	b.doers = map[launch.Kind]launch.Doer{
		launch.SendMessage: launchwire.Messages{DB: db, Campaigns: b.campaigns, BaseURL: func() string { return "https://brand.example" }},
		launch.GiveCoupons: launchwire.Coupons{Promos: b.promos},
		launch.OpenFlash:   launchwire.Flash{Sales: b.flash, Now: clk.Now},
		launch.OpenGroups:  launchwire.Groups{Offers: b.groups, Now: clk.Now},
		launch.ShowPage:    launchwire.Pages{Store: b.pages, Now: clk.Now},
	}
	b.Service = launch.NewService(launch.Parts{DB: db, Now: clk.Now, Zone: zone, Trade: launchwire.Trade{DB: db, Catalog: goods}, People: crowd{}, Doers: b.doers})
	return b
}

// turns is the audience of campaigns.
type turns struct{ b *brand }

func (a turns) Resolve(ctx context.Context, kind, id string) (*roaring.Bitmap, error) {
	if kind == "launch" {
		return a.b.Service.Resolve(ctx, id)
	}
	return crowd{}.Resolve(ctx, kind, id)
}

// draft is a launch from the template whose sale opens in 15 days.
func (b *brand) draft(t *testing.T) launch.Launch {
	t.Helper()
	l, err := b.FromTemplate(t.Context(), launch.Choices{
		Name: "春季冻干", Goods: []string{b.goods}, SaleAt: start.AddDate(0, 0, 15), Units: 50, Coupon: b.coupon, Page: b.page, HoldoutPct: 0,
		Flash: &launch.Offer{SKU: "FD", PriceFen: 7900, Units: 50, PerPerson: 2}, Group: &launch.Offer{SKU: "FD", PriceFen: 6900, PerPerson: 1, Size: 2, Hours: 24},
	}, "staff")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (b *brand) begin(t *testing.T) launch.Launch {
	t.Helper()
	l := b.draft(t)
	l, err := b.Start(t.Context(), l.ID, l.Revision, "staff")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// died is what a process dies of that is made to.
type died struct{ at string }

// live ticks until nothing is left to do now, sends what is to be sent, and returns how often it died on the way.
func (b *brand) live(t *testing.T) (deaths int) {
	t.Helper()
	for {
		n, dead := b.once(t)
		deaths += dead
		if n == 0 && dead == 0 {
			break
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := b.campaigns.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	for worked := true; worked; {
		var err error
		if worked, err = b.promos.WorkOff(ctx); err != nil {
			t.Fatal(err)
		}
	}
	return deaths
}

func (b *brand) once(t *testing.T) (n, deaths int) {
	t.Helper()
	defer func() {
		switch e := recover().(type) {
		case nil:
		case died:
			b.Service = launch.NewService(b.Parts) // another process
			deaths = 1
		default:
			panic(e)
		}
	}()
	n, err := b.Tick(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n, 0
}

// days lets time pass, six hours at a time.
func (b *brand) days(t *testing.T, n int) (deaths int) {
	t.Helper()
	for range 4 * n {
		b.clock.Advance(6 * time.Hour)
		deaths += b.live(t)
	}
	return deaths
}

func (b *brand) buys(t *testing.T, customer uint32, units int64) {
	t.Helper()
	err := b.db.Tx(t.Context(), func(tx *store.Tx) error {
		order := fmt.Sprint("ord_", customer)
		if _, err := tx.Exec(t.Context(), `INSERT INTO orders (id, channel, number, customer, paid_at, amount_fen, amount_fixed, quantity, refunded_fen, store, import_id, created_at)
			VALUES (?, 'shop', ?, ?, ?, ?, TRUE, ?, 0, '', '', ?)`, order, order, int64(customer), b.clock.Now(), units*7900, units, b.clock.Now()); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), `INSERT INTO order_lines (order_id, key, product, quantity, amount_fen, refunded_quantity, refunded_fen) VALUES (?, '1', 'FD', ?, ?, 0, 0)`, order, units, units*7900)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// outcome is what a launch made, in a form that two runs can be compared by.
func (b *brand) outcome(t *testing.T, id string) map[string]string {
	t.Helper()
	board, err := b.Board(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{"": fmt.Sprintf("%s %+v left %d next %d", board.Launch.State, board.Total, board.StockLeft, len(board.Next))}
	for _, s := range board.Steps {
		out[fmt.Sprintf("%s %s/%d %s", s.Stage, s.Action, s.Wave, s.Kind)] = fmt.Sprintf("%s %s people %d, %s %d of %d", s.State, s.Reason, s.People, s.Standing.State, s.Standing.Done, s.Standing.Total)
	}
	for _, table := range []string{"campaigns", "coupon_issues", "coupons", "flash_sales", "group_offers", "store_page_releases", "launches", "messages WHERE state = 'sent'"} {
		n, err := store.One[int64](t.Context(), b.db, `SELECT COUNT(*) FROM `+table)
		if err != nil {
			t.Fatal(err)
		}
		out["rows of "+table] = fmt.Sprint(n)
	}
	return out
}

// wave is a whole wave with people who reserve and buy.
func (b *brand) wave(t *testing.T) (id string, deaths int) {
	t.Helper()
	ctx := t.Context()
	l := b.begin(t)
	deaths += b.days(t, 3)
	for n := range uint32(6) {
		if err := b.Reserve(ctx, l.ID, b.goods, n+1); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Unreserve(ctx, l.ID, 6); err != nil {
		t.Fatal(err)
	}
	deaths += b.days(t, 13)
	b.buys(t, 1, 2)
	b.buys(t, 4, 1)
	deaths += b.days(t, 20)
	return l.ID, deaths
}

func TestAWaveFromTemplateToTheNext(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := open(t, db)
		id, _ := b.wave(t)
		want := map[string]string{
			"":                        "finished {Reached:30 Looked:8 Reserved:5 Deposits:0 Buyers:2 Units:3 RevenueFen:23700} left 100 next 1",
			"build_up a1/0 message":   "done  people 3, done 3 of 3",
			"build_up a1/1 message":   "done  people 27, done 27 of 27",
			"warm_up a2/0 message":    "done  people 3, done 3 of 3",
			"warm_up a3/0 coupons":    "done  people 5, done 5 of 5",
			"presale a4/0 message":    "done  people 3, done 3 of 3",
			"sale a5/0 page":          "done  people 0, over 0 of 0",
			"sale a6/0 flash":         "done  people 0, over 0 of 50",
			"sale a7/0 group":         "done  people 0, over 0 of 0",
			"sale a8/0 message":       "done  people 3, done 3 of 3",
			"sale a8/1 message":       "done  people 2, done 2 of 2",
			"follow_up a9/0 message":  "done  people 3, done 3 of 3",
			"follow_up a10/0 coupons": "done  people 3, done 3 of 3",
			"follow_up a11/0 message": "done  people 6, done 6 of 6",
			"loop a12/0 message":      "done  people 2, done 2 of 2",
			"loop a13/0 next":         "done  people 0, draft 0 of 0",
			"rows of campaigns":       "9", "rows of coupon_issues": "2", "rows of coupons": "8", "rows of flash_sales": "1", "rows of group_offers": "1",
			"rows of store_page_releases": "2", "rows of launches": "2", "rows of messages WHERE state = 'sent'": "52",
		}
		if d := cmp.Diff(want, b.outcome(t, id)); d != "" {
			t.Fatalf("(-want +got)\n%s", d)
		}
		board, err := b.Board(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		next, err := b.Get(t.Context(), board.Next[0])
		if err != nil {
			t.Fatal(err)
		}
		sale := next.Stages[3]
		if next.Parent != id || next.Wave != 2 || next.Name != "春季冻干 · 第 2 波" || !next.SaleAt.Equal(board.Launch.SaleAt.AddDate(0, 0, 28)) ||
			sale.Last.Units != 3 || sale.Goal.Target != 50 || next.Stages[0].Actions[0].Learned.People != 30 || next.Stages[0].Actions[0].Learned.Bought != 2 {
			t.Fatalf("%+v", next)
		}
		last, err := b.Behind(t.Context(), next.ID, launch.ListLastWave, "")
		if err != nil || !slices.Equal(last.ToArray(), []uint32{1, 4}) {
			t.Fatalf("%v %v", last, err)
		}
	})
}

// mortal is a Doer whose process dies once before and once after everything it does.
type mortal struct {
	launch.Doer
	done map[string]bool
}

func (m mortal) dies(at string) {
	if !m.done[at] {
		m.done[at] = true
		panic(died{at})
	}
}

func (m mortal) Do(ctx context.Context, o launch.Order) error {
	m.dies("before doing " + o.Action.ID + fmt.Sprint(o.Wave))
	err := m.Doer.Do(ctx, o)
	m.dies("after doing " + o.Action.ID + fmt.Sprint(o.Wave))
	return err
}

func (m mortal) Undo(ctx context.Context, id string) error {
	m.dies("before undoing " + id)
	err := m.Doer.Undo(ctx, id)
	m.dies("after undoing " + id)
	return err
}

// mortalPeople is mortal for what is done for people.
type mortalPeople struct {
	mortal
	launch.Coverer
}

// mortalSender is mortal for what can wait.
type mortalSender struct{ mortalPeople }

func (m mortalSender) Pause(ctx context.Context, id string, paused bool) (bool, error) {
	m.dies(fmt.Sprint("before pausing ", id, paused))
	did, err := m.Doer.(launch.Pauser).Pause(ctx, id, paused)
	m.dies(fmt.Sprint("after pausing ", id, paused))
	return did, err
}

func (b *brand) mortal() map[string]bool {
	done := map[string]bool{}
	doers := map[launch.Kind]launch.Doer{}
	for k, d := range b.doers {
		m := mortal{d, done}
		doers[k] = m
		if c, ok := d.(launch.Coverer); ok {
			doers[k] = mortalPeople{m, c}
			if _, ok := d.(launch.Pauser); ok {
				doers[k] = mortalSender{mortalPeople{m, c}}
			}
		}
	}
	p := b.Parts
	p.Doers = doers
	b.Service = launch.NewService(p)
	return done
}

func TestAWaveThatDiesAtEveryStepIsTheSame(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		b := open(t, db)
		b.mortal()
		id, deaths := b.wave(t)
		if deaths < 26 {
			t.Fatalf("it died %d times only", deaths)
		}
		got := b.outcome(t, id)
		control := open(t, storetest.Open(t))
		whole, _ := control.wave(t)
		if d := cmp.Diff(control.outcome(t, whole), got); d != "" {
			t.Fatalf("(-whole +died)\n%s", d)
		}
	})
}

func TestPauseHoldsAndCancelTakesBack(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := open(t, db)
		b.mortal()
		l := b.begin(t)
		b.days(t, 1)
		if err := b.Pause(ctx, l.ID); err != nil {
			t.Fatal(err)
		}
		b.days(t, 2) // the second wave's turn comes, and waits
		if got := b.outcome(t, l.ID)["build_up a1/1 message"]; got != "waiting  people 0,  0 of 0" {
			t.Fatal(got)
		}
		if err := b.Pause(ctx, l.ID); errs.KindOf(err) != errs.Conflict {
			t.Fatal(err)
		}
		if err := b.Resume(ctx, l.ID); err != nil {
			t.Fatal(err)
		}
		b.live(t)
		if got := b.outcome(t, l.ID)["build_up a1/1 message"]; got != "done  people 27, done 27 of 27" {
			t.Fatal(got)
		}
		if err := b.Reserve(ctx, l.ID, b.goods, 1); err != nil {
			t.Fatal(err)
		}
		b.days(t, 12) // into the sale
		what, err := b.Undoes(ctx, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		does := map[string][]string{}
		for _, u := range what {
			does[u.Does] = append(does[u.Does], string(u.Step.Stage)+" "+string(u.Step.Kind))
		}
		want := map[string][]string{
			"keep": {"build_up message", "build_up message", "warm_up message", "warm_up coupons", "presale message"},
			"stop": {"sale page", "sale flash", "sale group"},
			"drop": {"sale message", "follow_up message", "follow_up coupons", "follow_up message", "loop message", "loop next"},
		}
		for _, words := range [][]string{does["keep"], does["stop"], does["drop"], want["keep"], want["stop"], want["drop"]} {
			slices.Sort(words)
		}
		does["keep"] = slices.DeleteFunc(does["keep"], func(s string) bool { return s == "sale message" })
		if d := cmp.Diff(want, does); d != "" {
			t.Fatal(d)
		}
		if err := b.Cancel(ctx, l.ID); err != nil {
			t.Fatal(err)
		}
		b.live(t)
		got := b.outcome(t, l.ID)
		for step, want := range map[string]string{
			"sale a6/0 flash": "undone", "sale a7/0 group": "undone", "sale a5/0 page": "undone", "follow_up a9/0 message": "dropped",
			"warm_up a3/0 coupons": "done", "loop a13/0 next": "dropped",
		} {
			if !strings.HasPrefix(got[step], want) {
				t.Errorf("%s: %s, want %s", step, got[step], want)
			}
		}
		if open, err := b.flash.List(ctx, true, 10); err != nil || len(open) != 0 {
			t.Errorf("%v %v: the flash sale goes on", open, err)
		}
		b.days(t, 10)
		if d := cmp.Diff(got, b.outcome(t, l.ID)); d != "" {
			t.Errorf("it went on: %s", d)
		}
	})
}

func TestMessagesThatWaitAreHeldWithTheLaunch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := open(t, db)
		l := b.begin(t)
		b.clock.Advance(24 * time.Hour)
		for n := 1; n > 0; { // the campaign is begun, and nobody sends yet
			var err error
			if n, err = b.Tick(ctx); err != nil {
				t.Fatal(err)
			}
		}
		board, err := b.Board(ctx, l.ID)
		if err != nil {
			t.Fatal(err)
		}
		made := board.Steps[0].Made
		if _, err := db.Exec(ctx, `UPDATE campaigns SET state = 'freezing' WHERE id = ?`, made); err != nil {
			t.Fatal(err)
		}
		state := func() string {
			c, err := b.campaigns.Get(ctx, made)
			if err != nil {
				t.Fatal(err)
			}
			return string(c.State)
		}
		for _, step := range []struct {
			do   func(context.Context, string) error
			want string
		}{{b.Pause, "paused"}, {b.Resume, "sending"}} {
			if err := step.do(ctx, l.ID); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				if _, err := b.Tick(ctx); err != nil {
					t.Fatal(err)
				}
			}
			if state() != step.want {
				t.Fatalf("%s, want %s", state(), step.want)
			}
		}
		if err := b.Cancel(ctx, l.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Tick(ctx); err != nil || state() != "cancelled" {
			t.Fatal(state(), err)
		}
	})
}

func TestRefusedIsTriedAgainAndSaysWhy(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := open(t, db)
		l := b.begin(t)
		if _, err := b.promos.Stop(ctx, b.coupon, true, ""); err != nil {
			t.Fatal(err)
		}
		b.days(t, 3)
		if err := b.Reserve(ctx, l.ID, b.goods, 9); err != nil {
			t.Fatal(err)
		}
		b.days(t, 6)
		if got := b.outcome(t, l.ID)["warm_up a3/0 coupons"]; got != "waiting coupon.over people 0,  0 of 0" {
			t.Fatal(got)
		}
		if _, err := b.promos.Stop(ctx, b.coupon, false, ""); err != nil {
			t.Fatal(err)
		}
		if err := b.Retry(ctx, l.ID); err != nil {
			t.Fatal(err)
		}
		b.live(t)
		if got := b.outcome(t, l.ID)["warm_up a3/0 coupons"]; got != "done  people 1, done 1 of 1" {
			t.Fatal(got)
		}
		if _, err := b.promos.Stop(ctx, b.coupon, true, ""); err != nil {
			t.Fatal(err)
		}
		b.days(t, 25)
		if got := b.outcome(t, l.ID)["follow_up a10/0 coupons"]; got != "missed coupon.over people 0,  0 of 0" {
			t.Fatal(got)
		}
		if l, err := b.Get(ctx, l.ID); err != nil || l.State != launch.Finished {
			t.Fatal(l.State, err)
		}
	})
}

func TestReservationsAreHersAndCountOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := open(t, db)
		l := b.begin(t)
		if err := b.Reserve(ctx, l.ID, b.goods, 7); errs.KindOf(err) != errs.NotFound {
			t.Fatalf("a launch that has not begun: %v", err)
		}
		b.days(t, 3)
		for range 3 {
			for _, n := range []uint32{7, 8} {
				if err := b.Reserve(ctx, l.ID, b.goods, n); err != nil {
					t.Fatal(err)
				}
			}
		}
		if err := b.Reserve(ctx, l.ID, "gds_other", 9); errs.KindOf(err) != errs.Invalid {
			t.Fatal(err)
		}
		for range 2 {
			if err := b.Unreserve(ctx, l.ID, 7); err != nil {
				t.Fatal(err)
			}
		}
		see := func(customer uint32) launch.Upcoming {
			t.Helper()
			all, err := b.Upcoming(ctx, b.goods, customer)
			if err != nil || len(all) != 1 {
				t.Fatalf("%v %v", all, err)
			}
			return all[0]
		}
		if see(7).Reserved || !see(8).Reserved || see(0).Reserved || see(0).People != 1 {
			t.Fatalf("%+v %+v %+v", see(7), see(8), see(0))
		}
		facts, err := store.All[string](ctx, db, `SELECT facts FROM outbox ORDER BY id`)
		if err != nil {
			t.Fatal(err)
		}
		said := map[string]int{}
		for _, f := range facts {
			for _, name := range []string{event.LaunchReserved, event.LaunchReservationCancelled} {
				said[name] += strings.Count(f, `"`+name+`"`)
			}
		}
		if said[event.LaunchReserved] != 2 || said[event.LaunchReservationCancelled] != 1 {
			t.Fatal(said)
		}
		moved := map[uint32][]byte{}
		err = db.Tx(ctx, func(tx *store.Tx) error {
			m, err := launch.Mover{}.MoveCustomers(ctx, tx, map[uint32]uint32{8: 10})
			for k, v := range m {
				moved[k] = v
			}
			return err
		})
		if err != nil || !see(10).Reserved || see(8).Reserved {
			t.Fatal(err, see(10), see(8))
		}
		err = db.Tx(ctx, func(tx *store.Tx) error { return launch.Mover{}.ReturnCustomer(ctx, tx, 8, 10, moved[8]) })
		if err != nil || see(10).Reserved || !see(8).Reserved {
			t.Fatal(err, see(10), see(8))
		}
		err = db.Tx(ctx, func(tx *store.Tx) error { return launch.Mover{}.EraseCustomers(ctx, tx, []uint32{8}) })
		if err != nil || see(0).People != 0 {
			t.Fatal(err, see(0))
		}
		b.days(t, 12)
		if err := b.Reserve(ctx, l.ID, b.goods, 9); errs.KindOf(err) != errs.Conflict {
			t.Fatalf("during the sale: %v", err)
		}
	})
}

func TestCheckNamesWhatIsWrongAndWhere(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := open(t, db)
		l := b.draft(t)
		found, err := b.Check(ctx, l.ID)
		if err != nil || !found.Ready || found.Faults == nil || found.People["a1"] != 30 {
			t.Fatalf("%+v %v", found, err)
		}
		other, err := b.flash.Create(ctx, flash.Draft{Name: "别的", SKU: "FD", PriceFen: 100, StartsAt: start, EndsAt: start.AddDate(0, 0, 1), Units: 1, PerPerson: 1}, "")
		if err != nil {
			t.Fatal(err)
		}
		w := launch.Writing{Name: l.Name, Goods: append(slices.Clone(l.Goods), "gds_gone"), Stages: l.Stages}
		st := w.Stages
		st[1].BeginsAt = st[0].EndsAt.Add(-time.Hour)
		st[2].EndsAt = st[2].BeginsAt
		st[3].Goal = &launch.Goal{Measure: launch.MeasureUnits, Target: 101}
		st[0].Actions[0].Waves[1].After = 60 * 24 * 30
		st[1].Actions[0].Audience = &launch.Target{Kind: "list", ID: launch.ListLastWave}
		st[1].Actions[1].Coupon = "prm_gone"
		st[3].Actions[1].Offer = &launch.Offer{Existing: other.ID}
		st[3].Actions[2].Offer.PriceFen = 9900
		st[3].Actions[0].Page = &launch.Showing{Page: b.page, Version: 7}
		st[3].Actions[3].Message.Channels = []string{"email"}
		st[4].Actions[0].Message.Content = ""
		st[4].Actions[2].Audience = &launch.Target{Kind: "segment", ID: "seg_gone"}
		st[5].Actions[1].Days = 0
		if l, err = b.Edit(ctx, l.ID, l.Revision, w); err != nil {
			t.Fatal(err)
		}
		if found, err = b.Check(ctx, l.ID); err != nil {
			t.Fatal(err)
		}
		got := map[string]bool{}
		for _, f := range found.Faults {
			if !f.Warning {
				got[strings.TrimSpace(fmt.Sprintf("%s %s %s: %s", f.Stage, f.Action, f.Field, f.Code))] = true
			}
		}
		want := []string{
			"goods: launch.goods_off", "warm_up  begins_at: launch.overlap", "presale  ends_at: launch.window", "presale a4 after_minutes: launch.action_outside",
			"sale  goal: launch.stock_short", "build_up a1 waves[1]: launch.action_outside", "warm_up a2 audience: launch.first_wave", "warm_up a3 coupon: promo.not_found",
			"sale a6 offer.existing: launch.offer_outside", "sale a7 offer.price_fen: launch.price", "sale a5 page.version: page.no_version",
			"sale a8 message.channels: campaign.channel_off", "follow_up a9 message.content: campaign.no_content", "follow_up a11 audience: segment.not_found", "loop a13 days: launch.days",
		}
		slices.Sort(want)
		if d := cmp.Diff(want, slices.Sorted(maps.Keys(got))); d != "" {
			t.Fatalf("(-want +got)\n%s", d)
		}
		if _, err := b.Start(ctx, l.ID, l.Revision, ""); errs.KindOf(err) != errs.Invalid {
			t.Fatal(err)
		}
		if _, err := b.Edit(ctx, l.ID, l.Revision-1, w); errs.KindOf(err) != errs.Conflict {
			t.Fatal(err)
		}
	})
}

func TestAPresaleIsOpenedByItsStageAndStoppedWithTheLaunch(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		b := open(t, db)
		presales := presale.NewService(presale.Parts{DB: db, Now: b.clock.Now})
		b.doers[launch.OpenPresale] = launchwire.Presales{Sales: presales, Now: b.clock.Now}
		sale := start.AddDate(0, 0, 15)
		planned, err := presales.Create(ctx, presale.Draft{
			Name: "定金", Goods: b.goods, Items: []presale.ItemDraft{{SKU: "FD", PriceFen: 7900, DepositFen: 1000, WorthFen: 2000, Units: 20}}, PerPerson: 2,
			StartsAt: sale.AddDate(0, 0, -3), EndsAt: sale, TailStartsAt: sale, TailEndsAt: sale.AddDate(0, 0, 2), ShipBy: sale.AddDate(0, 0, 9),
		}, "")
		if err != nil {
			t.Fatal(err)
		}
		l, err := b.FromTemplate(ctx, launch.Choices{Name: "定金首发", Goods: []string{b.goods}, SaleAt: sale, Units: 20, Presale: &launch.Offer{Existing: planned.ID}}, "staff")
		if err != nil {
			t.Fatal(err)
		}
		if l, err = b.Start(ctx, l.ID, l.Revision, "staff"); err != nil {
			found, _ := b.Check(ctx, l.ID)
			t.Fatal(err, found.Faults)
		}
		if !l.ReserveUntil.Equal(sale.AddDate(0, 0, -3)) {
			t.Fatalf("one may reserve until %s", l.ReserveUntil)
		}
		state := func() presale.State {
			t.Helper()
			p, err := presales.Get(ctx, planned.ID)
			if err != nil {
				t.Fatal(err)
			}
			return p.State
		}
		if b.days(t, 12); state() != presale.On {
			t.Fatal(state())
		}
		if err := b.Cancel(ctx, l.ID); err != nil {
			t.Fatal(err)
		}
		if b.live(t); state() != presale.Stopped {
			t.Fatal(state())
		}
	})
}
