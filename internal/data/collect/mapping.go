package collect

import (
	"bytes"
	"encoding/json"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"

	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/money"
)

// Limits of what an event gives to columns and lines.
const (
	maxLines  = 100 // product lines of one event
	maxColumn = 64  // bytes of a product, category or channel
	maxWord   = 200 // bytes of a subject
	maxAmount = 1e12
)

// known names of events, as the protocols and SDKs write them, without anything but small letters and digits.
var known = map[string]string{
	"pageview": event.PageViewed, "mpviewscreen": event.PageViewed, "appviewscreen": event.PageViewed,
	"page": event.PageViewed, "screen": event.PageViewed, "mplaunch": "", "mpshow": "",
	"productviewed": event.ProductViewed, "viewproduct": event.ProductViewed, "productview": event.ProductViewed,
	"commoditydetail": event.ProductViewed, "commodityview": event.ProductViewed,
	"productadded": event.CartAdded, "addtocart": event.CartAdded, "addtoshoppingcart": event.CartAdded,
	"productremoved": event.CartRemoved, "removefromcart": event.CartRemoved, "removefromshoppingcart": event.CartRemoved,
	"checkoutstarted": event.CheckoutStarted, "begincheckout": event.CheckoutStarted,
}

// factName is the name of the facts of an event; renamed is its name by the rules, "" for its own.
func factName(e *Event, renamed string) string {
	if e.Kind == View {
		return event.PageViewed
	}
	name := e.Name
	if renamed != "" {
		name = renamed
	}
	if fact := known[plain(name)]; fact != "" {
		return fact
	}
	return event.CustomPrefix + name
}

// plain is a name without signs and capitals: "$AddToCart" and "add to cart" are one.
func plain(name string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToLower(r)
		}
		return -1
	}, name)
}

// factsOf returns what an event becomes: nothing for what only concerns people or things. channel is what its source is
// called. The same event has the same facts.
func factsOf(e *Event, customer uint32, rule Rule, channel string) []event.Fact {
	if e.Kind != Track && e.Kind != View {
		return nil
	}
	var props properties
	_ = json.Unmarshal(e.Props, &props) // what is no object has no properties
	if props == nil {
		props = properties{}
	}
	props.rename(rule.Props)
	f := event.Fact{
		ID: id.From("evt", e.Source, e.Key), Name: factName(e, rule.Rename), Customer: customer,
		At: e.At.UTC().Truncate(time.Microsecond), Channel: channel,
	}
	if s := column(e.Context.UTMSource); s != "" {
		f.Channel = s
	}
	lines := props.lines()
	f.Product, f.Category = props.take(maxColumn, "sku", "product_id", "productId", "commodity_id"), props.take(maxColumn, "category", "category_name", "first_commodity")
	var priced bool
	f.Quantity = props.count("quantity")
	f.Amount, priced = props.amount(f.Name, f.Quantity)
	f.Subject = props.take(maxWord, "order_id", "orderId", "cart_id", "checkout_id")
	if f.Subject == "" {
		f.Subject = path(e.Context.URL)
	}
	if len(lines) > 0 && !priced {
		for _, l := range lines {
			f.Amount += l.amount
		}
	}
	if len(lines) > 0 && f.Quantity == 0 {
		for _, l := range lines {
			f.Quantity += l.quantity
		}
	}
	props.context(e)
	f.Props, _ = json.Marshal(props) // raw JSON that was read a moment ago
	if f.Name == event.PageViewed {
		f.Amount = 0
	}
	if len(lines) == 0 {
		return []event.Fact{f}
	}
	alone := f.Product == "" && (f.Name == event.CartAdded || f.Name == event.CartRemoved || f.Name == event.ProductViewed)
	var all []event.Fact
	if !alone {
		all = append(all, f)
	}
	for i, l := range lines {
		line := event.Fact{
			ID: f.ID + "." + strconv.Itoa(i), Name: event.ProductLine, Customer: customer, At: f.At, Subject: f.Subject, Channel: f.Channel,
			Product: l.product, Category: l.category, Amount: l.amount, Quantity: l.quantity, Detail: f.Name, Props: l.rest,
		}
		if alone {
			line.Name, line.Detail = f.Name, ""
		}
		all = append(all, line)
	}
	return all
}

// properties are an event's, by name.
type properties map[string]json.RawMessage

// rename gives properties the names of a rule; one that is there already stays as it is.
func (p properties) rename(names map[string]string) {
	for from, to := range names {
		v, ok := p[from]
		if _, taken := p[to]; !ok || taken {
			continue
		}
		p[to] = v
		delete(p, from)
	}
}

// word is a property as text: a string or a number.
func (p properties) word(name string) string {
	v := bytes.TrimSpace(p[name])
	if len(v) == 0 {
		return ""
	}
	if v[0] == '"' {
		var s string
		_ = json.Unmarshal(v, &s)
		return strings.TrimSpace(s)
	}
	if v[0] == '-' || v[0] >= '0' && v[0] <= '9' {
		return string(v)
	}
	return ""
}

// take returns the first of the properties that is there, at most n bytes, and takes it off when all of it went.
func (p properties) take(n int, names ...string) string {
	for _, name := range names {
		if s := p.word(name); s != "" {
			cut := clip(s, n)
			if cut == s {
				delete(p, name)
			}
			return cut
		}
	}
	return ""
}

