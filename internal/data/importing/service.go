package importing

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/RoaringBitmap/roaring/v2"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/files"
	"huoshui/internal/platform/id"
	"huoshui/internal/platform/store"
)

// Config is what the service needs beside the packages that own the data.
type Config struct {
	Dir    string         // where uploads and what they leave are kept
	Zone   *time.Location // zone of dates that name none
	Limits files.Limits   // zero: the defaults
	Ended  func()         // called when an import has ended, however; may be nil
}

// Service takes files in.
type Service struct {
	db       *store.DB
	people   People
	orders   Orders
	consents Consents
	now      clock.Clock
	log      *slog.Logger
	config   Config
	wake     chan struct{}
}

// NewService returns the service. Run must be running for imports that are started by Start.
func NewService(db *store.DB, people People, orders Orders, consents Consents, now clock.Clock, log *slog.Logger, config Config) *Service {
	return &Service{db, people, orders, consents, now, log, config, make(chan struct{}, 1)}
}

func asJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // counts and dry runs are plain numbers and texts
	}
	return string(b)
}

// Folder is where an import keeps its file and what it leaves.
func (s *Service) Folder(importID string) string { return filepath.Join(s.config.Dir, importID) }
func (s *Service) file(importID string) string   { return filepath.Join(s.Folder(importID), "file") }

// Upload stores a file, detects its format and guesses its mapping. The file is on disk, synced, when it returns.
func (s *Service) Upload(ctx context.Context, target, fileName string, content io.Reader, by string) (Import, error) {
	if target != TargetOrders && target != TargetCustomers {
		return Import{}, errs.New(errs.Invalid, "import.target", "the target is orders or customers").At("target")
	}
	imp := Import{ID: id.New("imp"), Target: target, Status: StatusUploaded, FileName: cut(filepath.Base(fileName), 200), CreatedBy: by, CreatedAt: s.now()}
	err := s.keep(imp.ID, content)
	if err == nil {
		err = s.describe(&imp)
	}
	if err == nil {
		err = s.db.Tx(ctx, func(tx *store.Tx) error { return store.Insert(ctx, tx, "imports", imp) })
	}
	if err != nil {
		return Import{}, errors.Join(err, os.RemoveAll(s.Folder(imp.ID)))
	}
	return imp, nil
}

