package settings_test

import (
	"testing"
	"time"

	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

type caps struct{ PerDay int }

func TestVersions(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		got, version, err := settings.Get(ctx, db, "caps", caps{PerDay: 1})
		if err != nil || version != 0 || got.PerDay != 1 {
			t.Fatalf("unset: %+v %d %v", got, version, err)
		}
		for i := 2; i <= 3; i++ {
			if err := db.Tx(ctx, func(tx *store.Tx) error {
				_, err := settings.Put(ctx, tx, "caps", caps{PerDay: i}, "staff", time.Unix(int64(i), 0))
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		if got, version, err = settings.Get(ctx, db, "caps", caps{}); err != nil || version != 2 || got.PerDay != 3 {
			t.Errorf("newest: %+v %d %v", got, version, err)
		}
		if old, err := settings.At(ctx, db, "caps", 1, caps{}); err != nil || old.PerDay != 2 {
			t.Errorf("first: %+v %v", old, err)
		}
		if all, err := settings.History(ctx, db, "caps", 10); err != nil || len(all) != 2 || all[0].Version != 2 {
			t.Errorf("history: %+v %v", all, err)
		}
	})
}
