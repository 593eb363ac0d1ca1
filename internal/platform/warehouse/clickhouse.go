package warehouse

import (
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/tidwall/gjson"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
)

// clickhouse is a warehouse in ClickHouse, on one server or on one for each shard. Nothing there is a transaction, so every row carries
// the position of the message that brought it, and counts once a row of the table commits says that the position was reached: a load
// writes to all shards and then commits in one insert. What a load that failed left behind is taken out before the next one writes.
//
// Facts lie by (place, ts): place is the number that a fact was told of, or the number that the last compaction put it at when that had
// gone into another, and born then the number it was told of. Merges since are applied when reading, see places. Compaction writes new
// tables beside the old ones and commits their numbers. Facts and people are sharded by place and customer; the first server also keeps
// what is small: dictionary, merges, commits, the state.
type clickhouse struct {
	w       *Warehouse
	address clickhouseAddress
	nodes   []*node
	view    atomic.Pointer[view]
	slots   chan struct{} // bounds how many statements read at once
	stop    context.CancelFunc
	moving  bool // a move fills it
	done    sync.WaitGroup

	// what follows is guarded by the warehouse's write lock
	me      string // as a writer
	sure    bool   // nobody else writes, and nothing is there that was not committed
	rewrite sync.Mutex
	growing generation         // tables that a compaction is filling; 0 where it is not
	erased  map[uint32]bool    // since a compaction began; nil while none is
	fail    func(string) error // lets tests break a load between two steps; nil otherwise
}

// generation is the numbers of the tables facts and people.
type generation struct{ facts, people uint32 }

// view is what was committed last, as readers see it. Never changed.
type view struct {
	mark   Watermark
	number uint64 // of the commit
	writer string
	tables generation
	places *places
	use    *use
}

// use is held by those who read a generation of tables.
type use struct {
	sync.RWMutex
	dropped bool
}

// openClickHouse opens or creates the warehouse of an address.
func openClickHouse(ctx context.Context, w *Warehouse, cfg Config) (*clickhouse, error) {
	address, err := parseClickHouse(cfg.Path)
	if err != nil {
		return nil, err
	}
	if cfg.Readers == 0 {
		cfg.Readers = 8
	}
	e := &clickhouse{w: w, address: address, nodes: address.nodes(), slots: make(chan struct{}, cfg.Readers), me: id.New("writer"), moving: cfg.moving}
	if err := e.create(ctx); err != nil {
		return nil, err
	}
	if !cfg.moving {
		if err := e.unmoved(ctx); err != nil {
			return nil, err
		}
	}
	if err := e.reload(ctx); err != nil {
		return nil, err
	}
	follow, stop := context.WithCancel(context.WithoutCancel(ctx))
	e.stop = stop
	e.done.Go(func() { e.follow(follow) })
	return e, nil
}

// first is the server that keeps what is not sharded.
func (e *clickhouse) first() *node { return e.nodes[0] }

// shard is the server of a number.
func (e *clickhouse) shard(n uint32) int { return int(n % uint32(len(e.nodes))) }

// everywhere runs fn for every server at once.
func (e *clickhouse) everywhere(ctx context.Context, fn func(ctx context.Context, i int, n *node) error) error {
	all := make([]error, len(e.nodes))
	var wait sync.WaitGroup
	for i, n := range e.nodes {
		wait.Go(func() { all[i] = fn(ctx, i, n) })
	}
	wait.Wait()
	return errors.Join(all...)
}

const (
	factsColumns = "place UInt32, born UInt32, ts Int64, seq UInt64, kind UInt32, id UInt64, subject String, amount Int64, quantity Int64, " +
		"product UInt32, category UInt32, channel UInt32, campaign UInt32, strategy UInt32, detail UInt32, props String"
	peopleColumns = "customer UInt32, ts Int64, seq UInt64, registered Int64, birthday Int32, gender UInt32, province UInt32, city UInt32, " +
		"source UInt32, store UInt32, owner UInt32, level UInt32, flags UInt32"
	placedColumns = "origin UInt32, place UInt32"
	commitColumns = "number UInt64, seq UInt64, facts Int64, through UInt32, latest Int64, facts_table UInt32, people_table UInt32, writer String, customers String"
	dictColumns   = "code UInt32, text String, seq UInt64"
	movesColumns  = "seq UInt64, n UInt32, away UInt32, owner UInt32, split UInt8"
	stateColumns  = "version UInt64, chunk UInt32, as_of Int64, body String"
)

