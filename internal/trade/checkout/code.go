package checkout

import (
	"context"
	"crypto/rand"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/event"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/trade/catalog"
	"huoshui/internal/trade/inventory"
	"huoshui/internal/trade/pricing"
)

// Kinds of codes.
const (
	CodePickup  = "pickup"  // picks the order up, once
	CodeService = "service" // redeems units of a service or course
	CodeVirtual = "virtual" // is itself what was bought
)

// Code is a code that a sale gave its buyer.
type Code struct {
	Key  string `json:"key" doc:"The line's key; empty for the pickup of the whole order"`
	Kind string `json:"kind" enum:"pickup,service,virtual"`
	Code string `json:"code" doc:"Whole for its buyer, with only its end for everybody else"`
	Uses int64  `json:"uses" doc:"How often it can be used in all; a virtual one 1"`
	Used int64  `json:"used"`
}

// what the keys of codes are derived for.
const codePurpose = "sale codes"

// saleCode is a code as it is kept.
type saleCode struct {
	Hash   string    `db:"hash"`
	Sale   string    `db:"sale"`
	Key    string    `db:"key"`
	Sealed string    `db:"sealed"`
	Tail   string    `db:"tail"`
	Uses   int64     `db:"uses"`
	Used   int64     `db:"used"`
	At     time.Time `db:"at"`
}

// pooled is a code of virtual goods as it is kept.
type pooled struct {
	ID       string    `db:"id"`
	SKU      string    `db:"sku"`
	Hash     string    `db:"hash"`
	Sealed   string    `db:"sealed"`
	Tail     string    `db:"tail"`
	Batch    string    `db:"batch"`
	Sale     string    `db:"sale"`
	Key      string    `db:"key"`
	HandedAt time.Time `db:"handed_at"`
	By       string    `db:"made_by"`
	At       time.Time `db:"at"`
}

func (s *Service) codeHash(code string) string { return s.Keys.Sign(codePurpose, []byte(code)) }

// hidden is a code with only its end.
func hidden(tail string) string { return "••••" + tail }

// end is what may be shown of a code: a quarter of it, four characters at most.
func end(code string) string {
	r := []rune(code)
	return string(r[len(r)-min(4, len(r)/4):])
}

// issue makes the codes of a sale that was just paid, and hands out those of virtual goods. It returns how many of these are
// still owed.
func (s *Service) issue(ctx context.Context, tx *store.Tx, sale *Sale, at time.Time) (owed int64, err error) {
	if sale.Delivery == ByPickup {
		if err := s.makeCode(ctx, tx, sale.ID, "", 1, at); err != nil {
			return 0, err
		}
	}
	for i, l := range sale.Lines {
		if l.Kind == catalog.KindService || l.Kind == catalog.KindCourse {
			if err := s.makeCode(ctx, tx, sale.ID, l.Key, sale.Quote.Lines[i].Quantity, at); err != nil {
				return 0, err
			}
		}
	}
	return s.hand(ctx, tx, sale, nil, at)
}

// makeCode makes a code of twelve digits that no other sale has.
func (s *Service) makeCode(ctx context.Context, tx *store.Tx, sale, key string, uses int64, at time.Time) error {
	for {
		n, err := rand.Int(rand.Reader, big.NewInt(1e12))
		if err != nil {
			return fmt.Errorf("code: %w", err)
		}
		code := fmt.Sprintf("%012d", n)
		sealed, err := s.Keys.Seal(codePurpose, []byte(code))
		if err != nil {
			return fmt.Errorf("code: %w", err)
		}
		made, err := store.InsertAll(ctx, tx, "sale_codes", []saleCode{{s.codeHash(code), sale, key, sealed, code[8:], uses, 0, at}}, "ON CONFLICT (hash) DO NOTHING")
		if err != nil || made == 1 {
			return err
		}
	}
}

