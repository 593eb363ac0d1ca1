package collect

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/tidwall/gjson"

	"pgregory.net/rapid"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/money"
)

var noon = time.Date(2026, 3, 5, 4, 0, 0, 0, time.UTC)

func happened(name, props string) Event {
	return Event{Key: "k", Source: "src", Kind: Track, Name: name, At: noon, Props: json.RawMessage(props), Context: Context{URL: "https://shop.example/p/1?x=2"}}
}

func TestFactsOf(t *testing.T) {
	for _, c := range []struct {
		name, props string
		rule        Rule
		want        []string
	}{
		{"Product Viewed", `{"product_id":"P1","category":"猫粮","price":"19.995"}`, Rule{}, []string{"product.viewed /p/1 P1 猫粮 2000×0 店 "}},
		{"$AddToCart", `{"sku":"S","price":10.5,"quantity":3,"cart_id":"c9"}`, Rule{}, []string{"cart.added c9 S  3150×3 店 "}},
		{"Product Removed", `{"sku":"S","price":10,"currency":"USD"}`, Rule{}, []string{"cart.removed /p/1 S  0×0 店 "}},
		{"Product Added", `{"products":[{"sku":"A","price":1},{"sku":"B","price":2,"quantity":2}]}`, Rule{}, []string{"cart.added /p/1 A  100×1 店 ", "cart.added /p/1 B  400×2 店 "}},
		{"Checkout Started", `{"order_id":"o","value":30,"products":[{"sku":"A","price":10,"quantity":3}]}`, Rule{},
			[]string{"checkout.started o   3000×3 店 ", "product.line o A  3000×3 店 checkout.started"}},
		{"Order Completed", `{"order_id":"o","revenue":88,"total":99}`, Rule{}, []string{"event.Order Completed o   8800×0 店 "}},
		{"order.paid", `{"amount_fen":12345}`, Rule{}, []string{"event.order.paid /p/1   12345×0 店 "}},
		{"加购", `{"sku":"S"}`, Rule{Rename: "Product Added"}, []string{"cart.added /p/1 S  0×0 店 "}},
		{"x", `{"价格":"5"}`, Rule{Props: map[string]string{"价格": "price"}}, []string{"event.x /p/1   500×0 店 "}},
		{"x", `{"price":1e999,"quantity":-3,"amount":-5}`, Rule{}, []string{"event.x /p/1   0×0 店 "}},
		{"Message Received", `{"content":"奶粉结块了"}`, Rule{}, []string{"message.received /p/1   0×0 店 "}},
		{"评价", `{"comment":"好"}`, Rule{Rename: "Comment Posted"}, []string{"message.received /p/1   0×0 店 "}},
		{"Survey Answered", `{"text":"一般"}`, Rule{}, []string{"survey.answered /p/1   0×0 店 "}},
		{"x", `{"price":1e3}`, Rule{}, []string{"event.x /p/1   100000×0 店 "}},
		{"x", `{"price":{"a":1},"sku":["x"],"products":"none","currency":7}`, Rule{}, []string{"event.x /p/1   0×0 店 "}},
		{"x", `[1,2]`, Rule{}, []string{"event.x /p/1   0×0 店 "}},
		{"x", ``, Rule{}, []string{"event.x /p/1   0×0 店 "}},
		{"x", `{"products":[null,{}]}`, Rule{}, []string{"event.x /p/1   0×1 店 ", "product.line /p/1   0×1 店 event.x"}},
	} {
		e := happened(c.name, c.props)
		var got []string
		for _, f := range factsOf(&e, readProps(e.Props), 7, c.rule, "店", "") {
			if f.Customer != 7 || !f.At.Equal(noon) || !json.Valid(f.Props) {
				t.Errorf("%s: %+v", c.name, f)
			}
			got = append(got, fmt.Sprintf("%s %s %s %s %d×%d %s %s", f.Name, f.Subject, f.Product, f.Category, f.Amount, f.Quantity, f.Channel, f.Detail))
		}
		for i := range c.want { // what is empty shows as two spaces
			c.want[i] = strings.ReplaceAll(c.want[i], "   ", "  ")
		}
		for i := range got {
			got[i] = strings.ReplaceAll(got[i], "   ", "  ")
		}
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s %s: %s", c.name, c.props, d)
		}
	}
}

func TestAmountsAreReadAsMoneyIs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.StringMatching(`[0-9]{0,14}(\.[0-9]{0,6})?`).Draw(t, "amount")
		want, err := money.Parse(s)
		fen, ok := fenOf(s)
		if ok != (err == nil && want <= 100*maxAmount) || ok && fen != want {
			t.Fatalf("%q: %d, %v, want %d, %v", s, fen, ok, want, err)
		}
	})
}