// count is a whole number that is not negative; 0 for anything else. It stays in the properties unless it is one.
func (p properties) count(name string) int64 {
	n, err := strconv.ParseFloat(p.word(name), 64)
	if err != nil || n < 0 || n > 1e9 || n != math.Trunc(n) {
		return 0
	}
	delete(p, name)
	return int64(n)
}

// amount is the money of an event in fen, half up, and whether it told any. What is in another currency is not counted
// and stays in the properties.
func (p properties) amount(name string, quantity int64) (fen int64, told bool) {
	if !p.yuan() {
		return 0, false
	}
	if s := p.word("amount_fen"); s != "" {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= 0 && n <= 100*maxAmount {
			delete(p, "amount_fen")
			return n, true
		}
	}
	names := []string{"revenue", "total", "value", "amount", "price"}
	switch name {
	case event.CartAdded, event.CartRemoved, event.ProductViewed:
		if n, ok := fenOf(p.word("price")); ok {
			if name != event.ProductViewed && quantity > 1 && n <= 100*maxAmount/quantity {
				return n * quantity, true // the price stays in the properties: it is another number
			}
			delete(p, "price")
			return n, true
		}
		names = []string{"value", "amount", "total"}
	}
	for _, name := range names {
		if n, ok := fenOf(p.word(name)); ok {
			delete(p, name)
			return n, true
		}
	}
	return 0, false
}

func (p properties) yuan() bool {
	switch strings.ToUpper(p.word("currency")) {
	case "", "CNY", "RMB", "￥", "¥":
		return true
	}
	return false
}

// fenOf reads yuan, as a number of JSON or as text, into fen, half up. Amounts below zero are none.
func fenOf(s string) (int64, bool) {
	if s == "" || len(s) > 40 {
		return 0, false
	}
	if strings.ContainsAny(s, "eE") {
		f, err := strconv.ParseFloat(s, 64)
		if err != nil || math.Abs(f) > maxAmount {
			return 0, false
		}
		s = strconv.FormatFloat(f, 'f', 6, 64)
	}
	n, err := money.Parse(s)
	if err != nil || n < 0 || n > 100*maxAmount {
		return 0, false
	}
	return n, true
}

// line is one product of an event that names several.
type line struct {
	product, category string
	amount, quantity  int64
	rest              json.RawMessage
}

// lines takes the products of an event off its properties; those beyond maxLines are left out.
func (p properties) lines() []line {
	var all []properties
	if json.Unmarshal(p["products"], &all) != nil || len(all) == 0 {
		return nil
	}
	delete(p, "products")
	home := p.yuan()
	var out []line
	for _, one := range all[:min(len(all), maxLines)] {
		if one == nil {
			continue
		}
		var l line
		l.product, l.category = one.take(maxColumn, "sku", "product_id", "productId", "id"), one.take(maxColumn, "category")
		l.quantity = max(one.count("quantity"), 1)
		if home {
			l.amount, _ = one.amount(event.CartAdded, l.quantity)
		}
		l.rest, _ = json.Marshal(one)
		out = append(out, l)
	}
	return out
}

// context adds what is told of the surroundings, where the event says nothing itself. Address and browser stay out.
func (p properties) context(e *Event) {
	c := e.Context
	for name, v := range map[string]string{
		"url": c.URL, "title": c.Title, "referrer": c.Referrer, "os": c.OS, "session": c.Session, "utm_source": c.UTMSource, "utm_medium": c.UTMMedium,
		"utm_campaign": c.UTMCampaign, "utm_content": c.UTMContent, "utm_term": c.UTMTerm,
	} {
		if _, there := p[name]; v != "" && !there {
			p[name] = quoted(v)
		}
	}
	if _, there := p["page"]; e.Kind == View && e.Name != "" && !there {
		p["page"] = quoted(e.Name)
	}
}

// column makes a word fit for a column of few different values.
func column(s string) string { return clip(strings.TrimSpace(s), maxColumn) }

// path is the path of an address: what a page is called without its parameters.
func path(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Path == "" {
		return ""
	}
	return clip(u.Path, maxWord)
}

// touchOf returns the arrival that an event tells of: it names a campaign, or a page of another site that led here.
func touchOf(e *Event) *Touch {
	if e.Kind == Bind || e.Kind == Unbind || e.Kind == Item {
		return nil
	}
	c := e.Context
	t := Touch{
		At: e.At.UTC().Truncate(time.Microsecond), Source: column(c.UTMSource), Medium: column(c.UTMMedium), Campaign: column(c.UTMCampaign), Content: column(c.UTMContent), Term: column(c.UTMTerm),
		Landing: clip(c.URL, 500), Via: e.Source,
	}
	if from, err := url.Parse(c.Referrer); err == nil && from.Host != "" {
		if here, err := url.Parse(c.URL); err == nil && here.Host != "" && !strings.EqualFold(from.Host, here.Host) {
			t.Referrer = clip(c.Referrer, 500)
		}
	}
	if t.Source == "" && t.Medium == "" && t.Campaign == "" && t.Referrer == "" {
		return nil
	}
	return &t
}
