package identitywire_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/google/go-cmp/cmp"

	"huoshui/internal/app/identitywire"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/order"
	"huoshui/internal/user/consent"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
)

var start = time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)

// world is a store with OneID and what follows it.
type world struct {
	t   testing.TB
	db  *store.DB
	now *clock.Manual
	who *identity.Service
}

func newWorld(t testing.TB, db *store.DB) *world {
	now := clock.NewManual(start)
	return &world{t, db, now, identitywire.New(db, now.Now)}
}

// keys reads "kind=value kind=value".
func keys(text string) (out []customer.Key) {
	for _, word := range strings.Fields(text) {
		kind, value, _ := strings.Cut(word, "=")
		out = append(out, customer.Key{Kind: kind, Value: value})
	}
	return out
}

func (w *world) resolve(all ...identity.Sighting) (numbers []uint32) {
	w.t.Helper()
	for i := range all {
		if all[i].Source == "" {
			all[i].Source = "test"
		}
	}
	err := w.db.Tx(context.Background(), func(tx *store.Tx) error {
		refs, err := w.who.Resolve(context.Background(), tx, all, w.now.Now())
		numbers = nil
		for _, r := range refs {
			numbers = append(numbers, r.Number)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.now.Advance(time.Minute)
	return numbers
}

// see tells sightings by their keys alone, each call one batch.
func (w *world) see(texts ...string) []uint32 {
	w.t.Helper()
	all := make([]identity.Sighting, len(texts))
	for i, text := range texts {
		all[i].Keys = keys(text)
	}
	return w.resolve(all...)
}

func (w *world) want(got []uint32, want ...uint32) {
	w.t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		w.t.Error(d)
	}
}

func (w *world) owner(text string) uint32 {
	w.t.Helper()
	k := keys(text)[0]
	rows, err := customer.KeyRows(context.Background(), w.db, map[customer.Key]bool{k: true})
	if err != nil {
		w.t.Fatal(err)
	}
	if rows[k] == nil {
		return 0
	}
	return rows[k].Customer
}

func (w *world) conflicts(state string) []identity.Conflict {
	w.t.Helper()
	all, _, _, err := w.who.Conflicts(context.Background(), identity.ConflictFilter{State: state, Limit: 100})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func (w *world) merges() []identity.Merge {
	w.t.Helper()
	all, _, _, err := w.who.Merges(context.Background(), identity.MergeFilter{Limit: 500})
	if err != nil {
		w.t.Fatal(err)
	}
	return all
}

func (w *world) customer(n uint32) customer.Customer {
	w.t.Helper()
	c, err := customer.Get(context.Background(), w.db, fmt.Sprint(n))
	if err != nil {
		w.t.Fatal(err)
	}
	return c
}

// facts counts the facts of a name in the outbox that concern a number.
func (w *world) facts(name string, n uint32) (count int) {
	w.t.Helper()
	err := store.Each(context.Background(), w.db, `SELECT facts FROM outbox`, nil, func(text string) error {
		var all []struct {
			Name     string `json:"name"`
			Customer uint32 `json:"customer"`
		}
		if err := json.Unmarshal([]byte(text), &all); err != nil {
			return err
		}
		for _, f := range all {
			if f.Name == name && f.Customer == n {
				count++
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return count
}

const v1 = customer.FirstVisitor

func each(t *testing.T, test func(t *testing.T, w *world)) {
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newWorld(t, db)) })
}

func TestVisitorsBecomeKnown(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.want(w.see("device=a", "device=b", "device=a device=c", ""), v1, v1+1, v1, 0)
		if n, err := store.One[int64](t.Context(), w.db, `SELECT COUNT(*) FROM customers`); err != nil || n != 0 {
			t.Errorf("visitors are %d customers, %v", n, err)
		}
		w.want(w.see("device=a user=u1", "device=c"), 1, 1) // the visitor was she all along, on both devices
		w.want(w.see("device=c", "device=b", "phone=1 device=x"), 1, v1+1, 2)
		if w.facts("customer.merged", v1) != 1 || w.facts("customer.merged", v1+1) != 0 {
			t.Error("the visitor's becoming known is told once")
		}
		w.want(w.see("device=a phone=1", "device=a"), 2, 2) // the last customer seen on it
		if g, err := w.who.Generation(t.Context(), w.db); err != nil || g == 0 {
			t.Errorf("generation %d, %v", g, err)
		}
		w.want(w.see("device=b device=a"), 2) // a visitor on a device seen with a customer's is she
		w.want(w.see("device=b"), 2)
	})
}

func TestSharedDevice(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.want(w.see("device=tablet user=1", "device=tablet user=2", "device=tablet user=3", "device=tablet"), 1, 2, 3, 3)
		w.want(w.see("device=tablet user=4", "device=tablet", "device=tablet user=1", "device=own device=tablet"), 4, 0, 1, v1)
		all := w.conflicts("open")
		if len(all) != 1 || all[0].Kind != identity.SharedDevice || len(all[0].Evidence.Customers) != 4 {
			t.Fatalf("%+v", all)
		}
		if _, err := w.who.Decide(t.Context(), all[0].ID, identity.Decision{Decision: "apart"}, "stf"); err != nil {
			t.Fatal(err)
		}
		w.want(w.see("device=tablet"), v1+1)
	})
}

