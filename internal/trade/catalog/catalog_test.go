package catalog_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/trade/catalog"
)

var start = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

func milk() catalog.GoodsDraft {
	return catalog.GoodsDraft{
		Title: "幼犬奶粉", Kind: catalog.KindConsumable, Role: catalog.RoleTraffic, RebuyDays: 30,
		Specs: []catalog.Spec{{Name: "规格", Values: []string{"200g", "400g"}}},
		SKUs: []catalog.SKU{
			{Code: "MILK-200", Choice: []string{"200g"}, PriceFen: 4900, WeightG: 250},
			{Code: "MILK-400", Choice: []string{"400g"}, PriceFen: 8900, MarketFen: 9900, WeightG: 480},
		},
	}
}

func TestGoods(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx, clk := t.Context(), clock.NewManual(start)
		s := catalog.NewService(db, clk.Now)
		shelf, err := s.SaveCategory(ctx, catalog.Category{Name: "狗狗"})
		if err != nil {
			t.Fatal(err)
		}
		part, err := s.SaveCategory(ctx, catalog.Category{Name: "奶粉", Parent: shelf.ID})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.SaveCategory(ctx, catalog.Category{Name: "三层", Parent: part.ID}); !errs.Is(err, errs.Invalid) {
			t.Errorf("a third level: %v", err)
		}
		d := milk()
		d.Category = part.ID
		g, err := s.Create(ctx, d, "stf_1")
		if err != nil || g.LowFen != 4900 || len(g.SKUs) != 2 || g.Status != catalog.Draft {
			t.Fatalf("%+v, %v", g, err)
		}
		for search, want := range map[string]int{"奶粉": 1, "youquannaifen": 1, "yqnf": 1, "milk-400": 1, "猫": 0, "幼犬 奶": 1, "%": 0} {
			page, err := s.List(ctx, catalog.Filter{Search: search, Category: shelf.ID})
			if err != nil || len(page.Items) != want {
				t.Errorf("%q found %d, %v", search, len(page.Items), err)
			}
		}
		if err := s.SetStatus(ctx, g.ID, catalog.On, "stf_1"); err != nil {
			t.Error(err)
		}
		clk.Advance(time.Hour)
		d.SKUs = d.SKUs[1:]
		d.SKUs[0].PriceFen = 7900
		if g, err = s.Revise(ctx, g.ID, 1, d, "stf_2"); err != nil || g.Version != 2 || g.LowFen != 7900 || g.Status != catalog.On || g.CreatedAt != start {
			t.Errorf("%+v, %v", g, err)
		}
		if _, err := s.Revise(ctx, g.ID, 1, d, "stf_3"); !errs.Is(err, errs.Conflict) {
			t.Errorf("an older version was revised: %v", err)
		}
		items, err := catalog.Items(ctx, db, []string{"MILK-200", "MILK-400", "NONE"})
		if err != nil || len(items) != 2 || items["MILK-200"].Sold() || !items["MILK-400"].Sold() || items["MILK-400"].Name() != "幼犬奶粉 400g" {
			t.Errorf("%+v, %v", items, err)
		}
		name, err := store.One[string](ctx, db, `SELECT name FROM products WHERE code = 'MILK-400' AND category = '奶粉'`)
		if err != nil || name != "幼犬奶粉 400g" {
			t.Errorf("%q, %v", name, err)
		}
		other := milk()
		if _, err := s.Create(ctx, other, "stf_1"); !errs.Is(err, errs.Conflict) {
			t.Errorf("a SKU of two goods: %v", err)
		}
		if err := s.DeleteCategory(ctx, shelf.ID); !errs.Is(err, errs.Conflict) {
			t.Errorf("a category with others in it went: %v", err)
		}
	})
}

