package warehouse

import (
	"context"
	"sync"
)

// mostLoose is how many rows a scan holds that lie outside the order of the last compaction: some 40 bytes each. Where there
// are more, every block reads its own.
const mostLoose = 1 << 23

// loose is rows that came since the last compaction, by customer and time. A scan of many blocks reads them once, since they
// lie scattered: every block would have to look through all of them.
type loose struct {
	is, not string // the rows as a condition of SQL, and the others
	count   int    // how many there are at most
	once    sync.Once
	err     error

	from, to uint32   // customers
	start    []uint32 // where the rows of customer n begin: start[n-from]; len to-from+1
	rows     buffers
}

// read returns the loose rows of all customers of the scan, reading them the first time.
func (l *loose) read(ctx context.Context, r *reader) (*loose, error) {
	l.once.Do(func() {
		var in buffers
		in.reserve(l.count, r.spec)
		if l.err = r.fill(ctx, &in, l.from, l.to, " AND "+l.is, func([]uint32, []int64) {}); l.err == nil {
			var perm []uint32
			l.sort(l.from, l.to, &in, 0, &perm)
		}
	})
	return l, l.err
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

// add appends the loose rows of customers from … to−1.
func (in *buffers) add(l *loose, from, to uint32) {
	for c := from; c < to; c++ {
		first, last := l.between(c, c+1)
		for range last - first {
			in.customer = append(in.customer, c)
		}
	}
	first, last := l.between(from, to)
	in.ts = append(in.ts, l.rows.ts[first:last]...)
	in.kind = append(in.kind, l.rows.kind[first:last]...)
	for i, values := range l.rows.wide {
		in.wide[i] = append(in.wide[i], values[min(int(first), len(values)):min(int(last), len(values))]...)
	}
	for i, values := range l.rows.code {
		in.code[i] = append(in.code[i], values[min(int(first), len(values)):min(int(last), len(values))]...)
	}
}
