package event_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"huoshui/internal/platform/event"
)

// TestFactsAreTheirJSON compares with encoding/json, which facts are written and read by everywhere else.
func TestFactsAreTheirJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.OneOf(rapid.StringN(0, 12, 40), rapid.SampledFrom([]string{"", "奶粉", "a\"b\\c", "\x00\x1f\x7f", "<&>", "\xff\xfe", "\u2028", "event.Products Searched"}))
		props := rapid.OneOf(
			rapid.Just[json.RawMessage](nil),
			rapid.SampledFrom([]json.RawMessage{[]byte(`{}`), []byte(`null`), []byte(`{"a":[1,2.50,"奶"],"b":{"c":true}}`)}),
		)
		one := rapid.Custom(func(t *rapid.T) event.Fact {
			at := time.UnixMicro(rapid.Int64Range(-62135596800e6, 253402300799e6).Draw(t, "at")).UTC()
			return event.Fact{
				ID: word.Draw(t, "id"), Name: word.Draw(t, "name"), Customer: rapid.Uint32().Draw(t, "customer"), At: at, Subject: word.Draw(t, "subject"),
				Amount: rapid.Int64().Draw(t, "amount"), Quantity: rapid.Int64().Draw(t, "quantity"), Product: word.Draw(t, "product"),
				Category: word.Draw(t, "category"), Channel: word.Draw(t, "channel"), Campaign: word.Draw(t, "campaign"),
				Strategy: word.Draw(t, "strategy"), Detail: word.Draw(t, "detail"), Props: props.Draw(t, "props"),
			}
		})
		facts := rapid.SliceOfN(one, 1, 4).Draw(t, "facts")
		want, err := json.Marshal(facts)
		if err != nil {
			t.Fatal(err)
		}
		got, err := event.AppendFacts(nil, facts)
		if err != nil {
			t.Fatal(err)
		}
		var a, b []event.Fact
		if err := json.Unmarshal(want, &a); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(got, &b); err != nil {
			t.Fatalf("%v: %s", err, got)
		}
		if d := cmp.Diff(a, b); d != "" {
			t.Fatalf("written: %s", d)
		}
		for _, text := range [][]byte{got, want} {
			read, err := event.ParseFacts(text)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(a, read); d != "" {
				t.Fatalf("read: %s", d)
			}
			for _, f := range read {
				if !event.Mentions(text, map[string]bool{f.Name: true, "x": true}) {
					t.Fatalf("%q is hidden in %s", f.Name, text)
				}
			}
		}
	})
}

func TestMentionsOnlyWhatMayBeThere(t *testing.T) {
	text, err := event.AppendFacts(nil, []event.Fact{{ID: "a", Name: "page.viewed", Props: []byte(`{"name":"survey"}`)}, {ID: "b", Name: "event.Searched"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{"page.viewed": true, "event.Searched": true, "survey": true, "page": false, "order.paid": false, "": false} {
		if event.Mentions(text, map[string]bool{name: true}) != want {
			t.Errorf("%q: %v", name, !want)
		}
	}
	for _, broken := range []string{"", `"name":"`, `[{"name":`, `"name":"x`} {
		if event.Mentions([]byte(broken), map[string]bool{"x": true}) {
			t.Errorf("%q holds something", broken)
		}
	}
}

func TestFactsThatAreNone(t *testing.T) {
	for _, text := range []string{``, `[`, `{}`, `[1]`, `[{"amount":"1"}]`, `[{"at":"yesterday"}]`, `[{"customer":-1}]`} {
		if facts, err := event.ParseFacts([]byte(text)); err == nil {
			t.Errorf("%q is %v", text, facts)
		}
	}
	if facts, err := event.ParseFacts([]byte(`[{"id":"a","of the future":1}]`)); err != nil || len(facts) != 1 {
		t.Errorf("a member that is not known: %v, %v", facts, err)
	}
	if _, err := event.AppendFacts(nil, []event.Fact{{ID: "a", Props: []byte(`{`)}}); err == nil {
		t.Error("broken properties were written")
	}
}

func BenchmarkFacts(b *testing.B) {
	facts := make([]event.Fact, 500)
	for i := range facts {
		facts[i] = event.Fact{
			ID: "evt_06dj8ymkz6hm0xc2yqj9v7t4bg", Name: event.ProductViewed, Customer: uint32(i + 1), At: time.UnixMicro(1767225600123456), Product: "sku-1001", Category: "护肤", Channel: "bench", Amount: 5950, Quantity: 1,
			Props: []byte(`{"channel":"app","currency":"CNY"}`),
		}
	}
	text, err := event.AppendFacts(nil, facts)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("write", func(b *testing.B) {
		var buffer []byte
		for b.Loop() {
			buffer, _ = event.AppendFacts(buffer[:0], facts)
		}
	})
	b.Run("read", func(b *testing.B) {
		for b.Loop() {
			if _, err := event.ParseFacts(text); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read as any JSON", func(b *testing.B) {
		for b.Loop() {
			var out []event.Fact
			if err := json.NewDecoder(bytes.NewReader(text)).Decode(&out); err != nil {
				b.Fatal(err)
			}
		}
	})
}
