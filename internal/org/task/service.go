package task

import (
	"context"
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"time"

	"huoshui/internal/platform/clock"
	"huoshui/internal/platform/errs"
	"huoshui/internal/platform/outbox"
	"huoshui/internal/platform/settings"
	"huoshui/internal/platform/store"
)

// Member is somebody who can be given tasks.
type Member struct {
	ID     string `db:"id" json:"id"`
	Name   string `db:"name" json:"name"`
	Team   string `db:"team" json:"team"`
	Active bool   `db:"active" json:"active"`
}

// Staff knows who works here.
type Staff interface {
	// Members returns everybody, those who left included, in a stable order.
	Members(ctx context.Context, q store.Querier) ([]Member, error)
}

// Card is what a member of staff needs to know of a customer in order to call.
type Card struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Phone string `json:"phone"`
	Layer string `json:"layer,omitempty"`
}

// People knows the customers of tasks. Unknown and erased numbers are left out of the answer.
type People interface {
	Cards(ctx context.Context, customers []uint32) (map[uint32]Card, error)
}

// Messages hears what became of the message that asked for a task, in the transaction that closes the task.
type Messages interface {
	TaskClosed(ctx context.Context, tx *store.Tx, messageID string, done bool, reason string, at time.Time) error
}

// Definition is what the operator decides about tasks.
type Definition struct {
	DueDays int `json:"due_days" minimum:"0" maximum:"60" doc:"A task is due at the end of so many days after it was asked for"`
}

const setting = "task"

// DefaultDefinition gives three days.
func DefaultDefinition() Definition { return Definition{DueDays: 3} }

// Service is the task list.
type Service struct {
	db       *store.DB
	staff    Staff
	people   People
	messages Messages
	now      clock.Clock
}

// NewService returns a task list over a store.
func NewService(db *store.DB, staff Staff, people People, messages Messages, now clock.Clock) *Service {
	return &Service{db: db, staff: staff, people: people, messages: messages, now: now}
}

// Order makes the tasks of a batch of messages in the caller's transaction and gives each to somebody: the customer's
// owner if she still works here, else the members of the team in turn, else nobody yet. A message that has its task
// already changes nothing.
func (s *Service) Order(ctx context.Context, tx *store.Tx, orders []Order) error {
	if len(orders) == 0 {
		return nil
	}
	members, err := s.staff.Members(ctx, tx)
	if err != nil {
		return err
	}
	definition, _, err := settings.Get(ctx, tx, setting, DefaultDefinition())
	if err != nil {
		return err
	}
	zone, err := zoneOf(ctx, tx)
	if err != nil {
		return err
	}
	tasks := make([]Task, len(orders))
	byTeam := map[string][]int{} // places in tasks that wait for a turn
	for i, o := range orders {
		assignee := ""
		if slices.ContainsFunc(members, func(m Member) bool { return m.Active && m.ID == o.Owner }) {
			assignee = o.Owner
		} else {
			byTeam[o.Team] = append(byTeam[o.Team], i)
		}
		tasks[i] = newTask(o, assignee, definition.DueDays, zone)
	}
	for team, waiting := range byTeam {
		var able []string
		for _, m := range members {
			if m.Active && m.Team == team && team != "" {
				able = append(able, m.ID)
			}
		}
		if len(able) == 0 {
			continue
		}
		before, err := turn(ctx, tx, team, len(waiting))
		if err != nil {
			return err
		}
		for k, i := range waiting {
			tasks[i].Assignee = able[(before+int64(k))%int64(len(able))]
		}
	}
	_, err = store.InsertAll(ctx, tx, "tasks", tasks, "ON CONFLICT (id) DO NOTHING")
	return err
}

func zoneOf(ctx context.Context, q store.Querier) (*time.Location, error) {
	name, _, err := settings.Get(ctx, q, "zone", "Asia/Shanghai")
	if err != nil {
		return nil, err
	}
	return time.LoadLocation(name)
}

