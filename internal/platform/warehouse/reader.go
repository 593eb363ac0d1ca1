package warehouse

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// reader reads blocks on one connection, reusing its buffers.
type reader struct {
	source source
	spec   ScanSpec
	kinds  map[uint32]Kind
	later  bool // there are facts after AsOf
	props  []propReader
	expect int // about how many rows a block has; 0 is not known
	amends amending
	loose  *loose // nil: blocks read them with the others

	table []Kind // code → kind, made from kinds
	block Block
	best  []stamp
	raw   buffers // as read
	out   buffers // grouped
	perm  []uint32

	apart  loose    // the loose rows of one block, when it reads them itself
	places []uint32 // of rows that are merged
}

type stamp struct {
	ts  int64
	seq uint64
}

type buffers struct {
	customer []uint32
	ts       []int64
	kind     []Kind
	wide     [][]int64   // amount, quantity, then the properties asked for
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
	if err := r.group(ctx, ordered); err != nil {
		return nil, err
	}
	r.amends.apply(b)
	return b, nil
}

// rows is the rows of a table about customers from … to−1, see source.
func (r *reader) rows(table string, from, to uint32) (customer, rows string) {
	if r.spec.Pick != nil {
		return r.source.rows(table, 0, 0, r.spec.Pick)
	}
	if r.spec.Only == nil {
		return r.source.rows(table, from, to, nil)
	}
	first, _ := slices.BinarySearch(r.spec.Only, from)
	last, _ := slices.BinarySearch(r.spec.Only, to)
	if last-first > 4096 { // longer lists cost more than they save
		return r.source.rows(table, from, to, nil)
	}
	return r.source.rows(table, from, to, r.spec.Only[first:last])
}

func among(customers []uint32) string {
	if len(customers) == 0 {
		return "customer = 0" // nobody has this number
	}
	return "customer IN (" + list(customers) + ")"
}

// place is where a customer lies in the block.
func (r *reader) place(customer uint32) uint32 {
	if r.spec.Pick == nil {
		return customer - r.block.From
	}
	at, _ := slices.BinarySearch(r.spec.Pick, customer)
	return uint32(at)
}

func number(n uint32) string { return strconv.FormatUint(uint64(n), 10) }

