package warehouse

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"huoshui/internal/platform/errs"
)

// Moved is what a move brought over.
type Moved struct {
	Facts   int64  `json:"facts"`
	People  int64  `json:"people"` // versions of attributes
	Texts   int64  `json:"texts"`
	Merges  int64  `json:"merges"`
	Steps   int    `json:"steps"`
	Resumed int    `json:"resumed_steps"` // that an earlier move had done already
	Seq     uint64 `json:"watermark"`
	// Checksum is over every row of every table, read back from the other side.
	Checksum string `json:"checksum"`
}

// A move goes in steps: a table, or the rows of a range of customers. The table moving keeps its beginning, every step that is done
// with its rows and checksum, and its end; a warehouse that has a beginning and no end is not opened by anybody else.
const (
	movingColumns = "step UInt64, what String, from UInt64, to UInt64, rows Int64, sum UInt64"
	moveBegins    = uint64(0)
	moveEnds      = uint64(1) << 62
)

// moveRows is how many rows a step has at least, if there are as many, and moveBytes about how many bytes one insert.
const (
	moveRows  = 200_000
	moveBytes = 64 << 20
)

// moveStep is a part of a move.
type moveStep struct {
	table    string // where it goes, without the number of its generation
	from, to uint64 // customers; both 0 for a table that has none
	source   string // what gives its rows in DuckDB
	columns  string // of the rows, in their order, as ClickHouse has them
	also     string // columns with the same value in each row, 0
	rows     int64
	sum      uint64
	done     bool
}

// Move copies everything from a warehouse in DuckDB, which nobody writes to, into an empty one at a ClickHouse address, and reads it back
// to compare. A move that was interrupted goes on where it was when it is called again with the same warehouse. progress is told
// of every step.
func Move(ctx context.Context, from *Warehouse, address string, log *slog.Logger, progress func(done, total int64, what string)) (Moved, error) {
	source, ok := from.engine.(*duck)
	if !ok || !IsClickHouse(address) {
		return Moved{}, errs.New(errs.Invalid, "warehouse.move", "a warehouse moves from the embedded DuckDB to ClickHouse")
	}
	to, err := Open(ctx, Config{Path: address, moving: true}, log)
	if err != nil {
		return Moved{}, err
	}
	defer to.Close() //nolint:errcheck // everything was written by then
	m := &moving{from: source, to: to.engine.(*clickhouse), progress: progress}
	to.write.Lock()
	defer to.write.Unlock()
	return m.run(ctx)
}

// moving is a move being made.
type moving struct {
	from     *duck
	to       *clickhouse
	progress func(done, total int64, what string)
	steps    []moveStep
	fail     func(step int) error // lets tests break it
}

func (m *moving) run(ctx context.Context) (Moved, error) {
	mark := m.from.w.Watermark()
	out := Moved{Seq: mark.Seq}
	if err := m.plan(ctx); err != nil {
		return out, err
	}
	of := fmt.Sprintf("messages up to %d, %d facts, the latest at %d, customers up to %d, %d texts, %d steps", mark.Seq, mark.Facts, mark.Latest, mark.Through, m.from.w.dict.size(), len(m.steps))
	if err := m.begin(ctx, of, &out); err != nil {
		return out, err
	}
	var done, total int64
	for i := range m.steps {
		total += m.steps[i].rows
	}
	for i := range m.steps {
		s := &m.steps[i]
		if !s.done {
			if err := m.step(ctx, i); err != nil {
				return out, fmt.Errorf("move %s: %w", s.table, err)
			}
		}
		done += s.rows
		m.progress(done, total, "moved "+s.table)
	}
	if err := m.moveState(ctx); err != nil {
		return out, err
	}
	var sum uint64
	done = 0
	for i := range m.steps {
		s := &m.steps[i]
		if err := m.verify(ctx, s); err != nil {
			return out, err
		}
		sum += s.sum
		done += s.rows
		m.progress(done, total, "compared "+s.table)
		switch s.table {
		case "facts":
			out.Facts += s.rows
		case "people":
			out.People += s.rows
		case "dict":
			out.Texts += s.rows
		case "moves":
			out.Merges += s.rows
		}
	}
	out.Steps, out.Checksum = len(m.steps), fmt.Sprintf("%016x", sum)
	if out.Facts != mark.Facts {
		return out, errs.New(errs.Internal, "warehouse.move_count", "%d facts were moved of %d", out.Facts, mark.Facts)
	}
	return out, m.end(ctx, mark)
}

