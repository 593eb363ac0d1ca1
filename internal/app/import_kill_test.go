package app_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"huoshui/internal/app"
	"huoshui/internal/data/importing"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/warehouse"
)

const killDir = "HUOSHUI_TEST_KILL_DIR"

// killedFile is a file of 24,000 lines of 8,000 orders of 500 people, shuffled by a stride, with refunds at the end.
func killedFile() []byte {
	var b bytes.Buffer
	b.WriteString("订单编号,买家会员名,付款时间,商家编码,购买数量,价格\n")
	const lines = 24000
	for i := range lines {
		n := i * 7919 % lines
		order := n / 3
		fmt.Fprintf(&b, "%06d,n%d,2026-03-%02d 10:%02d:00,S%d,%d,%d.05\n", order, order%500, 1+order%28, order%60, n%3, 1+order%4, 1+order%90)
	}
	for i := range 400 {
		order := i * 17
		fmt.Fprintf(&b, "R%d,n%d,2026-04-01 10:00:00,S1,-1,%d.05\n", i, order%500, 1+order%90)
	}
	return b.Bytes()
}

func killConfig(dir string) config.Config {
	cfg := config.Default()
	cfg.Data = dir
	return cfg
}

// importToTheEnd is what the child does, and whoever comes after it is killed: begin, or go on with what was begun.
func importToTheEnd(ctx context.Context, dir string) (importing.Import, error) {
	var done importing.Import
	err := app.Do(ctx, killConfig(dir), app.Options{Log: slog.New(slog.DiscardHandler)}, func(ctx context.Context, a *app.App) error {
		s := a.Services.Imports
		all, _, err := s.List(ctx, "", 1)
		if err != nil {
			return err
		}
		if len(all) == 0 {
			imp, err := s.Upload(ctx, importing.TargetOrders, "orders.csv", bytes.NewReader(killedFile()), "")
			if err != nil {
				return err
			}
			all = append(all, imp)
		}
		imp := all[0]
		if imp.Status == importing.StatusUploaded {
			imp.Spec.Channel = "tmall"
			if _, err := s.Configure(ctx, imp.ID, imp.Format, imp.Spec); err != nil {
				return err
			}
			if _, err := s.Start(ctx, imp.ID); err != nil {
				return err
			}
		}
		if imp.Status == importing.StatusDone {
			done = imp
			return nil
		}
		done, err = s.Execute(ctx, imp.ID, nil)
		return err
	})
	return done, err
}

// TestImportKilledChild is the process that TestImportSurvivesKill kills; by itself it does nothing.
func TestImportKilledChild(t *testing.T) {
	dir := os.Getenv(killDir)
	if dir == "" {
		t.Skip("the child of TestImportSurvivesKill")
	}
	if _, err := importToTheEnd(t.Context(), dir); err != nil {
		t.Fatal(err)
	}
}

// outcome is what store and warehouse hold.
type outcome struct {
	Orders, Amount, Lines, Refunds, People, Spent int64 // store
	Paid, PaidAmount, LineFacts, RefundFacts      int64 // warehouse
}

func outcomeOf(t *testing.T, dir string) (o outcome) {
	t.Helper()
	err := app.Do(t.Context(), killConfig(dir), app.Options{Log: slog.New(slog.DiscardHandler)}, func(ctx context.Context, a *app.App) (err error) {
		for q, to := range map[string]*int64{
			`SELECT COUNT(*) FROM orders`: &o.Orders, `SELECT CAST(SUM(amount_fen) AS BIGINT) FROM orders`: &o.Amount,
			`SELECT COUNT(*) FROM order_lines`: &o.Lines, `SELECT COUNT(*) FROM refunds`: &o.Refunds,
			`SELECT COUNT(*) FROM customers`: &o.People, `SELECT CAST(SUM(spent_fen) AS BIGINT) FROM customers`: &o.Spent,
		} {
			if *to, err = store.One[int64](ctx, a.DB, q); err != nil {
				return err
			}
		}
		if err := a.Settle(ctx); err != nil {
			return err
		}
		count := func(name, what string) (n int64, err error) {
			return warehouse.One[int64](ctx, a.Warehouse, `SELECT CAST(`+what+` AS BIGINT) FROM facts WHERE kind = ?`, a.Warehouse.Code(name))
		}
		for _, c := range []struct {
			name, what string
			to         *int64
		}{
			{"order.paid", "COUNT(*)", &o.Paid}, {"order.paid", "SUM(amount)", &o.PaidAmount},
			{"order.line", "COUNT(*)", &o.LineFacts}, {"order.refunded", "COUNT(*)", &o.RefundFacts},
		} {
			if *c.to, err = count(c.name, c.what); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// TestImportSurvivesKill imports a file in a process that is killed (SIGKILL) at random moments and started again until
// it is through: store and warehouse hold the same as after an import that nobody disturbed.
func TestImportSurvivesKill(t *testing.T) {
	if testing.Short() {
		t.Skip("a dozen processes")
	}
	calm := filepath.Join(t.TempDir(), "calm")
	began := time.Now()
	imp, err := importToTheEnd(t.Context(), calm)
	if err != nil || imp.Status != importing.StatusDone {
		t.Fatalf("%s, %v", imp.Status, err)
	}
	undisturbed := time.Since(began)
	want := outcomeOf(t, calm)
	c := imp.Result()
	if want.Orders != c.Orders || want.Amount != c.AmountFen || want.Lines != 24000 || want.Refunds != 400 || want.Spent != want.Amount || want.Paid != want.Orders ||
		want.PaidAmount != want.Amount || want.LineFacts != want.Lines || want.RefundFacts != want.Refunds {
		t.Fatalf("undisturbed: %+v, %+v", want, c)
	}

	dir := filepath.Join(t.TempDir(), "killed")
	seed := uint64(time.Now().UnixNano())
	dice := rand.New(rand.NewPCG(seed, 1))
	kills := 0
	for attempt := range 40 {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestImportKilledChild$")
		child.Env = append(os.Environ(), killDir+"="+dir)
		var out strings.Builder
		child.Stdout, child.Stderr = &out, &out
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		life := 50*time.Millisecond + time.Duration(dice.Int64N(int64(undisturbed)*6/10))
		if attempt >= 10 {
			life = undisturbed
		}
		if attempt == 39 {
			life = 5 * time.Minute
		}
		killer := time.AfterFunc(life, func() { _ = child.Process.Kill() })
		err := child.Wait()
		killer.Stop()
		if err == nil {
			break
		}
		if child.ProcessState.Exited() { // it failed by itself
			t.Fatalf("seed %d: %v\n%s", seed, err, out.String())
		}
		kills++
	}
	end, err := importToTheEnd(t.Context(), dir)
	if err != nil || end.Status != importing.StatusDone {
		t.Fatalf("seed %d: %s, %v", seed, end.Status, err)
	}
	t.Logf("seed %d: killed %d times", seed, kills)
	if kills == 0 {
		t.Errorf("seed %d: nobody was killed", seed)
	}
	if got := outcomeOf(t, dir); got != want {
		t.Errorf("seed %d: after %d kills %+v, undisturbed %+v", seed, kills, got, want)
	}
	r := end.Result()
	if r.LinesRead != 24400 || r.LinesAccepted != 24400 || r.LinesDuplicate != 0 || r.AmountFen != want.Amount || r.Orders != want.Orders {
		t.Errorf("seed %d: counts after %d kills: %+v", seed, kills, r)
	}
}
