package warehousetest

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/warehouse"
)

// propertiesAreRead checks that a scan hands on what properties say, whatever their names, for the facts it was asked to read them
// of and no others, before and after compaction, of everybody and of a few.
func propertiesAreRead(t *testing.T, w Engine) {
	const none, name = int64(-1), "价/格~\"'x"
	texts := []string{`12.5`, `"a\"b 奶粉"`, `true`, ``, `null`, `["p","q"]`, `{"n":1}`, `-3`, `""`}
	read := func(text string) int64 {
		if text == "" || text == "null" {
			return none
		}
		var v any
		if err := json.Unmarshal([]byte(text), &v); err != nil {
			t.Errorf("%q is no JSON: %v", text, err)
		}
		for i, one := range texts {
			var same any
			if json.Unmarshal([]byte(one), &same) == nil && gocmp.Equal(v, same) {
				return int64(i)
			}
		}
		return 99
	}
	type row struct {
		Customer uint32
		TS       int64
		Name     string
		A, B     int64
	}
	var want []row
	var facts []event.Fact
	add := func(n uint32, hours int, fact string, i int) {
		props := `{"other":{"n":2},"a":"x"}`
		value := none
		if texts[i] != "" {
			key, _ := json.Marshal(name)
			props = fmt.Sprintf(`{"before":[1,{"n":3}],%s:%s,"n":7}`, key, texts[i])
			value = read(texts[i])
		}
		f := event.Fact{ID: fmt.Sprint(n, ".", hours), Name: fact, Customer: n, At: day.Add(time.Duration(hours) * time.Hour), Props: json.RawMessage(props)}
		facts = append(facts, f)
		r := row{n, f.At.UnixMicro(), fact, none, none}
		if fact == event.PageViewed {
			r.A = value
		}
		if texts[i] != "" && fact != event.MessageOpened {
			r.B = 7
		}
		want = append(want, r)
	}
	for n := uint32(1); n <= 200; n++ {
		for hours := range 5 {
			add(n, hours, []string{event.PageViewed, event.OrderPaid, event.MessageOpened}[(int(n)+hours)%3], (int(n)*7+hours)%len(texts))
		}
	}
	facts = append(facts, event.Fact{ID: "bare", Name: event.PageViewed, Customer: 201, At: day})
	want = append(want, row{201, day.UnixMicro(), event.PageViewed, none, none})
	spec := warehouse.ScanSpec{Facts: []string{event.OrderPaid, event.PageViewed, event.MessageOpened}, Columns: warehouse.ColumnAmount, Props: []warehouse.Prop{
		{Facts: []string{event.PageViewed, "never.seen"}, Name: name, Read: read},
		{Facts: []string{event.PageViewed, event.OrderPaid}, Name: "n", Read: func(text string) int64 {
			if text != "7" {
				return none
			}
			return 7
		}},
		{Facts: []string{"never.seen"}, Name: "n", Read: func(text string) int64 { return int64(len(text)) }},
	}}
	check := func(when string, spec warehouse.ScanSpec, want []row) {
		t.Helper()
		var mu sync.Mutex
		var got []row
		if _, err := w.Scan(t.Context(), spec, func(_ int, b *warehouse.Block) error {
			mu.Lock()
			defer mu.Unlock()
			for n := b.From; n < b.To; n++ {
				for i := b.Start[n-b.From]; i < b.Start[n-b.From+1]; i++ {
					number := n
					if spec.Pick != nil {
						number = spec.Pick[n]
					}
					if b.Props[2][i] != 0 {
						t.Errorf("%s: a property of no fact is %d", when, b.Props[2][i])
					}
					got = append(got, row{number, b.TS[i], spec.Facts[b.Kind[i]], b.Props[0][i], b.Props[1][i]})
				}
			}
			return nil
		}); err != nil {
			t.Fatal(when, err)
		}
		slices.SortFunc(got, func(a, b row) int {
			if a.Customer != b.Customer {
				return int(a.Customer) - int(b.Customer)
			}
			return int(a.TS/1e6 - b.TS/1e6)
		})
		if d := gocmp.Diff(want, got); d != "" {
			t.Fatal(when, d)
		}
	}
	spec.AsOf = day.Add(1000 * time.Hour).UnixMicro()
	Load(t, w, facts[:700]...)
	check("loaded", spec, want[:700])
	if err := w.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	Load(t, w, facts[700:]...)
	many := spec
	many.Rows = 100
	check("compacted, and some since", many, want)
	few := spec
	few.Pick = []uint32{7, 70, 180}
	check("a few", few, slices.DeleteFunc(slices.Clone(want), func(r row) bool { return !slices.Contains(few.Pick, r.Customer) }))
}
