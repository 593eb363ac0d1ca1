package content_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/marketing/content"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

// people answers for customer 7 only, as the customer book does for one person.
type people struct{}

func (people) ValuesOf(_ context.Context, customers []uint32) (map[uint32]content.Values, error) {
	out := map[uint32]content.Values{}
	for _, n := range customers {
		if n == 7 {
			out[n] = content.Values{"name": "小满", "last_product": "猫粮"}
		}
	}
	return out, nil
}

var draft = content.Draft{
	Name: content.Words{ZH: "补货提醒", EN: "Refill"}, Layers: []string{"silent"},
	Bodies: []content.Body{{Language: "zh", Subject: "{{name|您}}好", Text: "{{last_product|好物}}该补了,{{benefit|有礼}}。[去看看]({{link}})"}},
}

func TestLibrary(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, clk := t.Context(), clock.NewManual(time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC))
		s := content.NewService(db, people{}, clk.Now)
		c, err := s.Write(ctx, draft, "stf_1")
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Get(ctx, c.ID)
		if err != nil || cmp.Diff(c, got) != "" {
			t.Fatalf("%v %s", err, cmp.Diff(c, got))
		}
		clk.Advance(time.Hour)
		next := draft
		next.Name.ZH = "补货提醒二"
		if c, err = s.Revise(ctx, c.ID, 1, next, "stf_2"); err != nil || c.Version != 2 {
			t.Fatalf("%+v %v", c, err)
		}
		if _, err = s.Revise(ctx, c.ID, 1, draft, "stf_3"); !errs.Is(err, errs.Conflict) {
			t.Errorf("a stale author was not told: %v", err)
		}
		if vs, err := s.Versions(ctx, c.ID); err != nil || len(vs) != 2 || vs[0].Name.ZH != "补货提醒二" || vs[1].Name.ZH != "补货提醒" {
			t.Errorf("%+v %v", vs, err)
		}
		clk.Advance(time.Hour)
		copied, err := s.Clone(ctx, c.ID, "stf_1")
		if err != nil || copied.ClonedFrom != c.ID || copied.Name.ZH != "补货提醒二（副本）" {
			t.Fatalf("%+v %v", copied, err)
		}
		first, err := s.List(ctx, content.Filter{Limit: 1, Search: "补货"})
		if err != nil || first.Total != 2 || len(first.Items) != 1 || first.Items[0].ID != copied.ID || first.Next == "" {
			t.Fatalf("%+v %v", first, err)
		}
		second, err := s.List(ctx, content.Filter{Limit: 1, Search: "补货", After: first.Next})
		if err != nil || len(second.Items) != 1 || second.Items[0].ID != c.ID || second.Next != "" {
			t.Errorf("%+v %v", second, err)
		}
		if err := s.Archive(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
		if live, err := s.List(ctx, content.Filter{Layer: "silent"}); err != nil || live.Total != 1 {
			t.Errorf("%+v %v", live, err)
		}
		if gone, err := s.List(ctx, content.Filter{Archived: true}); err != nil || gone.Total != 1 || gone.Items[0].ID != c.ID {
			t.Errorf("%+v %v", gone, err)
		}
		if err := s.Restore(ctx, c.ID); err != nil {
			t.Fatal(err)
		}
		if err := s.Archive(ctx, "con_none"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if _, err := s.List(ctx, content.Filter{After: "junk"}); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
	})
}

func TestSeedIsIdempotentAndNeverOverwrites(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), content.NewService(db, people{}, clock.System)
		n, err := s.Seed(ctx)
		if err != nil || n < 5 {
			t.Fatalf("%d %v", n, err)
		}
		all, err := s.List(ctx, content.Filter{Limit: 200})
		if err != nil || all.Total != int64(n) {
			t.Fatalf("%d of %d, %v", all.Total, n, err)
		}
		c := all.Items[0]
		d := c.Draft()
		d.Note.ZH = "我们自己的话"
		if _, err := s.Revise(ctx, c.ID, c.Version, d, "stf_1"); err != nil {
			t.Fatal(err)
		}
		if n, err = s.Seed(ctx); err != nil || n != 0 {
			t.Errorf("%d seeded again, %v", n, err)
		}
		if got, err := s.Get(ctx, c.ID); err != nil || got.Note.ZH != "我们自己的话" {
			t.Errorf("%+v %v", got, err)
		}
	})
}

// Everything that ships renders for somebody about whom nothing is known, in both languages, on every channel it has.
func TestShippedRendersForAStranger(t *testing.T) {
	drafts, err := content.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	for id, d := range drafts {
		for _, channel := range []string{"phone", "email", "task"} {
			for _, language := range []string{"zh", "en"} {
				c, err := d.For(channel, language)
				if err != nil {
					t.Errorf("%s: %v", id, err)
					continue
				}
				if c.Body.Language != language {
					t.Errorf("%s has no %s for %s", id, language, channel)
				}
				r, err := c.Render(content.Values{"brand": "本店", "link": "https://shop.example/"}, content.Envelope{})
				if err != nil || r.Subject == "" || r.Text == "" {
					t.Errorf("%s %s %s: %+v %v", id, channel, language, r, err)
				}
			}
		}
	}
}

func TestPreview(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, s := t.Context(), content.NewService(db, people{}, clock.System)
		if _, err := s.SetBrand(ctx, content.Brand{Name: "一只猫", Link: "https://cat.example/"}, "stf_1"); err != nil {
			t.Fatal(err)
		}
		look, err := s.Preview(ctx, draft, "phone", "zh", 7, content.Offer{Benefit: "满 99 减 20"})
		if err != nil || look.Subject != "小满好" || look.Text != "猫粮该补了,满 99 减 20。去看看" || look.URL != "https://cat.example/" {
			t.Fatalf("%+v %v", look, err)
		}
		if want := (content.Used{Name: "name", Value: "小满"}); look.Variables[0] != want {
			t.Errorf("%+v", look.Variables)
		}
		if look, err = s.Preview(ctx, draft, "phone", "zh", 7, content.Offer{}); err != nil || look.Text != "猫粮该补了,有礼。去看看" {
			t.Errorf("%+v %v", look, err)
		}
		if _, err = s.Preview(ctx, draft, "phone", "zh", 8, content.Offer{}); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
		if look, err = s.Preview(ctx, draft, "email", "zh", 0, content.Offer{}); err != nil || look.HTML == "" {
			t.Errorf("%+v %v", look, err)
		}
		if _, err := s.SetBrand(ctx, content.Brand{Name: "x", Link: "javascript:1"}, ""); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
	})
}