func TestMergesAndConflicts(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		// In one batch: two people, who are one.
		w.want(w.see("phone=1", "openid=app:o1", "email=e1 card=c1", "phone=1 openid=app:o1", "email=e1 openid=app:o1"), 1, 1, 1, 1, 1)
		if m := w.merges(); len(m) != 2 || w.customer(2).MergedInto != 1 || w.customer(3).MergedInto != 1 {
			t.Fatalf("%+v", m)
		}
		w.want(w.see("phone=9 user=u9", "phone=8 user=u8"), 4, 5)
		w.want(w.see("user=u9 phone=8", "phone=8 user=u9"), 5, 5) // the phone is stronger; nobody is merged
		open := w.conflicts("open")
		if len(open) != 1 || open[0].Times != 2 || open[0].A != 4 || open[0].B != 5 || open[0].KeyKind != "phone" ||
			len(open[0].Evidence.AKeys) != 2 || len(open[0].Evidence.Keys) != 2 || open[0].Source != "test" {
			t.Fatalf("%+v", open)
		}
		if _, err := w.who.Decide(t.Context(), open[0].ID, identity.Decision{Decision: "apart", Note: "sisters"}, "stf"); err != nil {
			t.Fatal(err)
		}
		w.see("user=u9 phone=8")
		if len(w.conflicts("open")) != 0 {
			t.Error("asked again about a pair that is kept apart")
		}
		if _, err := w.who.Decide(t.Context(), open[0].ID, identity.Decision{Decision: "merge"}, "stf"); !errs.Is(err, errs.Conflict) {
			t.Errorf("decided twice: %v", err)
		}
		// Decided by hand: merged whatever keys say.
		w.want(w.see("unionid=x phone=7", "unionid=y"), 6, 7)
		w.want(w.see("unionid=y phone=7"), 7)
		open = w.conflicts("open")
		if len(open) != 1 {
			t.Fatalf("%+v", open)
		}
		if c, err := w.who.Decide(t.Context(), open[0].ID, identity.Decision{Decision: "merge"}, "stf"); err != nil || c.State != "merged" || c.DecidedBy != "stf" {
			t.Fatalf("%+v, %v", c, err)
		}
		w.want(w.see("unionid=y", "unionid=x", "phone=7"), 6, 6, 6)
	})
}

