package importwire_test

import (
	"io"
	"log/slog"
	"strings"
	"testing"

	"huoshui/internal/app/identitywire"
	"huoshui/internal/app/importwire"
	"huoshui/internal/data/importing"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/user/consent"
)

// Who is erased is in no file of rejected lines any more, and in no sample of a dry run; the neighbour's lines stay.
func TestErasedFromRejectedLines(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, who := t.Context(), identitywire.New(db, clock.System)
		s := importwire.New(db, who, consent.NewService(db, clock.System), clock.System, slog.New(slog.DiscardHandler), importing.Config{Dir: t.TempDir(), Zone: zone(t)})
		const text = "订单编号,买家会员名,联系手机,付款时间,商家编码,购买数量,价格\n" +
			"1,甲,13800002525,2026-03-01 10:00:00,A,1,10\n2,甲,13800002525,2026-03-01 10:00:00,B,2,面议\n3,乙,13900002626,2026-03-02 10:00:00,A,1,谈\n"
		channel := func(spec *importing.Spec) { spec.Channel = "tmall" }
		imp := load(t, s, importing.TargetOrders, "tmall.csv", strings.NewReader(text), channel)
		tried, err := s.Upload(ctx, importing.TargetOrders, "again.csv", strings.NewReader(text), "stf")
		if err != nil {
			t.Fatal(err)
		}
		channel(&tried.Spec)
		if _, err := s.Configure(ctx, tried.ID, tried.Format, tried.Spec); err != nil {
			t.Fatal(err)
		}
		if _, err := s.DryRun(ctx, tried.ID); err != nil {
			t.Fatal(err)
		}
		rejects := func() string {
			t.Helper()
			f, _, err := s.Rejects(ctx, imp.ID)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			b, err := io.ReadAll(f)
			if err != nil {
				t.Fatal(err)
			}
			return string(b)
		}
		before := rejects()
		if !strings.Contains(before, "13800002525") || !strings.Contains(before, "13900002626") {
			t.Fatal(before)
		}
		n, err := store.One[uint32](ctx, db, `SELECT customer FROM identity_keys WHERE value = '13800002525'`)
		if err != nil {
			t.Fatal(err)
		}
		c, err := store.One[string](ctx, db, `SELECT id FROM customers WHERE number = ?`, int64(n))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := who.Erase(ctx, c); err != nil {
			t.Fatal(err)
		}
		after := rejects()
		lines := strings.SplitAfter(before, "\n")
		if want := lines[0] + lines[2]; after != want {
			t.Errorf("%q, want %q", after, want)
		}
		dry, err := s.Get(ctx, tried.ID)
		if err != nil || dry.Dry == nil || len(dry.Dry.Samples) != 1 || dry.Dry.Samples[0].Line != 4 {
			t.Errorf("%+v, %v", dry.Dry, err)
		}
	})
}
