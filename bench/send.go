package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/marketing/campaign"
	"huoshui/internal/marketing/channel"
	"huoshui/internal/marketing/channel/sink"
	"huoshui/internal/marketing/content"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/secret"
	"huoshui/internal/platform/store"
	"huoshui/internal/user/consent"
)

// SendSpec is how much to send.
type SendSpec struct {
	People      int64
	Connections int
	Dir         string // where the store goes while it is needed
}

// SendResult is what a campaign to everybody took. The sink runs in the same process, so its work and memory count too.
type SendResult struct {
	People       int64   `json:"people"`
	Seconds      float64 `json:"seconds"`        // from launch to done: freezing, assigning, policy, rendering, sending, recording
	PerSecond    float64 `json:"per_second"`     // e-mails
	Accepted     int64   `json:"accepted"`       // by the sink
	LogRows      int64   `json:"log_rows"`       // rows in state sent
	FactMessages int64   `json:"fact_messages"`  // in the outbox, up to 500 facts each
	PeakMemoryMB int64   `json:"peak_memory_mb"` // resident, of the whole process, from launch to done
	StoreMB      float64 `json:"store_mb"`
}

// crowd is the bench's customers: rows of the store, read as the product reads them.
type crowd struct {
	db *store.DB
	n  uint32
}

// Resolve returns everybody.
func (c crowd) Resolve(context.Context, string, string) (*roaring.Bitmap, error) {
	all := roaring.New()
	all.AddRange(1, uint64(c.n)+1)
	return all, nil
}

type contact struct {
	Number uint32 `db:"number"`
	ID     string `db:"id"`
	Name   string `db:"name"`
	Email  string `db:"email"`
	City   string `db:"city"`
	Erased bool   `db:"erased"`
}

func (c crowd) contacts(ctx context.Context, q store.Querier, numbers []uint32) ([]contact, error) {
	var w store.Where
	store.In(&w, "number", numbers)
	return store.All[contact](ctx, q, `SELECT number, id, name, email, city, erased FROM customers`+w.SQL(), w.Args()...)
}

// Reach implements campaign.People.
func (c crowd) Reach(ctx context.Context, q store.Querier, numbers []uint32) (map[uint32]campaign.Person, error) {
	found, err := c.contacts(ctx, q, numbers)
	out := make(map[uint32]campaign.Person, len(found))
	for _, p := range found {
		out[p.Number] = campaign.Person{Number: p.Number, ID: p.ID, Name: p.Name, Email: p.Email, Erased: p.Erased}
	}
	return out, err
}

// ValuesOf implements content.People.
func (c crowd) ValuesOf(ctx context.Context, numbers []uint32) (map[uint32]content.Values, error) {
	found, err := c.contacts(ctx, c.db, numbers)
	out := make(map[uint32]content.Values, len(found))
	for _, p := range found {
		out[p.Number] = content.Values{"name": p.Name, "city": p.City}
	}
	return out, err
}

// ForCampaign implements campaign.Strategies: the bench's campaign follows none.
func (crowd) ForCampaign(context.Context, string) (campaign.Strategy, error) {
	return campaign.Strategy{}, errors.New("bench: no strategy")
}

// Order implements campaign.Tasks: the bench's campaign orders none.
func (crowd) Order(context.Context, *store.Tx, []campaign.Order) error {
	return errors.New("bench: no tasks")
}

const sendText = `# 该给{{name|您的毛孩子}}补粮了

{{name|您}} 好,住在{{city|您的城市}}的毛孩子们这个月最爱的是冻干双拼。按上次的量,家里的粮大约还够一周。

- 老顾客这周下单,满 199 减 40
- 两袋以上包邮,当天发货

[去看看](https://shop.example/spring?from=mail)

[怎么换粮不闹肚子](https://shop.example/guide/transition)`

// Send makes people in a new SQLite store, and times one personalised e-mail to each of them through the whole path:
// policy, caps, rendering with tracked links, SMTP to a sink, a log row and the facts of every message.
func Send(ctx context.Context, spec SendSpec, say func(string, ...any)) (result SendResult, err error) {
	dir, err := os.MkdirTemp(spec.Dir, "huoshui-bench-")
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	db, err := store.Open(ctx, "sqlite:"+filepath.Join(dir, "store.db"))
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := store.Migrate(ctx, db); err != nil {
		return result, err
	}
	say("making %d people", spec.People)
	if err := makeCustomers(ctx, db, spec.People); err != nil {
		return result, err
	}
	server, err := sink.Listen()
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	svc, launched, err := sendSetup(ctx, db, dir, spec, server.Port())
	if err != nil {
		return result, err
	}
	say("sending")
	peak, begin := newPeak(), time.Now()
	if _, err := svc.Launch(ctx, launched.ID, time.Time{}); err != nil {
		peak.megabytes()
		return result, err
	}
	stop := report(say, server, spec.People)
	err = svc.Drain(ctx)
	stop()
	result.PeakMemoryMB = peak.megabytes()
	if err != nil {
		return result, err
	}
	result.Seconds = time.Since(begin).Seconds()
	return result, sendResult(ctx, db, &result, spec, server, launched.ID, dir)
}

