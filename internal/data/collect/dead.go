package collect

import (
	"bytes"
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Limits of dead letters.
const (
	keepLetters   = 30 * 24 * time.Hour
	maxLetters    = 10000 // of one source; the oldest go first
	maxAtOnce     = 200   // of one source from one batch: a flood is counted, its first part is kept
	maxRaw        = 32 << 10
	protocolEvent = Protocol("event") // a letter whose raw part is an Event that was decoded
	replayPath    = "replay:"         // begins the path of an envelope that a letter became
)

// Status of a dead letter.
const (
	LetterOpen     = "open"
	LetterReplayed = "replayed"
)

// Letter is what could not be understood or taken, with why.
type Letter struct {
	ID         string    `db:"id" json:"id"`
	Source     string    `db:"source" json:"source"`
	Protocol   Protocol  `db:"protocol" json:"protocol"`
	Path       string    `db:"path" json:"path"`
	Reason     string    `db:"reason" json:"reason" doc:"Stable code: no_identity, too_large, too_many_names …"`
	Detail     string    `db:"detail" json:"detail"`
	Raw        string    `db:"raw" json:"raw" doc:"What came, as far as it was kept"`
	RawBytes   int64     `db:"raw_bytes" json:"raw_bytes" doc:"How long it was; more than raw holds: it cannot be replayed"`
	ReceivedAt time.Time `db:"received_at" json:"received_at"`
	Status     string    `db:"status" json:"status" enum:"open,replayed"`
	ReplayedAt time.Time `db:"replayed_at" json:"replayed_at,omitzero"`
	ReplayedBy string    `db:"replayed_by,null" json:"replayed_by,omitempty"`
}

// letterOf makes the letter of a bad part of an envelope; place tells it from the others of its entry of the log.
func letterOf(e *Envelope, b Bad, place string) Letter {
	l := Letter{
		ID: id.From("ddl", e.Source, place), Source: e.Source, Protocol: e.Protocol, Path: e.Path, Reason: clip(b.Reason, 64), Detail: clip(b.Detail, 500),
		ReceivedAt: e.ReceivedAt, Status: LetterOpen,
	}
	l.keep(b.Raw)
	return l
}

// letterOfEvent makes the letter of an event that was understood and not taken; before is the letter that it was already.
func letterOfEvent(e *Event, reason, detail, before string) Letter {
	raw, err := json.Marshal(e)
	if err != nil {
		raw = nil
	}
	l := Letter{
		ID: id.From("ddl", e.Source, "event", e.Key, reason, before), Source: e.Source, Protocol: protocolEvent, Reason: reason, Detail: clip(detail, 500),
		ReceivedAt: e.ReceivedAt, Status: LetterOpen,
	}
	l.keep(raw)
	return l
}

func (l *Letter) keep(raw []byte) {
	l.RawBytes = int64(len(raw))
	if len(raw) > maxRaw {
		raw = raw[:maxRaw]
	}
	l.Raw = strings.ReplaceAll(strings.ToValidUTF8(string(raw), "\uFFFD"), "\x00", "")
}

// whole are reasons of a part that is the whole body.
var whole = map[string]bool{"invalid_json": true, "no_batch": true, "unknown_protocol": true}

// envelope is what a letter becomes to be read again: its part alone, as its protocol writes it, received when it was.
func (l Letter) envelope(src *Source) Envelope {
	e := Envelope{Protocol: l.Protocol, Source: l.Source, Path: l.Path, ReceivedAt: l.ReceivedAt, Body: []byte(l.Raw)}
	var s string
	if json.Unmarshal(e.Body, &s) == nil { // what was no JSON is kept as a string
		e.Body = []byte(s)
	}
	switch l.Protocol {
	case Segment:
		e.Path = strings.TrimPrefix(e.Path, "pixel/")
		if segmentTypes[e.Path] == "" && !whole[l.Reason] {
			e.Body = bytes.Join([][]byte{[]byte(`{"batch":[`), e.Body, []byte(`]}`)}, nil)
		}
	case Webhook:
		if src != nil && !whole[l.Reason] {
			e.Body = within(src.Mapping.Each, e.Body)
		}
	}
	e.Path = replayPath + l.ID + ":" + e.Path
	return e
}

// within puts an item where a path finds it.
func within(path string, item []byte) []byte {
	if path == "" {
		return item
	}
	parts := strings.Split(path, ".")
	out := string(item)
	for i := len(parts) - 1; i >= 0; i-- {
		if n, err := strconv.Atoi(parts[i]); err == nil && n >= 0 && n < 100 {
			out = "[" + strings.Repeat("null,", n) + out + "]"
			continue
		}
		out = "{" + string(quoted(parts[i])) + ":" + out + "}"
	}
	return []byte(out)
}

// replayed takes the letter's id out of an envelope that was one, and makes the envelope as it was; "" for any other.
func (e *Envelope) replayed() (letter string) {
	rest, ok := strings.CutPrefix(e.Path, replayPath)
	if !ok {
		return ""
	}
	letter, e.Path, _ = strings.Cut(rest, ":")
	return letter
}

// saveLetters keeps letters that are not there yet.
func saveLetters(ctx context.Context, tx *store.Tx, all []Letter) error {
	_, err := store.InsertAll(ctx, tx, "dead_letters", all, `ON CONFLICT (id) DO NOTHING`)
	return err
}

// trimLetters drops the oldest letters of a source beyond what is kept, and returns how many went.
func trimLetters(ctx context.Context, tx *store.Tx, source string) (int64, error) {
	n, err := store.One[int64](ctx, tx, `SELECT COUNT(*) FROM dead_letters WHERE source = ?`, source)
	if err != nil || n <= maxLetters {
		return 0, err
	}
	return tx.Exec(ctx, `DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE source = ? ORDER BY received_at, id LIMIT ?)`, source, n-maxLetters)
}

// LetterFilter chooses dead letters; its zero value chooses all.
type LetterFilter struct {
	Source, Reason, Status string
}

func (f LetterFilter) where() store.Where {
	var w store.Where
	for column, v := range map[string]string{"source": f.Source, "reason": f.Reason, "status": f.Status} {
		if v != "" {
			w.And(column+" = ?", v)
		}
	}
	return w
}

// Letters returns a page of dead letters, newest first, and the cursor of the next.
func (d *Desk) Letters(ctx context.Context, f LetterFilter, after string, limit int) (items []Letter, next string, err error) {
	w := f.where()
	if after != "" {
		micros, last, ok := strings.Cut(after, "_")
		at, err := strconv.ParseInt(micros, 10, 64)
		if !ok || err != nil {
			return nil, "", errs.New(errs.Invalid, "collect.cursor", "this is no cursor of ours").At("after")
		}
		w.And("(received_at, id) < (?, ?)", at, last)
	}
	items, err = store.All[Letter](ctx, d.db, `SELECT * FROM dead_letters`+w.SQL()+` ORDER BY received_at DESC, id DESC LIMIT ?`, w.Args(limit+1)...)
	if err != nil {
		return nil, "", err
	}
	if len(items) > limit {
		items = items[:limit]
		last := items[limit-1]
		next = strconv.FormatInt(last.ReceivedAt.UnixMicro(), 10) + "_" + last.ID
	}
	return items, next, nil
}

// LetterCount is how many letters there are of a source for a reason.
type LetterCount struct {
	Source string    `db:"source" json:"source"`
	Reason string    `db:"reason" json:"reason"`
	Status string    `db:"status" json:"status"`
	N      int64     `db:"n" json:"n"`
	LastAt time.Time `db:"last_at" json:"last_at"`
}

// LetterCounts returns how many dead letters there are, by source, reason and status.
func (d *Desk) LetterCounts(ctx context.Context) ([]LetterCount, error) {
	return store.All[LetterCount](ctx, d.db, `SELECT source, reason, status, COUNT(*) AS n, MAX(received_at) AS last_at FROM dead_letters
		GROUP BY source, reason, status ORDER BY n DESC, source, reason, status`)
}

// Replayed says what came of a wish to replay letters.
type Replayed struct {
	Replayed int64 `json:"replayed" doc:"Put through the pipeline again"`
	Already  int64 `json:"already" doc:"Were replayed before: nothing was done"`
	Short    int64 `json:"short" doc:"Were kept only in part: nothing can be done"`
}

// Replay puts the raw parts of dead letters through the pipeline again, as received when they first came. A letter goes
// through once, however often and by however many people it is replayed. At most 500 at once.
func (d *Desk) Replay(ctx context.Context, ids []string, by string) (Replayed, error) {
	var out Replayed
	letters, err := d.chosen(ctx, ids)
	if err != nil {
		return out, err
	}
	for _, l := range letters {
		switch {
		case l.Status != LetterOpen:
			out.Already++
			continue
		case l.RawBytes > int64(len(l.Raw)) && l.RawBytes > maxRaw:
			out.Short++
			continue
		}
		src, err := d.sources.ByID(ctx, l.Source)
		if err != nil {
			return out, err
		}
		// First into the log, then marked: a crash between the two puts it there again, and the pipeline, which knows a letter
		// by its id, reads it once.
		if err := d.put(ctx, l.envelope(src)); err != nil {
			return out, err
		}
		n, err := d.db.Exec(ctx, `UPDATE dead_letters SET status = 'replayed', replayed_at = ?, replayed_by = ? WHERE id = ? AND status = 'open'`, d.now(), by, l.ID)
		if err != nil {
			return out, err
		}
		out.Replayed += n
		out.Already += 1 - n
	}
	return out, nil
}

func (d *Desk) chosen(ctx context.Context, ids []string) ([]Letter, error) {
	if len(ids) == 0 || len(ids) > 500 {
		return nil, errs.New(errs.Invalid, "collect.letters", "name one to 500 letters").At("ids")
	}
	var w store.Where
	store.In(&w, "id", ids)
	return store.All[Letter](ctx, d.db, `SELECT * FROM dead_letters`+w.SQL()+` ORDER BY received_at, id`, w.Args()...)
}

// Discard takes dead letters away and returns how many went. At most 500 at once.
func (d *Desk) Discard(ctx context.Context, ids []string) (int64, error) {
	if len(ids) == 0 || len(ids) > 500 {
		return 0, errs.New(errs.Invalid, "collect.letters", "name one to 500 letters").At("ids")
	}
	var w store.Where
	store.In(&w, "id", ids)
	return d.db.Exec(ctx, `DELETE FROM dead_letters`+w.SQL(), w.Args()...)
}

// DiscardAll takes all dead letters away that a filter chooses, and returns how many went.
func (d *Desk) DiscardAll(ctx context.Context, f LetterFilter) (int64, error) {
	w := f.where()
	return d.db.Exec(ctx, `DELETE FROM dead_letters`+w.SQL(), w.Args()...)
}
