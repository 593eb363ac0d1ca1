package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// mostLater is how many statements wait at most for one whose answer is asked for.
const mostLater = 100

func openPostgres(ctx context.Context, rawURL string) (*DB, error) {
	cfg, err := pgxpool.ParseConfig(rawURL)
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	for name, value := range map[string]string{
		"random_page_cost": "1.1", // what is asked for often lies in memory or on an SSD: rows are found by their index
		"jit":              "off", // compiling a short query takes longer than running it
	} {
		if _, said := cfg.ConnConfig.RuntimeParams[name]; !said {
			cfg.ConnConfig.RuntimeParams[name] = value
		}
	}
	cfg.MaxConns = 16
	cfg.MaxConnIdleTime = 5 * time.Minute
	pool, err := pgxpool.NewWithConfig(ctx, cfg) // who waits for a connection gets it in turn
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	return &DB{pool: pool, dialect: postgres}, nil
}

// pgTx is a transaction on PostgreSQL. A statement whose answer nobody waits for goes to the server with the next one: each trip
// there costs more than a small statement does.
type pgTx struct {
	conn  *pgx.Conn
	later []*pgx.QueuedQuery // not sent yet; the first of a transaction begins it
	began bool               // something was sent
}

func beginPG(conn *pgx.Conn, begin string) *pgTx {
	return &pgTx{conn: conn, later: []*pgx.QueuedQuery{{SQL: begin}}}
}

// send sends what waits and then q; what comes back is read up to q's answer. The batch is closed by the caller.
func (t *pgTx) send(ctx context.Context, queries ...*pgx.QueuedQuery) (pgx.BatchResults, error) {
	before := len(t.later)
	batch := &pgx.Batch{QueuedQueries: append(t.later, queries...)}
	t.later, t.began = nil, true
	answers := t.conn.SendBatch(ctx, batch)
	for range before {
		if _, err := answers.Exec(); err != nil {
			_ = answers.Close() // says the same
			return nil, err
		}
	}
	return answers, nil
}

func (t *pgTx) query(ctx context.Context, q string, args []any) (rows, error) {
	if len(t.later) == 0 {
		r, err := t.conn.Query(ctx, q, args...)
		return &pgRows{Rows: r}, err
	}
	answers, err := t.send(ctx, &pgx.QueuedQuery{SQL: q, Arguments: args})
	if err != nil {
		return nil, err
	}
	r, err := answers.Query()
	if err != nil {
		_ = answers.Close() // says the same
		return nil, err
	}
	return &pgRows{Rows: r, done: answers.Close}, nil
}

func (t *pgTx) exec(ctx context.Context, q string, args []any) (int64, error) {
	tag, err := t.tag(ctx, q, args)
	return tag.RowsAffected(), err
}

func (t *pgTx) tag(ctx context.Context, q string, args []any) (pgconn.CommandTag, error) {
	if len(t.later) == 0 {
		return t.conn.Exec(ctx, q, args...)
	}
	answers, err := t.send(ctx, &pgx.QueuedQuery{SQL: q, Arguments: args})
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := answers.Exec()
	return tag, errors.Join(err, answers.Close())
}

func (t *pgTx) execEach(ctx context.Context, q string, lists [][]any) ([]int64, error) {
	queries := make([]*pgx.QueuedQuery, len(lists))
	for i, args := range lists {
		queries[i] = &pgx.QueuedQuery{SQL: q, Arguments: args}
	}
	answers, err := t.send(ctx, queries...)
	if err != nil {
		return nil, err
	}
	touched := make([]int64, len(lists))
	for i := range touched {
		tag, err := answers.Exec()
		if err != nil {
			_ = answers.Close() // says the same
			return nil, err
		}
		touched[i] = tag.RowsAffected()
	}
	return touched, answers.Close()
}

func (t *pgTx) execLater(ctx context.Context, q string, args []any) error {
	if len(t.later) >= mostLater {
		_, err := t.exec(ctx, q, args)
		return err
	}
	t.later = append(t.later, &pgx.QueuedQuery{SQL: q, Arguments: args})
	return nil
}

func (t *pgTx) commit(ctx context.Context) error {
	if !t.began && len(t.later) == 1 { // nothing was asked for
		return nil
	}
	tag, err := t.tag(ctx, "commit", nil)
	if err == nil && tag.String() == "ROLLBACK" {
		return pgx.ErrTxCommitRollback
	}
	return err
}

func (t *pgTx) rollback() error {
	if !t.began || t.conn.IsClosed() {
		return nil
	}
	t.began = false
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	_, err := t.conn.Exec(ctx, "rollback")
	return err
}

// gather hands questions that were asked at the same time to the server together.
func (t *pgTx) gather(ctx context.Context, asked []*question) {
	queries := make([]*pgx.QueuedQuery, len(asked))
	for i, q := range asked {
		queries[i] = &pgx.QueuedQuery{SQL: q.sql, Arguments: q.args}
	}
	answers, err := t.send(ctx, queries...)
	if err != nil {
		for _, q := range asked {
			q.answer <- answer{err: err}
		}
		return
	}
	for _, q := range asked {
		r, err := answers.Query()
		if err != nil {
			q.answer <- answer{err: err}
			continue
		}
		read := make(chan struct{})
		q.answer <- answer{rows: &pgRows{Rows: r, done: func() error { close(read); return nil }}}
		<-read
	}
	_ = answers.Close() // each answer has told its own error
}

// pgRows is an answer of PostgreSQL.
type pgRows struct {
	pgx.Rows
	done func() error // what else is to be closed, once; nil for nothing
}

func (r *pgRows) Columns() ([]string, error) {
	fields := r.FieldDescriptions()
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.Name
	}
	return names, nil
}

func (r *pgRows) Err() error { return postgres.classify(r.Rows.Err()) }

func (r *pgRows) Close() error {
	r.Rows.Close()
	err := r.Err()
	if done := r.done; done != nil {
		r.done = nil
		if e := done(); err == nil {
			err = postgres.classify(e)
		}
	}
	return err
}
