package importing

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/files"
	"huoshui/internal/platform/money"
)

// maxText is how long a name, a title or an address part may be, in characters; maxCode an id or code, in bytes.
const (
	maxText = 200
	maxCode = 128
)

// entry is one line of a file, read and checked.
type entry struct {
	line        int64
	order       string
	lineID      string
	at          int64 // microseconds; 0 when not given
	external    string
	phone       string
	email       string
	card        string
	name        string
	gender      string
	birthday    string
	province    string
	city        string
	store       string
	level       string
	zone        string
	source      string
	product     string
	productName string
	category    string
	quantity    int64
	amount      int64 // of the line, fen; a refund's is positive
	orderAmount int64 // of the whole order, fen; −1 when not given
	refunded    int64 // of the whole order so far, fen
	refund      bool  // a cancellation or a negative quantity
	registered  int64 // microseconds; 0 when not given
	consents    string
}

// refusal is why a line is rejected.
type refusal struct{ field, reason string }

// parser turns rows into entries. It holds no state between rows beside a cache of the last date.
type parser struct {
	target string
	preset Preset
	zone   *time.Location
	column map[string]int

	lastDate string
	lastAt   int64
}

func newParser(target string, spec Spec, zone *time.Location) *parser {
	preset, _ := PresetByCode(spec.Preset)
	return &parser{target: target, preset: preset, zone: zone, column: spec.Columns}
}

// cell returns the text of a field's cell; "" when the field is not mapped or the row is short.
func (p *parser) cell(row files.Row, field string) string {
	i, ok := p.column[field]
	if !ok || i >= len(row.Cells) {
		return ""
	}
	return row.Cells[i]
}

// parse reads one row. Either the refusal is nil or the entry is not to be used.
func (p *parser) parse(row files.Row) (entry, *refusal) {
	e := entry{line: row.Line, orderAmount: -1}
	if row.Problem != "" {
		return e, &refusal{"", row.Problem}
	}
	if r := p.person(row, &e); r != nil {
		return e, r
	}
	if p.target == TargetCustomers {
		return e, p.profile(row, &e)
	}
	return e, p.sale(row, &e)
}

// person reads who the line is about.
func (p *parser) person(row files.Row, e *entry) *refusal {
	var bad *refusal
	for _, c := range []struct {
		field string
		to    *string
		read  func(string) (string, error)
	}{
		{FieldExternal, &e.external, files.ID}, {FieldCard, &e.card, files.ID}, {FieldPhone, &e.phone, files.Phone}, {FieldEmail, &e.email, files.Email},
		{FieldName, &e.name, text}, {FieldProvince, &e.province, text}, {FieldCity, &e.city, text}, {FieldStore, &e.store, text}, {FieldLevel, &e.level, text},
	} {
		raw := p.cell(row, c.field)
		if raw == "" {
			continue
		}
		v, err := c.read(raw)
		if err != nil {
			// An order is not lost for a telephone number that is none, as long as something else says whose it is.
			if p.target == TargetOrders && (c.field == FieldPhone || c.field == FieldEmail) {
				bad = &refusal{c.field, reasonOf(err)}
				continue
			}
			return &refusal{c.field, reasonOf(err)}
		}
		*c.to = v
	}
	if e.external == "" && e.phone == "" && e.email == "" && e.card == "" {
		return bad
	}
	return nil
}

var errTooLong = errors.New("too long")

func text(s string) (string, error) {
	s = files.Text(s)
	if utf8.RuneCountInString(s) > maxText {
		return "", errTooLong
	}
	return s, nil
}

func reasonOf(err error) string {
	switch {
	case errors.Is(err, files.ErrScientific):
		return ReasonScientific
	case errors.Is(err, files.ErrNotPhone):
		return ReasonBadPhone
	case errors.Is(err, files.ErrNotEmail):
		return ReasonBadEmail
	case errors.Is(err, files.ErrAmbiguousDate):
		return ReasonAmbiguousDate
	case errors.Is(err, files.ErrNotDate):
		return ReasonBadDate
	case errors.Is(err, files.ErrNotNumber):
		return ReasonBadNumber
	}
	return ReasonTooLong
}