// plan makes the steps; they are the same each time for the same warehouse.
func (m *moving) plan(ctx context.Context) error {
	m.steps = []moveStep{
		{table: "dict", source: "SELECT code, text FROM dict ORDER BY code", columns: "code UInt32, text String", also: "seq UInt64"},
		{table: "moves", source: "SELECT away, owner FROM merged", columns: "away UInt32, owner UInt32", also: "seq UInt64, n UInt32, split UInt8"},
	}
	rest := strings.Split(factsColumns, ", ")
	facts := strings.Join(append([]string{"place UInt32", "born UInt32", "ts Int64"}, rest[4:]...), ", ")
	for _, t := range []moveStep{
		{table: "people", source: "SELECT " + strings.Join(names(peopleColumns), ", ") + " FROM people", columns: peopleColumns},
		{table: "facts", source: "SELECT customer, CAST(COALESCE(born, 0) AS UINTEGER), ts, kind, id, COALESCE(subject, ''), " + strings.Join(names(factsColumns)[7:15], ", ") + ", COALESCE(props, '') FROM facts", columns: facts, also: "seq UInt64"},
	} {
		type bucket struct {
			At   int64 `db:"at"`
			Rows int64 `db:"n"`
		}
		all, err := All[bucket](ctx, m.from.w, "SELECT CAST(customer // 65536 AS BIGINT) AS at, COUNT(*) AS n FROM "+t.table+" GROUP BY 1 ORDER BY 1")
		if err != nil {
			return err
		}
		for i, b := range all {
			t.to, t.rows = uint64(b.At+1)<<16, t.rows+b.Rows
			if t.rows >= moveRows || i == len(all)-1 {
				m.steps = append(m.steps, t)
				t.from, t.rows = t.to, 0
			}
		}
	}
	for i, table := range []string{"dict", "merged"} {
		rows, err := One[int64](ctx, m.from.w, "SELECT COUNT(*) FROM "+table)
		if err != nil {
			return err
		}
		m.steps[i].rows = rows
	}
	return nil
}

// begin makes sure that the other warehouse is empty, or holds the first steps of the same move.
func (m *moving) begin(ctx context.Context, of string, out *Moved) error {
	if err := m.to.ready(ctx); err != nil {
		return err
	}
	begun, ended := "", false
	done := map[uint64]moveStep{}
	err := m.to.first().rows(ctx, "SELECT step, what, from, to, rows, sum FROM moving ORDER BY step", func(row func(int) any) error {
		switch step := row(0).(uint64); step {
		case moveBegins:
			begun = row(1).(string)
		case moveEnds:
			ended = true
		default:
			done[step] = moveStep{table: row(1).(string), from: row(2).(uint64), to: row(3).(uint64), rows: row(4).(int64), sum: row(5).(uint64)}
		}
		return nil
	})
	if err != nil {
		return err
	}
	v := m.to.view.Load()
	switch {
	case ended || begun == "" && (v.mark.Seq > 0 || v.mark.Facts > 0):
		return errs.New(errs.Conflict, "warehouse.not_empty", "there is a warehouse at the address already: move into an empty database")
	case begun != "" && begun != of:
		return errs.New(errs.Conflict, "warehouse.other_move", "a move of another warehouse was begun there (%s), this one holds %s: move into an empty database", begun, of)
	case begun == "":
		return m.note(ctx, moveBegins, of, moveStep{})
	}
	for i := range m.steps {
		s := &m.steps[i]
		was, ok := done[uint64(i)+1]
		if !ok {
			return m.clear(ctx, s) // what the move was at
		}
		if was.table != s.table || was.from != s.from || was.to != s.to || was.rows != s.rows {
			return errs.New(errs.Conflict, "warehouse.other_move", "step %d of the move that was begun is another: move into an empty database", i+1)
		}
		s.sum, s.done = was.sum, true
		out.Resumed++
	}
	return nil
}

func (m *moving) note(ctx context.Context, step uint64, what string, s moveStep) error {
	b := newBlock(strings.Split(movingColumns, ", ")...)
	b.add(step, what, s.from, s.to, s.rows, s.sum)
	return m.to.first().insert(ctx, "moving", b, m.to.statement("moving"))
}

// lies is the table that a step goes to, and the condition for its rows there.
func (m *moving) lies(s *moveStep) (table, condition string) {
	g := m.to.view.Load().tables
	switch s.table {
	case "facts":
		return fmt.Sprintf("facts_%d", g.facts), fmt.Sprintf("place >= %d AND place < %d", s.from, s.to)
	case "people":
		return fmt.Sprintf("people_%d", g.people), fmt.Sprintf("customer >= %d AND customer < %d", s.from, s.to)
	}
	return s.table, "1 = 1"
}

// clear takes out what a step had written when the move was interrupted.
func (m *moving) clear(ctx context.Context, s *moveStep) error {
	table, condition := m.lies(s)
	return m.to.everywhere(ctx, func(ctx context.Context, i int, n *node) error {
		if i > 0 && s.to == 0 {
			return nil
		}
		return n.remove(ctx, table, condition)
	})
}

