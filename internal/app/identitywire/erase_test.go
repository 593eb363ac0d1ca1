package identitywire_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/customer"
	"huoshui/internal/user/identity"
)

// mark is in everything that says who somebody is.
const mark = "Vergissmeinnicht"

// traces says in which tables there is still the mark. What waits for the relay is not kept.
func (w *world) traces() (out []string) {
	w.t.Helper()
	tables, err := store.All[string](w.t.Context(), w.db, `SELECT name FROM sqlite_master WHERE type = 'table'`)
	if err != nil { // PostgreSQL
		if tables, err = store.All[string](w.t.Context(), w.db, `SELECT tablename FROM pg_tables WHERE schemaname = current_schema()`); err != nil {
			w.t.Fatal(err)
		}
	}
	type column struct {
		Name string `db:"name"`
	}
	for _, table := range tables {
		if table == "outbox" || strings.HasPrefix(table, "sqlite_") {
			continue
		}
		columns, err := store.All[column](w.t.Context(), w.db, `SELECT name FROM pragma_table_info('`+table+`')`)
		if err != nil {
			if columns, err = store.All[column](w.t.Context(), w.db, `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = '`+table+`'`); err != nil {
				w.t.Fatal(err)
			}
		}
		for _, c := range columns {
			n, err := store.One[int64](w.t.Context(), w.db, `SELECT COUNT(*) FROM `+table+` WHERE CAST(`+c.Name+` AS TEXT) LIKE '%`+mark+`%'`)
			if err != nil {
				w.t.Fatal(err)
			}
			if n > 0 {
				out = append(out, table+"."+c.Name)
			}
		}
	}
	return out
}

