package storewire_test

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"huoshui/internal/app/storewire"
	"huoshui/internal/marketing/content"
	"huoshui/internal/marketing/loyalty"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/photo"
	"huoshui/internal/trade/review"
)

// hostile is what people write into texts to have it obeyed.
var hostile = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `{{name}}`, `{{constructor.constructor('alert(1)')()}}`, `[去这里](javascript:alert(1))`, `![x](http://evil.example/x.png)`,
	"**粗**\n# 题\n- 项", `\{{x`, "a\u202eb\x00c", "\ue000\ue001", `</textarea><svg/onload=alert(1)>`, `'; DROP TABLE reviews; --`,
}

func TestReviews(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, d := t.Context(), openDesk(t, db)
		d.customers(t, 2)
		d.stock(t, "K2", 10)
		d.stock(t, "K1", 10)
		if _, err := db.Exec(ctx, `UPDATE customers SET name = '王小美' WHERE number = 1`); err != nil {
			t.Fatal(err)
		}
		library := content.NewService(db, nil, d.clock.Now)
		s := review.NewService(db, d.Service, storewire.Reviewers{Points: d.points}, storewire.Quotes{Contents: library}, d.clock.Now)
		sale := d.bought(t, 1, "r", checkout.Wish{Lines: append(line("K2", 1), line("K1", 1)...)}, true, false)
		draft := review.Draft{Stars: 5, Text: "很好，加.微-信 abc", Tags: []string{"物流快"}, Consent: true}
		if _, err := s.Write(ctx, 1, sale.ID, "K2", draft); !errs.Is(err, errs.Conflict) {
			t.Errorf("said of what was not received: %v", err)
		}
		if _, err := d.Finish(ctx, 1, sale.ID); err != nil {
			t.Fatal(err)
		}
		if todo, err := s.Todo(ctx, 1); err != nil || len(todo) != 2 {
			t.Errorf("%+v, %v", todo, err)
		}
		if _, err := s.Write(ctx, 2, sale.ID, "K2", draft); !errs.Is(err, errs.NotFound) {
			t.Errorf("said of another's order: %v", err)
		}
		for name, bad := range map[string]review.Draft{
			"no stars": {Text: "x"}, "six stars": {Stars: 6}, "too long": {Stars: 5, Text: strings.Repeat("好", 501)}, "a tag of her own": {Stars: 5, Tags: []string{"<b>"}}, "another's picture": {Stars: 5, Pictures: []string{"pho_x"}},
		} {
			if _, err := s.Write(ctx, 1, sale.ID, "K2", bad); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
		p, err := d.photos.Upload(ctx, 1, bytes.NewReader(picture(t)))
		if err != nil {
			t.Fatal(err)
		}
		draft.Pictures = []string{p.ID}
		var wg sync.WaitGroup
		for range 3 { // from three tabs
			wg.Go(func() {
				if _, err := s.Write(ctx, 1, sale.ID, "K2", draft); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		all, err := s.List(ctx, review.Filter{Customer: 1})
		if err != nil || len(all.Items) != 1 || all.Items[0].Author != "王**" || all.Items[0].State != review.Pending || len(all.Items[0].Words) != 1 {
			t.Fatalf("%+v, %v", all, err)
		}
		r := all.Items[0]
		if public, staff, err := review.Shows(ctx, db, r.ID); err != nil || public || !staff {
			t.Error(public, staff, err)
		}
		if _, err := s.Quote(ctx, r.ID, "stf"); !errs.Is(err, errs.Conflict) {
			t.Errorf("content of what nobody approved: %v", err)
		}
		for _, to := range []review.State{review.Approved, review.Hidden, review.Approved} {
			if r, err = s.Decide(ctx, r.ID, false, to, "", "stf"); err != nil {
				t.Fatal(err)
			}
		}
		has, err := loyalty.Get(ctx, db, 1, d.clock.Now())
		if err != nil || has.Points != 50+sale.TotalFen/100 {
			t.Errorf("rewarded other than once: %+v, %v", has, err)
		}
		if public, _, err := review.Shows(ctx, db, r.ID); err != nil || !public {
			t.Error(public, err)
		}
		if _, err := s.Follow(ctx, 2, r.ID, "x", nil); !errs.Is(err, errs.NotFound) {
			t.Errorf("followed another's: %v", err)
		}
		for _, want := range []error{nil, errs.New(errs.Conflict, "", "")} {
			if r, err = s.Follow(ctx, 1, r.ID, "用了一个月", nil); (err == nil) != (want == nil) {
				t.Error(err)
			}
		}
		if r, err = s.Reply(ctx, all.Items[0].ID, "谢谢", "stf"); err != nil || r.Reply != "谢谢" {
			t.Error(err)
		}
		sum, err := s.Summary(ctx, r.Goods)
		if err != nil || sum.Count != 1 || sum.Average != 5 || sum.Pictures != 1 || sum.Follows != 0 || len(sum.Tags) != 1 {
			t.Errorf("%+v, %v", sum, err)
		}
		made, err := s.Quote(ctx, r.ID, "stf")
		if err != nil || made.Content == "" {
			t.Fatalf("%+v, %v", made, err)
		}
		if again, err := s.Quote(ctx, r.ID, "stf"); err != nil || again.Content != made.Content {
			t.Errorf("%+v, %v", again, err)
		}
		d.clock.Advance(49 * time.Hour)
		if _, err := s.Write(ctx, 1, sale.ID, "K2", draft); !errs.Is(err, errs.Conflict) {
			t.Errorf("changed too late: %v", err)
		}
		d.sound(ctx, t)
		if err := db.Tx(ctx, func(tx *store.Tx) error {
			if err := (review.Mover{}).EraseCustomers(ctx, tx, []uint32{1}); err != nil {
				return err
			}
			return photo.Mover{}.EraseCustomers(ctx, tx, []uint32{1})
		}); err != nil {
			t.Fatal(err)
		}
		gone, err := s.Get(ctx, r.ID)
		if err != nil || gone.Customer != 0 || gone.Author != "" || gone.Consent || len(gone.Pictures) != 0 || gone.Stars != 5 {
			t.Errorf("%+v, %v", gone, err)
		}
		if _, err := d.photos.File(ctx, p.ID, 100); !errs.Is(err, errs.NotFound) {
			t.Errorf("her picture is still there: %v", err)
		}
	})
}

// TestHostileWords: what is written comes back as it is, and as content it is words only.
func TestHostileWords(t *testing.T) {
	db := storetest.Open(t)
	ctx, d := t.Context(), openDesk(t, db)
	d.customers(t, 1)
	d.stock(t, "K2", 100)
	library := content.NewService(db, nil, d.clock.Now)
	s := review.NewService(db, d.Service, storewire.Reviewers{Points: d.points}, storewire.Quotes{Contents: library}, d.clock.Now)
	for i, text := range hostile {
		sale := d.bought(t, 1, text[:1]+string(rune('a'+i)), checkout.Wish{Lines: line("K2", 1)}, true, true)
		r, err := s.Write(ctx, 1, sale.ID, "K2", review.Draft{Stars: 4, Text: text + " 好用", Consent: true})
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if strings.ContainsAny(r.Text, "\x00\u202e") {
			t.Errorf("%q has signs that nobody sees", r.Text)
		}
		if _, err := s.Decide(ctx, r.ID, false, review.Approved, "", ""); err != nil {
			t.Fatal(err)
		}
		made, err := s.Quote(ctx, r.ID, "")
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		c, err := library.Get(ctx, made.Content)
		if err != nil {
			t.Fatal(err)
		}
		compiled, err := content.Compile(c.Bodies[0])
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if v := compiled.Variables(); len(v) != 0 {
			t.Errorf("%q names variables: %v", text, v)
		}
		shown, err := compiled.Render(nil, content.Envelope{})
		if err != nil {
			t.Fatal(err)
		}
		for _, bad := range []string{"<script", "<img", "<svg", "href=\"javascript", "<strong>"} {
			if strings.Contains(shown.HTML, bad) {
				t.Errorf("%q became %q", text, shown.HTML)
			}
		}
	}
}
