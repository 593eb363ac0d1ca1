package app

import (
	"context"
	"net/http"

	"huoshui/internal/data/collect"
	"huoshui/internal/httpapi"
	"huoshui/internal/platform/config"
	"huoshui/internal/platform/stream"
)

// buildCollect makes what takes events in: sources, the log that they are kept in, and the edge in front of it.
func (a *App) buildCollect(ctx context.Context) error {
	log, err := a.Stream.Log(ctx, stream.LogConfig{Name: collect.LogName, MaxAge: collect.LogAge})
	if err != nil {
		return err
	}
	s := &a.Services
	s.Sources = collect.NewSources(a.DB, a.Keys, a.Clock.Now)
	s.BaseURL = a.BaseURL
	if a.Config.Has(config.API) {
		accept := collect.NewAccepter(log, nil)
		a.closing(accept.Close)
		s.Collect = collect.NewEdge(s.Sources, accept, collect.EdgeOptions{
			Log: a.Log, Now: a.Clock.Now, Observe: a.Metrics.ObserveHTTP,
			Remote: func(r *http.Request) string { return httpapi.Remote(r, a.Config.TrustedProxy) },
		})
		a.measureCollect(accept)
	}
	return nil
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
