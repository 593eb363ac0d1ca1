package warehouse

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
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

	table  []Kind // code → kind, made from kinds
	block  Block
	people []Person // of the block, or of all blocks of a stream
	best   []stamp
	raw    buffers // as read
	out    buffers // grouped
	perm   []uint32

	timelines *timelines      // what they hold is read from there; may be nil
	moved     *roaring.Bitmap // who is not in them
	kept      columns         // as read from them
	bytes     []byte          // of the file, from loaded on
	loaded    uint64

	apart  loose    // rows that do not lie in order with the others
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

// read reads the customers from … to−1 as one block.
func (r *reader) read(ctx context.Context, from, to uint32, fn func(*Block) error) error {
	b := &r.block
	b.From, b.To = from, to
	if err := r.readPeople(ctx, from, to); err != nil {
		return err
	}
	b.People = r.people
	ordered, err := r.readFacts(ctx, from, to)
	if err != nil {
		return err
	}
	r.group(ordered)
	r.amends.apply(b)
	return fn(b)
}

// errDisorder says that rows do not lie in the order that the last compaction gave them.
var errDisorder = errors.New("warehouse: facts do not lie by customer and time")

// stream reads the customers from … to−1 with one query and shows them in blocks that end at multiples of size: while a block is shown the
// engine goes on reading.
func (r *reader) stream(ctx context.Context, from, to, size uint32, sn *snapshot, add *apart, fn func(*Block) error) error {
	b, in := &r.block, &r.raw
	b.From, b.To = from, to
	if err := r.readPeople(ctx, from, to); err != nil {
		return err
	}
	in.reset()
	add.take(in, from/add.stretch)
	r.apart.sort(from, to, in, 0, &r.perm)
	in.reset()
	b.To = min(to, (from/size+1)*size)
	show := func() error {
		b.People = r.people[b.From-from : b.To-from]
		b.Start = resize(b.Start, int(b.To-b.From)+1)
		r.merge(&r.apart)
		r.amends.apply(b)
		if err := fn(b); err != nil {
			return err
		}
		in.reset()
		b.From, b.To = b.To, min(to, b.To+size)
		return nil
	}
	var order ordering
	take := func(c *columns, at, end int) error {
		if order.of(c, at, end) < end {
			return errDisorder
		}
		for at < end {
			n, _ := slices.BinarySearch(c.customer[at:end], b.To)
			in.take(r, c, at, at+n)
			if at += n; at < end {
				if err := show(); err != nil {
					return err
				}
			}
		}
		return nil
	}
	err := r.ordered(ctx, from, to, sn, func(c *columns) error {
		return r.runs(c, sn.moved, func(at, end int) error { return take(c, at, end) })
	})
	for err == nil && b.From < to {
		err = show()
	}
	return err
}

// ordered gives the facts about customers from … to−1 that lie in order, with some that are of no kind asked for.
func (r *reader) ordered(ctx context.Context, from, to uint32, sn *snapshot, fn func(*columns) error) error {
	if r.timelines != nil && len(r.props) == 0 && len(r.kinds) > 0 {
		r.makeTable()
		if err := r.timelines.each(r, from, to, fn); err != nil {
			return err
		}
		return ctx.Err()
	}
	// Only what a scan itself filters keeps the order of rows: a list of kinds is a join, which holds small batches back. So the engine
	// is asked for a range of kinds, and what is not wanted of it is left out here.
	least, most := r.span()
	return r.ask(ctx, from, to, " AND kind >= "+number(least)+" AND kind <= "+number(most)+" AND "+sn.ordered, fn)
}

// ordering follows how far rows lie by customer and time.
type ordering struct {
	customer uint32
	ts       int64
}

// of returns up to which of the rows from … to−1 they go on in order.
func (o *ordering) of(c *columns, from, to int) int {
	customer, ts := o.customer, o.ts
	for i, at := range c.ts[from:to] {
		if n := c.customer[from+i]; n != customer {
			if n < customer {
				return from + i
			}
			customer = n
		} else if at < ts {
			return from + i
		}
		ts = at
	}
	o.customer, o.ts = customer, ts
	return to
}

// runs calls fn for the longest runs of rows that are of kinds asked for, and whose customers are not among those left out.
func (r *reader) runs(c *columns, out *roaring.Bitmap, fn func(from, to int) error) error {
	last, is := uint32(0), false
	leave := func(i int) bool {
		if r.table[c.kind[i]] == noKind {
			return true
		}
		if n := c.customer[i]; out != nil && n != last {
			last, is = n, out.Contains(n)
		}
		return is
	}
	for at := 0; at < len(c.customer); {
		for at < len(c.customer) && leave(at) {
			at++
		}
		from := at
		for at < len(c.customer) && !leave(at) {
			at++
		}
		if at > from {
			if err := fn(from, at); err != nil {
				return err
			}
		}
	}
	return nil
}