// profile reads the rest of a customer's line.
func (p *parser) profile(row files.Row, e *entry) *refusal {
	if e.external == "" && e.phone == "" && e.email == "" && e.card == "" {
		return &refusal{"", ReasonNoIdentity}
	}
	switch strings.ToLower(files.Text(p.cell(row, FieldGender))) {
	case "f", "female", "女", "女士":
		e.gender = "f"
	case "m", "male", "男", "先生":
		e.gender = "m"
	}
	if raw := p.cell(row, FieldBirthday); files.Text(raw) != "" {
		t, err := files.Time(raw, time.UTC)
		if err != nil {
			return &refusal{FieldBirthday, reasonOf(err)}
		}
		e.birthday = t.Format(time.DateOnly)
	}
	var err error
	if e.source, err = text(p.cell(row, FieldSource)); err != nil {
		return &refusal{FieldSource, reasonOf(err)}
	}
	if e.zone = files.Text(p.cell(row, FieldZone)); e.zone != "" {
		if _, known := clock.Zone(e.zone); !known {
			return &refusal{FieldZone, ReasonBadZone}
		}
	}
	if raw := files.Text(p.cell(row, FieldRegistered)); raw != "" {
		t, err := files.Time(raw, p.zone)
		if err != nil {
			return &refusal{FieldRegistered, reasonOf(err)}
		}
		e.registered = t.UnixMicro()
	}
	for _, c := range [][2]string{{FieldConsentEmail, "email"}, {FieldConsentPhone, "phone"}} {
		if yes(p.cell(row, c[0])) {
			e.consents = strings.TrimPrefix(e.consents+","+c[1], ",")
		}
	}
	return nil
}

func yes(s string) bool {
	switch strings.ToLower(files.Text(s)) {
	case "1", "y", "yes", "true", "是", "同意", "已同意", "接收", "√":
		return true
	}
	return false
}

// unpaid and closed are order states as exports write them: nothing was paid; paid perhaps, and over.
var (
	unpaid = map[string]bool{"等待买家付款": true, "待付款": true, "未付款": true, "待支付": true, "未支付": true, "unpaid": true, "pending": true, "已取消": true, "cancelled": true, "canceled": true, "付款前关闭": true}
	closed = map[string]bool{"交易关闭": true, "已关闭": true, "订单关闭": true, "closed": true}
)

// sale reads the rest of an order's line.
func (p *parser) sale(row files.Row, e *entry) *refusal {
	var err error
	if e.order, err = files.ID(p.cell(row, FieldOrder)); err != nil {
		return &refusal{FieldOrder, reasonOf(err)}
	}
	if e.order == "" {
		return &refusal{FieldOrder, ReasonNoOrder}
	}
	if e.external == "" && e.phone == "" && e.email == "" && e.card == "" {
		return &refusal{"", ReasonNoCustomer}
	}
	status := strings.ToLower(files.Text(p.cell(row, FieldStatus)))
	paidAt := p.cell(row, FieldPaidAt)
	if unpaid[status] || closed[status] && files.Text(paidAt) == "" {
		return &refusal{FieldStatus, ReasonNotPaid}
	}
	if r := p.date(row, e, paidAt); r != nil {
		return r
	}
	for _, c := range []struct {
		field string
		to    *string
		read  func(string) (string, error)
	}{{FieldLine, &e.lineID, files.ID}, {FieldProduct, &e.product, files.ID}, {FieldProductName, &e.productName, text}, {FieldCategory, &e.category, text}} {
		if raw := p.cell(row, c.field); raw != "" {
			if *c.to, err = c.read(raw); err != nil {
				return &refusal{c.field, reasonOf(err)}
			}
		}
	}
	if e.product == "" && e.productName != "" { // no code: the name is what the product is known by
		e.product = cut(e.productName, maxCode)
	}
	return p.amounts(row, e, closed[status])
}

func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	return strings.ToValidUTF8(s[:n], "")
}

func (p *parser) date(row files.Row, e *entry, paidAt string) *refusal {
	field := FieldPaidAt
	if files.Text(paidAt) == "" {
		field, paidAt = FieldCreatedAt, p.cell(row, FieldCreatedAt)
	}
	if files.Text(paidAt) == "" {
		return &refusal{field, ReasonNoDate}
	}
	if paidAt != p.lastDate { // lines of one order stand together and share their time
		t, err := files.Time(paidAt, p.zone)
		if err != nil {
			return &refusal{field, reasonOf(err)}
		}
		p.lastDate, p.lastAt = strings.Clone(paidAt), t.UnixMicro()
	}
	e.at = p.lastAt
	return nil
}

