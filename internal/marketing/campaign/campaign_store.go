package campaign

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
)

func byID(ctx context.Context, q store.Querier, id string) (Campaign, error) {
	c, err := store.One[Campaign](ctx, q, `SELECT * FROM campaigns WHERE id = ?`, id)
	if errs.Is(err, errs.NotFound) {
		return c, errs.New(errs.NotFound, "campaign.not_found", "there is no such campaign")
	}
	return c, err
}

// Filter narrows a list of campaigns.
type Filter struct {
	State    State
	Strategy string
	Q        string
	After    string
	Limit    int
}

// where is the filter without its page.
func (f Filter) where() store.Where {
	var w store.Where
	if f.State != "" {
		w.And("state = ?", string(f.State))
	}
	if f.Q != "" {
		w.And(`LOWER(name) LIKE LOWER(?) ESCAPE '\'`, "%"+store.Like(f.Q)+"%")
	}
	if f.Strategy != "" { // in the query, or pages would come out short: ids have nothing that JSON escapes
		w.And(`plan LIKE ? ESCAPE '\'`, `%"strategy":"`+store.Like(f.Strategy)+`"%`)
	}
	return w
}

// count returns how many campaigns match the filter.
func count(ctx context.Context, q store.Querier, f Filter) (int64, error) {
	w := f.where()
	return store.One[int64](ctx, q, `SELECT COUNT(*) FROM campaigns`+w.SQL(), w.Args()...)
}

func list(ctx context.Context, q store.Querier, f Filter) ([]Campaign, string, error) {
	w := f.where()
	if f.After != "" {
		w.And("id < ?", f.After)
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	rows, err := store.All[Campaign](ctx, q, `SELECT * FROM campaigns`+w.SQL()+` ORDER BY id DESC LIMIT ?`, w.Args(f.Limit+1)...)
	if err != nil {
		return nil, "", err
	}
	after := ""
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		after = rows[f.Limit-1].ID
	}
	return rows, after, nil
}

// move changes the state of a campaign that is in one of the states it may leave; false when it is not.
func move(ctx context.Context, tx *store.Tx, id string, to State, at time.Time, set string, args ...any) (bool, error) {
	var w store.Where
	w.And("id = ?", id)
	from := make([]string, 0, 4)
	for _, s := range next[to] {
		from = append(from, string(s))
	}
	store.In(&w, "state", from)
	if set != "" {
		set = ", " + set
	}
	args = append([]any{string(to), at}, args...)
	n, err := tx.Exec(ctx, `UPDATE campaigns SET state = ?, updated_at = ?`+set+w.SQL(), append(args, w.Args()...)...)
	return n == 1, err
}

// countKey is one cell of the progress table.
type countKey struct{ campaign, channel, step, reason string }

type countRow struct {
	Campaign string `db:"campaign_id"`
	Count
}

// bump adds to progress counters.
func bump(ctx context.Context, tx *store.Tx, counts map[countKey]int64) error {
	rows := make([]countRow, 0, len(counts))
	for k, n := range counts {
		if n != 0 {
			rows = append(rows, countRow{Campaign: k.campaign, Count: Count{Channel: k.channel, Step: k.step, Reason: k.reason, N: n}})
		}
	}
	slices.SortFunc(rows, func(a, b countRow) int { // one order for everybody: no deadlocks
		return cmp.Or(cmp.Compare(a.Campaign, b.Campaign), cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Step, b.Step), cmp.Compare(a.Reason, b.Reason))
	})
	_, err := store.InsertAll(ctx, tx, "campaign_counts", rows,
		`ON CONFLICT (campaign_id, channel, step, reason) DO UPDATE SET n = campaign_counts.n + excluded.n`)
	return err
}

func countsOf(ctx context.Context, q store.Querier, id string) ([]Count, error) {
	return store.All[Count](ctx, q, `SELECT channel, step, reason, n FROM campaign_counts WHERE campaign_id = ? AND n <> 0 ORDER BY channel, step, reason`, id)
}

// remaining is how many planned messages have not come to an end.
func remaining(counts []Count) int64 {
	var n int64
	for _, c := range counts {
		switch c.Step {
		case stepPlanned:
			n += c.N
		case stepSent, stepRefused, stepFailed, stepCancelled:
			n -= c.N
		}
	}
	return n
}

func saveAudience(ctx context.Context, tx *store.Tx, id string, people *roaring.Bitmap, at time.Time) error {
	people.RunOptimize()
	var b bytes.Buffer
	if _, err := people.WriteTo(&b); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `INSERT INTO campaign_audiences (campaign_id, people, frozen_at) VALUES (?, ?, ?)`, id, b.Bytes(), at)
	return err
}

func loadAudience(ctx context.Context, q store.Querier, id string) (*roaring.Bitmap, error) {
	type blob struct {
		People []byte `db:"people"`
	}
	b, err := store.One[blob](ctx, q, `SELECT people FROM campaign_audiences WHERE campaign_id = ?`, id)
	if err != nil {
		return nil, err
	}
	people := roaring.New()
	return people, people.UnmarshalBinary(b.People)
}

// setAll updates many messages alike, a thousand at a time.
func setAll(ctx context.Context, tx *store.Tx, ids []string, set string, args ...any) error {
	for part := range slices.Chunk(ids, 1000) {
		var w store.Where
		store.In(&w, "id", part)
		if _, err := tx.Exec(ctx, `UPDATE messages SET `+set+w.SQL(), append(slices.Clone(args), w.Args()...)...); err != nil {
			return err
		}
	}
	return nil
}

// groups sorts ids by what is written to them, so that each kind is one statement.
type groups map[string]*group

type group struct {
	set  string
	args []any
	ids  []string
}

func (g groups) add(id, key, set string, args ...any) {
	one, ok := g[key]
	if !ok {
		one = &group{set: set, args: args}
		g[key] = one
	}
	one.ids = append(one.ids, id)
}

func (g groups) write(ctx context.Context, tx *store.Tx) error {
	for _, key := range slices.Sorted(maps.Keys(g)) {
		if err := setAll(ctx, tx, g[key].ids, g[key].set, g[key].args...); err != nil {
			return err
		}
	}
	return nil
}

// MessageFilter narrows the log of a campaign.
type MessageFilter struct {
	Campaign string
	Customer uint32
	State    string
	Reason   string
	Channel  string
	After    string
	Limit    int
}

func listMessages(ctx context.Context, q store.Querier, f MessageFilter) ([]Message, string, error) {
	var w store.Where
	if f.Campaign != "" {
		prefix := "msg_" + strings.TrimPrefix(f.Campaign, "cmp_") + "-"
		w.And("id > ? AND id < ?", prefix, prefix+"~")
	}
	if f.Customer != 0 {
		w.And("customer = ?", f.Customer)
	}
	for column, v := range map[string]string{"state": f.State, "reason": f.Reason, "channel": f.Channel} {
		if v != "" {
			w.And(column+" = ?", v)
		}
	}
	if f.After != "" {
		w.And("id > ?", f.After)
	}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	rows, err := store.All[Message](ctx, q, `SELECT * FROM messages`+w.SQL()+` ORDER BY id LIMIT ?`, w.Args(f.Limit+1)...)
	if err != nil || len(rows) <= f.Limit {
		return rows, "", err
	}
	return rows[:f.Limit], rows[f.Limit-1].ID, nil
}

func paramsJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only our own types come here
	}
	return string(b)
}

func paramsText(p map[string]any) string {
	if len(p) == 0 {
		return ""
	}
	return paramsJSON(p)
}