// virtualUnits is what a sale owes in codes, by line, beyond what came back and what was handed out.
func (s *Sale) virtualUnits(ctx context.Context, q store.Querier, given map[string]pricing.Given) (map[string]int64, error) {
	out := map[string]int64{}
	for i, l := range s.Lines {
		if l.Kind == catalog.KindVirtual {
			out[l.Key] = s.Quote.Lines[i].Quantity - given[l.Key].Quantity
		}
	}
	if len(out) == 0 {
		return out, nil
	}
	keys, err := store.All[string](ctx, q, `SELECT key FROM code_pool WHERE sale = ?`, s.ID)
	for _, k := range keys {
		out[k]--
	}
	for k, n := range out {
		out[k] = max(n, 0)
	}
	return out, err
}

// owed is how many codes a sale still waits for, given what came back of it.
func (s *Sale) owed(ctx context.Context, q store.Querier, given map[string]pricing.Given) (n int64, err error) {
	units, err := s.virtualUnits(ctx, q, given)
	for _, u := range units {
		n += u
	}
	return n, err
}

// hand gives a sale the codes of its virtual lines, each code once and to nobody else, and returns how many are still owed:
// there were not enough.
func (s *Service) hand(ctx context.Context, tx *store.Tx, sale *Sale, given map[string]pricing.Given, at time.Time) (owed int64, err error) {
	units, err := sale.virtualUnits(ctx, tx, given)
	if err != nil {
		return 0, err
	}
	for _, l := range sale.Lines {
		n := units[l.Key]
		if n == 0 {
			continue
		}
		ids, err := store.All[string](ctx, tx, `SELECT id FROM code_pool WHERE sku = ? AND sale = '' ORDER BY id LIMIT ?`+tx.SkipLocked(), l.SKU, n)
		if err != nil {
			return 0, err
		}
		if len(ids) > 0 {
			var w store.Where
			store.In(&w, "id", ids)
			w.And("sale = ''")
			handed, err := tx.Exec(ctx, `UPDATE code_pool SET sale = ?, key = ?, handed_at = ?`+w.SQL(), append([]any{sale.ID, l.Key, at}, w.Args()...)...)
			if err != nil {
				return 0, err
			}
			f := sale.fact(event.CodesHanded, at, CodeVirtual)
			f.ID, f.Product, f.Quantity, f.Amount = sale.ID+"/"+event.CodesHanded+"/"+ids[0], l.SKU, handed, 0
			if err := outbox.Append(ctx, tx, f); err != nil {
				return 0, err
			}
			n -= handed
		}
		owed += n
	}
	return owed, nil
}