func (r *reader) readPeople(ctx context.Context, from, to uint32) error {
	n := int(to - from)
	b := &r.block
	b.People = resize(b.People, n)
	clear(b.People)
	r.best = resize(r.best, n)
	clear(r.best)
	customer, rows := r.rows("people", from, to)
	if r.spec.Flags {
		return r.source.each(ctx, "SELECT "+customer+", ts, seq, flags "+rows, func(rec arrow.RecordBatch) {
			flags := rec.Column(3).(*array.Uint32).Uint32Values()
			r.versions(rec, func(p *Person, i int) { p.Flags = flags[i] })
		})
	}
	q := "SELECT " + customer + ", ts, seq, registered, birthday, gender, province, city, source, store, owner, level, flags " + rows
	return r.source.each(ctx, q, func(rec arrow.RecordBatch) {
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
		at := r.place(number)
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
	except := ""
	if r.loose != nil {
		except = " AND " + r.loose.not
	}
	in := &r.raw
	in.reset()
	if cap(in.customer) == 0 {
		in.reserve(r.expect, r.spec)
	}
	var lastCustomer uint32
	var lastTS int64
	err = r.fill(ctx, in, from, to, except, func(customer []uint32, ts []int64) {
		if ordered < len(in.customer) { // the order has ended
			return
		}
		for i, c := range customer {
			if c < lastCustomer || c == lastCustomer && ts[i] < lastTS {
				break
			}
			lastCustomer, lastTS = c, ts[i]
			ordered++
		}
	})
	if r.spec.Pick != nil {
		for i, c := range in.customer {
			in.customer[i] = r.place(c)
		}
	}
	return ordered, err
}

// fill reads the facts about customers from … to−1 that also lets through into buffers; look is shown every batch before it is there.
func (r *reader) fill(ctx context.Context, in *buffers, from, to uint32, also string, look func(customer []uint32, ts []int64)) error {
	if len(r.kinds) == 0 {
		return nil
	}
	if r.table == nil {
		r.makeTable()
	}
	customer, rows := r.rows("facts", from, to)
	columns := append([]string{customer, "ts", "kind"}, r.spec.chosen()...)
	for i := range r.props {
		columns = append(columns, r.props[i].expression)
	}
	codes := make([]string, 0, len(r.kinds))
	for c := range r.kinds {
		codes = append(codes, number(c))
	}
	slices.Sort(codes)
	q := "SELECT " + strings.Join(columns, ", ") + " " + rows + also + r.during() + " AND kind IN (" + strings.Join(codes, ", ") + ")"
	return r.source.each(ctx, q, func(rec arrow.RecordBatch) {
		customer := rec.Column(0).(*array.Uint32).Uint32Values()
		ts := rec.Column(1).(*array.Int64).Int64Values()
		look(customer, ts)
		in.customer = append(in.customer, customer...)
		in.ts = append(in.ts, ts...)
		for _, code := range rec.Column(2).(*array.Uint32).Uint32Values() {
			in.kind = append(in.kind, r.table[code])
		}
		at := 3
		for i := range wideColumns {
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
		for i := range r.props {
			to := &in.wide[len(wideColumns)+i]
			*to = r.props[i].read(*to, rec.Column(at).(*array.String))
			at++
		}
	})
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
func (in *buffers) reserve(n int, spec ScanSpec) {
	in.customer, in.ts, in.kind = make([]uint32, 0, n), make([]int64, 0, n), make([]Kind, 0, n)
	in.wide = make([][]int64, len(wideColumns)+len(spec.Props))
	for i := range in.wide {
		if spec.wide(i) {
			in.wide[i] = make([]int64, 0, n)
		}
	}
	for i := range in.code {
		if spec.Columns&(ColumnProduct<<i) != 0 {
			in.code[i] = make([]uint32, 0, n)
		}
	}
}

// group lays the raw rows, the first of which lie in order already, out by customer and time in the block.
func (r *reader) group(ctx context.Context, ordered int) error {
	b, in := &r.block, &r.raw
	b.Start = resize(b.Start, int(b.To-b.From)+1)
	add := &loose{}
	if r.loose != nil {
		var err error
		if add, err = r.loose.read(ctx, r); err != nil {
			return err
		}
	}
	n := len(in.customer)
	switch extra := n - ordered; {
	case extra == 0:
		r.merge(add)
	case extra < n/4 && r.loose == nil:
		r.apart.sort(b.From, b.To, in, ordered, &r.perm)
		in.cut(ordered)
		r.merge(&r.apart)
	default:
		in.add(add, b.From, b.To)
		r.perm = b.sort(r.perm, in, 0)
		r.out.gather(in, r.perm)
		r.lay(&r.out)
	}
	return nil
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

// merge puts the loose rows of the block to their places among the raw ones, which all lie in order.
func (r *reader) merge(add *loose) {
	b, in := &r.block, &r.raw
	b.count(in.customer)
	first, last := add.between(b.From, b.To)
	if first < last {
		r.places = r.places[:0]
		for c := range b.To - b.From {
			from, to := add.between(b.From+c, b.From+c+1)
			at, until := b.Start[c], b.Start[c+1]
			for _, ts := range add.rows.ts[from:to] {
				for at < until && in.ts[at] <= ts { // the first later one
					at++
				}
				r.places = append(r.places, at)
			}
			b.Start[c] += from - first
		}
		b.Start[b.To-b.From] += last - first
		in.ts = insert(in.ts, add.rows.ts[first:last], r.places)
		in.kind = insert(in.kind, add.rows.kind[first:last], r.places)
		for i, values := range add.rows.wide {
			if len(values) > 0 {
				in.wide[i] = insert(in.wide[i], values[first:last], r.places)
			}
		}
		for i, values := range add.rows.code {
			if len(values) > 0 {
				in.code[i] = insert(in.code[i], values[first:last], r.places)
			}
		}
	}
	r.lay(in)
}

// insert puts more values before those at places, which ascend.
func insert[T any](values, more []T, places []uint32) []T {
	end := len(values)
	values = slices.Grow(values, len(more))[:end+len(more)]
	to := len(values)
	for i := len(places) - 1; i >= 0; i-- {
		at := int(places[i])
		copy(values[to-(end-at):to], values[at:end])
		to -= end - at + 1
		end = at
		values[to] = more[i]
	}
	return values
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

// gather fills buffers with the rows of others at perm.
func (in *buffers) gather(from *buffers, perm []uint32) {
	in.ts = gather(in.ts, from.ts, perm)
	in.kind = gather(in.kind, from.kind, perm)
	in.wide = resize(in.wide, len(from.wide))
	for i := range in.wide {
		in.wide[i] = gather(in.wide[i], from.wide[i], perm)
	}
	for i := range in.code {
		in.code[i] = gather(in.code[i], from.code[i], perm)
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
	b.Props = from.wide[len(wideColumns):]
	code := [...]*[]uint32{&b.Product, &b.Category, &b.Channel, &b.Campaign, &b.Strategy, &b.Detail}
	for i, to := range code {
		*to = nil
		if r.spec.Columns&(ColumnProduct<<i) != 0 {
			*to = from.code[i]
		}
	}
}