func TestSharedKey(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.want(w.see("phone=shop user=1", "phone=shop user=2", "phone=shop user=3"), 1, 1, 1)
		if len(w.conflicts("open")) != 0 {
			t.Error("three accounts are not too many")
		}
		w.want(w.see("phone=shop user=4", "user=4"), 1, 2)
		open := w.conflicts("open")
		if len(open) != 1 || open[0].Kind != identity.SharedKey || len(open[0].Evidence.Claims) != 3 {
			t.Fatalf("%+v", open)
		}
		if _, err := w.who.Decide(t.Context(), open[0].ID, identity.Decision{Decision: "block"}, "stf"); err != nil {
			t.Fatal(err)
		}
		w.want(w.see("phone=shop", "phone=shop user=4", "phone=shop user=1", "phone=shop user=3"), 0, 2, 1, 3)
		blocked, _, err := w.who.Blocked(t.Context(), "", 10)
		if err != nil || len(blocked) != 1 || blocked[0].State != identity.Blocked {
			t.Fatalf("%+v, %v", blocked, err)
		}
		if err := w.who.Unblock(t.Context(), blocked[0].Key); err != nil {
			t.Fatal(err)
		}
		w.want(w.see("phone=shop user=4", "phone=shop"), 2, 2)
		if err := w.who.Unblock(t.Context(), blocked[0].Key); !errs.Is(err, errs.NotFound) {
			t.Errorf("%v", err)
		}
	})
}

func TestUnbindAndFirstLink(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.want(w.see("user=u phone=1 device=d"), 1)
		w.want(w.resolve(identity.Sighting{Person: customer.Person{Keys: keys("user=u phone=1 device=d")}, Unbind: true}), 1)
		if c := w.customer(1); c.Phone != "" || w.owner("phone=1") != 0 || w.owner("device=d") != 0 || w.owner("user=u") != 1 {
			t.Errorf("%+v", c)
		}
		w.want(w.see("device=d", "phone=1", "user=u"), v1, 2, 1)
		w.want(w.resolve(identity.Sighting{Person: customer.Person{Keys: keys("phone=1")}, Unbind: true}, identity.Sighting{Person: customer.Person{Keys: keys("phone=1 user=u")}}), 2, 1)
		// track_signup: the first link wins.
		link := func(text string) identity.Sighting {
			return identity.Sighting{Person: customer.Person{Keys: keys(text)}, First: true}
		}
		w.want(w.resolve(link("user=a device=cookie"), link("user=b device=cookie")), 3, 4)
		w.want(w.see("device=cookie"), 3)
	})
}

func TestTraits(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		trait := func(op, name, value string) identity.Trait {
			return identity.Trait{Op: op, Name: name, Value: json.RawMessage(value)}
		}
		w.resolve(identity.Sighting{Person: customer.Person{Keys: keys("device=d")}, Traits: []identity.Trait{
			trait("set", "$name", `"甲"`), trait("inc", "visits", `1`), trait("inc", "visits", `2.5`), trait("append", "likes", `["猫"]`), trait("append", "likes", `["猫","狗"]`),
			trait("set", "bad\nname", `1`), trait("set", "broken", `{`), trait("set_once", "first", `"a"`), trait("set_once", "first", `"b"`), trait("set", "gone", `1`), trait("unset", "gone", ``),
		}})
		w.want(w.resolve(identity.Sighting{Person: customer.Person{Keys: keys("device=d user=u")}, Traits: []identity.Trait{
			trait("set", "Gender", `"女"`), trait("set", "birthday", `"1990/1/2"`), trait("set", "phone", `"13800000001"`), trait("set", "phone", `"13800000002"`), trait("set", "$city", `"杭州"`), trait("unset", "city", ``),
		}}), 1)
		if c := w.customer(1); c.Name != "甲" || c.Gender != "f" || c.Birthday != "1990-01-02" || c.Phone != "13800000001" || c.City != "" {
			t.Errorf("%+v", c)
		}
		got, err := w.who.Traits(t.Context(), 1)
		want := map[string]json.RawMessage{"visits": json.RawMessage(`3.5`), "likes": json.RawMessage(`["猫","狗"]`), "first": json.RawMessage(`"a"`)}
		if d := cmp.Diff(want, got); d != "" || err != nil {
			t.Error(d, err)
		}
		var many []identity.Trait
		for i := range 500 {
			many = append(many, trait("set", fmt.Sprintf("t%d", i), `1`))
		}
		w.resolve(identity.Sighting{Person: customer.Person{Keys: keys("user=u")}, Traits: many})
		if got, err = w.who.Traits(t.Context(), 1); err != nil || len(got) != 200 {
			t.Errorf("%d attributes, %v", len(got), err)
		}
	})
}