func (s *Service) keep(importID string, content io.Reader) (err error) {
	if err := os.MkdirAll(s.Folder(importID), 0o700); err != nil {
		return errs.Wrap(errs.Internal, "import.store", err)
	}
	f, err := os.OpenFile(s.file(importID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return errs.Wrap(errs.Internal, "import.store", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	limit := s.config.Limits.FileBytes
	if limit == 0 {
		limit = files.DefaultLimits().FileBytes
	}
	n, err := io.Copy(f, io.LimitReader(content, limit+1))
	if err != nil {
		return errs.New(errs.Invalid, "import.upload", "the upload broke off: %v", err)
	}
	if n > limit {
		return errs.New(errs.Invalid, "file.too_large", "the file is larger than allowed")
	}
	return f.Sync()
}

// describe detects the format and guesses the mapping of a stored file.
func (s *Service) describe(imp *Import) error {
	stat, err := os.Stat(s.file(imp.ID))
	if err != nil {
		return errs.Wrap(errs.Internal, "import.store", err)
	}
	imp.FileBytes = stat.Size()
	if imp.Format, err = files.Detect(s.file(imp.ID), s.config.Limits); err != nil {
		return err
	}
	preview, err := s.preview(*imp, 1)
	if err != nil {
		return err
	}
	imp.Spec.Preset = GuessPreset(imp.Target, preview.Header)
	imp.Spec.Columns = GuessColumns(imp.Target, imp.Spec.Preset, preview.Header)
	if p, _ := PresetByCode(imp.Spec.Preset); p.Channel != "" {
		imp.Spec.Channel = p.Channel
	}
	return nil
}

// Preview is the beginning of a file.
type Preview struct {
	Header []string   `json:"header" doc:"Column names; numbers when the file has none"`
	Rows   [][]string `json:"rows"`
}

// Preview returns the first rows of an import's file in its format.
func (s *Service) Preview(ctx context.Context, importID string) (Preview, error) {
	imp, err := getImport(ctx, s.db, importID)
	if err != nil {
		return Preview{}, err
	}
	return s.preview(imp, 20)
}

func (s *Service) preview(imp Import, n int) (p Preview, err error) {
	in, err := files.Open(s.file(imp.ID), imp.Format, s.config.Limits)
	if err != nil {
		return p, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	p = Preview{Header: in.Header(), Rows: [][]string{}}
	for range n {
		row, err := in.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return p, err
		}
		p.Rows = append(p.Rows, slices.Clone(row.Cells))
		for len(p.Header) < len(row.Cells) {
			p.Header = append(p.Header, fmt.Sprintf("#%d", len(p.Header)+1))
		}
	}
	if p.Header == nil {
		p.Header = []string{}
	}
	return p, nil
}

// Configure sets format and mapping of an import that has not begun. A zero format keeps the one there is.
func (s *Service) Configure(ctx context.Context, importID string, format files.Format, spec Spec) (Import, error) {
	imp, err := getImport(ctx, s.db, importID)
	if err != nil {
		return imp, err
	}
	if format.Kind != "" {
		format.Kind, format.Gzip, format.Sheets = imp.Format.Kind, imp.Format.Gzip, imp.Format.Sheets // facts, not choices
		imp.Format = format
	}
	preview, err := s.preview(imp, 20)
	if err != nil {
		return imp, err
	}
	if err := spec.check(imp.Target, len(preview.Header)); err != nil {
		return imp, err
	}
	if spec.Channel == "" {
		p, _ := PresetByCode(spec.Preset)
		spec.Channel = p.Channel
	}
	imp.Spec, imp.Dry = spec, nil
	n, err := s.db.Exec(ctx, `UPDATE imports SET format = ?, spec = ?, dry = 'null' WHERE id = ? AND status = ?`, asJSON(imp.Format), asJSON(imp.Spec), importID, StatusUploaded)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "import.begun", "the import has begun already")
	}
	return imp, err
}

// Reformat changes how the file of an import that has not begun is read, and guesses its mapping anew.
func (s *Service) Reformat(ctx context.Context, importID string, format files.Format) (Import, error) {
	imp, err := getImport(ctx, s.db, importID)
	if err != nil {
		return imp, err
	}
	format.Kind, format.Gzip, format.Sheets = imp.Format.Kind, imp.Format.Gzip, imp.Format.Sheets // facts, not choices
	imp.Format = format
	preview, err := s.preview(imp, 1)
	if err != nil {
		return imp, err
	}
	imp.Spec.Preset = GuessPreset(imp.Target, preview.Header)
	imp.Spec.Columns = GuessColumns(imp.Target, imp.Spec.Preset, preview.Header)
	n, err := s.db.Exec(ctx, `UPDATE imports SET format = ?, spec = ?, dry = 'null' WHERE id = ? AND status = ?`, asJSON(imp.Format), asJSON(imp.Spec), importID, StatusUploaded)
	if err == nil && n == 0 {
		err = errs.New(errs.Conflict, "import.begun", "the import has begun already")
	}
	return imp, err
}

// Guess returns what the mapping would be under a preset, for the import's header.
func (s *Service) Guess(ctx context.Context, importID, preset string) (map[string]int, error) {
	imp, err := getImport(ctx, s.db, importID)
	if err != nil {
		return nil, err
	}
	preview, err := s.preview(imp, 1)
	if err != nil {
		return nil, err
	}
	return GuessColumns(imp.Target, preset, preview.Header), nil
}

// Start queues an import whose mapping is complete.
func (s *Service) Start(ctx context.Context, importID string) (Import, error) {
	imp, err := getImport(ctx, s.db, importID)
	if err != nil {
		return imp, err
	}
	preview, err := s.preview(imp, 20)
	if err != nil {
		return imp, err
	}
	if err := imp.Spec.check(imp.Target, len(preview.Header)); err != nil {
		return imp, err
	}
	n, err := s.db.Exec(ctx, `UPDATE imports SET status = ?, started_at = ? WHERE id = ? AND status = ?`, StatusQueued, s.now(), importID, StatusUploaded)
	if err != nil {
		return imp, err
	}
	if n == 0 {
		return imp, errs.New(errs.Conflict, "import.begun", "the import has begun already")
	}
	select {
	case s.wake <- struct{}{}:
	default:
	}
	return getImport(ctx, s.db, importID)
}

// Cancel stops an import at the end of its current batch. What was settled stays.
func (s *Service) Cancel(ctx context.Context, importID string) (Import, error) {
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		imp, err := getImport(ctx, tx, importID)
		if err != nil {
			return err
		}
		switch imp.Status {
		case StatusUploaded, StatusQueued:
			_, err = tx.Exec(ctx, `UPDATE imports SET status = ?, finished_at = ? WHERE id = ?`, StatusCanceled, s.now(), importID)
		case StatusRunning:
			_, err = move(ctx, tx, importID, StatusCanceling, StatusRunning)
		case StatusCanceling, StatusCanceled:
		default:
			err = errs.New(errs.Conflict, "import.ended", "the import has ended already")
		}
		return err
	})
	if err != nil {
		return Import{}, err
	}
	return getImport(ctx, s.db, importID)
}

