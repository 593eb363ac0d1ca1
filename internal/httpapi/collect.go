package httpapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"huoshui/internal/data/collect"
	"huoshui/internal/org/staff"
	"huoshui/internal/platform/auth"
	"huoshui/internal/platform/errs"
)

// heartbeat is how often the live feed says something, so that nobody between takes it for dead, and looks whether
// whoever watches may still watch.
const heartbeat = 15 * time.Second

// collectStatus is the state of collection as a whole.
type collectStatus struct {
	Pipeline collect.Progress  `json:"pipeline"`
	Outcomes []collect.Outcome `json:"outcomes" doc:"By source and day, the newest day first"`
}

// collectNames is a list of the dictionary.
type collectNames struct {
	Items []collect.Named `json:"items"`
}

// collectVersions are the versions of the rules.
type collectVersions struct {
	Items []collect.Rules `json:"items"`
}

// collectProperties are the properties of an event.
type collectProperties struct {
	Items []collect.Property `json:"items"`
}

// recentEvents is what came in lately.
type recentEvents struct {
	Items []collect.Live `json:"items"`
	Next  uint64         `json:"next" doc:"Pass as after to the live feed"`
}

// letterCounts is how many dead letters there are for what.
type letterCounts struct {
	Items []collect.LetterCount `json:"items"`
}

// discardedLetters is how many dead letters were thrown away.
type discardedLetters struct {
	Discarded int64 `json:"discarded"`
}

// registerCollect: what came in and what becomes of it: dictionary, rules, dead letters, the live feed.
func registerCollect(a *API) {
	by := func(ctx context.Context) string { return auth.From(ctx).ID }
	type days struct {
		Days int `query:"days" minimum:"1" maximum:"90" default:"7"`
	}
	get(a, "/api/v1/collect/status", "get_collect_status", staff.CollectRead, func(ctx context.Context, in *days) (collectStatus, error) {
		outcomes, err := a.Services.Desk.Outcomes(ctx, in.Days)
		return collectStatus{a.Services.Pipeline.Progress(), outcomes}, err
	}, summary("How far the pipeline is, and what became of events"))

	type listing struct {
		Source string `query:"source" maxLength:"64" doc:"Id of a source; empty: all"`
		Days   int    `query:"days" minimum:"1" maximum:"90" default:"14" doc:"Of volumes"`
	}
	get(a, "/api/v1/collect/dictionary", "list_event_names", staff.CollectRead, func(ctx context.Context, in *listing) (collectNames, error) {
		items, err := a.Services.Desk.Dictionary(ctx, in.Source, in.Days)
		return collectNames{items}, err
	}, summary("Events that sources sent, the most frequent first"))

	type named struct {
		Source string `query:"source" maxLength:"64" required:"true"`
		Name   string `query:"name" maxLength:"200" required:"true"`
	}
	get(a, "/api/v1/collect/dictionary/properties", "list_event_properties", staff.CollectRead, func(ctx context.Context, in *named) (collectProperties, error) {
		items, err := a.Services.Desk.Properties(ctx, in.Source, in.Name)
		return collectProperties{items}, err
	}, summary("The properties of an event, with types, how often they are filled and examples"))

	get(a, "/api/v1/collect/rules", "get_collect_rules", staff.CollectRead, func(ctx context.Context, _ *struct{}) (collect.Rules, error) {
		return a.Services.Desk.Rules(ctx)
	}, summary("What is blocked, renamed and described"))
	get(a, "/api/v1/collect/rules/versions", "list_collect_rule_versions", staff.CollectRead, func(ctx context.Context, _ *struct{}) (collectVersions, error) {
		items, err := a.Services.Desk.RulesHistory(ctx)
		return collectVersions{items}, err
	}, summary("The latest versions of the rules, newest first, at most 100"))
	type setting struct {
		Body struct {
			Version int64          `json:"version" doc:"The version that was read; another writer's change is a conflict"`
			Rules   []collect.Rule `json:"rules" maxItems:"5000"`
		}
	}
	put(a, "/api/v1/collect/rules", "set_collect_rules", staff.CollectWrite, func(ctx context.Context, in *setting) (collect.Rules, error) {
		return a.Services.Desk.SetRules(ctx, in.Body.Version, in.Body.Rules, by(ctx))
	}, summary("Put rules in force for what comes in from now on; every version is kept"))
	a.registerLetters()
	type watched struct {
		Source string `query:"source" maxLength:"64"`
		Name   string `query:"name" maxLength:"200" doc:"Part of the name"`
		Key    string `query:"key" maxLength:"255" doc:"Part of a key of the person"`
	}
	get(a, "/api/v1/collect/recent", "list_recent_events", staff.CollectRead, func(ctx context.Context, in *watched) (recentEvents, error) {
		at, cancel := context.WithCancel(ctx)
		cancel() // what there is, without waiting
		items, next := a.Services.Desk.Live(at, collect.LiveFilter{Source: in.Source, Name: in.Name, Key: in.Key}, 0)
		return recentEvents{items, next}, nil
	}, summary("The latest events as this server saw them, at most 200, oldest first"))
	raw(a, http.MethodGet, "/api/v1/collect/live", "watch_collect", staff.CollectRead, "text/event-stream", a.watchCollect,
		summary("What comes in, as it comes: server-sent events, whose data is an event"),
		param("source", "Source id"), param("name", "Part of the event's name"), param("key", "Part of a key"), param("after", "Id of the last event seen; Last-Event-ID likewise"))
}