// serveWaiting hands codes that came since to the sales that wait for them, the first paid first.
func (s *Service) serveWaiting(ctx context.Context, _ Rules, now time.Time) (n int, err error) {
	ids, err := store.All[string](ctx, s.DB, `SELECT s.id FROM sales s WHERE s.waiting > 0 AND EXISTS (SELECT 1 FROM stock_holds h JOIN code_pool p ON p.sku = h.sku AND p.sale = '' WHERE h.reference = s.id)
		ORDER BY s.paid_at, s.id LIMIT ?`, due)
	if err != nil {
		return 0, err
	}
	for _, saleID := range ids {
		err := s.DB.Tx(ctx, func(tx *store.Tx) error {
			sale, err := held(ctx, tx, saleID, 0)
			if err != nil || sale.Waiting == 0 {
				return err
			}
			given, err := givenOf(ctx, tx, saleID)
			if err != nil {
				return err
			}
			if sale.Waiting, err = s.hand(ctx, tx, &sale, given, now); err != nil {
				return err
			}
			if sale.State == Paid && sale.Waiting == 0 && !sent(sale.Lines) && !later(sale.Lines) {
				_, err = s.finish(ctx, tx, sale, now)
				return err
			}
			return save(ctx, tx, sale)
		})
		if err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// kindOf is the kind of the code of a line.
func (s *Sale) kindOf(key string) string {
	if key == "" {
		return CodePickup
	}
	return CodeService
}

// Codes returns the codes of a sale; whole ones are for its buyer alone.
func (s *Service) Codes(ctx context.Context, sale *Sale, whole bool) ([]Code, error) {
	out := []Code{}
	text := func(sealed, tail string) (string, error) {
		if !whole {
			return hidden(tail), nil
		}
		plain, err := s.Keys.Open(codePurpose, sealed)
		return string(plain), err
	}
	made, err := store.All[saleCode](ctx, s.DB, `SELECT * FROM sale_codes WHERE sale = ? ORDER BY key`, sale.ID)
	if err != nil {
		return nil, err
	}
	given, err := givenOf(ctx, s.DB, sale.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range made {
		code, err := text(c.Sealed, c.Tail)
		if err != nil {
			return nil, err
		}
		out = append(out, Code{c.Key, sale.kindOf(c.Key), code, max(c.Uses-given[c.Key].Quantity, c.Used), c.Used})
	}
	pool, err := store.All[pooled](ctx, s.DB, `SELECT * FROM code_pool WHERE sale = ? ORDER BY id`, sale.ID)
	if err != nil {
		return nil, err
	}
	for _, p := range pool {
		code, err := text(p.Sealed, p.Tail)
		if err != nil {
			return nil, err
		}
		out = append(out, Code{p.Key, CodeVirtual, code, 1, 0})
	}
	return out, nil
}

// Redemption is what a code did.
type Redemption struct {
	Sale Sale   `json:"sale"`
	Kind string `json:"kind" enum:"pickup,service"`
	Line *Line  `json:"line,omitempty" doc:"What was redeemed; absent for a pickup"`
	Uses int64  `json:"uses" doc:"Units that were redeemed now"`
	Left int64  `json:"left" doc:"Units that can still be redeemed"`
}

// digits are the digits of what somebody typed or read out.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, code)
}

// Look says what a code would do and does nothing. An unknown code is NotFound.
func (s *Service) Look(ctx context.Context, code string) (Redemption, error) {
	c, err := s.findCode(ctx, s.DB, code)
	if err != nil {
		return Redemption{}, err
	}
	sale, err := one(ctx, s.DB, c.Sale, 0)
	if err != nil {
		return Redemption{}, err
	}
	return s.redemption(ctx, s.DB, sale, c)
}

func (s *Service) findCode(ctx context.Context, q store.Querier, code string) (saleCode, error) {
	c, err := store.One[saleCode](ctx, q, `SELECT * FROM sale_codes WHERE hash = ?`, s.codeHash(digits(code)))
	if errs.Is(err, errs.NotFound) {
		err = errs.New(errs.NotFound, "code.unknown", "there is no such code").At("code")
	}
	return c, err
}

// redemption is where a code stands.
func (s *Service) redemption(ctx context.Context, q store.Querier, sale Sale, c saleCode) (Redemption, error) {
	r := Redemption{Sale: sale, Kind: sale.kindOf(c.Key), Left: c.Uses - c.Used}
	if at := slices.IndexFunc(sale.Lines, func(l Line) bool { return l.Key == c.Key && c.Key != "" }); at >= 0 {
		r.Line = &sale.Lines[at]
	}
	given, err := givenOf(ctx, q, sale.ID)
	if err != nil {
		return r, err
	}
	r.Left = max(r.Left-given[c.Key].Quantity, 0)
	if sale.State == Refunded || sale.State == Closed || r.Kind == CodePickup && sale.State != Paid {
		r.Left = 0
	}
	return r, nil
}

// Redeem uses a code, once per request: a pickup code hands the whole order out and finishes it, others redeem units of a
// service or course; when nothing else is left to do the sale is finished. An unknown code is NotFound, one that is used up, or
// whose goods came back, a Conflict. by is the member of staff.
func (s *Service) Redeem(ctx context.Context, code, request string, units int64, by string) (out Redemption, err error) {
	if request == "" || len(request) > 64 || units < 1 {
		return out, errs.New(errs.Invalid, "code.request", "a use has a request of up to 64 bytes and units").At("request")
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		c, err := s.findCode(ctx, tx, code)
		if err != nil {
			return err
		}
		sale, err := held(ctx, tx, c.Sale, 0)
		if err != nil {
			return err
		}
		if c, err = s.findCode(ctx, tx, code); err != nil { // as it is now that the sale is held
			return err
		}
		if out, err = s.redemption(ctx, tx, sale, c); err != nil {
			return err
		}
		type use struct {
			Sale string `db:"sale"`
			Key  string `db:"key"`
			Uses int64  `db:"uses"`
		}
		done, err := store.One[use](ctx, tx, `SELECT sale, key, uses FROM sale_code_uses WHERE request = ?`, request)
		if err == nil && done.Sale == c.Sale && done.Key == c.Key { // said again
			out.Uses = done.Uses
			return nil
		}
		if err == nil {
			return errs.New(errs.Conflict, "code.request", "this request used another code").At("request")
		}
		if !errs.Is(err, errs.NotFound) {
			return err
		}
		if out.Left < units {
			return errs.New(errs.Conflict, "code.used", "%d units of this code can still be used", out.Left).At("code").With("left", out.Left).With("state", string(sale.State))
		}
		return s.use(ctx, tx, &out, c, request, units, by)
	})
	return out, err
}

func (s *Service) use(ctx context.Context, tx *store.Tx, out *Redemption, c saleCode, request string, units int64, by string) error {
	now := s.Now()
	if _, err := tx.Exec(ctx, `UPDATE sale_codes SET used = used + ? WHERE hash = ?`, units, c.Hash); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, `INSERT INTO sale_code_uses (request, sale, key, uses, made_by, at) VALUES (?, ?, ?, ?, ?, ?)`, request, c.Sale, c.Key, units, by, now); err != nil {
		return err
	}
	out.Uses, out.Left = units, out.Left-units
	f := out.Sale.fact(event.CodeRedeemed, now, out.Kind)
	f.ID, f.Quantity, f.Amount = c.Sale+"/"+event.CodeRedeemed+"/"+request, units, 0
	if out.Line != nil {
		f.Product, f.Category = out.Line.SKU, out.Line.Category
	}
	if err := outbox.Append(ctx, tx, f); err != nil {
		return err
	}
	done := out.Kind == CodePickup
	if !done && out.Sale.State == Paid && !sent(out.Sale.Lines) && out.Sale.Waiting == 0 {
		left, err := s.unused(ctx, tx, out.Sale.ID)
		if err != nil {
			return err
		}
		done = left == 0
	}
	if !done {
		return nil
	}
	sale, err := s.finish(ctx, tx, out.Sale, now)
	out.Sale = sale
	return err
}

