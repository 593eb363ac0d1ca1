package warehouse

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/duckdb/duckdb-go/v2"
)

// reader reads blocks on one connection, reusing its buffers.
type reader struct {
	arrow  *duckdb.Arrow
	spec   ScanSpec
	kinds  map[uint32]Kind
	later  bool // there are facts after AsOf
	expect int  // about how many rows a block has; 0 is not known
	amends amending

	table []Kind // code → kind, made from kinds
	block Block
	best  []stamp
	raw   buffers // as read
	out   buffers // grouped
	perm  []uint32

	places   []uint32 // of rows that are merged
	wide     []int64  // room for a column of them
	narrow   []uint32
	kindRoom []Kind
}

type stamp struct {
	ts  int64
	seq uint64
}

type buffers struct {
	customer []uint32
	ts       []int64
	kind     []Kind
	wide     [2][]int64  // amount, quantity
	code     [6][]uint32 // product … detail
}

var wideColumns = [...]string{"amount", "quantity"}
var codeColumns = [...]string{"product", "category", "channel", "campaign", "strategy", "detail"}

func (r *reader) read(ctx context.Context, from, to uint32) (*Block, error) {
	b := &r.block
	b.From, b.To = from, to
	if err := r.readPeople(ctx, from, to); err != nil {
		return nil, err
	}
	ordered, err := r.readFacts(ctx, from, to)
	if err != nil {
		return nil, err
	}
	r.group(from, to, ordered)
	r.amends.apply(b)
	return b, nil
}