// names are the names of columns.
func names(columns string) []string {
	var out []string
	for c := range strings.SplitSeq(columns, ", ") {
		name, _, _ := strings.Cut(c, " ")
		out = append(out, name)
	}
	return out
}

// commitsKept is how many commits lie in one partition; older partitions than the last two are dropped.
const commitsKept = 10_000

// create makes the database and the tables that are not there yet.
func (e *clickhouse) create(ctx context.Context) error {
	for i, n := range e.nodes {
		bare := *n
		bare.database = ""
		if err := bare.exec(ctx, "CREATE DATABASE IF NOT EXISTS "+e.address.database); err != nil {
			return err
		}
		if err := n.exec(ctx, "CREATE TABLE IF NOT EXISTS shard (place UInt32, shards UInt32) ENGINE = Log"); err != nil {
			return err
		}
		if err := e.checkShard(ctx, i, n); err != nil {
			return err
		}
	}
	for _, q := range []string{
		"CREATE TABLE IF NOT EXISTS commits (" + commitColumns + ") ENGINE = MergeTree PARTITION BY intDiv(number, " + strconv.Itoa(commitsKept) + ") ORDER BY number SETTINGS index_granularity = 64",
		"CREATE TABLE IF NOT EXISTS dict (" + dictColumns + ") ENGINE = MergeTree ORDER BY code",
		"CREATE TABLE IF NOT EXISTS moves (" + movesColumns + ") ENGINE = MergeTree ORDER BY (seq, n)",
		"CREATE TABLE IF NOT EXISTS state (" + stateColumns + ") ENGINE = MergeTree PARTITION BY version ORDER BY chunk SETTINGS index_granularity = 1",
		"CREATE TABLE IF NOT EXISTS moving (" + movingColumns + ") ENGINE = MergeTree ORDER BY step",
	} {
		if err := e.first().exec(ctx, q); err != nil {
			return err
		}
	}
	last, found, err := e.lastCommit(ctx)
	if err != nil || found {
		return err
	}
	if err := e.makeTables(ctx, generation{1, 1}); err != nil {
		return err
	}
	last.tables, last.number = generation{1, 1}, 1
	return e.commit(ctx, last, nil)
}

// checkShard refuses servers that are not the shards they were when the warehouse was made: every number would be looked for elsewhere.
func (e *clickhouse) checkShard(ctx context.Context, i int, n *node) error {
	if len(e.nodes) > 1 {
		shards, err := n.count(ctx, "SELECT uniqExact(shard_num) FROM system.clusters WHERE cluster = "+literal(e.address.cluster))
		if err != nil {
			return err
		}
		if int(shards) != len(e.nodes) {
			return errs.New(errs.Invalid, "warehouse.cluster", "the server %s knows %d shards of the cluster %s, the warehouse's address names %d: name the same servers, in the same order, in remote_servers of its configuration", n.host, shards, e.address.cluster, len(e.nodes))
		}
	}
	place, shards := uint64(i), uint64(0)
	err := n.rows(ctx, "SELECT place, shards FROM shard LIMIT 1", func(row func(int) any) error {
		place, shards = row(0).(uint64), row(1).(uint64)
		return nil
	})
	if err != nil {
		return err
	}
	if shards == 0 {
		b := newBlock("place UInt32", "shards UInt32")
		b.add(uint32(i), uint32(len(e.nodes)))
		return n.insert(ctx, "shard", b, "")
	}
	if place != uint64(i) || shards != uint64(len(e.nodes)) {
		return errs.New(errs.Conflict, "warehouse.shards", "the server %s was made shard %d of %d, the warehouse's address makes it %d of %d: shards stay as they are, in their order", n.host, place+1, shards, i+1, len(e.nodes))
	}
	return nil
}