// unused is how many units of a sale's codes can still be used.
func (s *Service) unused(ctx context.Context, q store.Querier, saleID string) (int64, error) {
	return store.One[int64](ctx, q, `SELECT CAST(COALESCE(SUM(CASE WHEN c.uses - c.used > COALESCE(g.quantity, 0) THEN c.uses - c.used - COALESCE(g.quantity, 0) ELSE 0 END), 0) AS BIGINT)
		FROM sale_codes c LEFT JOIN sale_given g ON g.sale = c.sale AND g.key = c.key WHERE c.sale = ?`, saleID)
}

// Use is a use of a code.
type Use struct {
	Key  string    `db:"key" json:"key" doc:"The line's key; empty for a pickup"`
	Uses int64     `db:"uses" json:"uses"`
	By   string    `db:"made_by" json:"by"`
	At   time.Time `db:"at" json:"at"`
}

// Uses returns the uses of a sale's codes, in their order.
func (s *Service) Uses(ctx context.Context, saleID string) ([]Use, error) {
	return store.All[Use](ctx, s.DB, `SELECT key, uses, made_by, at FROM sale_code_uses WHERE sale = ? ORDER BY at, request`, saleID)
}

// CodeBatch is what became of a list of codes.
type CodeBatch struct {
	Batch  string `json:"batch"`
	Added  int64  `json:"added"`
	Known  int64  `json:"known" doc:"Were there already, here or in the list"`
	Refuse int64  `json:"refused" doc:"Too long, or empty"`
}

// most codes of one list.
const mostCodes = 50_000

