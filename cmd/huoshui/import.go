package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"huoshui/internal/app"
	"huoshui/internal/data/importing"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/telemetry"
)

// importFlags are the words of one import on the command line.
type importFlags struct {
	target, file              string
	preset, channel           string
	columns                   []string
	encoding, separator       string
	sheet                     string
	consent, consentChannels  string
	rejects                   string
	dry, noHeader, noProgress bool
}

var importCommand = command{
	summary: "Take a file of orders or customers in: CSV, CSV.gz or XLSX",
	usage:   "orders|customers FILE [--preset P] [--map field=column]… [--channel C] [--dry-run] [--rejects FILE] [--data DIR] [--json]",
	run: func(ctx context.Context, e *env, args []string) error {
		f := newFlags(e, "import")
		var in importFlags
		f.StringVar(&in.preset, "preset", "", "what kind of export it is: generic, online-retail, tmall, youzan, douyin (default: by its header)")
		f.StringVar(&in.channel, "channel", "", "sales channel of the orders, source of the customers (default: the preset's)")
		f.Func("map", "field=column: a field's column by its header or its number from 1; may be repeated (field=none unmaps)", func(s string) error {
			in.columns = append(in.columns, s)
			return nil
		})
		f.StringVar(&in.encoding, "encoding", "", "utf-8, gb18030, utf-16le or utf-16be (default: detected)")
		f.StringVar(&in.separator, "separator", "", "one of , ; | and tab (default: detected)")
		f.StringVar(&in.sheet, "sheet", "", "sheet of a workbook (default: the first)")
		f.BoolVar(&in.noHeader, "no-header", false, "the first row is data")
		f.StringVar(&in.consent, "consent", "", "statement that everybody in the file agreed to be written to, and how it is known")
		f.StringVar(&in.consentChannels, "consent-channels", "email,phone", "channels the statement is about")
		f.StringVar(&in.rejects, "rejects", "", "write the rejected lines, with row, column and reason, to this file")
		f.BoolVar(&in.dry, "dry-run", false, "say what would happen, change nothing")
		f.BoolVar(&in.noProgress, "no-progress", false, "no progress bar, even on a terminal")
		format := f.formatFlag(formatText, formatJSON)
		words, cfg, err := f.parse(args, 2)
		if err != nil {
			return err
		}
		in.target, in.file = words[0], words[1]
		if in.target != importing.TargetOrders && in.target != importing.TargetCustomers {
			return usagef("import orders or customers, not %q", in.target)
		}
		if _, ok := importing.PresetByCode(in.preset); in.preset != "" && !ok {
			return usagef("there is no preset %q", in.preset)
		}
		log := telemetry.NewLog(e.stderr, cfg.LogFormat, "warn")
		return app.Do(ctx, cfg, app.Options{Log: log}, func(ctx context.Context, a *app.App) error {
			return importFile(ctx, e, a.Services.Imports, in, *format)
		})
	},
}

// importAnswer is the JSON of an import.
type importAnswer struct {
	ID      string `json:"id"`
	Status  string `json:"status"`
	Preset  string `json:"preset"`
	Channel string `json:"channel"`
	importing.Counts
	Seconds        float64 `json:"seconds"`
	LinesPerSecond int64   `json:"lines_per_second"`
}

func importFile(ctx context.Context, e *env, s *importing.Service, in importFlags, format string) (err error) {
	content, err := os.Open(in.file)
	if err != nil {
		return err
	}
	defer func() { _ = content.Close() }() // read only: nothing can be lost
	began := time.Now()
	imp, err := s.Upload(ctx, in.target, in.file, content, "")
	if err != nil {
		return err
	}
	if imp, err = configureImport(ctx, s, imp, in); err != nil {
		return errors.Join(err, s.Delete(ctx, imp.ID))
	}
	if in.dry {
		return dryImport(ctx, e, s, imp, format)
	}
	if _, err := s.Start(ctx, imp.ID); err != nil {
		return errors.Join(err, s.Delete(ctx, imp.ID))
	}
	report, done := progressBar(e, in.noProgress || format == formatJSON && !onTerminal(e.stderr))
	id := imp.ID
	imp, err = s.Execute(ctx, id, report)
	done(err == nil)
	if err != nil {
		return err
	}
	if in.rejects != "" {
		if err := saveRejects(ctx, s, id, in.rejects); err != nil {
			return err
		}
	}
	took := time.Since(began).Seconds()
	answer := importAnswer{id, imp.Status, imp.Spec.Preset, imp.Spec.Channel, imp.Result(), float64(int64(took*1000)) / 1000, int64(float64(imp.Result().LinesRead) / took)}
	if format == formatJSON {
		return json.NewEncoder(e.stdout).Encode(answer)
	}
	printCounts(e.stdout, imp.Result())
	_, err = fmt.Fprintf(e.stdout, "%s in %.1f s\n", imp.Status, took)
	return err
}