// registerLetters: what could not be understood or taken.
func (a *API) registerLetters() {
	type listed struct {
		Paging
		Source string `query:"source" maxLength:"64"`
		Reason string `query:"reason" maxLength:"64"`
		Status string `query:"status" enum:"open,replayed"`
	}
	get(a, "/api/v1/collect/dead-letters", "list_dead_letters", staff.CollectRead, func(ctx context.Context, in *listed) (Page[collect.Letter], error) {
		items, next, err := a.Services.Desk.Letters(ctx, collect.LetterFilter{Source: in.Source, Reason: in.Reason, Status: in.Status}, in.After, in.Limit)
		return PageOf(items, next, -1), err
	}, summary("What could not be understood or taken, newest first; kept for 30 days"))
	get(a, "/api/v1/collect/dead-letters/counts", "count_dead_letters", staff.CollectRead, func(ctx context.Context, _ *struct{}) (letterCounts, error) {
		items, err := a.Services.Desk.LetterCounts(ctx)
		return letterCounts{items}, err
	}, summary("How many dead letters there are, by source, reason and status"))
	type chosen struct {
		Body struct {
			IDs []string `json:"ids" minItems:"1" maxItems:"500"`
		}
	}
	post(a, "/api/v1/collect/dead-letters/replay", "replay_dead_letters", staff.CollectWrite, func(ctx context.Context, in *chosen) (collect.Replayed, error) {
		return a.Services.Desk.Replay(ctx, in.Body.IDs, auth.From(ctx).ID)
	}, summary("Put letters through the pipeline again, each at most once, as received when they first came"))
	post(a, "/api/v1/collect/dead-letters/discard", "discard_dead_letters", staff.CollectWrite, func(ctx context.Context, in *chosen) (discardedLetters, error) {
		n, err := a.Services.Desk.Discard(ctx, in.Body.IDs)
		return discardedLetters{n}, err
	}, summary("Throw letters away"))
	type cleared struct {
		Source string `query:"source" maxLength:"64"`
		Reason string `query:"reason" maxLength:"64"`
		Status string `query:"status" enum:"open,replayed"`
	}
	del(a, "/api/v1/collect/dead-letters", "clear_dead_letters", staff.CollectWrite, func(ctx context.Context, in *cleared) (discardedLetters, error) {
		n, err := a.Services.Desk.DiscardAll(ctx, collect.LetterFilter{Source: in.Source, Reason: in.Reason, Status: in.Status})
		return discardedLetters{n}, err
	}, summary("Throw all letters away that the filter chooses"))
}

// watchCollect streams what comes in until the watcher goes, may no longer watch, or the server stops.
func (a *API) watchCollect(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	filter := collect.LiveFilter{Source: q.Get("source"), Name: q.Get("name"), Key: q.Get("key")}
	from := q.Get("after")
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		from = last
	}
	var after uint64
	if from != "" {
		n, err := strconv.ParseUint(from, 10, 64)
		if err != nil {
			return errs.New(errs.Invalid, "collect.after", "after is the seq of an event").At("after")
		}
		after = n
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // nginx would hold it back
	out := http.NewResponseController(w)
	defer func() { _ = out.SetWriteDeadline(time.Time{}) }() // the connection goes on to other requests
	say := func(text string) bool {
		// whoever does not read holds a goroutine for a while, no longer
		if out.SetWriteDeadline(time.Now().Add(heartbeat)) != nil {
			return false
		}
		if _, err := w.Write([]byte(text)); err != nil {
			return false
		}
		return out.Flush() == nil
	}
	if !say(": here it begins\n\n") {
		return nil
	}
	for r.Context().Err() == nil {
		wait, cancel := context.WithTimeout(r.Context(), heartbeat)
		events, next := a.Services.Desk.Live(wait, filter, after)
		cancel()
		after = next
		text := ": still here\n\n"
		if len(events) > 0 {
			text = ""
		}
		for _, e := range events {
			data, err := json.Marshal(e)
			if err != nil {
				return err
			}
			text += fmt.Sprintf("id: %d\ndata: %s\n\n", e.Seq, data)
		}
		if _, err := a.admit(r, staff.CollectRead); err != nil || !say(text) {
			return nil // signed out, or gone: the browser that asks again is told why
		}
	}
	return nil
}