// Get returns one import.
func (s *Service) Get(ctx context.Context, importID string) (Import, error) {
	return getImport(ctx, s.db, importID)
}

// List returns a page of imports, newest first; next is "" after the last.
func (s *Service) List(ctx context.Context, after string, limit int) (items []Import, next string, err error) {
	items, err = listImports(ctx, s.db, after, limit+1)
	if err == nil && len(items) > limit {
		items = items[:limit]
		next = items[limit-1].ID
	}
	return items, next, err
}

// Rejects opens the file of rejected lines of an import that is done. The caller closes it.
func (s *Service) Rejects(ctx context.Context, importID string) (*os.File, string, error) {
	imp, err := getImport(ctx, s.db, importID)
	if err != nil {
		return nil, "", err
	}
	f, err := os.Open(filepath.Join(s.Folder(imp.ID), "rejects.csv"))
	if errors.Is(err, os.ErrNotExist) {
		return nil, "", errs.New(errs.NotFound, "import.no_rejects", "the import has no file of rejected lines")
	}
	if err != nil {
		return nil, "", errs.Wrap(errs.Internal, "import.store", err)
	}
	name := strings.TrimSuffix(strings.TrimSuffix(imp.FileName, ".gz"), filepath.Ext(strings.TrimSuffix(imp.FileName, ".gz")))
	return f, name + "-rejects.csv", nil
}

// Delete removes an import's file and record. Orders and customers that it brought stay.
func (s *Service) Delete(ctx context.Context, importID string) error {
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		imp, err := getImport(ctx, tx, importID)
		if err != nil {
			return err
		}
		if imp.Running() {
			return errs.New(errs.Conflict, "import.running", "cancel the import first")
		}
		if _, err := tx.Exec(ctx, `DELETE FROM import_rejects WHERE import_id = ?`, importID); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `DELETE FROM imports WHERE id = ?`, importID)
		return err
	})
	if err != nil {
		return err
	}
	return os.RemoveAll(s.Folder(importID))
}

// Run works off queued imports, one at a time, until ctx ends. Imports that were running when the process ended last
// go on where they were. An import is worked by the process that has its file: others leave it alone.
func (s *Service) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		next, err := s.next(ctx)
		if err == nil && next != "" {
			_, err = s.Execute(ctx, next, nil)
			if err == nil || errs.KindOf(err) == errs.Invalid {
				continue
			}
		}
		if ctx.Err() != nil {
			return nil
		}
		wait := time.Minute
		if err != nil {
			s.log.ErrorContext(ctx, "import", "error", err)
			wait = 5 * time.Second
		}
		select {
		case <-ctx.Done():
		case <-s.wake:
		case <-time.After(wait):
		}
	}
	return nil
}

// next returns the first import that is to be worked and whose file is here; "" when there is none. One that is being
// canceled needs no file to end.
func (s *Service) next(ctx context.Context) (string, error) {
	type row struct {
		ID     string `db:"id"`
		Status string `db:"status"`
	}
	all, err := store.All[row](ctx, s.db, `SELECT id, status FROM imports WHERE status IN (?, ?, ?) ORDER BY id`, StatusRunning, StatusCanceling, StatusQueued)
	for _, r := range all {
		if _, missing := os.Stat(s.file(r.ID)); missing == nil || r.Status == StatusCanceling {
			return r.ID, nil
		}
		s.log.WarnContext(ctx, "import: its file is not here", "import", r.ID)
	}
	return "", err
}