// step copies the rows of a step and notes that it is done.
func (m *moving) step(ctx context.Context, i int) error {
	s := &m.steps[i]
	q := s.source
	if s.to > 0 {
		q += fmt.Sprintf(" WHERE customer >= %d AND customer < %d", s.from, s.to)
	}
	sn, err := m.from.snapshot(ctx, 1)
	if err != nil {
		return err
	}
	defer sn.end()
	table, _ := m.lies(s)
	all := strings.Split(s.columns, ", ")
	if s.also != "" {
		all = append(all, strings.Split(s.also, ", ")...)
	}
	blocks := make([]*nativeBlock, len(m.to.nodes))
	fresh := func() {
		for i := range blocks {
			blocks[i] = newBlock(all...)
		}
	}
	fresh()
	flush := func() error {
		defer fresh()
		return m.to.everywhere(ctx, func(ctx context.Context, i int, n *node) error {
			return n.insert(ctx, table, blocks[i], m.to.statement("move"))
		})
	}
	var rows int64
	s.sum = 0
	var failed error
	err = sn.sources[0].each(ctx, q, func(rec arrow.RecordBatch) {
		if failed != nil {
			return
		}
		rows += rec.NumRows()
		s.sum += checksum(rec)
		size := 0
		m.spread(rec, s, blocks)
		for _, b := range blocks {
			size = max(size, b.size())
		}
		if size > moveBytes {
			failed = flush()
		}
		if m.fail != nil && failed == nil {
			failed = m.fail(i)
		}
	})
	if failed != nil {
		return failed
	}
	if err != nil {
		return err
	}
	if err := flush(); err != nil {
		return err
	}
	if rows != s.rows {
		return errs.New(errs.Internal, "warehouse.move_count", "%d rows were read where %d had been counted", rows, s.rows)
	}
	return m.note(ctx, uint64(i)+1, s.table, *s)
}

// spread appends rows to the blocks of their shards; what has no customers goes to the first.
func (m *moving) spread(rec arrow.RecordBatch, s *moveStep, blocks []*nativeBlock) {
	shard := make([]int, rec.NumRows())
	if s.to > 0 {
		for i, n := range rec.Column(0).(*array.Uint32).Uint32Values() {
			shard[i] = m.to.shard(n)
		}
	}
	for c := range int(rec.NumCols()) {
		switch column := rec.Column(c).(type) {
		case *array.Uint32:
			for i, v := range column.Uint32Values() {
				to := &blocks[shard[i]].columns[c].data
				*to = binary.LittleEndian.AppendUint32(*to, v)
			}
		case *array.Int32:
			for i, v := range column.Int32Values() {
				to := &blocks[shard[i]].columns[c].data
				*to = binary.LittleEndian.AppendUint32(*to, uint32(v))
			}
		case *array.Uint64:
			for i, v := range column.Uint64Values() {
				to := &blocks[shard[i]].columns[c].data
				*to = binary.LittleEndian.AppendUint64(*to, v)
			}
		case *array.Int64:
			for i, v := range column.Int64Values() {
				to := &blocks[shard[i]].columns[c].data
				*to = binary.LittleEndian.AppendUint64(*to, uint64(v))
			}
		case *array.String:
			for i := range column.Len() {
				to := &blocks[shard[i]].columns[c].data
				v := column.Value(i)
				*to = append(binary.AppendUvarint(*to, uint64(len(v))), v...)
			}
		}
	}
	for i := range shard {
		b := blocks[shard[i]]
		for c := int(rec.NumCols()); c < len(b.columns); c++ {
			b.columns[c].data = append(b.columns[c].data, make([]byte, widths[b.columns[c].kind])...)
		}
		b.rows++
	}
}

// checksum is a sum over rows, whatever their order, of a hash of all their values.
func checksum(rec arrow.RecordBatch) (sum uint64) {
	rows := make([]uint64, rec.NumRows())
	mix := func(i int, v uint64) { // as a step of MurmurHash3's finalizer
		h := (rows[i] ^ v) * 0xff51afd7ed558ccd
		rows[i] = (h ^ h>>33) + 0x9e3779b97f4a7c15
	}
	for c := range int(rec.NumCols()) {
		switch column := rec.Column(c).(type) {
		case *array.Uint32:
			for i, v := range column.Uint32Values() {
				mix(i, uint64(v))
			}
		case *array.Int32:
			for i, v := range column.Int32Values() {
				mix(i, uint64(uint32(v)))
			}
		case *array.Uint64:
			for i, v := range column.Uint64Values() {
				mix(i, v)
			}
		case *array.Int64:
			for i, v := range column.Int64Values() {
				mix(i, uint64(v))
			}
		case *array.String:
			for i := range column.Len() {
				mix(i, Hash(column.Value(i)))
			}
		}
	}
	for _, h := range rows {
		sum += h
	}
	return sum
}