// Row is a task with the names a person reads.
type Row struct {
	Task
	Person       Card   `json:"person"`
	AssigneeName string `json:"assignee_name,omitempty"`
	Overdue      bool   `json:"overdue"`
}

// Page is a page of tasks, the one due first at the top.
type Page struct {
	Items []Row  `json:"items"`
	Next  string `json:"next,omitempty"`
	Total int64  `json:"total"`
}

// List returns a page of tasks.
func (s *Service) List(ctx context.Context, f Filter) (Page, error) {
	tasks, next, total, err := list(ctx, s.db, f, s.now())
	if err != nil {
		return Page{}, err
	}
	rows, err := s.rows(ctx, tasks)
	return Page{Items: rows, Next: next, Total: total}, err
}

func (s *Service) rows(ctx context.Context, tasks []Task) ([]Row, error) {
	numbers := make([]uint32, len(tasks))
	for i, t := range tasks {
		numbers[i] = t.Customer
	}
	cards, err := s.people.Cards(ctx, numbers)
	if err != nil {
		return nil, err
	}
	members, err := s.staff.Members(ctx, s.db)
	if err != nil {
		return nil, err
	}
	names := make(map[string]string, len(members))
	for _, m := range members {
		names[m.ID] = m.Name
	}
	now := s.now()
	rows := make([]Row, len(tasks))
	for i, t := range tasks {
		rows[i] = Row{Task: t, Person: cards[t.Customer], AssigneeName: names[t.Assignee], Overdue: t.State == Open && t.DueAt.Before(now)}
	}
	return rows, nil
}

// Get returns one task.
func (s *Service) Get(ctx context.Context, taskID string) (Row, error) {
	t, err := byID(ctx, s.db, taskID)
	if err != nil {
		return Row{}, err
	}
	rows, err := s.rows(ctx, []Task{t})
	if err != nil {
		return Row{}, err
	}
	return rows[0], nil
}

// Summary is how many tasks each person has, within a filter.
func (s *Service) Summary(ctx context.Context, f Filter) ([]Count, error) {
	all, err := counts(ctx, s.db, f, s.now())
	if err != nil {
		return nil, err
	}
	members, err := s.staff.Members(ctx, s.db)
	if err != nil {
		return nil, err
	}
	for i := range all {
		for _, m := range members {
			if m.ID == all[i].Assignee {
				all[i].Name = m.Name
			}
		}
	}
	return all, nil
}

// Members returns who can be given tasks.
func (s *Service) Members(ctx context.Context) ([]Member, error) {
	all, err := s.staff.Members(ctx, s.db)
	return slices.DeleteFunc(all, func(m Member) bool { return !m.Active }), err
}

// Close says how a task ended. Saying the same again changes nothing; saying something else is a Conflict.
func (s *Service) Close(ctx context.Context, taskID string, o Outcome, by string) (Row, error) {
	if err := o.check(); err != nil {
		return Row{}, err
	}
	err := s.db.Tx(ctx, func(tx *store.Tx) error {
		t, err := byID(ctx, tx, taskID)
		if err != nil {
			return err
		}
		if t.State == o.State && t.Reason == o.Reason {
			return nil
		}
		if t.State != Open {
			return closedAlready(t)
		}
		t.State, t.Reason, t.Note, t.ClosedAt, t.ClosedBy = o.State, o.Reason, o.Note, s.now(), by
		n, err := tx.Exec(ctx, `UPDATE tasks SET state = ?, reason = ?, note = ?, closed_at = ?, closed_by = ?,
			assignee = CASE WHEN assignee = '' THEN ? ELSE assignee END WHERE id = ? AND state = 'open'`,
			string(t.State), t.Reason, t.Note, t.ClosedAt, by, by, t.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return closedAlready(t)
		}
		if err := s.messages.TaskClosed(ctx, tx, t.Message, t.State == Done, t.Reason, t.ClosedAt); err != nil {
			return err
		}
		return outbox.Append(ctx, tx, t.fact())
	})
	if err != nil {
		return Row{}, err
	}
	return s.Get(ctx, taskID)
}

