package app

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"huoshui/internal/app/identitywire"
	"huoshui/internal/data/collect"
	"huoshui/internal/httpapi"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/store"
	"huoshui/internal/platform/stream"
)

// liveFeed is what the live feed of events is told under, from process to process.
const liveFeed = "collect"

// buildCollect makes what takes events in: sources, the log that they are kept in, and the edge in front of it.
func (a *App) buildCollect(ctx context.Context) error {
	log, err := a.Stream.Log(ctx, stream.LogConfig{Name: collect.LogName, MaxAge: collect.LogAge})
	if err != nil {
		return err
	}
	s := &a.Services
	s.Sources = collect.NewSources(a.DB, a.Keys, a.Clock.Now)
	s.BaseURL = a.BaseURL
	s.Desk = collect.NewDesk(a.DB, log, s.Sources, a.Clock.Now, a.Audience.Zone())
	s.Pipeline = collect.NewPipeline(collect.PipelineConfig{
		Dir: a.Config.Path("seen"), Desk: s.Desk, Log: log, Facts: a.Stream, Logger: a.Log,
		People: sightings{identitywire.People{Identity: s.Identity, Now: a.Clock.Now}},
		Tell:   a.tellFeed(),
	})
	if err := a.hearFeed(); err != nil {
		return err
	}
	if a.Config.Has(config.API) {
		accept := collect.NewAccepter(log, s.Pipeline.Behind)
		a.accept = accept
		a.closing(accept.Close)
		s.Collect = collect.NewEdge(s.Sources, accept, collect.EdgeOptions{
			Log: a.Log, Now: a.Clock.Now, Observe: a.Metrics.ObserveHTTP,
			Remote: func(r *http.Request) string { return httpapi.Remote(r, a.Config.TrustedProxy) },
		})
		a.measureCollect(accept)
	}
	return nil
}

// tellFeed tells other processes what comes in; nil where there are none.
func (a *App) tellFeed() func(body []byte) {
	if !a.Stream.Shared() {
		return nil
	}
	return func(body []byte) { _ = a.Stream.Tell(liveFeed, body) } // for who watches just now
}

// hearFeed shows what the pipeline of another process tells, where this one's does not run.
func (a *App) hearFeed() error {
	if !a.Stream.Shared() || !a.Config.Has(config.API) {
		return nil
	}
	stop, err := a.Stream.Hear(liveFeed, func(body []byte) {
		if !a.Services.Pipeline.Progress().Running {
			a.Services.Desk.Relayed(body)
		}
	})
	if err == nil {
		a.closing(stop)
	}
	return err
}

// measureCollect counts what comes in.
func (a *App) measureCollect(accept *collect.Accepter) {
	a.Metrics.Gauge("huoshui_collect_waiting_bytes", "Bytes of requests that wait to be written to the log of events.", func() float64 {
		return float64(accept.Waiting())
	})
	a.Metrics.Counts("huoshui_collect_requests_total", "Requests of sources, by source (empty: nobody's) and what became of them.", []string{"source", "result"}, func(add func(float64, ...string)) {
		a.Services.Sources.EachStats(func(source string, stats collect.SourceStats) {
			add(float64(stats.Accepted), source, "accepted")
			add(float64(stats.Refused), source, "refused")
		})
	})
	a.Metrics.Counts("huoshui_collect_events_total", "Events in the requests that were kept, by source.", []string{"source"}, func(add func(float64, ...string)) {
		a.Services.Sources.EachStats(func(source string, stats collect.SourceStats) { add(float64(stats.Events), source) })
	})
	a.Metrics.Counts("huoshui_collect_entries_total", "Entries written to the log of events, and the requests that they held.", []string{"of"}, func(add func(float64, ...string)) {
		entries, requests := accept.Written()
		add(float64(entries), "entries")
		add(float64(requests), "requests")
	})
	a.Metrics.Counts("huoshui_collect_bad_sums_total", "Requests of a browser SDK whose checksum was not their data's.", nil, func(add func(float64, ...string)) {
		add(float64(a.Services.Collect.BadSums()))
	})
}

// sightings tells events' people apart; arrivals of a visitor who becomes known go with the person.
type sightings struct{ identitywire.People }

type deviceRow struct {
	Value    string `db:"value"`
	Customer uint32 `db:"customer"`
}

// Sighted implements collect.People.
func (s sightings) Sighted(ctx context.Context, tx *store.Tx, all []collect.Sighting) ([]uint32, error) {
	var devices []string // that may be linked to somebody now
	for _, one := range all {
		for _, k := range one.Keys {
			if k.Kind == collect.KeyDevice && len(one.Keys) > 1 {
				devices = append(devices, k.Value)
			}
		}
	}
	slices.Sort(devices)
	devices = slices.Compact(devices)
	before, err := visitorsOf(ctx, tx, devices)
	if err != nil {
		return nil, err
	}
	numbers, err := s.People.Sighted(ctx, tx, all)
	if err != nil || len(before) == 0 {
		return numbers, err
	}
	to := map[uint32]uint32{}
	for part := range slices.Chunk(slices.Sorted(maps.Keys(before)), 1000) {
		var w store.Where
		w.And("kind = ?", collect.KeyDevice)
		store.In(&w, "value", part)
		err := store.Each(ctx, tx, `SELECT value, customer FROM identity_keys`+w.SQL(), w.Args(), func(r deviceRow) error {
			if was := before[r.Value]; was != r.Customer && r.Customer != 0 {
				to[was] = r.Customer
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	_, err = collect.MoveTouches(ctx, tx, to)
	return numbers, err
}

// visitorsOf returns the visitors that devices are known as.
func visitorsOf(ctx context.Context, q store.Querier, devices []string) (map[string]uint32, error) {
	out := map[string]uint32{}
	for part := range slices.Chunk(devices, 1000) {
		var w store.Where
		w.And("kind = ?", collect.KeyDevice)
		w.And("customer >= ?", int64(collect.FirstVisitor))
		store.In(&w, "value", part)
		err := store.Each(ctx, q, `SELECT value, customer FROM identity_keys`+w.SQL(), w.Args(), func(r deviceRow) error {
			out[r.Value] = r.Customer
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}