func (r *reader) where(from, to uint32) string {
	s := " WHERE customer >= " + number(from) + " AND customer < " + number(to)
	if r.spec.Only == nil {
		return s
	}
	first, _ := slices.BinarySearch(r.spec.Only, from)
	last, _ := slices.BinarySearch(r.spec.Only, to)
	if last-first > 4096 { // longer lists cost more than they save
		return s
	}
	list := make([]string, 0, last-first+1)
	for _, n := range r.spec.Only[first:last] {
		list = append(list, number(n))
	}
	if len(list) == 0 {
		list = append(list, "0") // nobody has this number
	}
	return s + " AND customer IN (" + strings.Join(list, ", ") + ")"
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

func (r *reader) readPeople(ctx context.Context, from, to uint32) error {
	n := int(to - from)
	b := &r.block
	b.People = resize(b.People, n)
	clear(b.People)
	r.best = resize(r.best, n)
	clear(r.best)
	if r.spec.Flags {
		return r.each(ctx, "SELECT customer, ts, seq, flags FROM people"+r.where(from, to), func(rec arrow.RecordBatch) {
			flags := rec.Column(3).(*array.Uint32).Uint32Values()
			r.versions(rec, func(p *Person, i int) { p.Flags = flags[i] })
		})
	}
	q := "SELECT customer, ts, seq, registered, birthday, gender, province, city, source, store, owner, level, flags FROM people" + r.where(from, to)
	return r.each(ctx, q, func(rec arrow.RecordBatch) {
		registered := rec.Column(3).(*array.Int64).Int64Values()
		birthday := rec.Column(4).(*array.Int32).Int32Values()
		var codes [8][]uint32
		for i := range codes {
			codes[i] = rec.Column(5 + i).(*array.Uint32).Uint32Values()
		}
		r.versions(rec, func(p *Person, i int) {
			*p = Person{
				Registered: registered[i], Birthday: birthday[i],
				Gender: codes[0][i], Province: codes[1][i], City: codes[2][i], Source: codes[3][i],
				Store: codes[4][i], Owner: codes[5][i], Level: codes[6][i], Flags: codes[7][i],
			}
		})
	})
}

// versions keeps of every person in the batch the newest version; once erased is erased for ever.
func (r *reader) versions(rec arrow.RecordBatch, fill func(p *Person, i int)) {
	customer := rec.Column(0).(*array.Uint32).Uint32Values()
	ts := rec.Column(1).(*array.Int64).Int64Values()
	seq := rec.Column(2).(*array.Uint64).Uint64Values()
	flags := rec.Column(int(rec.NumCols()) - 1).(*array.Uint32).Uint32Values()
	for i, number := range customer {
		at := number - r.block.From
		p, best := &r.block.People[at], &r.best[at]
		erased := (p.Flags | flags[i]) & FlagErased
		if !p.Known || ts[i] > best.ts || ts[i] == best.ts && seq[i] >= best.seq {
			*best = stamp{ts[i], seq[i]}
			fill(p, i)
			p.Known = true
		}
		p.Flags |= erased
	}
}

// readFacts fills the raw buffers and says how many of the first rows lie by customer and time already: what the last
// compaction wrote comes before what came since.
func (r *reader) readFacts(ctx context.Context, from, to uint32) (ordered int, err error) {
	in := &r.raw
	in.reset()
	if len(r.kinds) == 0 {
		return 0, nil
	}
	if r.table == nil {
		r.makeTable()
		in.reserve(r.expect, r.spec.Columns)
	}
	columns := []string{"customer", "ts", "kind"}
	columns = append(columns, r.spec.chosen()...)
	codes := make([]string, 0, len(r.kinds))
	for c := range r.kinds {
		codes = append(codes, number(c))
	}
	slices.Sort(codes)
	q := "SELECT " + strings.Join(columns, ", ") + " FROM facts" + r.where(from, to) +
		r.during() + " AND kind IN (" + strings.Join(codes, ", ") + ")"
	var lastCustomer uint32
	var lastTS int64
	err = r.each(ctx, q, func(rec arrow.RecordBatch) {
		customer := rec.Column(0).(*array.Uint32).Uint32Values()
		ts := rec.Column(1).(*array.Int64).Int64Values()
		if ordered == len(in.customer) { // so far all are
			for i, c := range customer {
				if c < lastCustomer || c == lastCustomer && ts[i] < lastTS {
					break
				}
				lastCustomer, lastTS = c, ts[i]
				ordered++
			}
		}
		in.customer = append(in.customer, customer...)
		in.ts = append(in.ts, ts...)
		for _, code := range rec.Column(2).(*array.Uint32).Uint32Values() {
			in.kind = append(in.kind, r.table[code])
		}
		at := 3
		for i := range in.wide {
			if r.spec.Columns&(ColumnAmount<<i) != 0 {
				in.wide[i] = append(in.wide[i], rec.Column(at).(*array.Int64).Int64Values()...)
				at++
			}
		}
		for i := range in.code {
			if r.spec.Columns&(ColumnProduct<<i) != 0 {
				in.code[i] = append(in.code[i], rec.Column(at).(*array.Uint32).Uint32Values()...)
				at++
			}
		}
	})
	return ordered, err
}

// during bounds the time of facts, where there is something to leave out.
func (r *reader) during() string {
	s := ""
	if r.later {
		s += " AND ts <= " + strconv.FormatInt(r.spec.AsOf, 10)
	}
	if r.spec.Since != 0 {
		s += " AND ts >= " + strconv.FormatInt(r.spec.Since, 10)
	}
	return s
}

func (r *reader) makeTable() {
	var most uint32
	for c := range r.kinds {
		most = max(most, c)
	}
	r.table = make([]Kind, most+1)
	for c, k := range r.kinds {
		r.table[c] = k
	}
}

// chosen is the columns asked for, in their order.
func (spec ScanSpec) chosen() []string {
	var out []string
	for i, name := range wideColumns {
		if spec.Columns&(ColumnAmount<<i) != 0 {
			out = append(out, name)
		}
	}
	for i, name := range codeColumns {
		if spec.Columns&(ColumnProduct<<i) != 0 {
			out = append(out, name)
		}
	}
	return out
}

func (r *reader) each(ctx context.Context, q string, fn func(arrow.RecordBatch)) error {
	rows, err := r.arrow.QueryContext(ctx, q)
	if err != nil {
		return err
	}
	defer rows.Release()
	for rows.Next() {
		fn(rows.RecordBatch())
	}
	return rows.Err()
}

func (in *buffers) reset() {
	in.customer, in.ts, in.kind = in.customer[:0], in.ts[:0], in.kind[:0]
	for i := range in.wide {
		in.wide[i] = in.wide[i][:0]
	}
	for i := range in.code {
		in.code[i] = in.code[i][:0]
	}
}

// reserve makes room for n rows, so that filling does not move them again and again.
func (in *buffers) reserve(n int, columns Column) {
	in.customer, in.ts, in.kind = make([]uint32, 0, n), make([]int64, 0, n), make([]Kind, 0, n)
	for i := range in.wide {
		if columns&(ColumnAmount<<i) != 0 {
			in.wide[i] = make([]int64, 0, n)
		}
	}
	for i := range in.code {
		if columns&(ColumnProduct<<i) != 0 {
			in.code[i] = make([]uint32, 0, n)
		}
	}
}

// group lays the raw rows, the first of which lie in order already, out by customer and time in the block.
func (r *reader) group(from, to uint32, ordered int) {
	b, in := &r.block, &r.raw
	n := len(in.customer)
	b.Start = resize(b.Start, int(to-from)+1)
	switch loose := n - ordered; {
	case loose == 0:
		b.count(in.customer)
		r.lay(in)
	case loose < n/4:
		r.merge(ordered)
		r.lay(in)
	default:
		r.perm = b.sort(r.perm, in, 0)
		out := &r.out
		out.ts = gather(out.ts, in.ts, r.perm)
		out.kind = gather(out.kind, in.kind, r.perm)
		for i := range in.wide {
			out.wide[i] = gather(out.wide[i], in.wide[i], r.perm)
		}
		for i := range in.code {
			out.code[i] = gather(out.code[i], in.code[i], r.perm)
		}
		r.lay(out)
	}
}

// count sets Start to where every customer's rows begin when the rows lie in order.
func (b *Block) count(customer []uint32) {
	clear(b.Start)
	for _, c := range customer {
		b.Start[c-b.From+1]++
	}
	for i := 1; i < len(b.Start); i++ {
		b.Start[i] += b.Start[i-1]
	}
}

// sort returns the raw rows from first on in the order of customer and time, and counts them.
func (b *Block) sort(perm []uint32, in *buffers, first int) []uint32 {
	customer := in.customer[first:]
	b.count(customer)
	perm = resize(perm, len(customer))
	for i, c := range customer { // Start[c] serves as the cursor of c, and is put back below
		at := &b.Start[c-b.From]
		perm[*at] = uint32(first + i)
		*at++
	}
	copy(b.Start[1:], b.Start[:len(b.Start)-1])
	b.Start[0] = 0
	for i := range len(b.Start) - 1 {
		inTime(perm[b.Start[i]:b.Start[i+1]], in.ts)
	}
	return perm
}

// merge moves the rows that came since the last compaction to their places among the ordered ones, in place.
func (r *reader) merge(ordered int) {
	b, in := &r.block, &r.raw
	r.perm = b.sort(r.perm, in, ordered)
	b.count(in.customer[:ordered])
	r.places = resize(r.places, len(r.perm))
	for i, p := range r.perm {
		c, ts := in.customer[p]-b.From, in.ts[p]
		at, until := b.Start[c], b.Start[c+1]
		for at < until { // the first later one
			if middle := (at + until) / 2; in.ts[middle] <= ts {
				at = middle + 1
			} else {
				until = middle
			}
		}
		r.places[i] = at
	}
	b.count(in.customer)
	r.wide = insert(in.ts, r.wide, r.perm, r.places, ordered)
	r.kindRoom = insert(in.kind, r.kindRoom, r.perm, r.places, ordered)
	for i := range in.wide {
		r.wide = insert(in.wide[i], r.wide, r.perm, r.places, ordered)
	}
	for i := range in.code {
		r.narrow = insert(in.code[i], r.narrow, r.perm, r.places, ordered)
	}
}

// insert puts the values at perm before those at places, which ascend; the first values stay in their order. room is room.
func insert[T any](values, room []T, perm, places []uint32, first int) []T {
	if len(values) == 0 {
		return room
	}
	room = gather(room, values, perm)
	end, to := first, len(values)
	for i := len(places) - 1; i >= 0; i-- {
		at := int(places[i])
		copy(values[to-(end-at):to], values[at:end])
		to -= end - at + 1
		end = at
		values[to] = room[i]
	}
	return room
}

// inTime sorts rows of one customer by time, keeping the order of equals; rows in order cost one look.
func inTime(perm []uint32, ts []int64) {
	ordered := true
	for i := 1; i < len(perm); i++ {
		if ts[perm[i]] < ts[perm[i-1]] {
			ordered = false
			break
		}
	}
	switch {
	case ordered:
	case len(perm) <= 24:
		for i := 1; i < len(perm); i++ {
			p := perm[i]
			t := ts[p]
			j := i
			for ; j > 0 && ts[perm[j-1]] > t; j-- {
				perm[j] = perm[j-1]
			}
			perm[j] = p
		}
	default:
		slices.SortStableFunc(perm, func(a, b uint32) int {
			switch {
			case ts[a] < ts[b]:
				return -1
			case ts[a] > ts[b]:
				return 1
			}
			return 0
		})
	}
}

func gather[T any](out, in []T, perm []uint32) []T {
	if len(in) == 0 {
		return out[:0]
	}
	out = resize(out, len(perm))
	for i, p := range perm {
		out[i] = in[p]
	}
	return out
}

func resize[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n, n+n/8)
	}
	return s[:n]
}

// lay shows buffers as the block's columns.
func (r *reader) lay(from *buffers) {
	b := &r.block
	b.TS, b.Kind = from.ts, from.kind
	wide := [...]*[]int64{&b.Amount, &b.Quantity}
	for i, to := range wide {
		*to = nil
		if r.spec.Columns&(ColumnAmount<<i) != 0 {
			*to = from.wide[i]
		}
	}
	code := [...]*[]uint32{&b.Product, &b.Category, &b.Channel, &b.Campaign, &b.Strategy, &b.Detail}
	for i, to := range code {
		*to = nil
		if r.spec.Columns&(ColumnProduct<<i) != 0 {
			*to = from.code[i]
		}
	}
}