// amounts reads quantity, price and money. Money is rounded once per line, half up.
func (p *parser) amounts(row files.Row, e *entry, isClosed bool) *refusal {
	quantity := "1"
	if raw := p.cell(row, FieldQuantity); files.Text(raw) != "" {
		n, err := files.Int(raw)
		if err != nil {
			return &refusal{FieldQuantity, reasonOf(err)}
		}
		e.quantity, quantity = n, strconv.FormatInt(n, 10)
	} else {
		e.quantity = 1
	}
	if e.quantity == 0 {
		return &refusal{FieldQuantity, ReasonZeroQuantity}
	}
	if e.quantity < 0 || p.preset.cancelPrefix != "" && strings.HasPrefix(e.order, p.preset.cancelPrefix) {
		e.refund = true
	}
	if e.quantity < 0 {
		e.quantity, quantity = -e.quantity, quantity[1:]
	}
	if r := p.lineAmount(row, e, quantity); r != nil {
		return r
	}
	for _, c := range []struct {
		field string
		to    *int64
	}{{FieldOrderAmount, &e.orderAmount}, {FieldRefunded, &e.refunded}} {
		raw := p.cell(row, c.field)
		if s := files.Text(raw); s == "" || s == "-" || s == "无" || e.refund {
			continue
		}
		v, ok := fen(raw)
		if !ok || v < 0 {
			return &refusal{c.field, ReasonBadAmount}
		}
		*c.to = v
	}
	_, hasPrice := p.column[FieldPrice]
	_, hasAmount := p.column[FieldAmount]
	if e.orderAmount < 0 && !hasPrice && !hasAmount {
		return &refusal{FieldOrderAmount, ReasonNoAmount}
	}
	if isClosed && e.refunded == 0 && !e.refund { // paid, then closed: all of it went back
		e.refunded = e.amount
		if e.orderAmount >= 0 {
			e.refunded = e.orderAmount
		}
	}
	return nil
}

func (p *parser) lineAmount(row files.Row, e *entry, quantity string) *refusal {
	if raw := p.cell(row, FieldAmount); files.Text(raw) != "" {
		v, ok := fen(raw)
		if !ok || v < 0 && !e.refund {
			return &refusal{FieldAmount, ReasonBadAmount}
		}
		e.amount = max(v, -v)
		return nil
	}
	raw := p.cell(row, FieldPrice)
	if files.Text(raw) == "" {
		if _, mapped := p.column[FieldOrderAmount]; mapped {
			return nil
		}
		return &refusal{FieldPrice, ReasonNoAmount}
	}
	price, err := files.Number(raw)
	if err != nil {
		return &refusal{FieldPrice, ReasonBadAmount}
	}
	if strings.HasPrefix(price, "-") || strings.Trim(price, "0.") == "" {
		return &refusal{FieldPrice, ReasonPrice}
	}
	v, quick := times(price, e.quantity)
	if !quick {
		v, err = money.Times(price, quantity)
	}
	if err != nil || v > 1<<50 {
		return &refusal{FieldPrice, ReasonBadAmount}
	}
	e.amount = v
	return nil
}

// times is money.Times for a plain price of at most nine digits, four of them decimals; exact, and ten times as fast.
func times(price string, quantity int64) (int64, bool) {
	if len(price) > 10 || quantity < 0 || quantity > 1_000_000 {
		return 0, false
	}
	var n int64
	decimals := -1
	for _, c := range []byte(price) {
		switch {
		case c == '.' && decimals < 0:
			decimals = 0
			continue
		case c < '0' || c > '9':
			return 0, false
		}
		n = n*10 + int64(c-'0')
		if decimals >= 0 {
			decimals++
		}
	}
	if decimals > 4 {
		return 0, false
	}
	for d := max(decimals, 0); d < 4; d++ {
		n *= 10
	}
	return (n*quantity + 50) / 100, true // ten-thousandths of a yuan to fen, half up
}

func fen(raw string) (int64, bool) {
	n, err := files.Number(raw)
	if err != nil {
		return 0, false
	}
	v, err := money.Parse(n)
	return v, err == nil && v < 1<<50 && v > -1<<50
}

// keys are what the person of the line is known by, strongest first: the channel's own id is about this very buyer,
// a phone may be a family's.
func (e *entry) keys(channel string) (out [][2]string) {
	if e.external != "" {
		out = append(out, [2]string{"external", channel + ":" + e.external})
	}
	if e.card != "" {
		out = append(out, [2]string{"card", e.card})
	}
	if e.phone != "" {
		out = append(out, [2]string{"phone", e.phone})
	}
	if e.email != "" {
		out = append(out, [2]string{"email", e.email})
	}
	return out
}

// person is what the line says about its person.
func (e *entry) asPerson(channel string) Person {
	p := Person{
		Keys: e.keys(channel), Code: e.external, Name: e.name, Gender: e.gender, Birthday: e.birthday, Province: e.province, City: e.city,
		Source: e.source, Store: e.store, Level: e.level, Zone: e.zone,
	}
	if p.Source == "" {
		p.Source = channel
	}
	if p.Code == "" {
		p.Code = e.card
	}
	if e.registered != 0 {
		p.RegisteredAt = time.UnixMicro(e.registered).UTC()
	}
	if e.at != 0 {
		p.SeenAt = time.UnixMicro(e.at).UTC()
	}
	return p
}

// content is what tells a line from others of its order: its own id, or all it says.
func (e *entry) content() (text string, unique bool) {
	if e.lineID != "" {
		return e.lineID, true
	}
	return strings.Join([]string{e.product, e.productName, strconv.FormatInt(e.quantity, 10), strconv.FormatInt(e.amount, 10)}, "\x00"), false
}