func TestPropsKeepTheRest(t *testing.T) {
	e := happened("$pageview", `{"a":1,"title":"mine"}`)
	e.Kind, e.Name = View, "首页"
	e.Context.UTMSource, e.Context.Title, e.Context.IP, e.Context.UserAgent = "douyin", "other", "10.0.0.1", "curl"
	f := factsOf(&e, readProps(e.Props), 1, Rule{}, "店", "")[0]
	if d := cmp.Diff(`{"a":1,"page":"首页","title":"mine","url":"https://shop.example/p/1?x=2","utm_source":"douyin","via":"src"}`, string(f.Props)); d != "" {
		t.Error(d)
	}
	if f.Name != event.PageViewed || f.Channel != "douyin" || f.Subject != "/p/1" {
		t.Errorf("%+v", f)
	}
	if its := factsOf(&e, readProps(e.Props), 1, Rule{}, "店", "store")[0]; its.Channel != "store" || string(its.Props) != string(f.Props) {
		t.Errorf("what belongs to a sales channel is of it, and keeps how somebody came: %+v", its)
	}
	again := factsOf(&e, readProps(e.Props), 1, Rule{}, "店", "")[0]
	if again.ID != f.ID || string(again.Props) != string(f.Props) {
		t.Error("the same event has other facts")
	}
}

func TestWhatIsSaidIsCalledText(t *testing.T) {
	for props, want := range map[string]string{
		`{"content":"结块","text":7}`: `结块`, `{"text":"a","message":"b"}`: `a`, `{"message":{"text":"x"}}`: ``, `{"answer":"b\"c"}`: `b"c`,
	} {
		e := happened("Chat Message", props)
		f := factsOf(&e, readProps(e.Props), 1, Rule{}, "店", "")[0]
		if got := gjson.GetBytes(f.Props, "text"); got.Str != want || !json.Valid(f.Props) {
			t.Errorf("%s: %s", props, f.Props)
		}
	}
}

func FuzzFactsOf(f *testing.F) {
	f.Add("Product Added", `{"products":[{"sku":"A","price":1}],"price":"1.5","currency":"CNY"}`, "https://a/b")
	f.Add("", `{"quantity":1e400,"amount":"99999999999999999999"}`, "::")
	f.Fuzz(func(t *testing.T, name, props, address string) {
		e := happened(name, props)
		e.Context.URL, e.Context.Referrer = address, address
		for _, fact := range factsOf(&e, readProps(e.Props), 1, Rule{}, "s", "") {
			if fact.Amount < 0 || fact.Quantity < 0 || fact.ID == "" || len(fact.Product) > maxColumn || len(fact.Subject) > maxWord {
				t.Errorf("%+v", fact)
			}
			if _, err := json.Marshal(fact); err != nil {
				t.Error(err)
			}
		}
		_ = touchOf(&e)
		_ = traitProps(e.Traits)
	})
}

func TestSamplesHidePeople(t *testing.T) {
	for in, want := range map[string]string{
		"13812345678": "138****78", "call +86 138-1234-5678 now": "call +86****78 now", "a.b@example.com": "a***@***", "猫粮 2kg": "猫粮 2kg",
		"33010219900101123X": "330****3X", "1234567": "1234567", "2026-03-05": "2026-03-05", "at 2026-03-05 10:00:00": "at 2026-03-05 10:00:00", "x 王@例子.中国": "x 王***@***",
	} {
		if got := mask(in); got != want {
			t.Errorf("mask(%q) = %q, want %q", in, got, want)
		}
	}
	for _, prop := range []string{"phone", "收货地址", "realName", "user_email"} {
		if got := addSample(nil, prop, "string", `"x"`); len(got) != 0 {
			t.Errorf("a sample of %s: %q", prop, got)
		}
	}
}

func TestTouchOf(t *testing.T) {
	e := happened("x", `{}`)
	if touchOf(&e) != nil {
		t.Error("an arrival from nowhere")
	}
	e.Context.Referrer = "https://SHOP.example/other"
	if touchOf(&e) != nil {
		t.Error("an arrival from the same site")
	}
	e.Context.Referrer = "https://search.example/?q=1"
	if got := touchOf(&e); got == nil || got.Referrer != e.Context.Referrer || got.Landing != e.Context.URL {
		t.Errorf("%+v", got)
	}
}

func TestArrivalsInAnyOrder(t *testing.T) {
	var r touchRow
	at := func(minutes int, source string) Touch {
		return Touch{At: noon.Add(time.Duration(minutes) * time.Minute), Source: source}
	}
	for _, touch := range []Touch{at(60, "b"), at(0, "a"), at(70, "b"), at(200, "c"), at(100, "b")} {
		r.take(touch)
	}
	if r.First.Source != "a" || r.Last.Source != "c" || r.FirstAt != noon {
		t.Errorf("%+v", r)
	}
	if r.take(at(210, "c")) {
		t.Error("the same visit twice")
	}
}