// sell records paid orders of a customer.
func (w *world) sell(n uint32, number string, fen int64) {
	w.t.Helper()
	err := w.db.Tx(context.Background(), func(tx *store.Tx) error {
		known, err := order.Known(context.Background(), tx, "shop", []string{number})
		if err != nil {
			return err
		}
		_, sums, err := order.NewSettler().Settle(context.Background(), tx, "shop", "", known, []order.Incoming{{Number: number, Customer: n, PaidAt: w.now.Now(), AmountFen: fen, Fixed: true, Quantity: 1}}, w.now.Now())
		if err != nil {
			return err
		}
		for c, s := range sums {
			if err := customer.Bought(context.Background(), tx, []customer.Purchases{{Number: c, Orders: s.Orders, SpentFen: s.SpentFen, RefundedFen: s.RefundedFen, FirstAt: s.FirstAt, LastAt: s.LastAt}}, w.now.Now()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.now.Advance(time.Minute)
}

// TestEverythingFollows merges two customers who have rows everywhere and takes it back.
func TestEverythingFollows(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.resolve(identity.Sighting{Person: customer.Person{Keys: keys("phone=1"), Name: "甲", RegisteredAt: start}},
			identity.Sighting{Person: customer.Person{Keys: keys("card=c"), Name: "乙", City: "杭州", RegisteredAt: start.AddDate(-1, 0, 0)}})
		w.sell(1, "a", 100)
		w.sell(2, "b", 50)
		w.sell(2, "c", 25)
		say := consent.NewService(w.db, w.now.Now)
		for _, c := range []struct {
			n       uint32
			channel string
			state   consent.State
		}{{1, "email", consent.Granted}, {2, "email", consent.Withdrawn}, {2, "phone", consent.Granted}} {
			if err := say.Say(ctx, c.n, c.channel, c.state, "test"); err != nil {
				t.Fatal(err)
			}
		}
		list, err := roaring.BitmapOf(2, 9).ToBytes()
		if err != nil {
			t.Fatal(err)
		}
		if err := w.db.Tx(ctx, func(tx *store.Tx) error {
			for _, q := range []string{
				`INSERT INTO tasks (id, message_id, campaign_id, strategy_id, customer, title, text, team, assignee, state, reason, note, due_at, created_at, closed_by) VALUES ('t', 'm', '', '', 2, '', '', '', '', 'open', '', '', 0, 0, '')`,
				`INSERT INTO messages (id, campaign_id, customer, channel, state, due_at, attempts) VALUES ('sent', 'c', 2, 'email', 'sent', 0, 1), ('queued', 'c', 2, 'email', 'queued', 0, 1)`,
				`INSERT INTO phone_messages (id, customer, campaign_id, title, body, image, url, action, arrived_at) VALUES ('p', 2, 'c', '', '', '', '', '', 0)`,
				`INSERT INTO contacts (customer, day, channel, n) VALUES (1, 20260301, 'email', 1), (2, 20260301, 'email', 2)`,
				`INSERT INTO segments (id, name, note, kind, condition, version, size, computed, created_by, created_at, updated_at, archived) VALUES ('seg', '', '', 'static', 'null', 1, 2, 1, '', 0, 0, FALSE)`,
			} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, `INSERT INTO segment_members (segment_id, chunk, people) VALUES ('seg', 0, ?)`, list)
			return err
		}); err != nil {
			t.Fatal(err)
		}
		state := func() (out string) {
			for _, q := range []string{
				`SELECT id || ' ' || customer FROM orders ORDER BY number`, `SELECT id || ' ' || customer FROM tasks`, `SELECT id || ' ' || customer FROM messages ORDER BY id`,
				`SELECT id || ' ' || customer FROM phone_messages`, `SELECT channel || ' ' || state || ' ' || customer FROM consents ORDER BY customer, channel`,
				`SELECT kind || ' ' || value || ' ' || customer FROM identity_keys ORDER BY kind, value`, `SELECT customer || ' ' || n FROM contacts ORDER BY customer`,
				`SELECT id || ' ' || size FROM segments`,
				`SELECT number || ' ' || name || ' ' || city || ' ' || registered_at || ' ' || orders || ' ' || spent_fen || ' ' || COALESCE(last_order_at, 0) || ' ' || COALESCE(merged_into, 0) FROM customers ORDER BY number`,
			} {
				rows, err := store.All[string](ctx, w.db, q)
				if err != nil {
					t.Fatal(err)
				}
				out += strings.Join(rows, "\n") + "\n\n"
			}
			people, err := store.One[[]byte](ctx, w.db, `SELECT people FROM segment_members`)
			if err != nil {
				t.Fatal(err)
			}
			b := roaring.New()
			if err := b.UnmarshalBinary(people); err != nil {
				t.Fatal(err)
			}
			return out + b.String()
		}
		before := state()
		m, err := w.who.Merge(ctx, "2", "1", "the same", "stf")
		if err != nil {
			t.Fatal(err)
		}
		after := state()
		for _, want := range []string{"t 1", "sent 1", "queued 2", "p 1", "email withdrawn 1", "phone granted 1", "card c 1", "1 3\n", "{1,9}", "1 甲 杭州 ", " 3 175 "} {
			if !strings.Contains(after, want) {
				t.Errorf("after the merge there is no %q in\n%s", want, after)
			}
		}
		if c, err := customer.NewService(w.db).Get(ctx, "2"); err != nil || c.Number != 1 || !c.RegisteredAt.Equal(start.AddDate(-1, 0, 0)) {
			t.Errorf("asking for the one who went: %+v, %v", c, err)
		}
		if _, err := w.who.Merge(ctx, "1", "2", "again", "stf"); !errs.Is(err, errs.Conflict) {
			t.Errorf("merged twice: %v", err)
		}
		if _, err := w.who.Merge(ctx, "1", "1", "herself", "stf"); !errs.Is(err, errs.Invalid) {
			t.Errorf("merged with herself: %v", err)
		}
		g, err := w.who.Graph(ctx, 2)
		if err != nil || len(g.Keys) != 2 || g.Keys[0].Kind != "phone" || len(g.Merges) != 1 {
			t.Errorf("%+v, %v", g, err)
		}
		if _, err := w.who.Undo(ctx, m.ID, "stf"); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(before, state()); d != "" {
			t.Errorf("merging and splitting changed something:\n%s", d)
		}
		if _, err := w.who.Undo(ctx, m.ID, "stf"); !errs.Is(err, errs.Conflict) {
			t.Errorf("undone twice: %v", err)
		}
		if w.facts("customer.merged", 2) != 1 || w.facts("customer.split", 2) != 1 || w.facts("customer.changed", 2) != 3 || w.facts("customer.changed", 1) != 3 {
			t.Error("facts")
		}
		w.want(w.see("phone=1 card=c"), 1) // kept apart from now on
		if len(w.merges()) != 1 {
			t.Error("merged again what a person took apart")
		}
	})
}

// TestConcurrentMerges merges the same two at once: one does it, the others are told.
func TestConcurrentMerges(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.see("phone=1", "card=2", "email=3")
		ends := make(chan error, 6)
		for i := range 6 {
			go func() {
				_, err := w.who.Merge(context.Background(), fmt.Sprint(1+i%3), fmt.Sprint(1+(i+1)%3), "race", "stf")
				ends <- err
			}()
		}
		done := 0
		for range 6 {
			if err := <-ends; err == nil {
				done++
			} else if !errs.Is(err, errs.Conflict) {
				t.Error(err)
			}
		}
		if done < 1 || done > 2 || len(w.merges()) != done {
			t.Errorf("%d merges of three people", done)
		}
	})
}

