package importwire_test

import (
	"context"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"huoshui/internal/app/identitywire"
	"huoshui/internal/app/importwire"
	"huoshui/internal/data/importing"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/user/consent"
)

func zone(t testing.TB) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		t.Fatal(err)
	}
	return z
}

func service(t testing.TB, db *store.DB) *importing.Service {
	t.Helper()
	return importwire.New(db, identitywire.New(db, clock.System), consent.NewService(db, clock.System), clock.System, slog.New(slog.DiscardHandler), importing.Config{Dir: t.TempDir(), Zone: zone(t)})
}

// load uploads, starts and executes a file under the mapping that was guessed, changed by edit.
func load(t testing.TB, s *importing.Service, target, name string, content io.Reader, edit func(*importing.Spec)) importing.Import {
	t.Helper()
	ctx := context.Background()
	imp, err := s.Upload(ctx, target, name, content, "")
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		spec := imp.Spec
		edit(&spec)
		if imp, err = s.Configure(ctx, imp.ID, imp.Format, spec); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Start(ctx, imp.ID); err != nil {
		t.Fatal(err)
	}
	imp, err = s.Execute(ctx, imp.ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	if imp.Status != importing.StatusDone {
		t.Fatalf("import is %s: %s", imp.Status, imp.Error)
	}
	return imp
}

// TestOnlineRetail imports the real file twice; the numbers are the published ones of the data set.
func TestOnlineRetail(t *testing.T) {
	path := filepath.Join("..", "..", "..", "..", "shared", "data", "online_retail.csv.gz")
	if _, err := os.Stat(path); err != nil {
		t.Skip("the data set is not here")
	}
	if testing.Short() {
		t.Skip("half a million lines")
	}
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s := service(t, db)
		open := func() *os.File {
			f, err := os.Open(path)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = f.Close() })
			return f
		}
		began := time.Now()
		imp := load(t, s, importing.TargetOrders, "online_retail.csv.gz", open(), nil)
		c := imp.Result()
		t.Logf("%.1f s: %+v", time.Since(began).Seconds(), c)
		if imp.Spec.Preset != "online-retail" {
			t.Errorf("preset %q", imp.Spec.Preset)
		}
		if c.LinesRead != 541909 || c.PurchaseLines != 397884 || c.Customers != 4338 || c.Orders != 18532 || c.Rejected[importing.ReasonNoCustomer] != 135080 {
			t.Errorf("counts %+v", c)
		}
		if c.AmountFen < 891140780 || c.AmountFen > 891140800 {
			t.Errorf("amount %d", c.AmountFen)
		}
		began = time.Now()
		again := load(t, s, importing.TargetOrders, "online_retail.csv.gz", open(), nil).Result()
		t.Logf("%.1f s: %+v", time.Since(began).Seconds(), again)
		if again.LinesAccepted != 0 || again.LinesDuplicate != c.LinesAccepted || again.LinesRejected != c.LinesRejected || again.AmountFen != 0 {
			t.Errorf("the second time %+v", again)
		}
	})
}
