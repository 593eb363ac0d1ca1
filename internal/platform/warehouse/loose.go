package warehouse

import "context"

// mostLoose is how many rows outside the order of the last compaction a scan holds: some 40 bytes each. Where there are more, nothing
// is taken to lie in order.
const mostLoose = 1 << 23

// loose is rows apart from those that lie in order, by customer and time.
type loose struct {
	from, to uint32   // customers
	start    []uint32 // where the rows of customer n begin: start[n-from]; len to-from+1
	rows     buffers
}

// sort takes the rows of buffers from first on; perm is room.
func (l *loose) sort(from, to uint32, in *buffers, first int, perm *[]uint32) {
	b := Block{From: from, To: to, Start: resize(l.start, int(to-from)+1)}
	*perm = b.sort(*perm, in, first)
	l.from, l.to, l.start = from, to, b.Start
	l.rows.gather(in, *perm)
}

// between is the place of the first row of customer from, and of the first of to.
func (l *loose) between(from, to uint32) (first, last uint32) {
	if len(l.rows.ts) == 0 {
		return 0, 0
	}
	return l.start[from-l.from], l.start[to-l.from]
}

// cut drops the rows from n on.
func (in *buffers) cut(n int) {
	in.customer, in.ts, in.kind = in.customer[:n], in.ts[:n], in.kind[:n]
	for i := range in.wide {
		in.wide[i] = in.wide[i][:min(n, len(in.wide[i]))]
	}
	for i := range in.code {
		in.code[i] = in.code[i][:min(n, len(in.code[i]))]
	}
}

// apart is the rows outside the order of the last compaction, as workers read them: each its own, by stretches of customers.
type apart struct {
	stretch uint32
	first   uint32 // stretch
	read    [][]buffers
}

// newApart makes room for about so many rows.
func newApart(cuts []uint32, stretch uint32, workers int, spec ScanSpec, rows int) *apart {
	a := &apart{stretch, cuts[0] / stretch, make([][]buffers, workers)}
	each := rows/(workers*(len(cuts)-1))*5/4 + 64
	for i := range a.read {
		a.read[i] = make([]buffers, len(cuts)-1)
		for j := range a.read[i] {
			a.read[i][j].wide = make([][]int64, len(wideColumns)+len(spec.Props))
			a.read[i][j].reserve(each, spec)
		}
	}
	return a
}

// fill reads the rows of customers from … to−1 for which a condition holds.
func (a *apart) fill(ctx context.Context, r *reader, worker int, from, to uint32, condition string) error {
	into := a.read[worker]
	var places []uint32
	in := &r.raw
	err := r.fill(ctx, from, to, condition, func(c *columns) error {
		in.reset()
		in.take(r, c, 0, len(c.customer))
		places = resize(places, len(c.customer))
		for i, n := range c.customer {
			places[i] = n/a.stretch - a.first
		}
		spread(places, in.customer, func(at uint32) *[]uint32 { return &into[at].customer })
		spread(places, in.ts, func(at uint32) *[]int64 { return &into[at].ts })
		spread(places, in.kind, func(at uint32) *[]Kind { return &into[at].kind })
		for i := range in.wide {
			spread(places, in.wide[i], func(at uint32) *[]int64 { return &into[at].wide[i] })
		}
		for i := range in.code {
			spread(places, in.code[i], func(at uint32) *[]uint32 { return &into[at].code[i] })
		}
		return nil
	})
	in.reset()
	return err
}

// spread appends values each to its own place.
func spread[T any](places []uint32, values []T, to func(at uint32) *[]T) {
	for i, v := range values {
		list := to(places[i])
		*list = append(*list, v)
	}
}

// take moves the rows of a stretch into buffers.
func (a *apart) take(in *buffers, stretch uint32) {
	for _, read := range a.read {
		from := &read[stretch-a.first]
		in.customer, in.ts, in.kind = append(in.customer, from.customer...), append(in.ts, from.ts...), append(in.kind, from.kind...)
		for i, values := range from.wide {
			in.wide[i] = append(in.wide[i], values...)
		}
		for i, values := range from.code {
			in.code[i] = append(in.code[i], values...)
		}
		*from = buffers{}
	}
}