// makeTables makes the tables of a generation; 0 stands for none.
func (e *clickhouse) makeTables(ctx context.Context, g generation) error {
	return e.everywhere(ctx, func(ctx context.Context, i int, n *node) error {
		var steps []string
		for _, t := range []struct {
			name, columns, order string
			number               uint32
		}{{"facts", factsColumns, "(place, ts)", g.facts}, {"people", peopleColumns, "(customer, ts, seq)", g.people}} {
			if t.number == 0 {
				continue
			}
			name := fmt.Sprintf("%s_%d", t.name, t.number)
			steps = append(steps, "CREATE TABLE IF NOT EXISTS "+name+" ("+t.columns+") ENGINE = MergeTree ORDER BY "+t.order)
			if len(e.nodes) > 1 {
				steps = append(steps, "CREATE TABLE IF NOT EXISTS "+name+"_all AS "+name+" ENGINE = Distributed("+e.address.cluster+", "+e.address.database+", "+name+")")
			}
		}
		if g.facts != 0 && i == 0 {
			steps = append(steps, fmt.Sprintf("CREATE TABLE IF NOT EXISTS placed_%d (%s) ENGINE = MergeTree ORDER BY origin", g.facts, placedColumns))
		}
		for _, q := range steps {
			if err := n.exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropTables drops the tables of a generation; 0 stands for none.
func (e *clickhouse) dropTables(ctx context.Context, g generation) error {
	return e.everywhere(ctx, func(ctx context.Context, _ int, n *node) error {
		var steps []string
		if g.facts != 0 {
			steps = append(steps, fmt.Sprintf("facts_%d_all", g.facts), fmt.Sprintf("facts_%d", g.facts), fmt.Sprintf("placed_%d", g.facts))
		}
		if g.people != 0 {
			steps = append(steps, fmt.Sprintf("people_%d_all", g.people), fmt.Sprintf("people_%d", g.people))
		}
		for _, name := range steps {
			if err := n.exec(ctx, "DROP TABLE IF EXISTS "+name); err != nil {
				return err
			}
		}
		return nil
	})
}

// lastCommit reads the newest commit; its places and use are not filled.
func (e *clickhouse) lastCommit(ctx context.Context) (v view, found bool, err error) {
	err = e.first().rows(ctx, "SELECT number, seq, facts, through, latest, facts_table, people_table, writer FROM commits ORDER BY number DESC LIMIT 1", func(row func(int) any) error {
		found = true
		v.number = row(0).(uint64)
		v.mark = Watermark{Seq: row(1).(uint64), Facts: row(2).(int64), Through: uint32(row(3).(uint64)), Latest: row(4).(int64)}
		v.tables = generation{uint32(row(5).(uint64)), uint32(row(6).(uint64))}
		v.writer = row(7).(string)
		return nil
	})
	return v, found, err
}

// commit writes a commit, which makes everything it says true at once. customers are whom it brought something of.
func (e *clickhouse) commit(ctx context.Context, v view, customers []uint32) error {
	b := newBlock(strings.Split(commitColumns, ", ")...)
	packed := make([]byte, 0, 4*len(customers))
	for _, n := range customers {
		packed = binary.LittleEndian.AppendUint32(packed, n)
	}
	b.add(v.number, v.mark.Seq, v.mark.Facts, v.mark.Through, v.mark.Latest, v.tables.facts, v.tables.people, e.me, packed)
	return e.first().insert(ctx, "commits", b, e.statement("commit"))
}

// statement is the id of one that writes, by which a later writer finds it while it runs.
func (e *clickhouse) statement(what string) string {
	return "huoshui-" + e.address.database + "-" + id.New(what)
}

// reload reads what was committed and publishes it.
func (e *clickhouse) reload(ctx context.Context) error {
	now, found, err := e.lastCommit(ctx)
	if err != nil {
		return err
	}
	if !found {
		return errs.New(errs.Internal, "warehouse.no_commit", "the warehouse has no commit")
	}
	before := e.view.Load()
	if before != nil && before.number == now.number {
		return nil
	}
	known := uint32(e.w.dict.size())
	err = e.first().rows(ctx, fmt.Sprintf("SELECT code, text FROM dict WHERE code >= %d AND seq <= %d ORDER BY code", known, now.mark.Seq), func(row func(int) any) error {
		return e.w.dict.take(uint32(row(0).(uint64)), row(1).(string))
	})
	if err != nil {
		return err
	}
	if now.places, err = e.readPlaces(ctx, now); err != nil {
		return err
	}
	customers, err := e.concerned(ctx, before, now)
	if err != nil {
		return err
	}
	now.use = &use{}
	if before != nil && before.tables == now.tables {
		now.use = before.use
	}
	e.view.Store(&now)
	e.w.advance(now.mark, customers)
	return nil
}

func (e *clickhouse) readPlaces(ctx context.Context, v view) (*places, error) {
	into, placed := map[uint32]uint32{}, map[uint32]uint32{}
	err := e.first().rows(ctx, fmt.Sprintf("SELECT away, owner, split FROM moves WHERE seq <= %d ORDER BY seq, n", v.mark.Seq), func(row func(int) any) error {
		away, owner := uint32(row(0).(uint64)), uint32(row(1).(uint64))
		if _, gone := into[away]; !gone && row(2).(uint64) == 0 {
			into[away] = owner
		} else if row(2).(uint64) != 0 {
			delete(into, away)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	err = e.first().rows(ctx, fmt.Sprintf("SELECT origin, place FROM placed_%d", v.tables.facts), func(row func(int) any) error {
		placed[uint32(row(0).(uint64))] = uint32(row(1).(uint64))
		return nil
	})
	return newPlaces(into, placed), err
}

// concerned is whom the commits after one brought something of.
func (e *clickhouse) concerned(ctx context.Context, before *view, now view) ([]uint32, error) {
	if before == nil {
		return nil, nil
	}
	var out []uint32
	err := e.first().rows(ctx, fmt.Sprintf("SELECT customers FROM commits WHERE number > %d AND number <= %d", before.number, now.number), func(row func(int) any) error {
		for packed := row(0).(string); len(packed) >= 4; packed = packed[4:] {
			out = append(out, binary.LittleEndian.Uint32([]byte(packed[:4])))
		}
		return nil
	})
	slices.Sort(out)
	return slices.Compact(out), err
}

// followEvery is how often a process that does not write looks for what another committed.
const followEvery = 500 * time.Millisecond

// follow publishes what other processes commit, until ctx ends.
func (e *clickhouse) follow(ctx context.Context) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !e.w.write.TryLock() {
			continue // somebody here writes
		}
		if !e.sure && !e.w.closed {
			if err := e.reload(ctx); err != nil && ctx.Err() == nil {
				e.w.log.WarnContext(ctx, "the warehouse cannot be followed", "error", err)
			}
		}
		e.w.write.Unlock()
	}
}

func (e *clickhouse) close() error {
	e.stop()
	e.done.Wait()
	e.first().client.CloseIdleConnections()
	return nil
}

func (e *clickhouse) ping(ctx context.Context) error {
	return e.everywhere(ctx, func(ctx context.Context, _ int, n *node) error { return n.exec(ctx, "SELECT 1") })
}

func (e *clickhouse) serverCPU(ctx context.Context) (seconds float64, err error) {
	for _, n := range e.nodes {
		used, err := n.count(ctx, "SELECT sum(value) FROM system.events WHERE event IN ('UserTimeMicroseconds', 'SystemTimeMicroseconds')")
		if err != nil {
			return 0, err
		}
		seconds += float64(used) / 1e6
	}
	return seconds, nil
}

func (e *clickhouse) fill(context.Context, []string) error {
	return errs.New(errs.Invalid, "warehouse.fill", "only DuckDB is filled past the stream; huoshui warehouse move brings it to ClickHouse")
}

func (e *clickhouse) name() string {
	if len(e.nodes) > 1 {
		return fmt.Sprintf("ClickHouse, %d shards", len(e.nodes))
	}
	return "ClickHouse"
}

func (e *clickhouse) dialect() dialect { return clickhouseDialect }

var clickhouseDialect = dialect{
	prop:   func(string) string { return "props" }, // its functions of that time look for names at any depth
	inside: property,
	noText: "''",
	filtered: func(aggregate, expression, condition string) string {
		if expression == "*" {
			expression = "1"
		}
		return aggregate + "(CASE WHEN " + condition + " THEN " + expression + " END)"
	},
	bits: func(column string, mask uint32) string { return "bitAnd(" + column + ", " + number(mask) + ")" },
}

// property is the JSON text of a property; "" where there is none, or props cannot be read.
func property(props, name string) string {
	all := gjson.Parse(props)
	if !all.IsObject() || !gjson.Valid(props) {
		return ""
	}
	out := ""
	all.ForEach(func(key, value gjson.Result) bool {
		if key.String() == name {
			out = value.Raw
		}
		return out == ""
	})
	return out
}

// hold keeps a view's tables from being dropped until release.
func (e *clickhouse) hold() (v *view, release func()) {
	for {
		v := e.view.Load()
		v.use.RLock()
		if !v.use.dropped {
			return v, v.use.RUnlock
		}
		v.use.RUnlock()
	}
}

// slot waits until one more statement may read.
func (e *clickhouse) slot(ctx context.Context) (release func(), err error) {
	select {
	case e.slots <- struct{}{}:
		return func() { <-e.slots }, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// tables are where statements of callers name tables.
var tables = regexp.MustCompile(`\b(FROM|JOIN)(\s+)(?:facts_of\((\d+)\)|(facts|people|loaded)\b)`)

// resolve puts the tables of a view in the place of their names.
func (e *clickhouse) resolve(q string, v *view) string {
	return tables.ReplaceAllStringFunc(q, func(found string) string {
		m := tables.FindStringSubmatch(found)
		var table string
		switch {
		case m[4] == "facts":
			table = e.factsTable(v, "", nil)
		case m[4] == "people":
			table = fmt.Sprintf("(SELECT %s FROM %s WHERE seq <= %d)", strings.Join(names(peopleColumns), ", "), e.whole("people", v.tables.people), v.mark.Seq)
		case m[4] == "loaded":
			table = fmt.Sprintf("(SELECT toUInt64(%d) AS seq)", v.mark.Seq)
		default:
			n, err := strconv.ParseUint(m[3], 10, 32)
			if err != nil {
				return found
			}
			origins := v.places.origins(uint32(n))
			at := []uint32{uint32(n)}
			for _, o := range origins {
				at = append(at, v.places.at(o))
			}
			table = e.factsTable(v, " AND place IN ("+list(at)+") AND if(born = 0, place, born) IN ("+list(append(origins, 0))+")", at)
		}
		return m[1] + m[2] + table
	})
}

// whole is a table over all shards.
func (e *clickhouse) whole(table string, number uint32) string {
	name := fmt.Sprintf("%s_%d", table, number)
	if len(e.nodes) > 1 {
		return name + "_all"
	}
	return name
}

// factsTable is facts as callers know them, with more conditions on the rows as they lie.
func (e *clickhouse) factsTable(v *view, also string, at []uint32) string {
	columns := names(factsColumns)[2:]
	return fmt.Sprintf("(SELECT %s AS customer, %s FROM %s WHERE seq <= %d%s)",
		belongs(v.places.among(at)), strings.Join(columns, ", "), e.whole("facts", v.tables.facts), v.mark.Seq, also)
}

// among is what is apart of rows that lie at some numbers; of all rows when at is nil.
func (p *places) among(at []uint32) map[uint32]uint32 {
	if at == nil {
		return p.apart
	}
	out := map[uint32]uint32{}
	for origin, to := range p.apart {
		if slices.Contains(at, p.at(origin)) {
			out[origin] = to
		}
	}
	return out
}

// belongs is the expression for whom a row belongs to.
func belongs(apart map[uint32]uint32) string {
	if len(apart) == 0 {
		return "place"
	}
	origins, owners := make([]uint32, 0, len(apart)), make([]uint32, 0, len(apart))
	for origin := range apart {
		origins = append(origins, origin)
	}
	slices.Sort(origins)
	for _, origin := range origins {
		owners = append(owners, apart[origin])
	}
	return "toUInt32(transform(if(born = 0, place, born), [" + list(origins) + "], [" + list(owners) + "], place))"
}

func (e *clickhouse) factsOf(customer uint32) string { return "facts_of(" + number(customer) + ")" }

// again runs a statement against what was committed last, once more where another process has dropped what it reads.
func (e *clickhouse) again(ctx context.Context, fn func(v *view) error) error {
	release, err := e.slot(ctx)
	if err != nil {
		return err
	}
	defer release()
	try := func() error {
		v, release := e.hold()
		defer release()
		return fn(v)
	}
	if err := try(); !isUnknownTable(err) {
		return err
	}
	e.w.write.Lock()
	err = e.reload(ctx)
	e.w.write.Unlock()
	if err != nil {
		return err
	}
	return try()
}

func (e *clickhouse) query(ctx context.Context, q string, args []any, begin func(columns []string) ([]any, error), row func() error) error {
	q, err := interpolate(q, args)
	if err != nil {
		return err
	}
	return e.again(ctx, func(v *view) error {
		var cells []sql.Scanner
		return e.first().blocks(ctx, e.resolve(q, v), nil, func(r *nativeReader) error {
			if cells == nil {
				columns := make([]string, len(r.columns))
				for i := range r.columns {
					columns[i] = r.columns[i].name
				}
				made, err := begin(columns)
				if err != nil {
					return err
				}
				for _, c := range made {
					cells = append(cells, c.(sql.Scanner))
				}
			}
			for i := range r.rows {
				for j, c := range cells {
					if err := c.Scan(r.columns[j].value(i)); err != nil {
						return fmt.Errorf("column %s: %w", r.columns[j].name, err)
					}
				}
				if err := row(); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

func (e *clickhouse) numbers(ctx context.Context, q string, into *roaring.Bitmap) error {
	return e.again(ctx, func(v *view) error {
		return e.first().blocks(ctx, e.resolve(q, v), nil, func(r *nativeReader) error {
			rec, err := r.batch()
			if err != nil {
				return err
			}
			column, ok := rec.Column(0).(*array.Uint32)
			if !ok {
				return fmt.Errorf("the column is %s", r.columns[0].kind)
			}
			into.AddMany(column.Uint32Values())
			return nil
		})
	})
}

// interpolate puts arguments in the places of question marks outside quotes.
func interpolate(q string, args []any) (string, error) {
	var out strings.Builder
	quoted := false
	for i := range len(q) {
		switch c := q[i]; {
		case c == '\'':
			quoted = !quoted
			out.WriteByte(c)
		case c == '?' && !quoted:
			if len(args) == 0 {
				return "", errors.New("a statement has more places than arguments")
			}
			text, err := value(args[0])
			if err != nil {
				return "", err
			}
			out.WriteString(text)
			args = args[1:]
		default:
			out.WriteByte(c)
		}
	}
	if len(args) > 0 {
		return "", errors.New("a statement has fewer places than arguments")
	}
	return out.String(), nil
}

// value is an argument as SQL.
func value(arg any) (string, error) {
	switch v := arg.(type) {
	case string:
		return literal(v), nil
	case bool:
		if v {
			return "1", nil
		}
		return "0", nil
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64), nil
	}
	v := reflect.ValueOf(arg)
	switch {
	case v.CanInt():
		return strconv.FormatInt(v.Int(), 10), nil
	case v.CanUint():
		return strconv.FormatUint(v.Uint(), 10), nil
	}
	return "", fmt.Errorf("a %T is no argument", arg)
}

// literal is a text as SQL.
func literal(s string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(s) + "'"
}
