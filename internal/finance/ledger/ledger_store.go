package ledger

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/money"
	"huoshui/internal/platform/store"
)

// insertEntry writes an entry unless its key is booked or its day is closed.
func insertEntry(ctx context.Context, tx *store.Tx, e Entry) (bool, error) {
	n, err := tx.Exec(ctx, `INSERT INTO ledger_entries (id, key, day, at, posted_at, reason, order_id, ref, customer, posted_by, note, moves, total_fen)
		SELECT ?, ?, CAST(? AS TEXT), CAST(? AS BIGINT), CAST(? AS BIGINT), ?, ?, ?, CAST(? AS BIGINT), ?, ?, CAST(? AS BIGINT), CAST(? AS BIGINT)
		WHERE NOT EXISTS (SELECT 1 FROM ledger_closes WHERE day >= ?)
		ON CONFLICT (key) DO NOTHING`,
		e.ID, e.Key, e.Day, e.At, e.PostedAt, e.Reason, e.Order, e.Ref, int64(e.Customer), e.By, e.Note, e.Count, e.TotalFen, e.Day)
	return n == 1, err
}

// insertMoves writes the moves of one entry in one statement; entries have few.
func insertMoves(ctx context.Context, tx *store.Tx, moves []Move) error {
	for part := range slices.Chunk(moves, 100) {
		args := make([]any, 0, 9*len(part))
		for _, m := range part {
			args = append(args, m.Entry, m.N, m.Day, string(m.Debit), string(m.Credit), m.AmountFen, int64(m.Customer), m.Campaign, m.Layer)
		}
		err := tx.Later(ctx, `INSERT INTO ledger_moves (entry_id, n, day, debit, credit, amount_fen, customer, campaign, layer) VALUES `+
			strings.TrimSuffix(strings.Repeat("(?, ?, ?, ?, ?, ?, ?, ?, ?), ", len(part)), ", "), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

func byKey(ctx context.Context, q store.Querier, key string) (Entry, bool, error) {
	e, err := store.One[Entry](ctx, q, `SELECT * FROM ledger_entries WHERE key = ?`, key)
	if errs.Is(err, errs.NotFound) {
		return e, false, nil
	}
	return e, err == nil, err
}

// Closed is a business day that was closed, and what was booked since the close before.
type Closed struct {
	Day      string    `db:"day" json:"day"`
	At       time.Time `db:"closed_at" json:"closed_at"`
	By       string    `db:"closed_by" json:"closed_by" doc:"Staff id"`
	Note     string    `db:"note" json:"note"`
	Entries  int64     `db:"entries" json:"entries"`
	TotalFen int64     `db:"total_fen" json:"total_fen" doc:"Sum of all debits, which is that of all credits"`
}

// LastClosed returns the latest closed day, "" when none is.
func LastClosed(ctx context.Context, q store.Querier) (string, error) {
	return store.One[string](ctx, q, `SELECT COALESCE(MAX(day), '') FROM ledger_closes`)
}

// Closes returns closed days, latest first, below a day ("" for the first page).
func Closes(ctx context.Context, q store.Querier, below string, limit int) ([]Closed, error) {
	var w store.Where
	if below != "" {
		w.And("day < ?", below)
	}
	return store.All[Closed](ctx, q, `SELECT * FROM ledger_closes`+w.SQL()+` ORDER BY day DESC LIMIT ?`, w.Args(limit)...)
}

// between counts what was booked after one day, up to the end of another.
func between(ctx context.Context, q store.Querier, after, to string) (Closed, error) {
	return store.One[Closed](ctx, q, `SELECT COUNT(*) AS entries, CAST(COALESCE(SUM(total_fen), 0) AS BIGINT) AS total_fen FROM ledger_entries WHERE day > ? AND day <= ?`, after, to)
}

// total is all that was ever debited and credited to an account up to the end of a day.
type total struct {
	Day     string        `db:"day"`
	Account money.Account `db:"account"`
	Debit   int64         `db:"debit_fen"`
	Credit  int64         `db:"credit_fen"`
}

// cumulative returns the totals of every account that ever moved, up to the end of a day, by account.
func cumulative(ctx context.Context, q store.Querier, day string) ([]total, error) {
	sums := map[money.Account]*total{}
	add := func(t total) error {
		if sums[t.Account] == nil {
			sums[t.Account] = &total{Day: day, Account: t.Account}
		}
		sums[t.Account].Debit += t.Debit
		sums[t.Account].Credit += t.Credit
		return nil
	}
	kept, err := store.One[string](ctx, q, `SELECT COALESCE(MAX(day), '') FROM ledger_closes WHERE day <= ?`, day)
	if err != nil {
		return nil, err
	}
	if err := store.Each(ctx, q, `SELECT * FROM ledger_balances WHERE day = ?`, []any{kept}, add); err != nil {
		return nil, err
	}
	err = store.Each(ctx, q, `SELECT debit AS account, CAST(SUM(amount_fen) AS BIGINT) AS debit_fen FROM ledger_moves WHERE day > ? AND day <= ? GROUP BY debit`, []any{kept, day}, add)
	if err != nil {
		return nil, err
	}
	err = store.Each(ctx, q, `SELECT credit AS account, CAST(SUM(amount_fen) AS BIGINT) AS credit_fen FROM ledger_moves WHERE day > ? AND day <= ? GROUP BY credit`, []any{kept, day}, add)
	if err != nil {
		return nil, err
	}
	out := make([]total, 0, len(sums))
	for _, a := range chart {
		if t := sums[a.Account]; t != nil {
			out = append(out, *t)
			delete(sums, a.Account)
		}
	}
	for _, t := range sums { // an account that the chart no longer knows still counts
		out = append(out, *t)
	}
	return out, nil
}

// Balance is an account over some days, all in fen. Opening and Closing are debits less credits.
type Balance struct {
	AccountInfo
	OpeningFen int64 `json:"opening_fen" doc:"Debits less credits before the first day"`
	DebitFen   int64 `json:"debit_fen"`
	CreditFen  int64 `json:"credit_fen"`
	ClosingFen int64 `json:"closing_fen" doc:"Debits less credits at the end of the last day"`
}

// Trial is a trial balance.
type Trial struct {
	From          string    `json:"from"`
	To            string    `json:"to"`
	Accounts      []Balance `json:"accounts"`
	DebitFen      int64     `json:"debit_fen" doc:"All debits of the days"`
	CreditFen     int64     `json:"credit_fen"`
	DifferenceFen int64     `json:"difference_fen" doc:"Sum of all closing balances: zero"`
	ClosedThrough string    `json:"closed_through" doc:"The latest closed day; empty when none is"`
}

// TrialBalance returns every account that moved up to the end of day to, with what moved from day from on.
func TrialBalance(ctx context.Context, q store.Querier, from, to string) (Trial, error) {
	out := Trial{From: from, To: to, Accounts: []Balance{}}
	for _, day := range []string{from, to} {
		if _, err := time.Parse(time.DateOnly, day); err != nil {
			return out, errs.New(errs.Invalid, "ledger.day", "a day is written YYYY-MM-DD").At("from")
		}
	}
	if from > to {
		return out, errs.New(errs.Invalid, "ledger.range", "the first day is after the last").At("from")
	}
	before, err := cumulative(ctx, q, dayBefore(from))
	if err != nil {
		return out, err
	}
	all, err := cumulative(ctx, q, to)
	if err != nil {
		return out, err
	}
	opening := map[money.Account]total{}
	for _, t := range before {
		opening[t.Account] = t
	}
	for _, t := range all {
		o := opening[t.Account]
		info, ok := byAccount[t.Account]
		if !ok {
			info = AccountInfo{Account: t.Account, Kind: Cost, Name: string(t.Account)}
		}
		b := Balance{AccountInfo: info, OpeningFen: o.Debit - o.Credit, DebitFen: t.Debit - o.Debit, CreditFen: t.Credit - o.Credit, ClosingFen: t.Debit - t.Credit}
		out.Accounts = append(out.Accounts, b)
		out.DebitFen += b.DebitFen
		out.CreditFen += b.CreditFen
		out.DifferenceFen += b.ClosingFen
	}
	out.ClosedThrough, err = LastClosed(ctx, q)
	return out, err
}

func dayBefore(day string) string {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, -1).Format(time.DateOnly)
}

// BalanceOf returns debits less credits of an account, of all that is booked.
func BalanceOf(ctx context.Context, q store.Querier, a money.Account) (int64, error) {
	last, err := LastClosed(ctx, q)
	if err != nil {
		return 0, err
	}
	return store.One[int64](ctx, q, `SELECT CAST(COALESCE((SELECT debit_fen - credit_fen FROM ledger_balances WHERE day = ? AND account = ?), 0)
		+ COALESCE((SELECT SUM(amount_fen) FROM ledger_moves WHERE debit = ? AND day > ?), 0)
		- COALESCE((SELECT SUM(amount_fen) FROM ledger_moves WHERE credit = ? AND day > ?), 0) AS BIGINT)`,
		last, string(a), string(a), last, string(a), last)
}

// StatementLine is one move as an account sees it.
type StatementLine struct {
	Entry      string        `db:"entry_id" json:"entry"`
	N          int64         `db:"n" json:"n"`
	Day        string        `db:"day" json:"day"`
	At         time.Time     `db:"at" json:"at"`
	Reason     string        `db:"reason" json:"reason"`
	Order      string        `db:"order_id" json:"order"`
	Ref        string        `db:"ref" json:"ref"`
	Counter    money.Account `db:"counter" json:"counter" doc:"The account on the other side"`
	AmountFen  int64         `db:"amount_fen" json:"amount_fen" doc:"Debits positive, credits negative"`
	BalanceFen int64         `db:"balance_fen" json:"balance_fen" doc:"Debits less credits of the account after it"`
	Customer   uint32        `db:"customer" json:"customer"`
	Campaign   string        `db:"campaign" json:"campaign"`
	Layer      string        `db:"layer" json:"layer"`
	By         string        `db:"posted_by" json:"by"`
	Note       string        `db:"note" json:"note"`
}

// Filter chooses lines of a statement; zero fields choose all.
type Filter struct {
	Account  money.Account
	From, To string // days, inclusive
	Customer uint32
	Campaign string
	Layer    string
	Order    string
}

func (f Filter) where(w *store.Where, side string) {
	w.And("m."+side+" = ?", string(f.Account))
	if f.From != "" {
		w.And("m.day >= ?", f.From)
	}
	if f.To != "" {
		w.And("m.day <= ?", f.To)
	}
	if f.Customer != 0 {
		w.And("m.customer = ?", int64(f.Customer))
	}
	if f.Campaign != "" {
		w.And("m.campaign = ?", f.Campaign)
	}
	if f.Layer != "" {
		w.And("m.layer = ?", f.Layer)
	}
	if f.Order != "" {
		w.And("e.order_id = ?", f.Order)
	}
}

// Statement returns a page of an account's lines, newest first by day and entry, below the cursor of the page before, and
// the cursor of the next page ("" on the last). The balances are those of the account as far as the filter chooses it.
func Statement(ctx context.Context, q store.Querier, f Filter, after string, limit int) ([]StatementLine, string, error) {
	if _, ok := byAccount[f.Account]; !ok {
		return nil, "", errs.New(errs.NotFound, "ledger.no_account", "there is no such account").At("account")
	}
	part := func(side, counter, sign string) (string, []any, error) {
		var w store.Where
		f.where(&w, side)
		if after != "" {
			day, entry, n, err := parseCursor(after)
			if err != nil {
				return "", nil, err
			}
			w.And("(m.day, m.entry_id, m.n) < (?, ?, CAST(? AS BIGINT))", day, entry, n)
		}
		return `SELECT * FROM (SELECT m.entry_id, m.n, m.day, e.at, e.reason, e.order_id, e.ref, m.` + counter + ` AS counter, ` + sign + `m.amount_fen AS amount_fen, m.customer, m.campaign, m.layer, e.posted_by, e.note
			FROM ledger_moves m JOIN ledger_entries e ON e.id = m.entry_id` + w.SQL() + ` ORDER BY m.day DESC, m.entry_id DESC, m.n DESC LIMIT ?) ` + side + `s`, w.Args(limit + 1), nil
	}
	debits, args, err := part("debit", "credit", "")
	if err != nil {
		return nil, "", err
	}
	credits, more, err := part("credit", "debit", "-")
	if err != nil {
		return nil, "", err
	}
	lines, err := store.All[StatementLine](ctx, q, debits+` UNION ALL `+credits+` ORDER BY day DESC, entry_id DESC, n DESC LIMIT ?`, append(append(args, more...), limit+1)...)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(lines) > limit {
		lines = lines[:limit]
		last := lines[limit-1]
		next = last.Day + "/" + last.Entry + "/" + strconv.FormatInt(last.N, 10)
	}
	if len(lines) == 0 {
		return lines, "", nil
	}
	balance, err := balanceThrough(ctx, q, f, lines[0])
	if err != nil {
		return nil, "", err
	}
	for i := range lines {
		lines[i].BalanceFen = balance
		balance -= lines[i].AmountFen
	}
	return lines, next, nil
}

// balanceThrough returns debits less credits of what the filter chooses, without its first day, up to a line and with it.
func balanceThrough(ctx context.Context, q store.Querier, f Filter, line StatementLine) (int64, error) {
	base, after := int64(0), ""
	if f.Customer == 0 && f.Campaign == "" && f.Layer == "" && f.Order == "" {
		type kept struct {
			Day string `db:"day"`
			Fen int64  `db:"fen"`
		}
		k, err := store.One[kept](ctx, q, `SELECT COALESCE(MAX(c.day), '') AS day, CAST(COALESCE(SUM(b.debit_fen - b.credit_fen), 0) AS BIGINT) AS fen
			FROM (SELECT MAX(day) AS day FROM ledger_closes WHERE day < ?) c LEFT JOIN ledger_balances b ON b.day = c.day AND b.account = ?`, line.Day, string(f.Account))
		if err != nil {
			return 0, err
		}
		base, after = k.Fen, k.Day
	}
	f.From, f.To = "", ""
	sum := func(side string) (string, []any) {
		var w store.Where
		f.where(&w, side)
		w.And("m.day > ?", after)
		w.And("(m.day, m.entry_id, m.n) <= (?, ?, CAST(? AS BIGINT))", line.Day, line.Entry, line.N)
		from := `ledger_moves m`
		if f.Order != "" {
			from += ` JOIN ledger_entries e ON e.id = m.entry_id`
		}
		return `COALESCE((SELECT SUM(m.amount_fen) FROM ` + from + w.SQL() + `), 0)`, w.Args()
	}
	debits, args := sum("debit")
	credits, more := sum("credit")
	moved, err := store.One[int64](ctx, q, `SELECT CAST(`+debits+` - `+credits+` AS BIGINT)`, append(args, more...)...)
	return base + moved, err
}

func parseCursor(s string) (day, entry string, n int64, err error) {
	parts := strings.Split(s, "/")
	if len(parts) == 3 {
		if n, err = strconv.ParseInt(parts[2], 10, 64); err == nil {
			return parts[0], parts[1], n, nil
		}
	}
	return "", "", 0, errs.New(errs.Invalid, "paging.cursor", "this is no cursor of ours").At("after")
}

// Booked is an entry with its moves.
type Booked struct {
	Entry
	Moves []Move `json:"moves"`
}

// Trail returns every entry of an order, oldest first: where its money came from and went.
func Trail(ctx context.Context, q store.Querier, order string) ([]Booked, error) {
	if order == "" {
		return []Booked{}, nil
	}
	entries, err := store.All[Entry](ctx, q, `SELECT * FROM ledger_entries WHERE order_id = ? ORDER BY id`, order)
	if err != nil {
		return nil, err
	}
	return withMoves(ctx, q, entries)
}

// Get returns one entry with its moves.
func Get(ctx context.Context, q store.Querier, entryID string) (Booked, error) {
	e, err := store.One[Entry](ctx, q, `SELECT * FROM ledger_entries WHERE id = ?`, entryID)
	if errs.Is(err, errs.NotFound) {
		return Booked{}, errs.New(errs.NotFound, "ledger.no_entry", "there is no such entry")
	}
	if err != nil {
		return Booked{}, err
	}
	all, err := withMoves(ctx, q, []Entry{e})
	if err != nil {
		return Booked{}, err
	}
	return all[0], nil
}

// Journal returns a page of entries, newest first by day and id, below the cursor, with the cursor of the next page. Days
// are inclusive, "" for no bound; reason "" is any.
func Journal(ctx context.Context, q store.Querier, from, to, reason, after string, limit int) ([]Booked, string, error) {
	var w store.Where
	if from != "" {
		w.And("day >= ?", from)
	}
	if to != "" {
		w.And("day <= ?", to)
	}
	if reason != "" {
		w.And("reason = ?", reason)
	}
	if after != "" {
		day, entry, _, err := parseCursor(after + "/0")
		if err != nil {
			return nil, "", err
		}
		w.And("(day, id) < (?, ?)", day, entry)
	}
	entries, err := store.All[Entry](ctx, q, `SELECT * FROM ledger_entries`+w.SQL()+` ORDER BY day DESC, id DESC LIMIT ?`, w.Args(limit+1)...)
	if err != nil {
		return nil, "", err
	}
	next := ""
	if len(entries) > limit {
		entries = entries[:limit]
		next = entries[limit-1].Day + "/" + entries[limit-1].ID
	}
	out, err := withMoves(ctx, q, entries)
	return out, next, err
}

func withMoves(ctx context.Context, q store.Querier, entries []Entry) ([]Booked, error) {
	out := make([]Booked, len(entries))
	at := make(map[string]int, len(entries))
	ids := make([]string, len(entries))
	for i, e := range entries {
		out[i], at[e.ID], ids[i] = Booked{Entry: e, Moves: []Move{}}, i, e.ID
	}
	for part := range slices.Chunk(ids, 1000) {
		var w store.Where
		store.In(&w, "entry_id", part)
		err := store.Each(ctx, q, `SELECT * FROM ledger_moves`+w.SQL()+` ORDER BY entry_id, n`, w.Args(), func(m Move) error {
			out[at[m.Entry]].Moves = append(out[at[m.Entry]].Moves, m)
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