// Execute runs an import to its end, from where it was, and returns it. report, if any, hears of progress. An error
// that is the file's fault ends the import as failed; any other leaves it to go on later.
func (s *Service) Execute(ctx context.Context, importID string, report func(Import)) (Import, error) {
	imp, err := getImport(ctx, s.db, importID)
	if err != nil {
		return imp, err
	}
	if imp.Status == StatusCanceling {
		return s.finish(ctx, imp, StatusCanceled, "")
	}
	if !imp.Running() {
		return imp, errs.New(errs.Conflict, "import.not_started", "the import is %s", imp.Status)
	}
	if _, err := s.db.Exec(ctx, `UPDATE imports SET status = ? WHERE id = ? AND status = ?`, StatusRunning, importID, StatusQueued); err != nil {
		return imp, err
	}
	imp.Status = StatusRunning
	if report == nil {
		report = func(Import) {}
	}
	r := &run{
		s: s, imp: imp, file: s.file(importID), work: filepath.Join(s.Folder(importID), "work"), zone: s.config.Zone, limits: s.config.Limits,
		channel: imp.Spec.Channel, report: report, granted: roaring.New(),
	}
	err = r.execute(ctx)
	if clean := os.RemoveAll(r.work); clean != nil && err == nil {
		err = clean
	}
	switch {
	case errors.Is(err, errStopped):
		return s.finish(ctx, r.imp, StatusCanceled, "")
	case err != nil && errs.Is(err, errs.Invalid):
		done, e := s.finish(ctx, r.imp, StatusFailed, err.Error())
		return done, errors.Join(err, e)
	case err != nil:
		return r.imp, fmt.Errorf("import %s: %w", importID, err)
	}
	return s.finish(ctx, r.imp, StatusDone, "")
}

func (s *Service) finish(ctx context.Context, imp Import, status, reason string) (Import, error) {
	if err := finish(ctx, s.db, imp.ID, status, reason, s.now()); err != nil {
		return imp, err
	}
	c := imp.Result()
	s.log.InfoContext(ctx, "import ended", "import", imp.ID, "status", status, "read", c.LinesRead, "accepted", c.LinesAccepted,
		"duplicate", c.LinesDuplicate, "rejected", c.LinesRejected)
	if s.config.Ended != nil {
		s.config.Ended()
	}
	return getImport(ctx, s.db, imp.ID)
}

func (r *run) execute(ctx context.Context) (err error) {
	stage := func(name string, done, total int64) error {
		r.imp.Stage, r.imp.Done, r.imp.Total = name, done, total
		stop, err := setStage(ctx, r.s.db, r.imp.ID, name, done, total)
		if err == nil && stop {
			err = errStopped
		}
		r.report(r.imp)
		return err
	}
	if err := stage(StageReading, 0, r.imp.FileBytes); err != nil {
		return err
	}
	lines, err := r.stage(ctx, func(done, total int64) error { return stage(StageReading, done, total) })
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lines.lines.drop()) }()
	r.imp.Staged = lines.counts
	if err := updateJSON(ctx, r.s.db, `UPDATE imports SET staged = ? WHERE id = ?`, asJSON(lines.counts), r.imp.ID); err != nil {
		return err
	}
	if err := stage(StageSettling, 0, lines.total); err != nil {
		return err
	}
	if err := r.settle(ctx, lines); err != nil {
		return err
	}
	if err := stage(StageRejects, lines.total, lines.total); err != nil {
		return err
	}
	c := r.imp.Result()
	if c.LinesAccepted+c.LinesDuplicate+c.LinesRejected != c.LinesRead {
		return errs.Wrap(errs.Internal, "import.sum", fmt.Errorf("%d accepted + %d duplicate + %d rejected is not %d read", c.LinesAccepted, c.LinesDuplicate, c.LinesRejected, c.LinesRead))
	}
	if c.LinesRejected == 0 {
		return nil
	}
	n, err := r.writeRejects(ctx, filepath.Join(r.s.Folder(r.imp.ID), "rejects.csv"))
	if err == nil && n != c.LinesRejected {
		return errs.Wrap(errs.Internal, "import.sum", fmt.Errorf("%d of %d rejected lines in the file", n, c.LinesRejected))
	}
	return err
}