func TestCoverage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.resolve(
			identity.Sighting{Person: customer.Person{Keys: keys("phone=1 card=1"), Name: "甲", Gender: "f", Birthday: "1990-01-01", City: "杭州", Source: "tmall"}},
			identity.Sighting{Person: customer.Person{Keys: keys("unionid=2"), Source: "tmall"}},
			identity.Sighting{Person: customer.Person{Keys: keys("email=3 device=3")}, Origin: "ad"},
			identity.Sighting{Person: customer.Person{Keys: keys("device=4")}},
			identity.Sighting{Person: customer.Person{Keys: keys("email=5")}},
			identity.Sighting{Person: customer.Person{Keys: keys("email=5 phone=1")}},
		)
		all, err := w.who.Coverage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		count := map[string]int64{}
		for _, k := range all.Kinds {
			count[k.Kind] = k.Customers
		}
		if all.Customers != 3 || all.Strong != 2 || all.Complete != 1 || all.Visitors != 1 || all.Merges != 1 || count["email"] != 2 || count["card"] != 1 || count["device"] != 1 {
			t.Errorf("%+v", all)
		}
		if len(all.Sources) != 2 || all.Sources[0].Source != "tmall" || all.Sources[0].Customers != 2 || all.Sources[1].Source != "ad" || all.Sources[0].Pct != 50 {
			t.Errorf("%+v", all.Sources)
		}
		rules := identity.DefaultRules()
		rules.Complete = []string{"email"}
		w.see("device=tablet user=1", "device=tablet user=2", "device=tablet user=3")
		for limit, want := range map[int]int64{2: 1, 3: 0} {
			rules.SharedDevice = limit
			if e, err := w.who.Preview(t.Context(), rules); err != nil || e != (identity.Effect{Customers: 6, Complete: 2, Devices: want, Merged: 1}) {
				t.Errorf("with %d people a device: %+v, %v", limit, e, err)
			}
		}
		if _, err := w.who.SetRules(t.Context(), rules, 0, "stf"); err != nil {
			t.Fatal(err)
		}
		if _, err := w.who.SetRules(t.Context(), rules, 0, "stf"); !errs.Is(err, errs.Conflict) {
			t.Errorf("an old version: %v", err)
		}
		rules.Complete = []string{"shoe_size"}
		if _, err := w.who.SetRules(t.Context(), rules, 1, "stf"); !errs.Is(err, errs.Invalid) {
			t.Errorf("%v", err)
		}
	})
}

