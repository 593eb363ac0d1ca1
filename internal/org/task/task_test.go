package task_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"huoshui/internal/org/task"
	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/store/storetest"
)

// house is everything outside the task list: staff, customers, and the campaign that hears what became of its messages.
type house struct {
	members []task.Member
	heard   []string
	deaf    bool
}

func (h *house) Members(context.Context, store.Querier) ([]task.Member, error) {
	return append([]task.Member(nil), h.members...), nil
}

func (h *house) Cards(_ context.Context, customers []uint32) (map[uint32]task.Card, error) {
	out := map[uint32]task.Card{}
	for _, n := range customers {
		out[n] = task.Card{ID: fmt.Sprint("cus_", n), Name: "=客户", Phone: "13800000000"}
	}
	return out, nil
}

func (h *house) TaskClosed(_ context.Context, _ *store.Tx, message string, done bool, reason string, _ time.Time) error {
	if h.deaf {
		return errors.New("deaf")
	}
	h.heard = append(h.heard, fmt.Sprint(message, " ", done, " ", reason))
	return nil
}

var noon = time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC) // 12:00 in Shanghai

func open(db *store.DB) (*task.Service, *house, *clock.Manual) {
	h := &house{members: []task.Member{{ID: "stf_a", Name: "甲", Team: "vip", Active: true}, {ID: "stf_b", Name: "乙", Team: "vip", Active: true}, {ID: "stf_c", Name: "丙", Team: "vip"}}}
	clk := clock.NewManual(noon)
	return task.NewService(db, h, h, h, clk.Now), h, clk
}

func order(t *testing.T, db *store.DB, s *task.Service, orders ...task.Order) {
	t.Helper()
	if err := db.Tx(t.Context(), func(tx *store.Tx) error { return s.Order(t.Context(), tx, orders) }); err != nil {
		t.Fatal(err)
	}
}

func TestOrderGivesTasksInTurnOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		s, _, _ := open(db)
		var orders []task.Order
		for i := range 9 {
			o := task.Order{Message: fmt.Sprint("msg_", i), Campaign: "cmp_1", Customer: uint32(i + 1), Title: "关怀", Team: "vip", At: noon}
			switch i {
			case 0:
				o.Owner = "stf_b" // the owner comes first
			case 1:
				o.Owner = "stf_c" // she left: the team takes turns
			case 2:
				o.Team = "nobody"
			}
			orders = append(orders, o)
		}
		order(t, db, s, orders[:4]...)
		order(t, db, s, orders...) // the same again, and five more
		page, err := s.List(t.Context(), task.Filter{Limit: 500})
		if err != nil || page.Total != 9 {
			t.Fatalf("%d tasks, %v", page.Total, err)
		}
		has := map[string]int{}
		for _, r := range page.Items {
			has[r.Assignee]++
			if r.Message == "msg_0" && r.Assignee != "stf_b" || r.Message == "msg_2" && r.Assignee != "" {
				t.Errorf("%s went to %q", r.Message, r.Assignee)
			}
			if want := time.Date(2026, 3, 4, 15, 59, 59, 0, time.UTC); !r.DueAt.Equal(want) {
				t.Errorf("due %s, want %s", r.DueAt, want)
			}
		}
		if has["stf_c"] != 0 || has[""] != 1 || has["stf_a"]+has["stf_b"] != 8 || has["stf_a"] < 3 || has["stf_b"] < 3 {
			t.Errorf("%v", has)
		}
		sum, err := s.Summary(t.Context(), task.Filter{Campaign: "cmp_1"})
		if err != nil || len(sum) != 3 || sum[1].Name != "甲" || sum[1].Open != int64(has["stf_a"]) {
			t.Errorf("%+v %v", sum, err)
		}
	})
}