// configureImport applies what the command line says over what was detected and guessed.
func configureImport(ctx context.Context, s *importing.Service, imp importing.Import, in importFlags) (importing.Import, error) {
	format := imp.Format
	if in.encoding != "" {
		format.Encoding = in.encoding
	}
	if in.separator != "" {
		format.Separator = strings.NewReplacer("tab", "\t", `\t`, "\t").Replace(in.separator)
	}
	if in.sheet != "" {
		format.Sheet = in.sheet
	}
	if in.noHeader {
		format.Header = false
	}
	reformatted, err := s.Reformat(ctx, imp.ID, format)
	if err != nil {
		return imp, err
	}
	spec := reformatted.Spec
	if in.preset != "" && in.preset != spec.Preset {
		spec.Preset = in.preset
		spec.Channel = ""
		if spec.Columns, err = s.Guess(ctx, imp.ID, in.preset); err != nil {
			return imp, err
		}
	}
	if in.channel != "" {
		spec.Channel = in.channel
	}
	if spec.Channel == "" {
		if p, _ := importing.PresetByCode(spec.Preset); p.Channel == "" {
			spec.Channel = "file"
		}
	}
	if in.consent != "" {
		spec.Consent = &importing.Consent{Statement: in.consent, Channels: strings.Split(in.consentChannels, ",")}
	}
	preview, err := s.Preview(ctx, imp.ID)
	if err != nil {
		return imp, err
	}
	for _, m := range in.columns {
		field, column, ok := strings.Cut(m, "=")
		if !ok {
			return imp, usagef("--map wants field=column, not %q", m)
		}
		at := slices.Index(preview.Header, column)
		if n, err := strconv.Atoi(column); at < 0 && err == nil {
			at = n - 1
		}
		if column == "none" {
			delete(spec.Columns, field)
			continue
		}
		if at < 0 || at >= len(preview.Header) {
			return imp, usagef("--map %s: the file has no column %q; it has %s", field, column, strings.Join(preview.Header, ", "))
		}
		for other, used := range spec.Columns {
			if used == at {
				delete(spec.Columns, other)
			}
		}
		spec.Columns[field] = at
	}
	done, err := s.Configure(ctx, imp.ID, format, spec)
	if err != nil {
		return imp, err
	}
	return done, nil
}

// dryImport says what the import would do, and forgets the upload.
func dryImport(ctx context.Context, e *env, s *importing.Service, imp importing.Import, format string) error {
	dry, err := s.DryRun(ctx, imp.ID)
	if err = errors.Join(err, s.Delete(ctx, imp.ID)); err != nil {
		return err
	}
	if format == formatJSON {
		return json.NewEncoder(e.stdout).Encode(dry)
	}
	printCounts(e.stdout, dry.Counts)
	for _, r := range dry.Samples {
		fmt.Fprintf(e.stdout, "  line %d  %s %s  %s\n", r.Line, r.Reason, r.Field, strings.Join(r.Cells, ","))
	}
	return nil
}

// saveRejects writes the rejected lines of an import to a file, an empty one when there are none.
func saveRejects(ctx context.Context, s *importing.Service, importID, path string) (err error) {
	from, _, err := s.Rejects(ctx, importID)
	if errs.Is(err, errs.NotFound) {
		return os.WriteFile(path, nil, 0o600)
	}
	if err != nil {
		return err
	}
	defer func() { _ = from.Close() }() // read only: nothing can be lost
	to, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	_, err = io.Copy(to, from)
	return err
}

func printCounts(w io.Writer, c importing.Counts) {
	fmt.Fprintf(w, "lines read       %12d\n  accepted       %12d  (%d purchases, %d refunds)\n  duplicate      %12d\n  rejected       %12d\n",
		c.LinesRead, c.LinesAccepted, c.PurchaseLines, c.RefundLines, c.LinesDuplicate, c.LinesRejected)
	reasons := make([]string, 0, len(c.Rejected))
	for reason := range c.Rejected {
		reasons = append(reasons, reason)
	}
	slices.SortFunc(reasons, func(a, b string) int { return int(c.Rejected[b] - c.Rejected[a]) })
	for _, reason := range reasons {
		fmt.Fprintf(w, "    %-20s %8d\n", reason, c.Rejected[reason])
	}
	fmt.Fprintf(w, "customers        %12d\norders           %12d\nrefunds          %12d\namount           %15s\n", c.Customers, c.Orders, c.Refunds, yuan(c.AmountFen))
}

func yuan(fen int64) string { return fmt.Sprintf("%d.%02d", fen/100, fen%100) }

func onTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progressBar returns what hears of progress, and what to call at the end; on anything but a terminal both do nothing.
func progressBar(e *env, off bool) (report func(importing.Import), done func(ok bool)) {
	if off || !onTerminal(e.stderr) {
		return nil, func(bool) {}
	}
	bars := mpb.New(mpb.WithOutput(e.stderr), mpb.WithWidth(48))
	var bar *mpb.Bar
	stage := ""
	return func(i importing.Import) {
			if i.Stage != stage {
				if bar != nil {
					bar.SetTotal(-1, true)
				}
				stage = i.Stage
				bar = bars.AddBar(max(i.Total, 1), mpb.PrependDecorators(decor.Name(fmt.Sprintf("%-9s", stage))),
					mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Name("  "), decor.AverageETA(decor.ET_STYLE_GO)))
			}
			bar.SetCurrent(i.Done)
		}, func(ok bool) {
			if bar != nil {
				if ok {
					bar.SetTotal(-1, true)
				} else {
					bar.Abort(false)
				}
			}
			bars.Wait()
		}
}