func closedAlready(t Task) error {
	return errs.New(errs.Conflict, "task.closed", "this task has ended already").With("state", string(t.State))
}

// Assign gives open tasks to a member of staff ("" takes them back) and returns how many changed hands.
func (s *Service) Assign(ctx context.Context, taskIDs []string, to string) (int64, error) {
	members, err := s.Members(ctx)
	if err != nil {
		return 0, err
	}
	if to != "" && !slices.ContainsFunc(members, func(m Member) bool { return m.ID == to }) {
		return 0, errs.New(errs.Invalid, "task.assignee_unknown", "there is no active member of staff %q", to).At("assignee")
	}
	var changed int64
	err = s.db.Tx(ctx, func(tx *store.Tx) error {
		var w store.Where
		store.In(&w, "id", taskIDs)
		w.And("state = 'open'")
		w.And("assignee <> ?", to)
		changed, err = tx.Exec(ctx, `UPDATE tasks SET assignee = ?`+w.SQL(), append([]any{to}, w.Args()...)...)
		return err
	})
	return changed, err
}

// Definition returns what is in force, and its version.
func (s *Service) Definition(ctx context.Context) (Definition, int64, error) {
	return settings.Get(ctx, s.db, setting, DefaultDefinition())
}

// Define stores a new definition; tasks that exist keep their due time.
func (s *Service) Define(ctx context.Context, d Definition, by string) error {
	if d.DueDays < 0 || d.DueDays > 60 {
		return errs.New(errs.Invalid, "task.due_days", "a task is due after 0 to 60 days").At("due_days")
	}
	return s.db.Tx(ctx, func(tx *store.Tx) error {
		_, err := settings.Put(ctx, tx, setting, d, by, s.now())
		return err
	})
}

// Export writes the tasks of a filter as CSV in UTF-8 with a BOM, so that spreadsheet programs read the Chinese: the
// header row is English column names, times are in the business zone. Cells that a spreadsheet would run as a formula
// are quoted by an apostrophe.
func (s *Service) Export(ctx context.Context, w io.Writer, f Filter) error {
	zone, err := zoneOf(ctx, s.db)
	if err != nil {
		return err
	}
	if _, err := w.Write([]byte("\xef\xbb\xbf")); err != nil {
		return err
	}
	out := csv.NewWriter(w)
	if err := out.Write([]string{"task", "state", "due", "assignee", "team", "customer", "name", "phone", "title", "text", "reason", "note", "closed", "campaign"}); err != nil {
		return err
	}
	f.Limit, f.After = 500, ""
	for {
		page, err := s.List(ctx, f)
		if err != nil {
			return err
		}
		for _, r := range page.Items {
			closed := ""
			if !r.ClosedAt.IsZero() {
				closed = r.ClosedAt.In(zone).Format("2006-01-02 15:04")
			}
			record := []string{r.ID, string(r.State), r.DueAt.In(zone).Format("2006-01-02 15:04"), r.AssigneeName, r.Team,
				strconv.FormatUint(uint64(r.Customer), 10), r.Person.Name, r.Person.Phone, r.Title, r.Text, r.Reason, r.Note, closed, r.Campaign}
			for i := range record {
				record[i] = inert(record[i])
			}
			if err := out.Write(record); err != nil {
				return err
			}
		}
		out.Flush()
		if err := out.Error(); err != nil || page.Next == "" {
			return err
		}
		f.After = page.Next
	}
}

// inert keeps a spreadsheet from running a cell (CWE-1236); a phone number with its country code stays as it is.
func inert(s string) string {
	if s == "" {
		return s
	}
	switch s[0] {
	case '=', '@', '\t', '\r', '-':
		return "'" + s
	case '+':
		if _, err := strconv.ParseUint(s[1:], 10, 64); err != nil {
			return "'" + s
		}
	}
	return s
}