// span is the least and the greatest code of the kinds asked for, of which there are some.
func (r *reader) span() (least, most uint32) {
	least = ^uint32(0)
	for c := range r.kinds {
		least, most = min(least, c), max(most, c)
	}
	return least, most
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
	r.people = resize(r.people, n)
	clear(r.people)
	r.best = resize(r.best, n)
	clear(r.best)
	customer, rows := r.rows("people", from, to)
	if r.spec.Flags {
		return r.each(ctx, "SELECT "+customer+", ts, seq, flags "+rows, func(b batch) error {
			flags := b.uint32s(3)
			r.versions(b, flags, func(p *Person, i int) { p.Flags = flags[i] })
			return nil
		})
	}
	q := "SELECT " + customer + ", ts, seq, flags, registered, birthday, gender, province, city, source, store, owner, level " + rows
	return r.each(ctx, q, func(b batch) error {
		registered := b.int64s(4)
		birthday := b.int32s(5)
		var codes [7][]uint32
		for i := range codes {
			codes[i] = b.uint32s(6 + i)
		}
		flags := b.uint32s(3)
		r.versions(b, flags, func(p *Person, i int) {
			*p = Person{
				Registered: registered[i], Birthday: birthday[i],
				Gender: codes[0][i], Province: codes[1][i], City: codes[2][i], Source: codes[3][i],
				Store: codes[4][i], Owner: codes[5][i], Level: codes[6][i], Flags: flags[i],
			}
		})
		return nil
	})
}

// versions keeps of every person in the batch the newest version; once erased is erased for ever.
func (r *reader) versions(b batch, flags []uint32, fill func(p *Person, i int)) {
	customer, ts, seq := b.uint32s(0), b.int64s(1), b.uint64s(2)
	for i, number := range customer {
		at := r.place(number)
		p, best := &r.people[at], &r.best[at]
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
	if cap(in.customer) == 0 {
		in.reserve(r.expect, r.spec)
	}
	if r.timelines != nil && r.spec.Pick != nil && len(r.kinds) > 0 {
		return r.readPicked(ctx)
	}
	var order ordering
	err = r.fill(ctx, from, to, "", func(c *columns) error {
		if ordered == len(in.customer) {
			ordered += order.of(c, 0, len(c.customer))
		}
		in.take(r, c, 0, len(c.customer))
		return nil
	})
	if r.spec.Pick != nil {
		for i, c := range in.customer {
			in.customer[i] = r.place(c)
		}
	}
	return ordered, err
}

// columns is a batch of facts, those of its columns that were asked for.
type columns struct {
	customer []uint32
	ts       []int64
	kind     []uint32                  // codes
	wide     [len(wideColumns)][]int64 // amount, quantity
	code     [len(codeColumns)][]uint32
	props    []texts
}

// fill reads the facts about customers from … to−1 for which a condition holds, "" for all.
func (r *reader) fill(ctx context.Context, from, to uint32, condition string, fn func(*columns) error) error {
	codes := make([]string, 0, len(r.kinds))
	for c := range r.kinds {
		codes = append(codes, number(c))
	}
	slices.Sort(codes)
	if condition != "" {
		condition = " AND " + condition
	}
	return r.ask(ctx, from, to, condition+" AND kind IN ("+strings.Join(codes, ", ")+")", fn)
}

// ask is fill with all that is to hold of kinds in the condition, which begins with AND.
func (r *reader) ask(ctx context.Context, from, to uint32, condition string, fn func(*columns) error) error {
	if len(r.kinds) == 0 {
		return nil
	}
	r.makeTable()
	customer, rows := r.rows("facts", from, to)
	names := append([]string{customer, "ts", "kind"}, r.spec.chosen()...)
	for i := range r.props {
		names = append(names, r.props[i].expression)
	}
	q := "SELECT " + strings.Join(names, ", ") + " " + rows + r.during() + condition
	c := columns{props: make([]texts, len(r.props))}
	return r.each(ctx, q, func(b batch) error {
		c.customer, c.ts, c.kind = b.uint32s(0), b.int64s(1), b.uint32s(2)
		at := 3
		for i := range c.wide {
			if r.spec.wide(i) {
				c.wide[i] = b.int64s(at)
				at++
			}
		}
		for i := range c.code {
			if r.spec.Columns&(ColumnProduct<<i) != 0 {
				c.code[i] = b.uint32s(at)
				at++
			}
		}
		for i := range c.props {
			c.props[i] = b.texts(at)
			at++
		}
		return fn(&c)
	})
}

// take appends the rows from … to−1 of a batch.
func (in *buffers) take(r *reader, c *columns, from, to int) {
	in.customer = append(in.customer, c.customer[from:to]...)
	in.ts = append(in.ts, c.ts[from:to]...)
	at := len(in.kind)
	in.kind = slices.Grow(in.kind, to-from)[:at+to-from]
	for i, code := range c.kind[from:to] {
		in.kind[at+i] = r.table[code]
	}
	for i, values := range c.wide {
		if values != nil {
			in.wide[i] = append(in.wide[i], values[from:to]...)
		}
	}
	for i, values := range c.code {
		if values != nil {
			in.code[i] = append(in.code[i], values[from:to]...)
		}
	}
	for i, values := range c.props {
		numbers := &in.wide[len(c.wide)+i]
		*numbers = r.props[i].read(*numbers, values, from, to)
	}
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
	if r.table != nil {
		return
	}
	_, most := r.span()
	r.table = make([]Kind, most+1)
	for i := range r.table {
		r.table[i] = noKind
	}
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
func (r *reader) group(ordered int) {
	b, in := &r.block, &r.raw
	b.Start = resize(b.Start, int(b.To-b.From)+1)
	n := len(in.customer)
	switch extra := n - ordered; {
	case extra == 0:
		r.merge(&loose{})
	case extra < n/4:
		r.apart.sort(b.From, b.To, in, ordered, &r.perm)
		in.cut(ordered)
		r.merge(&r.apart)
	default:
		r.perm = b.sort(r.perm, in, 0)
		r.out.gather(in, r.perm)
		r.lay(&r.out)
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
