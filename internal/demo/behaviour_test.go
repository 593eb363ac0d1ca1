package demo

import (
	"math"
	"testing"
	"time"
)

var today = time.Date(2025, 9, 10, 0, 0, 0, 0, Zone)

func small(people int) Options {
	opt := Defaults(today)
	opt.People = people
	return opt
}

// TestMeanFen compares the mean of many baskets with the formula that the truth is computed from.
func TestMeanFen(t *testing.T) {
	r := roll(1, 99, 0, 0)
	for i := range 6 {
		p := newPerson(7, i)
		for _, price := range []float64{1, .78} {
			const n = 60_000
			var sum, square float64
			for range n {
				v := float64(total(p.basket(&r, price)))
				sum += v
				square += v * v
			}
			mean := sum / n
			sd := math.Sqrt((square/n - mean*mean) / n)
			if want := p.meanFen(price); math.Abs(mean-want) > 4.5*sd {
				t.Errorf("person %d at %.2f: mean %.1f ± %.1f, formula %.1f", i, price, mean, sd, want)
			}
		}
	}
}

// TestTruth compares the forward recursion with playing the model many times, told and not told.
func TestTruth(t *testing.T) {
	w := New(small(400), func(Act) {})
	for _, c := range []struct {
		appeal Appeal
		at     time.Time
	}{
		{Appeal{"silent", "phone", true}, today},
		{Appeal{"vip", "phone", false}, today.Add(10 * time.Hour)},
		{Appeal{"lost", "task", true}, time.Date(2025, 11, 5, 9, 30, 0, 0, Zone)},
	} {
		people := make([]int, w.Size())
		for i := range people {
			people[i] = i
		}
		truth := w.Truth(people, nil, c.appeal, c.at, 7)
		if truth.Lift() <= 0 {
			t.Errorf("%+v: lift %.4f", c.appeal, truth.Lift())
		}
		r := roll(2, 98, 0, 0)
		for _, told := range []bool{false, true} {
			const rounds = 150
			var conv, rev, rev2 float64
			for range rounds {
				for _, i := range people {
					n, fen := w.live(i, told, c.appeal, c.at, 7, &r)
					if n > 0 {
						conv++
					}
					rev += float64(fen)
					rev2 += float64(fen) * float64(fen)
				}
			}
			n := float64(rounds * len(people))
			conv, rev, rev2 = conv/n, rev/n, rev2/n
			wantC, wantR := truth.ConvertedWithout, truth.RevenueWithout
			if told {
				wantC, wantR = truth.Converted, truth.Revenue
			}
			if sd := math.Sqrt(wantC * (1 - wantC) / n); math.Abs(conv-wantC) > 4*sd {
				t.Errorf("%+v told %v: conversion %.5f ± %.5f, formula %.5f", c.appeal, told, conv, sd, wantC)
			}
			if sd := math.Sqrt((rev2 - rev*rev) / n); math.Abs(rev-wantR) > 4*sd {
				t.Errorf("%+v told %v: revenue %.1f ± %.1f, formula %.1f", c.appeal, told, rev, sd, wantR)
			}
		}
	}
}

// TestHistory states what the demo brand must look like for the loop to have something in every layer, whatever day
// it is started on.
func TestHistory(t *testing.T) {
	for _, day := range []time.Time{time.Date(2025, 11, 14, 0, 0, 0, 0, Zone), time.Date(2026, 2, 20, 0, 0, 0, 0, Zone)} {
		var orders, returns, visits int
		seen := map[string]bool{}
		begin := midnight(day.AddDate(0, -18, 0))
		w := New(Defaults(day), func(a Act) {
			switch a.Kind {
			case Buy:
				if seen[a.Number] {
					t.Fatalf("order number %s twice", a.Number)
				}
				seen[a.Number] = true
				orders++
			case Return:
				returns++
			case Visit:
				visits++
			}
			if a.At.Before(begin) {
				t.Fatalf("act before the brand existed: %+v", a)
			}
		})
		if w.Size() != 20_000 || orders < 70_000 || orders > 95_000 || returns < orders/60 || visits < 50_000 {
			t.Errorf("%s: %d people, %d orders, %d returns, %d visits", day.Format(time.DateOnly), w.Size(), orders, returns, visits)
		}
		var moods [5]int
		for i := range w.people {
			moods[moodOf(&w.people[i], &w.lives[i], day)]++
		}
		for m, n := range moods {
			if n < 1200 {
				t.Errorf("%s: only %d people in mood %d", day.Format(time.DateOnly), n, m)
			}
		}
	}
}