// AddCodes puts codes of a virtual SKU into its pool; a code that is there already stays once. The stock grows by as many, so
// that no more are sold than there are.
func (s *Service) AddCodes(ctx context.Context, sku string, codes []string, by string) (CodeBatch, error) {
	out := CodeBatch{Batch: id.New("cdb")}
	items, err := catalog.Items(ctx, s.DB, []string{sku})
	if err != nil {
		return out, err
	}
	if item, ok := items[sku]; !ok || item.Kind != catalog.KindVirtual {
		return out, errs.New(errs.Invalid, "codes.sku", "%q is no SKU of virtual goods", sku).At("sku")
	}
	if len(codes) > mostCodes {
		return out, errs.New(errs.Invalid, "codes.many", "a list has at most %d codes", mostCodes).With("most", mostCodes)
	}
	now := s.Now()
	var rows []pooled
	seen := map[string]bool{}
	for _, code := range codes {
		code = strings.TrimSpace(code)
		if code == "" || len(code) > 200 || strings.ContainsFunc(code, func(r rune) bool { return r < ' ' }) {
			out.Refuse++
			continue
		}
		if seen[code] {
			out.Known++
			continue
		}
		seen[code] = true
		sealed, err := s.Keys.Seal(codePurpose, []byte(code))
		if err != nil {
			return out, fmt.Errorf("codes: %w", err)
		}
		rows = append(rows, pooled{ID: id.New("vcd"), SKU: sku, Hash: s.codeHash(code), Sealed: sealed, Tail: end(code), Batch: out.Batch, By: by, At: now})
	}
	err = s.DB.Tx(ctx, func(tx *store.Tx) error {
		out.Added = 0
		for part := range slices.Chunk(rows, 1000) {
			n, err := store.InsertAll(ctx, tx, "code_pool", part, "ON CONFLICT (sku, hash) DO NOTHING")
			if err != nil {
				return err
			}
			out.Added += n
		}
		if out.Added == 0 {
			return nil
		}
		return inventory.Change(ctx, tx, inventory.Online, inventory.Received, out.Batch, "", by, []inventory.Item{{SKU: sku, Quantity: out.Added}}, now)
	})
	out.Known += int64(len(rows)) - out.Added
	return out, err
}

// Pool is how many codes a SKU has.
type Pool struct {
	SKU    string `db:"sku" json:"sku"`
	Free   int64  `db:"free" json:"free" doc:"Not handed out yet"`
	Handed int64  `db:"handed" json:"handed"`
}

// Pools returns how many codes SKUs have; one without codes is missing.
func (s *Service) Pools(ctx context.Context, skus []string) ([]Pool, error) {
	var w store.Where
	store.In(&w, "sku", skus)
	return store.All[Pool](ctx, s.DB, `SELECT sku, COUNT(*) FILTER (WHERE sale = '') AS free, COUNT(*) FILTER (WHERE sale <> '') AS handed FROM code_pool`+w.SQL()+` GROUP BY sku ORDER BY sku`, w.Args()...)
}

// PoolCode is a code of a pool as staff see it.
type PoolCode struct {
	ID       string    `db:"id" json:"id"`
	Code     string    `json:"code" doc:"Only its end"`
	Tail     string    `db:"tail" json:"-"`
	Batch    string    `db:"batch" json:"batch"`
	Sale     string    `db:"sale" json:"sale" doc:"The order it was handed to; empty when it is free"`
	HandedAt time.Time `db:"handed_at" json:"handed_at,omitzero"`
	By       string    `db:"made_by" json:"by"`
	At       time.Time `db:"at" json:"at"`
}

// PoolCodes returns the codes of a SKU, the last added first, below one of them ("" for the first page).
func (s *Service) PoolCodes(ctx context.Context, sku, below string, limit int) ([]PoolCode, error) {
	var w store.Where
	w.And("sku = ?", sku)
	if below != "" {
		w.And("id < ?", below)
	}
	all, err := store.All[PoolCode](ctx, s.DB, `SELECT id, tail, batch, sale, handed_at, made_by, at FROM code_pool`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(limit)...)
	for i := range all {
		all[i].Code = hidden(all[i].Tail)
	}
	return all, err
}