func report(say func(string, ...any), server *sink.Server, people int64) (stop func()) {
	done := make(chan struct{})
	go func() {
		tick := time.NewTicker(5 * time.Second)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				say("  %d of %d", server.Accepted(), people)
			}
		}
	}()
	return func() { close(done) }
}

func makeCustomers(ctx context.Context, db *store.DB, n int64) error {
	at := asOf.AddDate(-1, 0, 0)
	const batch = 20_000
	for from := int64(1); from <= n; from += batch {
		err := db.Tx(ctx, func(tx *store.Tx) error {
			_, err := tx.Exec(ctx, `WITH RECURSIVE k (i) AS (SELECT CAST(? AS BIGINT) UNION ALL SELECT i + 1 FROM k WHERE i < ?)
				INSERT INTO customers (id, number, code, name, phone, email, gender, birthday, province, city, source, store, owner, level,
					registered_at, registered_known, orders, spent_fen, refunded_fen, erased, created_at, updated_at)
				SELECT 'cus_' || i, i, 'C' || i, '顾客' || i, '', 'p' || i || '@mail.example', '', '', '', '杭州', 'bench', '', '', '',
					?, ?, 0, 0, 0, ?, ?, ? FROM k`, from, min(n, from+batch-1), at, true, false, at, at)
			return err
		})
		if err != nil {
			return fmt.Errorf("make customers: %w", err)
		}
	}
	return nil
}

func sendSetup(ctx context.Context, db *store.DB, dir string, spec SendSpec, port int) (*campaign.Service, campaign.Campaign, error) {
	var none campaign.Campaign
	now := func() time.Time { return asOf } // ten in the morning in the business zone: the window is open
	people := crowd{db, uint32(spec.People)}
	keys, err := secret.Load("", dir)
	if err != nil {
		return nil, none, err
	}
	contents := content.NewService(db, people, now)
	said, err := contents.Write(ctx, content.Draft{Name: content.Words{ZH: "补粮"}, Bodies: []content.Body{
		{Channel: "email", Language: "zh", Subject: "{{name|您}},家里的粮还够吗", Text: sendText},
	}}, "bench")
	if err != nil {
		return nil, none, err
	}
	set := channel.Default()
	set.Email = channel.EmailSettings{Enabled: true, Host: "127.0.0.1", Port: port, TLS: "none", From: "shop@brand.example", FromName: "活水", Connections: spec.Connections}
	if err := db.Tx(ctx, func(tx *store.Tx) error {
		_, err := channel.Save(ctx, tx, set, keys, "bench", now())
		return err
	}); err != nil {
		return nil, none, err
	}
	svc, err := campaign.NewService(campaign.Parts{DB: db, Now: now, Audience: people, People: people, Consents: consent.NewService(db, now), Contents: contents,
		Strategies: people, Tasks: people, Sealer: keys, Signer: channel.NewSigner(keys.Key("tracking"), func() string { return "https://brand.example" }), Dir: dir})
	if err != nil {
		return nil, none, err
	}
	c, err := svc.Create(ctx, "bench", campaign.Plan{Audience: campaign.Target{Kind: "everyone"}, Content: said.ID, Channels: []string{"email"}}, "bench")
	return svc, c, err
}

func sendResult(ctx context.Context, db *store.DB, r *SendResult, spec SendSpec, server *sink.Server, campaignID, dir string) (err error) {
	r.People, r.Accepted = spec.People, server.Accepted()
	r.PerSecond = float64(r.Accepted) / r.Seconds
	if r.LogRows, err = store.One[int64](ctx, db, `SELECT COUNT(*) FROM messages WHERE campaign_id = ? AND state = 'sent'`, campaignID); err != nil {
		return err
	}
	if r.FactMessages, err = outbox.Depth(ctx, db); err != nil {
		return err
	}
	counted, err := store.One[int64](ctx, db, `SELECT COALESCE(CAST(SUM(n) AS BIGINT), 0) FROM contacts`)
	if err != nil {
		return err
	}
	if r.Accepted != spec.People || r.LogRows != spec.People || counted != spec.People {
		return fmt.Errorf("bench: %d people, %d accepted, %d log rows, %d counted by the policy", spec.People, r.Accepted, r.LogRows, counted)
	}
	for _, name := range []string{"store.db", "store.db-wal"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil {
			r.StoreMB += float64(info.Size()) / (1 << 20)
		}
	}
	return nil
}
