package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"huoshui/internal/org/staff"
	"huoshui/internal/org/task"
	"huoshui/internal/platform/auth"
)

// TaskFilter is how a list of tasks is narrowed.
type TaskFilter struct {
	State    string `query:"state" enum:"open,done,failed"`
	Assignee string `query:"assignee" maxLength:"64" doc:"Staff id; me for one's own, - for those that nobody has"`
	Team     string `query:"team" maxLength:"40"`
	Campaign string `query:"campaign" maxLength:"64"`
	Customer uint32 `query:"customer" doc:"Customer number"`
	Q        string `query:"q" maxLength:"100" doc:"Words in the title"`
	Overdue  bool   `query:"overdue"`
}

// filter is the filter for whoever is signed in: those who do not hand out tasks see their own and their team's.
func (f TaskFilter) filter(ctx context.Context) task.Filter {
	me := auth.From(ctx)
	out := task.Filter{State: task.State(f.State), Assignee: f.Assignee, Team: f.Team, Campaign: f.Campaign, Customer: f.Customer, Search: f.Q, Overdue: f.Overdue}
	if out.Assignee == "me" {
		out.Assignee = me.ID
	}
	if !me.Can(staff.TasksWrite) {
		out.Within = &task.Within{Staff: me.ID, Team: me.Team}
	}
	return out
}

// registerTask: what staff do by hand.
func registerTask(a *API) {
	// mine refuses a task that the person signed in may not see.
	mine := func(ctx context.Context, id string) error {
		me := auth.From(ctx)
		t, err := a.Services.Tasks.Get(ctx, id)
		if err == nil && !me.Can(staff.TasksWrite) && t.Assignee != me.ID && (t.Assignee != "" || t.Team != me.Team) {
			return auth.ErrForbidden
		}
		return err
	}
	type list struct {
		Paging
		TaskFilter
	}
	get(a, "/api/v1/tasks", "list_tasks", staff.TasksRead, func(ctx context.Context, in *list) (Page[task.Row], error) {
		f := in.filter(ctx)
		f.After, f.Limit = in.After, in.Limit
		p, err := a.Services.Tasks.List(ctx, f)
		return PageOf(p.Items, p.Next, p.Total), err
	}, summary("Tasks, the one due first at the top"))

	get(a, "/api/v1/tasks/summary", "summarise_tasks", staff.TasksRead, func(ctx context.Context, in *TaskFilter) (Page[task.Count], error) {
		all, err := a.Services.Tasks.Summary(ctx, in.filter(ctx))
		return PageOf(all, "", int64(len(all))), err
	}, summary("How many tasks each person has"))

	get(a, "/api/v1/tasks/members", "list_task_members", staff.TasksRead, func(ctx context.Context, _ *struct{}) (Page[task.Member], error) {
		all, err := a.Services.Tasks.Members(ctx)
		return PageOf(all, "", int64(len(all))), err
	}, summary("Who can be given tasks"))

	get(a, "/api/v1/tasks/definition", "get_task_definition", staff.TasksRead, func(ctx context.Context, _ *struct{}) (task.Definition, error) {
		d, _, err := a.Services.Tasks.Definition(ctx)
		return d, err
	}, summary("When tasks are due"))

	type define struct{ Body task.Definition }
	put(a, "/api/v1/tasks/definition", "set_task_definition", staff.TasksWrite, func(ctx context.Context, in *define) (task.Definition, error) {
		return in.Body, a.Services.Tasks.Define(ctx, in.Body, auth.From(ctx).ID)
	}, summary("Say when tasks are due"))

	get(a, "/api/v1/tasks/{id}", "get_task", staff.TasksRead, func(ctx context.Context, in *ByID) (task.Row, error) {
		if err := mine(ctx, in.ID); err != nil {
			return task.Row{}, err
		}
		return a.Services.Tasks.Get(ctx, in.ID)
	}, summary("A task"))

	type end struct {
		ByID
		Body task.Outcome
	}
	post(a, "/api/v1/tasks/{id}/close", "close_task", staff.TasksWork, func(ctx context.Context, in *end) (task.Row, error) {
		if err := mine(ctx, in.ID); err != nil {
			return task.Row{}, err
		}
		return a.Services.Tasks.Close(ctx, in.ID, in.Body, auth.From(ctx).ID)
	}, summary("Mark a task done, or failed with a reason"))

	type assignTasks struct {
		Body struct {
			Tasks    []string `json:"tasks" minItems:"1" maxItems:"500" doc:"Task ids"`
			Assignee string   `json:"assignee" maxLength:"64" doc:"Staff id; empty takes them back"`
		}
	}
	type tasksAssigned struct {
		Changed int64 `json:"changed"`
	}
	post(a, "/api/v1/tasks/assign", "assign_tasks", staff.TasksWrite, func(ctx context.Context, in *assignTasks) (tasksAssigned, error) {
		n, err := a.Services.Tasks.Assign(ctx, in.Body.Tasks, in.Body.Assignee)
		return tasksAssigned{n}, err
	}, summary("Give open tasks to a member of staff"))

	raw(a, http.MethodGet, "/api/v1/tasks/export", "export_tasks", staff.TasksRead, "text/csv", func(w http.ResponseWriter, r *http.Request) error {
		q := r.URL.Query()
		in := TaskFilter{State: q.Get("state"), Assignee: q.Get("assignee"), Team: q.Get("team"), Campaign: q.Get("campaign"), Q: q.Get("q"), Overdue: q.Get("overdue") == "true"}
		if n, err := strconv.ParseUint(q.Get("customer"), 10, 32); err == nil {
			in.Customer = uint32(n)
		}
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		w.Header().Set("Content-Disposition", `attachment; filename="tasks.csv"`)
		w.Header().Set("Cache-Control", "no-store")
		return a.Services.Tasks.Export(r.Context(), w, in.filter(r.Context()))
	}, summary("Tasks as CSV, with the same filters as the list"), param("state", "State"), param("assignee", "Staff id"), param("team", "Team"),
		param("campaign", "Campaign id"), param("customer", "Customer number"), param("q", "Words in title or name"), param("overdue", "true: only what is overdue"))
}