func TestCloseTellsTheCampaignAndTheLoopOnce(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, h, clk := open(db)
		order(t, db, s, task.Order{Message: "m1", Campaign: "cmp_1", Strategy: "str_1", Customer: 7, Title: "一", Team: "vip", At: noon},
			task.Order{Message: "m2", Customer: 8, Title: "二", Team: "vip", At: noon})
		page, err := s.List(ctx, task.Filter{State: task.Open})
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]string{}
		for _, r := range page.Items {
			ids[r.Message] = r.ID
		}
		if _, err := s.Close(ctx, ids["m1"], task.Outcome{State: task.Failed}, "stf_a"); !errs.Is(err, errs.Invalid) {
			t.Errorf("a failure without a reason: %v", err)
		}
		h.deaf = true
		if _, err := s.Close(ctx, ids["m1"], task.Outcome{State: task.Done}, "stf_a"); err == nil {
			t.Fatal("closed although the campaign did not hear")
		}
		if r, err := s.Get(ctx, ids["m1"]); err != nil || r.State != task.Open {
			t.Fatalf("%+v %v", r, err)
		}
		h.deaf = false
		for range 2 { // a double click
			if r, err := s.Close(ctx, ids["m1"], task.Outcome{State: task.Done, Note: "很满意"}, "stf_a"); err != nil || r.State != task.Done || r.ClosedBy != "stf_a" {
				t.Fatalf("%+v %v", r, err)
			}
		}
		if _, err := s.Close(ctx, ids["m1"], task.Outcome{State: task.Failed, Reason: "refused"}, "stf_a"); !errs.Is(err, errs.Conflict) {
			t.Errorf("%v", err)
		}
		if _, err := s.Close(ctx, ids["m2"], task.Outcome{State: task.Failed, Reason: "no_answer"}, "stf_b"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]string{"m1 true ", "m2 false no_answer"}, h.heard); diff != "" {
			t.Error(diff)
		}
		facts, err := store.All[string](ctx, db, `SELECT facts FROM outbox ORDER BY id`)
		if err != nil || len(facts) != 2 || !strings.Contains(facts[0], `"task.done"`) || !strings.Contains(facts[1], `"detail":"no_answer"`) {
			t.Errorf("%v %v", facts, err)
		}
		clk.Advance(96 * time.Hour)
		if page, err = s.List(ctx, task.Filter{Overdue: true}); err != nil || page.Total != 0 {
			t.Errorf("%+v %v", page, err)
		}
		if _, err := s.Close(ctx, "tsk_none", task.Outcome{State: task.Done}, "x"); !errs.Is(err, errs.NotFound) {
			t.Error(err)
		}
	})
}

func TestListPagesScopesAndExports(t *testing.T) {
	storetest.Each(t, func(t *testing.T, db *store.DB) {
		ctx := t.Context()
		s, _, clk := open(db)
		var orders []task.Order
		for i := range 1203 {
			orders = append(orders, task.Order{Message: fmt.Sprintf("m%04d", i), Campaign: "cmp_1", Customer: uint32(i + 1), Title: fmt.Sprint("第", i), Text: "+1 说", Team: []string{"vip", "lost"}[i%2], At: noon.Add(time.Duration(i%3) * 24 * time.Hour)})
		}
		order(t, db, s, orders...)
		seen := map[string]bool{}
		for f := (task.Filter{Limit: 100}); ; {
			page, err := s.List(ctx, f)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range page.Items {
				if seen[r.ID] {
					t.Fatalf("%s twice", r.ID)
				}
				seen[r.ID] = true
			}
			if f.After = page.Next; page.Next == "" {
				break
			}
		}
		if len(seen) != 1203 {
			t.Errorf("%d of 1203 listed", len(seen))
		}
		mine, err := s.List(ctx, task.Filter{Within: &task.Within{Staff: "stf_a", Team: "lost"}, Limit: 1})
		if err != nil || mine.Total != 301+601 {
			t.Errorf("%d %v", mine.Total, err)
		}
		ids := []string{}
		unclaimed, err := s.List(ctx, task.Filter{Assignee: "-", Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range unclaimed.Items {
			ids = append(ids, r.ID)
		}
		if n, err := s.Assign(ctx, ids, "stf_b"); err != nil || n != 10 {
			t.Errorf("%d %v", n, err)
		}
		if n, err := s.Assign(ctx, ids, "stf_b"); err != nil || n != 0 {
			t.Errorf("%d %v", n, err)
		}
		if _, err := s.Assign(ctx, ids, "stf_c"); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		clk.Advance(30 * 24 * time.Hour)
		if late, err := s.List(ctx, task.Filter{Overdue: true, Limit: 1}); err != nil || late.Total != 1203 || !late.Items[0].Overdue {
			t.Errorf("%+v %v", late, err)
		}
		var file bytes.Buffer
		if err := s.Export(ctx, &file, task.Filter{Team: "lost"}); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file.String(), "\xef\xbb\xbf"))).ReadAll()
		if err != nil || len(rows) != 602 || rows[1][6] != "'=客户" || rows[1][9] != "'+1 说" {
			t.Errorf("%d rows, %v, %v", len(rows), rows[1], err)
		}
		if err := s.Define(ctx, task.Definition{DueDays: 61}, "x"); !errs.Is(err, errs.Invalid) {
			t.Error(err)
		}
		if err := s.Define(ctx, task.Definition{DueDays: 0}, "x"); err != nil {
			t.Error(err)
		}
	})
}