// Two people used one Idempotency-Key, for an order and for a cart each: they are merged all the same, and split again.
func TestSameRequestOfTwo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		w.resolve(identity.Sighting{Person: customer.Person{Keys: keys("phone=1")}}, identity.Sighting{Person: customer.Person{Keys: keys("card=2")}})
		err := w.db.Tx(ctx, func(tx *store.Tx) error {
			for i, who := range []uint32{1, 2} {
				id := fmt.Sprintf("sal_%d", i)
				if err := store.Insert(ctx, tx, "sales", checkout.Sale{ID: id, Number: id, Customer: who, Request: "the-same-idempotency-key", State: checkout.Paid, PlacedAt: time.Unix(1, 0)}); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, `INSERT INTO carts (owner, changed_at, told) VALUES (?, 1, FALSE)`, checkout.CartOf(who)); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, `INSERT INTO cart_lines (owner, sku, quantity, chosen, changed_at) VALUES (?, 'tea', 2, TRUE, 1)`, checkout.CartOf(who)); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		count := func(q string) int64 {
			t.Helper()
			n, err := store.One[int64](ctx, w.db, q)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if _, err := w.who.Merge(ctx, "1", "2", "one person", "stf"); err != nil {
			t.Fatal(err)
		}
		if n, units := count(`SELECT COUNT(DISTINCT customer) FROM sales`), count(`SELECT quantity FROM cart_lines`); n != 1 || units != 4 {
			t.Errorf("sales of %d people, %d units in the one cart", n, units)
		}
		if _, err := w.who.Undo(ctx, w.merges()[0].ID, "stf"); err != nil {
			t.Fatal(err)
		}
		if n, carts := count(`SELECT COUNT(*) FROM sales WHERE request = 'the-same-idempotency-key'`), count(`SELECT COUNT(*) FROM cart_lines WHERE quantity = 2`); n != 2 || carts != 2 {
			t.Errorf("%d sales, %d carts as they were", n, carts)
		}
	})
}
