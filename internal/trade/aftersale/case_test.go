package aftersale

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"huoshui/internal/platform/errs"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/checkout"
	"huoshui/internal/trade/pricing"
)

var (
	allKinds = []Kind{Refund, Return, Exchange}
	allSteps = []Step{Request, Agree, Refuse, Ask, Answer, Cancel, Send, Receive, Reject, Replace, Instead, Lapse}
	allWho   = []string{ByCustomer, ByStaff, ByClock}
)

// TestMachines: whatever happens to a case, its promises are kept or taken back, its goods arrive before they are paid for, money is given
// at most once, and what has ended stays so.
func TestMachines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(allKinds).Draw(t, "kind")
		state, gave, arrived, promised := Requested, 0, false, 0
		for range rapid.IntRange(1, 40).Draw(t, "n") {
			what, who := rapid.SampledFrom(allSteps).Draw(t, "step"), rapid.SampledFrom(allWho).Draw(t, "who")
			next, e, err := decide(kind, state, what, who)
			if err != nil {
				if !errs.Is(err, errs.Conflict) || next != state || e != (effect{}) {
					t.Fatalf("%s %s: %s, %+v, %v", state, what, next, e, err)
				}
				continue
			}
			if state.Ended() {
				t.Fatalf("a case that is %s went on by %s", state, what)
			}
			if e.give {
				gave++
			}
			arrived = arrived || e.arrive
			if e.reserve {
				promised++
			}
			if e.release || e.take {
				promised--
			}
			state = next
			if gave > 1 || promised < 0 || promised > 1 || kind != Exchange && promised != 0 {
				t.Fatalf("%s: given back %d times, %d promises", state, gave, promised)
			}
			if kind != Refund && gave > 0 && !arrived {
				t.Fatalf("%s was given back and nothing had come", kind)
			}
			if state.Ended() && (promised != 0 || (gave == 1) != (state == Refunded)) {
				t.Fatalf("%s with %d promises, given back %d times", state, promised, gave)
			}
		}
	})
	for kind, machine := range machines { // every state leads to an end, and the customer alone gets no money
		for state := range machine {
			reached, todo := map[State]bool{}, []State{state}
			for len(todo) > 0 {
				s := todo[0]
				todo = todo[1:]
				for what, next := range machine[s] {
					if next == Refunded && slices.Contains(mayDo[what], ByCustomer) {
						t.Errorf("%s: a customer gives herself money by %s", kind, what)
					}
					if !reached[next] {
						reached[next] = true
						todo = append(todo, next)
					}
				}
			}
			if !slices.ContainsFunc(States(), func(s State) bool { return s.Ended() && reached[s] }) {
				t.Errorf("%s never ends from %s", kind, state)
			}
		}
	}
}

// TestLeft: what a customer has left to ask about is never below nothing and never more than she bought, whatever was exchanged, given
// back by cases, or by hand.
func TestLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(1, 9).Draw(t, "units")
		lines := []checkout.Line{{Key: "a", SKU: "A"}}
		bought := []pricing.Line{{Key: "a", SKU: "A", Quantity: n}}
		var cases []Case
		given := map[string]pricing.Given{}
		open, back := int64(0), int64(0)
		for range rapid.IntRange(0, 12).Draw(t, "steps") {
			has := left(lines, bought, given, cases)
			var all []unit
			total := int64(0)
			for u, k := range has {
				if k <= 0 {
					t.Fatalf("%v has %d", u, k)
				}
				all, total = append(all, u), total+k
			}
			if total != n-open-back {
				t.Fatalf("%d are left of %d, %d are asked about, %d came back", total, n, open, back)
			}
			if total == 0 {
				return
			}
			slices.SortFunc(all, func(a, b unit) int { return slices.Compare([]string{a.sku}, []string{b.sku}) })
			u := rapid.SampledFrom(all).Draw(t, "unit")
			k := rapid.Int64Range(1, has[u]).Draw(t, "k")
			c := Case{Lines: []Line{{Key: "a", SKU: u.sku, Quantity: k, To: rapid.SampledFrom([]string{"A", "B", "C"}).Draw(t, "to")}}}
			switch rapid.IntRange(0, 4).Draw(t, "what") {
			case 0:
				c.State = Replaced
			case 1:
				c.State, c.Refund.Lines = Refunded, []pricing.RefundLine{{Key: "a", Quantity: k}}
				g := given["a"]
				g.Quantity += k
				given["a"] = g
				back += k
			case 2:
				c.State = Refunded // an amount: the goods stay
			case 3:
				c.State = rapid.SampledFrom([]State{Requested, Asked, Awaiting, Sent, Replacing}).Draw(t, "open")
				open += k
			case 4: // by hand, as long as no case holds what it takes
				if open > 0 {
					continue
				}
				g := given["a"]
				g.Quantity += k
				given["a"] = g
				back += k
				continue
			}
			cases = append(cases, c)
		}
	})
}

func TestWhatMayBeAsked(t *testing.T) {
	now := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	rules := DefaultRules()
	goods, code := checkout.Line{SKU: "K", Kind: catalog.KindPhysical}, checkout.Line{SKU: "V", Kind: catalog.KindVirtual}
	sale := func(shipped, finished time.Time) *checkout.Sale {
		return &checkout.Sale{OrderID: "ord", State: checkout.Paid, ShippedAt: shipped, FinishedAt: finished}
	}
	ago := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	for name, c := range map[string]struct {
		sale *checkout.Sale
		line checkout.Line
		want []Kind
	}{
		"not paid":              {&checkout.Sale{}, goods, nil},
		"not sent":              {sale(time.Time{}, time.Time{}), goods, []Kind{Refund}},
		"on its way":            {sale(ago(1), time.Time{}), goods, allKinds},
		"received":              {sale(ago(9), ago(7)), goods, allKinds},
		"received long ago":     {sale(ago(9), ago(8)), goods, nil},
		"a code, for some days": {sale(time.Time{}, ago(3)), code, []Kind{Refund}},
		"all given back":        {&checkout.Sale{OrderID: "ord", State: checkout.Refunded}, goods, nil},
	} {
		if got := rules.kinds(c.sale, c.line, now); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", name, got)
		}
	}
	rules.CoverFen, rules.CoverGiven, rules.CoverFromFen, rules.CoverLayers, rules.CoverSKU = 1200, true, 100, []string{"vip"}, "INS"
	for name, c := range map[string]struct {
		sale checkout.Sale
		want int64
	}{
		"a VIP's":            {checkout.Sale{TotalFen: 100, Layer: "vip"}, 1200},
		"too small":          {checkout.Sale{TotalFen: 99, Layer: "vip"}, 0},
		"of another layer":   {checkout.Sale{TotalFen: 100, Layer: "new"}, 0},
		"who bought it":      {checkout.Sale{Lines: []checkout.Line{{SKU: "INS"}}}, 1200},
		"who bought another": {checkout.Sale{Lines: []checkout.Line{{SKU: "K"}}}, 0},
	} {
		if got := rules.cover(&c.sale); got != c.want {
			t.Errorf("%s: %d", name, got)
		}
	}
}