// verify reads the rows of a step back.
func (m *moving) verify(ctx context.Context, s *moveStep) error {
	table, condition := m.lies(s)
	var rows int64
	var sum uint64
	for i, n := range m.to.nodes {
		if i > 0 && s.to == 0 {
			break
		}
		q := "SELECT " + strings.Join(names(s.columns), ", ") + " FROM " + table + " WHERE " + condition
		err := n.blocks(ctx, q, nil, func(r *nativeReader) error {
			rec, err := r.batch()
			if err == nil {
				rows += rec.NumRows()
				sum += checksum(rec)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("read %s back: %w", s.table, err)
		}
	}
	if rows != s.rows || sum != s.sum {
		return errs.New(errs.Internal, "warehouse.move_differs", "%s of customers %d to %d: %d rows with checksum %016x there, %d with %016x here: move into an empty database", s.table, s.from, s.to, rows, sum, s.rows, s.sum)
	}
	return nil
}

// moveState copies the state of the last refresh, and compares it.
func (m *moving) moveState(ctx context.Context) error {
	var bodies [][]byte
	var at int64
	err := m.from.loadState(ctx, func(chunk uint32, asOf int64, body []byte) error {
		at = asOf
		for len(bodies) <= int(chunk) {
			bodies = append(bodies, nil)
		}
		bodies[chunk] = bytes.Clone(body)
		return nil
	})
	if err != nil {
		return fmt.Errorf("move the state: %w", err)
	}
	if err := m.to.saveState(ctx, at, len(bodies), func(chunk int, room []byte) []byte {
		if bodies[chunk] == nil {
			return nil
		}
		return append(room, bodies[chunk]...)
	}); err != nil {
		return fmt.Errorf("move the state: %w", err)
	}
	same := 0
	err = m.to.loadState(ctx, func(chunk uint32, asOf int64, body []byte) error {
		if asOf == at && int(chunk) < len(bodies) && bytes.Equal(body, bodies[chunk]) {
			same++
		}
		return nil
	})
	for _, body := range bodies {
		if body != nil {
			same--
		}
	}
	if err == nil && same != 0 {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("read the state back: %w", err)
	}
	return nil
}

// end says where rows of merged people lie, commits the watermark, and with it everything.
func (m *moving) end(ctx context.Context, mark Watermark) error {
	last, _, err := m.to.lastCommit(ctx)
	if err != nil {
		return err
	}
	if last.mark.Seq != mark.Seq || last.mark.Facts != mark.Facts {
		last.mark = mark
		p, err := m.to.readPlaces(ctx, last)
		if err != nil {
			return err
		}
		table := fmt.Sprintf("placed_%d", last.tables.facts)
		if err := m.to.first().remove(ctx, table, "1 = 1"); err != nil {
			return err
		}
		b := newBlock(strings.Split(placedColumns, ", ")...)
		for origin, owner := range newPlaces(p.into, nil).owner {
			b.add(origin, owner)
		}
		if err := m.to.first().insert(ctx, table, b, m.to.statement("placed")); err != nil {
			return err
		}
		last.number++
		if err := m.to.commit(ctx, last, nil); err != nil {
			return err
		}
	}
	return m.note(ctx, moveEnds, "", moveStep{})
}

// unmoved refuses a warehouse that a move has not finished filling.
func (e *clickhouse) unmoved(ctx context.Context) error {
	begun, err := e.first().count(ctx, fmt.Sprintf("SELECT count() FROM moving WHERE step = %d", moveBegins))
	if err != nil {
		return err
	}
	ended, err := e.first().count(ctx, fmt.Sprintf("SELECT count() FROM moving WHERE step = %d", moveEnds))
	if err != nil {
		return err
	}
	if begun > 0 && ended == 0 {
		return errs.New(errs.Conflict, "warehouse.moving", "a move into this warehouse has not ended: run huoshui warehouse move again")
	}
	return nil
}

// DropClickHouse drops the tables of the warehouse at an address; nothing else that the database may hold.
func DropClickHouse(ctx context.Context, address string) error {
	a, err := parseClickHouse(address)
	if err != nil {
		return err
	}
	for _, n := range a.nodes() {
		bare := *n
		bare.database = ""
		var all []string
		err := bare.rows(ctx, "SELECT name FROM system.tables WHERE database = "+literal(a.database)+
			" AND match(name, '^(shard|commits|dict|moves|state|moving|(facts|people|placed)_[0-9]+(_all)?)$')", func(row func(int) any) error {
			all = append(all, row(0).(string))
			return nil
		})
		for _, name := range all {
			if err == nil {
				err = n.exec(ctx, "DROP TABLE IF EXISTS "+name)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}