func TestDraftsAreChecked(t *testing.T) {
	s := catalog.NewService(storetest.Open(t), clock.NewManual(start).Now)
	for name, spoil := range map[string]func(*catalog.GoodsDraft){
		"title":            func(d *catalog.GoodsDraft) { d.Title = " " },
		"kind":             func(d *catalog.GoodsDraft) { d.Kind = "gas" },
		"role":             func(d *catalog.GoodsDraft) { d.Role = "king" },
		"category":         func(d *catalog.GoodsDraft) { d.Category = "cat_x" },
		"skus":             func(d *catalog.GoodsDraft) { d.SKUs = nil },
		"skus.1.code":      func(d *catalog.GoodsDraft) { d.SKUs[1].Code = "MILK-200" },
		"skus.0.code":      func(d *catalog.GoodsDraft) { d.SKUs[0].Code = "a\nb" },
		"skus.1.choice":    func(d *catalog.GoodsDraft) { d.SKUs[1].Choice = []string{"200g"} },
		"skus.0.choice":    func(d *catalog.GoodsDraft) { d.SKUs[0].Choice = []string{"9kg"} },
		"skus.0.price_fen": func(d *catalog.GoodsDraft) { d.SKUs[0].PriceFen = 0 },
		"skus.1.price_fen": func(d *catalog.GoodsDraft) { d.SKUs[1].MarketFen = -1 },
		"skus.0.weight_g":  func(d *catalog.GoodsDraft) { d.SKUs[0].WeightG = -1 },
		"specs.0":          func(d *catalog.GoodsDraft) { d.Specs[0].Values = []string{"200g", "200g"} },
		"rebuy_days":       func(d *catalog.GoodsDraft) { d.RebuyDays = -1 },
	} {
		d := milk()
		spoil(&d)
		_, err := s.Create(t.Context(), d, "")
		var e *errs.Error
		if !errors.As(err, &e) || e.Kind != errs.Invalid || e.Field != name {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestPaging(t *testing.T) {
	clk := clock.NewManual(start)
	s := catalog.NewService(storetest.Open(t), clk.Now)
	for i := range 7 {
		d := catalog.GoodsDraft{Title: "G", Kind: catalog.KindPhysical, SKUs: []catalog.SKU{{Code: string(rune('a' + i)), PriceFen: int64(100 * (i%3 + 1))}}}
		if _, err := s.Create(t.Context(), d, ""); err != nil {
			t.Fatal(err)
		}
		clk.Advance(time.Second)
	}
	for _, sort := range []string{"", "new", "sold", "price", "-price"} {
		seen := map[string]bool{}
		f := catalog.Filter{Sort: sort, Limit: 3}
		for range 5 {
			page, err := s.List(t.Context(), f)
			if err != nil || page.Total != 7 && f.After == "" {
				t.Fatalf("%s: %+v, %v", sort, page, err)
			}
			for _, g := range page.Items {
				seen[g.ID] = true
			}
			if f.After = page.Next; f.After == "" {
				break
			}
		}
		if len(seen) != 7 {
			t.Errorf("%q: %d of 7", sort, len(seen))
		}
	}
}

func TestPictures(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := catalog.NewService(db, clock.NewManual(start).Now)
		img := image.NewRGBA(image.Rect(0, 0, 1000, 500))
		for x := range 1000 {
			for y := range 500 {
				img.Set(x, y, color.RGBA{uint8(x), uint8(y), 90, 255})
			}
		}
		var raw bytes.Buffer
		if err := jpeg.Encode(&raw, img, nil); err != nil {
			t.Fatal(err)
		}
		p, err := s.Upload(t.Context(), bytes.NewReader(raw.Bytes()), "a.php", "stf_1")
		if err != nil || p.Width != 1000 || p.Kind != "image/jpeg" {
			t.Fatalf("%+v, %v", p, err)
		}
		again, err := s.Upload(t.Context(), bytes.NewReader(raw.Bytes()), "b.jpg", "stf_1")
		if err != nil || again.ID != p.ID {
			t.Errorf("%+v, %v", again, err)
		}
		for asked, want := range map[int]int{100: 160, 160: 160, 161: 480, 700: 960, 5000: 1000} {
			body, kind, err := s.PictureFile(t.Context(), p.ID, asked)
			if err != nil || kind != "image/jpeg" {
				t.Fatal(err)
			}
			got, _, err := image.DecodeConfig(bytes.NewReader(body))
			if err != nil || got.Width != want || got.Height != want/2 {
				t.Errorf("%d gave %d×%d, %v", asked, got.Width, got.Height, err)
			}
		}
		// held sideways: an EXIF block that says 6, and a secret that must not be served
		exif := "\xff\xe1\x00\x30Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00\x00\x00\x00\x00SECRET PLACE"
		exif = exif[:2] + string([]byte{0, byte(len(exif) - 2)}) + exif[4:]
		sideways := append(append([]byte("\xff\xd8"), exif...), raw.Bytes()[2:]...)
		p, err = s.Upload(t.Context(), bytes.NewReader(sideways), "s.jpg", "")
		if err != nil || p.Width != 500 || p.Height != 1000 {
			t.Fatalf("%+v, %v", p, err)
		}
		if body, _, err := s.PictureFile(t.Context(), p.ID, 160); err != nil || bytes.Contains(body, []byte("SECRET")) {
			t.Errorf("what the camera wrote is served, %v", err)
		}
		raw.Reset()
		if err := png.Encode(&raw, image.NewNRGBA(image.Rect(0, 0, 20, 20))); err != nil {
			t.Fatal(err)
		}
		if p, err := s.Upload(t.Context(), &raw, "", ""); err != nil || p.Kind != "image/png" {
			t.Errorf("%+v, %v", p, err)
		}
		for name, bad := range map[string]string{
			"svg": `<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`, "html": "<script>", "empty": "", "php": "GIF89a<?php", "cut": string(sideways[:200]),
			"bomb": "\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x01\x00\x00\x00\x01\x00\x00\x08\x02\x00\x00\x00" + "\x00\x00\x00\x00",
		} {
			if _, err := s.Upload(t.Context(), strings.NewReader(bad), name, ""); !errs.Is(err, errs.Invalid) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestCategoriesInOrder(t *testing.T) {
	s := catalog.NewService(storetest.Open(t), clock.NewManual(start).Now)
	add := func(name, parent string, place int64) string {
		c, err := s.SaveCategory(t.Context(), catalog.Category{Name: name, Parent: parent, Place: place})
		if err != nil {
			t.Fatal(err)
		}
		return c.ID
	}
	b := add("B", "", 2)
	a := add("A", "", 1)
	add("B2", b, 2)
	add("B1", b, 1)
	add("A1", a, 1)
	all, err := s.Categories(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range all {
		names = append(names, c.Name)
	}
	if d := cmp.Diff([]string{"A", "A1", "B", "B1", "B2"}, names); d != "" {
		t.Error(d)
	}
}
