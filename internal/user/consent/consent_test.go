package consent_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
	"huoshui/internal/user/consent"
)

func TestNewestWordWins(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		now := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
		svc := consent.NewService(db, func() time.Time { return now })
		for _, w := range []consent.State{consent.Granted, consent.Withdrawn, consent.Withdrawn} {
			if err := svc.Say(ctx, 7, "email", w, "link"); err != nil {
				t.Fatal(err)
			}
		}
		if err := svc.Say(ctx, 7, "email", "perhaps", "link"); err == nil {
			t.Error("took a word that is none")
		}
		if n, err := outbox.Depth(ctx, db); err != nil || n != 2 {
			t.Errorf("facts: %d, %v; want 2, the repetition says nothing", n, err)
		}
		if err := db.Tx(ctx, func(tx *store.Tx) error {
			if err := svc.SuppressTx(ctx, tx, "email", "bounced", 9, 8, 9); err != nil {
				return err
			}
			return svc.SuppressTx(ctx, tx, "email", "unsubscribed", 7, 8)
		}); err != nil {
			t.Fatal(err)
		}
		said, stopped, err := svc.States(ctx, db, "email", []uint32{6, 7, 8, 9})
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(map[uint32]string{7: "withdrawn"}, said); d != "" {
			t.Error(d)
		}
		if d := cmp.Diff(map[uint32]string{7: "unsubscribed", 8: "bounced", 9: "bounced"}, stopped); d != "" {
			t.Error(d)
		}
		if err := svc.Say(ctx, 7, "email", consent.Granted, "console"); err != nil {
			t.Fatal(err)
		}
		if err := svc.Say(ctx, 8, "email", consent.Granted, "console"); err != nil {
			t.Fatal(err)
		}
		if _, stopped, _ = svc.States(ctx, db, "email", []uint32{7, 8}); stopped[7] != "" || stopped[8] != "bounced" {
			t.Errorf("granting lifts unsubscribing, not a bounce: %v", stopped)
		}
		if err := svc.Lift(ctx, 8, "email"); err != nil {
			t.Fatal(err)
		}
		if all, none, err := svc.Of(ctx, 8); err != nil || len(all) != 1 || len(none) != 0 {
			t.Errorf("%v %v %v", all, none, err)
		}
	})
}
