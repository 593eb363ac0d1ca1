package demo

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestSameSeedSameBrand writes the history twice and lives ten days twice, once of them with a stop in between.
func TestSameSeedSameBrand(t *testing.T) {
	read := func(path string) string {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	dir := t.TempDir()
	one, files, visits, err := WriteHistory(filepath.Join(dir, "1"), small(500))
	if err != nil {
		t.Fatal(err)
	}
	two, again, visitsAgain, err := WriteHistory(filepath.Join(dir, "2"), small(500))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 5 || !cmp.Equal(visits, visitsAgain) {
		t.Errorf("%d files; visits differ: %v", len(files), cmp.Diff(visits, visitsAgain))
	}
	for i := range files {
		if read(files[i].Path) != read(again[i].Path) {
			t.Errorf("two runs of one seed differ in %s", files[i].Path)
		}
	}
	for d := range 10 {
		if d == 4 {
			kept, err := two.Save()
			if err != nil {
				t.Fatal(err)
			}
			if two, err = Load(kept); err != nil {
				t.Fatal(err)
			}
		}
		if d == 2 {
			for i := range 300 {
				one.Heard(i, "m", 7, Appeal{"vip", "phone", true}, one.Now())
				two.Heard(i, "m", 7, Appeal{"vip", "phone", true}, two.Now())
			}
		}
		end := midnight(one.Now()).AddDate(0, 0, 1)
		if diff := cmp.Diff(one.Step(end), two.Step(end)); diff != "" {
			t.Fatalf("day %d: %s", d, diff)
		}
	}
}

// TestStep lives a month after a message to everybody and checks the order of things: opened, clicked, bought, by
// people told, numbers never twice, and new people.
func TestStep(t *testing.T) {
	w := New(small(3000), func(Act) {})
	known := w.Size()
	for i := range known {
		w.Heard(i, Key(i), 1, Appeal{"potential", "phone", true}, today.Add(10*time.Hour))
	}
	opened, clicked, numbers := map[int]time.Time{}, map[int]time.Time{}, map[string]bool{}
	count := map[int]int{}
	persuaded := 0
	var last time.Time
	for range 30 {
		acts := w.Step(midnight(w.Now()).AddDate(0, 0, 1))
		for _, a := range acts {
			if a.At.Before(last) || a.At.After(w.Now().Add(time.Hour)) {
				t.Fatalf("out of time: %+v after %s", a, last)
			}
			last = a.At
			count[a.Kind]++
			switch a.Kind {
			case Open:
				opened[a.Person] = a.At
			case Click:
				if _, ok := opened[a.Person]; !ok {
					t.Fatalf("clicked what was not opened: %+v", a)
				}
				clicked[a.Person] = a.At
			case Buy:
				if numbers[a.Number] || len(a.Lines) == 0 || total(a.Lines) <= 0 {
					t.Fatalf("order %+v", a)
				}
				numbers[a.Number] = true
				if a.Message != "" {
					persuaded++
					if _, ok := clicked[a.Person]; !ok {
						t.Fatalf("persuaded without a click: %+v", a)
					}
				}
			}
		}
	}
	if persuaded < 20 || len(opened) < known/5 || count[Visit] == 0 || count[Return] == 0 || count[Leave] == 0 || w.Size() <= known+50 {
		t.Errorf("%d persuaded, %d opened, %v, %d people of %d before", persuaded, len(opened), count, w.Size(), known)
	}
}
