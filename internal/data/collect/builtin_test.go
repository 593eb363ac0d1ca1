package collect_test

import (
	"testing"

	"huoshui/internal/data/collect"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

// The store's own source is made once; what people changed of it stays, and its key is known by it.
func TestEnsure(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		keys, err := secret.Load("", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		s, ctx := collect.NewSources(db, keys, clock.System), t.Context()
		draft := collect.SourceDraft{Name: "店铺", Kind: collect.Browser, Protocols: []collect.Protocol{collect.Segment}}
		made, err := s.Ensure(ctx, collect.StoreSource, draft, "huoshui")
		if err != nil || made.WriteKey == "" || made.Trusted {
			t.Fatalf("%+v, %v", made, err)
		}
		draft.Name = "线上店"
		if _, err := s.Update(ctx, collect.StoreSource, draft, "stf_1"); err != nil {
			t.Fatal(err)
		}
		draft.Name = "店铺"
		again, err := s.Ensure(ctx, collect.StoreSource, draft, "huoshui")
		if err != nil || again.WriteKey != made.WriteKey || again.Name != "线上店" {
			t.Fatalf("%+v, %v", again, err)
		}
	})
}