// TestErase forgets somebody into whom another was merged, and who is in every table, and leaves the neighbour alone.
func TestErase(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		said := []identity.Trait{{Op: "set", Name: "nickname", Value: json.RawMessage(`"` + mark + `"`)}}
		w.resolve(
			identity.Sighting{Person: customer.Person{Keys: keys("user=" + mark + "1 phone=" + mark + " device=" + mark), Name: mark, City: mark, Code: mark}, Traits: said},
			identity.Sighting{Person: customer.Person{Keys: keys("card=" + mark), Name: mark + "二"}},
			identity.Sighting{Person: customer.Person{Keys: keys("card=other user=x device=" + mark), Name: "邻居"}},
			identity.Sighting{Person: customer.Person{Keys: keys("user=x phone=" + mark)}}, // a conflict
		)
		w.sell(2, "a", 100)
		if _, err := w.who.Merge(ctx, "2", "1", mark, "stf"); err != nil {
			t.Fatal(err)
		}
		people, err := roaring.BitmapOf(1, 2, 3).ToBytes()
		if err != nil {
			t.Fatal(err)
		}
		if err := w.db.Tx(ctx, func(tx *store.Tx) error {
			for _, q := range []string{
				`INSERT INTO tasks (id, message_id, campaign_id, strategy_id, customer, title, text, team, assignee, state, reason, note, due_at, created_at, closed_by) VALUES
					('open', 'm1', '', '', 1, '` + mark + `', '', '', '', 'open', '', '', 0, 0, ''), ('done', 'm2', '', '', 1, '', '` + mark + `', '', '', 'done', '', '` + mark + `', 0, 0, '')`,
				`INSERT INTO phone_messages (id, customer, campaign_id, title, body, image, url, action, arrived_at) VALUES ('p', 1, 'c', '', '` + mark + `', '', '', '', 0)`,
				`INSERT INTO contacts (customer, day, channel, n) VALUES (1, 20260301, 'email', 1)`,
				`INSERT INTO consents (customer, channel, state, source, changed_at) VALUES (1, 'email', 'granted', '` + mark + `', 0)`,
				`INSERT INTO touches (customer, first_at, first_touch, last_at, last_touch) VALUES (1, 0, '{"landing": "` + mark + `"}', 0, '{}')`,
				`INSERT INTO segments (id, name, note, kind, condition, version, size, computed, created_by, created_at, updated_at, archived) VALUES ('seg', '', '', 'dynamic', 'null', 1, 3, 1, '', 0, 0, FALSE)`,
				`INSERT INTO tag_groups (id, name, position) VALUES ('g', '', 0)`,
				`INSERT INTO tags (id, group_id, name, note, owner, kind, colour, cycle, rule, statistic, keywords, fuzzy, version, size, computed, created_by, created_at, updated_at, archived)
					VALUES ('tag', 'g', '', '', '', 'fuzzy', '', 'daily', 'null', 'null', 'null', '{"half_life_days":10,"threshold":0.5}', 1, 3, 1, '', 0, 0, FALSE)`,
				`INSERT INTO tag_beliefs (tag_id, customer, confidence, at, pinned, why) VALUES ('tag', 1, 0.9, 0, '', '{"code":"said","text":"` + mark + `"}')`,
				`INSERT INTO tag_audits (id, tag_id, version, seed, people, sampled, judged, right_, started_by, started_at) VALUES ('aud', 'tag', 1, '', 3, 1, 0, 0, '', 0)`,
				`INSERT INTO dead_letters (id, source, protocol, path, reason, detail, raw, raw_bytes, received_at, status) VALUES
					('l1', 's', 'segment', 'batch', 'invalid', '', '{"type":"track","properties":{"note":"of ` + mark + `, the first"}}', 10, 1, 'open'),
					('l2', 's', 'event', '', 'too_late', '', '{"keys":[{"kind":"card","value":"` + mark + `"}]}', 10, 2, 'replayed'),
					('l3', 's', 'segment', 'batch', 'invalid_json', '', '{"userId":"` + mark + `1","ev', 10, 3, 'open'),
					('l4', 's', 'segment', 'batch', 'invalid', '', '{"userId":"x","card":"other"}', 10, 4, 'open')`,
				`INSERT INTO tag_verdicts (audit_id, place, customer, verdict, judged_by) VALUES ('aud', 0, 1, '', '')`,
			} {
				if _, err := tx.Exec(ctx, q); err != nil {
					return fmt.Errorf("%s: %w", q, err)
				}
			}
			for _, q := range []string{`INSERT INTO segment_members (segment_id, chunk, people) VALUES ('seg', 0, ?)`, `INSERT INTO tag_members (tag_id, chunk, people) VALUES ('tag', 0, ?)`} {
				if _, err := tx.Exec(ctx, q, people); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if all := w.traces(); len(all) < 12 {
			t.Fatalf("the test looks at too little: %v", all)
		}
		merge := w.merges()[0].ID
		out, err := w.who.Erase(ctx, "2") // whoever is named of those who are one
		if err != nil || fmt.Sprint(out.Numbers) != "[1 2]" || out.Keys < 3 {
			t.Fatalf("%+v, %v", out, err)
		}
		for _, place := range w.traces() {
			if place != "identity_keys.value" && place != "identity_devices.value" { // the neighbour has used the same device
				t.Errorf("there is still a word in %s", place)
			}
		}
		w.want([]uint32{w.owner("phone=" + mark), w.owner("card=" + mark), w.owner("card=other")}, 0, 0, 3)
		for q, want := range map[string]int64{
			`SELECT COUNT(*) FROM tasks`:                                  1, // that it was done stays
			`SELECT COUNT(*) FROM tag_beliefs`:                            0,
			`SELECT size FROM segments`:                                   1,
			`SELECT size FROM tags`:                                       1,
			`SELECT COUNT(*) FROM tag_verdicts WHERE customer > 0`:        0,
			`SELECT COUNT(*) FROM identity_keys WHERE customer IN (1, 2)`: 0,
			`SELECT COUNT(*) FROM orders WHERE customer = 1`:              1,
			`SELECT COUNT(*) FROM consents`:                               0,
			`SELECT COUNT(*) FROM dead_letters`:                           1, // the neighbour's
		} {
			if n, err := store.One[int64](ctx, w.db, q); err != nil || n != want {
				t.Errorf("%s: %d, %v", q, n, err)
			}
		}
		if c := w.customer(1); !c.Erased || c.Name != "" || c.SpentFen != 100 || w.customer(3).Name != "邻居" {
			t.Errorf("%+v", c)
		}
		told := 0
		if err := store.Each(ctx, w.db, `SELECT facts FROM outbox`, nil, func(text string) error {
			var all []event.Fact
			if err := json.Unmarshal([]byte(text), &all); err != nil {
				return err
			}
			for _, f := range all {
				if strings.Contains(string(f.Props), `"erased":true`) && (f.Customer == 1 || f.Customer == 2) {
					told++
				}
			}
			return nil
		}); err != nil || told != 2 {
			t.Errorf("the warehouse is told of %d numbers, %v", told, err)
		}
		if _, err := w.who.Erase(ctx, "1"); !errs.Is(err, errs.Conflict) {
			t.Errorf("erased twice: %v", err)
		}
		if _, err := w.who.Undo(ctx, merge, "stf"); !errs.Is(err, errs.Conflict) {
			t.Errorf("somebody erased was split: %v", err)
		}
		if _, err := w.who.Merge(ctx, "1", "3", "again", "stf"); !errs.Is(err, errs.Conflict) {
			t.Errorf("somebody erased was merged: %v", err)
		}
		w.want(w.see("phone="+mark), 4) // a stranger
	})
}
