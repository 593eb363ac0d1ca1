package collect

import (
	"cmp"
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
	"messagereceived": event.MessageReceived, "chatmessage": event.MessageReceived, "chatmessagereceived": event.MessageReceived,
	"commentposted": event.MessageReceived, "surveyanswered": event.SurveyAnswered, "surveysubmitted": event.SurveyAnswered,
	"feedbacksubmitted": event.SurveyAnswered,
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

// factsOf returns what an event with its properties becomes: nothing for what only concerns people or things. called is
// the name of its source, sells the sales channel that it belongs to: it then is the channel of all facts, by whatever link somebody came. The same event has the same facts.
func factsOf(e *Event, its properties, customer uint32, rule Rule, called, sells string) []event.Fact {
	if e.Kind != Track && e.Kind != View {
		return nil
	}
	props := append(make(properties, 0, len(its)+4), its...)
	props.rename(rule.Props)
	f := event.Fact{
		ID: id.From("evt", e.Source, e.Key), Name: factName(e, rule.Rename), Customer: customer,
		At: e.At.UTC().Truncate(time.Microsecond), Channel: cmp.Or(sells, column(e.Context.UTMSource), called),
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
	if f.Name == event.MessageReceived || f.Name == event.SurveyAnswered {
		props.said()
	}
	props.context(e)
	f.Props = props.json()
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

// fenOf reads yuan, as a number of JSON or as text, into fen, half up. Amounts below zero are none.
func fenOf(s string) (int64, bool) {
	if s == "" || len(s) > 40 {
		return 0, false
	}
	if fen, ok := plainFen(s); ok {
		return fen, true
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

// plainFen is fenOf of digits with at most one point among them, which is how nearly all amounts are written.
func plainFen(s string) (fen int64, ok bool) {
	const most = 12 // digits before the point: fewer than maxAmount
	whole, part, pointed := strings.Cut(s, ".")
	if whole == "" || len(whole) > most || pointed && part == "" {
		return 0, false
	}
	for i := range len(whole) {
		if whole[i] < '0' || whole[i] > '9' {
			return 0, false
		}
		fen = 10*fen + int64(whole[i]-'0')
	}
	for i := range len(part) {
		if part[i] < '0' || part[i] > '9' {
			return 0, false
		}
	}
	digit := func(i int) int64 {
		if i < len(part) {
			return int64(part[i] - '0')
		}
		return 0
	}
	fen = 100*fen + 10*digit(0) + digit(1)
	if digit(2) >= 5 {
		fen++
	}
	return fen, true
}

// column makes a word fit for a column of few different values.
func column(s string) string { return clip(strings.TrimSpace(s), maxColumn) }

// path is the path of an address: what a page is called without its parameters.
func path(address string) string {
	if address == "" {
		return ""
	}
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
	if from, err := url.Parse(c.Referrer); c.Referrer != "" && err == nil && from.Host != "" {
		if here, err := url.Parse(c.URL); err == nil && here.Host != "" && !strings.EqualFold(from.Host, here.Host) {
			t.Referrer = clip(c.Referrer, 500)
		}
	}
	if t.Source == "" && t.Medium == "" && t.Campaign == "" && t.Referrer == "" {
		return nil
	}
	return &t
}
